"""The offer of the contrast fuser; its options bear the names that Enfuse gives them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, model_validator

from stackcore.config import Options
from stackcore.hookspecs import Offer, hookimpl

if TYPE_CHECKING:
    from stackcore.protocols import Fuser

GrayProjector = Literal["l-star", "average", "luminance", "lightness", "value", "anti-value"]


class ContrastOptions(Options):
    """What can be set on the contrast fuser."""

    contrast_window_size: int = Field(5, ge=3, le=31, description="Width of the window of local contrast, pixels, odd.")
    gray_projector: GrayProjector = Field("l-star", description="How a colour becomes the grey that contrast is of.")
    contrast_weight: float = Field(1.0, ge=0, le=1, description="Share of local contrast in the weight of a pixel.")
    exposure_weight: float = Field(0.0, ge=0, le=1, description="Share of good exposure in the weight of a pixel.")
    exposure_optimum: float = Field(0.5, ge=0, le=1, description="The brightness that is exposed best, 0 to 1.")
    exposure_width: float = Field(0.2, gt=0, le=10, description="How far from it exposure is still good, 0 to 1.")
    saturation_weight: float = Field(0.0, ge=0, le=1, description="Share of saturation in the weight of a pixel.")
    hard_mask: bool = Field(True, description="The frame with the largest weight alone; else a mean by weight.")
    levels: int = Field(12, ge=1, le=29, description="Levels of the pyramid, the coarsest included; fewer if small.")

    @model_validator(mode="after")
    def _weighs_something(self) -> ContrastOptions:
        if self.contrast_weight == self.exposure_weight == self.saturation_weight == 0:
            raise ValueError("contrast_weight, exposure_weight and saturation_weight cannot all be 0")
        if self.contrast_window_size % 2 == 0:
            raise ValueError("contrast_window_size must be odd")
        return self


def _build(options: ContrastOptions) -> Fuser[Any]:
    from stackcore_plugins.fuser_contrast.fuser import ContrastFuser

    return ContrastFuser(options)


@hookimpl
def stackcore_fusers() -> Iterable[Offer[Fuser[Any]]]:
    """Offer the contrast fuser."""
    return [
        Offer(
            name="contrast",
            summary="Local contrast with hard masks on a pyramid, as Enfuse blends: crisp, noisy.",
            options=ContrastOptions,
            build=_build,
            capabilities=("streaming", "mergeable", "parallel", "depth"),
        )
    ]
