"""The offer of the depth-map fuser."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pydantic import Field

from stackcore.fusing.preference import PreferringOptions
from stackcore.hookspecs import Offer, hookimpl

if TYPE_CHECKING:
    from stackcore.protocols import Fuser


class DepthMapOptions(PreferringOptions):
    """What can be set on the depth-map fuser."""

    window_px: int = Field(9, ge=1, le=17, description="Width of the window of the focus measure, pixels.")
    noise_floor: float = Field(16.0, ge=0, le=100, description="Energy that is no evidence yet, in units of noise.")
    wide: float = Field(0.3, ge=0, le=10, description="Share of the energy within 24 pixels, against halos; 0 is off.")
    smooth_px: int = Field(24, ge=4, le=256, description="How far depth is borrowed where evidence is weak, pixels.")
    edge: float = Field(0.05, gt=0, le=1, description="Step of brightness that depth may follow, 1 for black to white.")


def _build(options: DepthMapOptions) -> Fuser[Any]:
    from stackcore_plugins.fuser_depthmap.fuser import DepthMapFuser

    return DepthMapFuser(options)


@hookimpl
def stackcore_fusers() -> Iterable[Offer[Fuser[Any]]]:
    """Offer the depth-map fuser."""
    return [
        Offer(
            name="depthmap",
            summary="Sub-slice depth map, edge-aware, rendered from the nearest frames; true colour and texture.",
            options=DepthMapOptions,
            build=_build,
            capabilities=("streaming", "mergeable", "parallel", "depth"),
        )
    ]
