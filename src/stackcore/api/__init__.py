"""Everything the command line does, one call away: shooting, resuming, calibrating, developing, stacking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stackcore.api.calibrating import DarkResult, GreyCardResult, darks, greycard
    from stackcore.api.capture_presets import capture_request
    from stackcore.api.developing import DevelopResult, develop
    from stackcore.api.presets import settle_stack, stack_options
    from stackcore.api.processing import StackResult, stack, survey
    from stackcore.api.resuming import resume_capture, return_focus
    from stackcore.api.running import RunResult, run
    from stackcore.api.shooting import CaptureResult, capture
    from stackcore.api.watching import LiveWatch

_HOME = {
    "CaptureResult": "shooting",
    "DarkResult": "calibrating",
    "DevelopResult": "developing",
    "GreyCardResult": "calibrating",
    "LiveWatch": "watching",
    "RunResult": "running",
    "capture": "shooting",
    "capture_request": "capture_presets",
    "darks": "calibrating",
    "develop": "developing",
    "greycard": "calibrating",
    "resume_capture": "resuming",
    "return_focus": "resuming",
    "run": "running",
    "settle_stack": "presets",
    "stack_options": "presets",
    "StackResult": "processing",
    "stack": "processing",
    "survey": "processing",
}

__all__ = [
    "CaptureResult",
    "DarkResult",
    "DevelopResult",
    "GreyCardResult",
    "LiveWatch",
    "RunResult",
    "StackResult",
    "capture",
    "capture_request",
    "darks",
    "develop",
    "greycard",
    "resume_capture",
    "return_focus",
    "run",
    "settle_stack",
    "stack",
    "stack_options",
    "survey",
]


def __getattr__(name: str) -> Any:
    """Import a function when it is first used: processing needs OpenCV and libvips, shooting does not."""
    if name in _HOME:
        from importlib import import_module

        return getattr(import_module(f"stackcore.api.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
