"""stackcore: focus stacking from camera to picture, as a framework of plugins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stackcore.api import capture, stack, survey

__version__ = "0.1.0"

__all__ = ["__version__", "capture", "stack", "survey"]


def __getattr__(name: str) -> Any:
    """Import the public functions when they are first used, so that `stackcore --help` stays fast."""
    if name in ("capture", "stack", "survey"):
        from stackcore import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
