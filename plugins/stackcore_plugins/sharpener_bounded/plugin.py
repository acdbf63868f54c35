"""The offer of the bounded sharpener."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pydantic import Field

from stackcore.hookspecs import Offer, hookimpl
from stackcore.stacking.strength import Three, ThreeStrengths

if TYPE_CHECKING:
    from stackcore.protocols import Sharpener


class BoundedOptions(ThreeStrengths):
    """What can be set on the bounded sharpener; the triples are large, middle and small scale."""

    sigma_px: Three = Field((22.0, 6.0, 1.2), description="Radius of each scale, standard deviation in pixels.")
    base: Three = Field((0.05, 0.15, 2.5), description="Amount of each scale at strength 1.")
    edge_contrast: float = Field(
        0.05, gt=0, le=1, description="Standard deviation, of full scale, from which an edge is no detail."
    )
    allowance: float = Field(
        0.08, gt=0, le=1, description="Local range, of full scale, beyond which less and less overshoot is let pass."
    )
    noise_floor: float = Field(4.0, ge=0, le=100, description="Detail below so many times the noise is left alone.")


def _build(options: BoundedOptions) -> Sharpener:
    from stackcore_plugins.sharpener_bounded.sharpener import Bounded

    return Bounded(options)


@hookimpl
def stackcore_sharpeners() -> Iterable[Offer[Sharpener]]:
    """Offer the bounded sharpener."""
    return [
        Offer(
            name="bounded",
            summary="Three scales that keep within the local range: no halos, no sharpened noise; strength S or X:Y:Z.",
            options=BoundedOptions,
            build=_build,
            capabilities=("three-scale",),
            needs=("cv2",),
        )
    ]
