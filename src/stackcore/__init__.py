"""stackcore: focus stacking from camera to picture, as a framework of plugins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stackcore import api

if TYPE_CHECKING:
    from stackcore.api import *  # noqa: F403 - its list of names is the only one

__version__ = "0.1.0"

__all__ = ["__version__"]
__all__ += api.__all__


def __getattr__(name: str) -> Any:
    """Import the public functions when they are first used, so that `stackcore --help` stays fast."""
    if name in api.__all__:
        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
