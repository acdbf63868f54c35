"""The offer of the three-scale sharpener."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pydantic import Field

from stackcore.hookspecs import Offer, hookimpl
from stackcore.stacking.strength import Three, ThreeStrengths

if TYPE_CHECKING:
    from stackcore.protocols import Sharpener


class Unsharp3Options(ThreeStrengths):
    """What can be set on the three-scale sharpener; the triples are large, middle and small scale."""

    sigma_px: Three = Field((22.0, 6.0, 2.0), description="Radius of each mask, standard deviation in pixels.")
    base: Three = Field((0.05, 0.15, 1.0), description="Amount of each mask at strength 1.")


def _build(options: Unsharp3Options) -> Sharpener:
    from stackcore_plugins.sharpener_unsharp3.sharpener import Unsharp3

    return Unsharp3(options)


@hookimpl
def stackcore_sharpeners() -> Iterable[Offer[Sharpener]]:
    """Offer the three-scale sharpener."""
    return [
        Offer(
            name="unsharp3",
            summary="Unsharp masks at three scales, large to small; strength S or X:Y:Z.",
            options=Unsharp3Options,
            build=_build,
            capabilities=("three-scale",),
            needs=("cv2",),
        )
    ]
