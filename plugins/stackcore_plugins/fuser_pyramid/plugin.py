"""The offer of the pyramid fuser."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pydantic import Field

from stackcore.fusing.preference import PreferringOptions
from stackcore.hookspecs import Offer, hookimpl

if TYPE_CHECKING:
    from stackcore.protocols import Fuser


class PyramidOptions(PreferringOptions):
    """What can be set on the pyramid fuser."""

    levels: int = Field(7, ge=2, le=12, description="Levels of the pyramid, the coarsest included; fewer if small.")
    window_px: int = Field(9, ge=1, le=33, description="Width of the triangular window of the energy: 1, 5, 9, 13 ...")
    sharpness: float = Field(20.0, ge=1, le=60, description="Exponent of the energy: 1 blends softly, 60 selects.")
    noise_floor: float = Field(12.0, ge=0, le=100, description="Energy added before the exponent, in units of noise.")
    inherit: float = Field(4.0, ge=0, le=100, description="Share of the next finer level's energy on coarse levels.")


def _build(options: PyramidOptions) -> Fuser[Any]:
    from stackcore_plugins.fuser_pyramid.fuser import PyramidFuser

    return PyramidFuser(options)


@hookimpl
def stackcore_fusers() -> Iterable[Offer[Fuser[Any]]]:
    """Offer the pyramid fuser."""
    return [
        Offer(
            name="pyramid",
            summary="Laplacian pyramid, soft maximum of local energy: clean, low noise, constant memory.",
            options=PyramidOptions,
            build=_build,
            capabilities=("streaming", "mergeable", "parallel", "depth"),
        )
    ]
