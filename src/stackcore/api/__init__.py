"""Everything the command line does, one call away; `stackcore` itself re-exports all of it.

Names are imported when they are first used: shooting needs neither OpenCV nor libvips, and `import stackcore` nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stackcore.api.aligning import align
    from stackcore.api.backgrounding import Background, background
    from stackcore.api.batching import BatchOptions, BatchResult, batch
    from stackcore.api.calibrated import RawChoices
    from stackcore.api.calibrating import DarkResult, GreyCardResult, darks, greycard
    from stackcore.api.cameras import ProviderListing, list_cameras
    from stackcore.api.capture_presets import capture_request
    from stackcore.api.chaining import run
    from stackcore.api.choosing import DevelopChoices, StackChoices, SurveyChoices
    from stackcore.api.commanding import Finding, command, demo, doctor
    from stackcore.api.developed import DevelopOptions, DevelopResult
    from stackcore.api.developing import develop, plan_develop
    from stackcore.api.frames import Frames, read_frames
    from stackcore.api.judging import judge_coverage
    from stackcore.api.library import Library, export_entry
    from stackcore.api.naming import PathPreview, open_questions, preview_path
    from stackcore.api.new_plugins import NewPlugin, new_plugin
    from stackcore.api.planning import PlannedCapture, plan_capture
    from stackcore.api.plugins import list_plugins, plugin_options
    from stackcore.api.preparing import CaptureRequest
    from stackcore.api.preset_files import (
        PresetInfo,
        list_presets,
        presets_schema,
        resolved_settings,
        show_preset,
        validate_preset,
    )
    from stackcore.api.preset_new import Answers, new_preset
    from stackcore.api.presets import SettledStack, settle_stack, stack_options
    from stackcore.api.processing import plan_stack, stack, survey
    from stackcore.api.profiles import Profile, current_profile, list_profiles, set_profile, show_profile, use_profile
    from stackcore.api.progressing import progress
    from stackcore.api.resuming import resume_capture, return_focus
    from stackcore.api.running import RunResult, plan_run, run_settled
    from stackcore.api.sharpening import sharpen
    from stackcore.api.shooting import CaptureResult, FocusReport, capture
    from stackcore.api.stacks import StackOptions, StackResult
    from stackcore.api.stage_presets import develop_options
    from stackcore.api.steps import aligned, fuse, warp
    from stackcore.api.tokens import TokenInfo, list_tokens
    from stackcore.api.watching import LiveWatch
    from stackcore.batching.finding import Search
    from stackcore.errors import StackcoreError
    from stackcore.registry import PluginRecord, Registry

_HOME = {
    "Answers": "stackcore.api.preset_new",
    "Background": "stackcore.api.backgrounding",
    "BatchOptions": "stackcore.api.batching",
    "BatchResult": "stackcore.api.batching",
    "CaptureRequest": "stackcore.api.preparing",
    "CaptureResult": "stackcore.api.shooting",
    "DarkResult": "stackcore.api.calibrating",
    "DevelopChoices": "stackcore.api.choosing",
    "DevelopOptions": "stackcore.api.developed",
    "DevelopResult": "stackcore.api.developed",
    "Finding": "stackcore.api.commanding",
    "FocusReport": "stackcore.api.shooting",
    "Frames": "stackcore.api.frames",
    "GreyCardResult": "stackcore.api.calibrating",
    "Library": "stackcore.api.library",
    "LiveWatch": "stackcore.api.watching",
    "NewPlugin": "stackcore.api.new_plugins",
    "PathPreview": "stackcore.api.naming",
    "PlannedCapture": "stackcore.api.planning",
    "PluginRecord": "stackcore.registry",
    "PresetInfo": "stackcore.api.preset_files",
    "Profile": "stackcore.api.profiles",
    "ProviderListing": "stackcore.api.cameras",
    "RawChoices": "stackcore.api.calibrated",
    "Registry": "stackcore.registry",
    "RunResult": "stackcore.api.running",
    "Search": "stackcore.batching.finding",
    "SettledStack": "stackcore.api.presets",
    "StackChoices": "stackcore.api.choosing",
    "StackOptions": "stackcore.api.stacks",
    "StackResult": "stackcore.api.stacks",
    "StackcoreError": "stackcore.errors",
    "SurveyChoices": "stackcore.api.choosing",
    "TokenInfo": "stackcore.api.tokens",
    "align": "stackcore.api.aligning",
    "aligned": "stackcore.api.steps",
    "background": "stackcore.api.backgrounding",
    "batch": "stackcore.api.batching",
    "capture": "stackcore.api.shooting",
    "capture_request": "stackcore.api.capture_presets",
    "command": "stackcore.api.commanding",
    "current_profile": "stackcore.api.profiles",
    "darks": "stackcore.api.calibrating",
    "demo": "stackcore.api.commanding",
    "develop": "stackcore.api.developing",
    "develop_options": "stackcore.api.stage_presets",
    "doctor": "stackcore.api.commanding",
    "export_entry": "stackcore.api.library",
    "fuse": "stackcore.api.steps",
    "greycard": "stackcore.api.calibrating",
    "judge_coverage": "stackcore.api.judging",
    "list_cameras": "stackcore.api.cameras",
    "list_plugins": "stackcore.api.plugins",
    "list_presets": "stackcore.api.preset_files",
    "list_profiles": "stackcore.api.profiles",
    "list_tokens": "stackcore.api.tokens",
    "new_plugin": "stackcore.api.new_plugins",
    "new_preset": "stackcore.api.preset_new",
    "open_questions": "stackcore.api.naming",
    "plan_capture": "stackcore.api.planning",
    "plan_develop": "stackcore.api.developing",
    "plan_run": "stackcore.api.running",
    "plan_stack": "stackcore.api.processing",
    "plugin_options": "stackcore.api.plugins",
    "presets_schema": "stackcore.api.preset_files",
    "preview_path": "stackcore.api.naming",
    "progress": "stackcore.api.progressing",
    "read_frames": "stackcore.api.frames",
    "resolved_settings": "stackcore.api.preset_files",
    "resume_capture": "stackcore.api.resuming",
    "return_focus": "stackcore.api.resuming",
    "run": "stackcore.api.chaining",
    "run_settled": "stackcore.api.running",
    "set_profile": "stackcore.api.profiles",
    "settle_stack": "stackcore.api.presets",
    "sharpen": "stackcore.api.sharpening",
    "show_preset": "stackcore.api.preset_files",
    "show_profile": "stackcore.api.profiles",
    "stack": "stackcore.api.processing",
    "stack_options": "stackcore.api.presets",
    "survey": "stackcore.api.processing",
    "use_profile": "stackcore.api.profiles",
    "validate_preset": "stackcore.api.preset_files",
    "warp": "stackcore.api.steps",
}
"""Where each name comes from."""

__all__ = [
    "Answers",
    "Background",
    "BatchOptions",
    "BatchResult",
    "CaptureRequest",
    "CaptureResult",
    "DarkResult",
    "DevelopChoices",
    "DevelopOptions",
    "DevelopResult",
    "Finding",
    "FocusReport",
    "Frames",
    "GreyCardResult",
    "Library",
    "LiveWatch",
    "NewPlugin",
    "PathPreview",
    "PlannedCapture",
    "PluginRecord",
    "PresetInfo",
    "Profile",
    "ProviderListing",
    "RawChoices",
    "Registry",
    "RunResult",
    "Search",
    "SettledStack",
    "StackChoices",
    "StackOptions",
    "StackResult",
    "StackcoreError",
    "SurveyChoices",
    "TokenInfo",
    "align",
    "aligned",
    "background",
    "batch",
    "capture",
    "capture_request",
    "command",
    "current_profile",
    "darks",
    "demo",
    "develop",
    "develop_options",
    "doctor",
    "export_entry",
    "fuse",
    "greycard",
    "judge_coverage",
    "list_cameras",
    "list_plugins",
    "list_presets",
    "list_profiles",
    "list_tokens",
    "new_plugin",
    "new_preset",
    "open_questions",
    "plan_capture",
    "plan_develop",
    "plan_run",
    "plan_stack",
    "plugin_options",
    "presets_schema",
    "preview_path",
    "progress",
    "read_frames",
    "resolved_settings",
    "resume_capture",
    "return_focus",
    "run",
    "run_settled",
    "set_profile",
    "settle_stack",
    "sharpen",
    "show_preset",
    "show_profile",
    "stack",
    "stack_options",
    "survey",
    "use_profile",
    "validate_preset",
    "warp",
]


def __getattr__(name: str) -> Any:
    """Import a name when it is first used."""
    if name in _HOME:
        from importlib import import_module

        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
