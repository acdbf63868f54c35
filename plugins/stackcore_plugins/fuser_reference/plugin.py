"""The offers of the reference fusers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pydantic import Field

from stackcore.config import Options
from stackcore.hookspecs import Offer, hookimpl

if TYPE_CHECKING:
    from stackcore.protocols import Fuser


class AverageOptions(Options):
    """The average has nothing to set."""


class MaxOptions(Options):
    """What can be set on the fuser that takes the sharpest frame."""

    window_px: int = Field(9, ge=1, le=17, description="Width of the window of the focus measure, pixels.")


def _average(options: AverageOptions) -> Fuser[Any]:
    from stackcore_plugins.fuser_reference.average import AverageFuser

    return AverageFuser(options)


def _max(options: MaxOptions) -> Fuser[Any]:
    from stackcore_plugins.fuser_reference.largest import MaxFuser

    return MaxFuser(options)


@hookimpl
def stackcore_fusers() -> Iterable[Offer[Fuser[Any]]]:
    """Offer both."""
    shared = ("streaming", "mergeable", "parallel")
    return [
        Offer(
            name="average",
            summary="The mean of all frames: what a long exposure would show; for comparison.",
            options=AverageOptions,
            build=_average,
            capabilities=shared,
        ),
        Offer(
            name="max",
            summary="Per pixel the frame with the largest focus measure: hard, noisy; for comparison.",
            options=MaxOptions,
            build=_max,
            capabilities=(*shared, "depth"),
        ),
    ]
