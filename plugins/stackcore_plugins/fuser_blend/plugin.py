"""The offer of the blending fuser."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pydantic import Field

from stackcore.fusing.preference import PreferringOptions
from stackcore.hookspecs import Offer, hookimpl

if TYPE_CHECKING:
    from stackcore.protocols import Fuser


class BlendOptions(PreferringOptions):
    """What can be set on the blending fuser."""

    levels: int = Field(7, ge=2, le=12, description="Levels of the pyramid, the coarsest included; fewer if small.")
    window_px: int = Field(9, ge=1, le=33, description="Width of the triangular window of the energy: 1, 5, 9, 13 ...")
    own: float = Field(15.0, ge=0, le=60, description="Exponent of a level's own energy: 0 ignores it.")
    handed: float = Field(5.0, ge=0, le=60, description="Exponent of the finest energy, handed down: 0 ignores it.")
    noise_floor: float = Field(8.0, ge=0, le=100, description="Energy added to a level's own, in units of noise.")
    highlights: float = Field(1.0, ge=0, le=1, description="Share of the plain mean around clipped highlights: 0 off.")
    highlights_px: int = Field(8, ge=0, le=256, description="How far that reaches from a clipped pixel, pixels.")
    within_span: bool = Field(True, description="Coarse levels stay between the darkest and the brightest frame.")


def _build(options: BlendOptions) -> Fuser[Any]:
    from stackcore_plugins.fuser_blend.fuser import BlendFuser

    return BlendFuser(options)


@hookimpl
def stackcore_fusers() -> Iterable[Offer[Fuser[Any]]]:
    """Offer the blending fuser."""
    return [
        Offer(
            name="blend",
            summary="Pyramid led by the finest detail, plain mean at clipped highlights: least halo, truest colour.",
            options=BlendOptions,
            build=_build,
            capabilities=("streaming", "mergeable", "parallel", "depth"),
        )
    ]
