"""The offer of the weighted-mean fuser."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pydantic import Field

from stackcore.fusing.preference import PreferringOptions
from stackcore.hookspecs import Offer, hookimpl

if TYPE_CHECKING:
    from stackcore.protocols import Fuser


class WeightedOptions(PreferringOptions):
    """What can be set on the weighted-mean fuser."""

    exponent: float = Field(16.0, ge=1, le=60, description="Exponent of the energy: 1 blends softly, 60 selects.")
    noise_floor: float = Field(16.0, ge=0, le=100, description="Energy added before the exponent, in units of noise.")
    window_px: int = Field(9, ge=1, le=33, description="Width of the triangular window of the energy: 1, 5, 9, 13 ...")
    wide: float = Field(
        0.0, ge=0, le=10, description="Share of the energy seen in a wide window, against halos: 0 off."
    )
    wide_px: float = Field(24.0, ge=4, le=64, description="Standard deviation of the wide window, pixels.")


def _build(options: WeightedOptions) -> Fuser[Any]:
    from stackcore_plugins.fuser_weighted.fuser import WeightedFuser

    return WeightedFuser(options)


@hookimpl
def stackcore_fusers() -> Iterable[Offer[Fuser[Any]]]:
    """Offer the weighted-mean fuser."""
    return [
        Offer(
            name="weighted",
            summary="Weighted mean at full size: best in texture, lean; blotches plain ground beside bright things.",
            options=WeightedOptions,
            build=_build,
            capabilities=("streaming", "mergeable", "parallel", "depth"),
        )
    ]
