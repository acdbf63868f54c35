"""The offer of the three-scale sharpener, and its strength notation."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pydantic import Field, field_validator

from stackcore.config import Options
from stackcore.hookspecs import Offer, hookimpl

if TYPE_CHECKING:
    from stackcore.protocols import Sharpener

Three = tuple[float, float, float]


class Unsharp3Options(Options):
    """What can be set on the three-scale sharpener; the triples are large, middle and small scale."""

    strength: Three = Field((1.0, 1.0, 1.0), description="S or X:Y:Z (large:middle:small), times the base; 0 is off.")
    sigma_px: Three = Field((22.0, 6.0, 2.0), description="Radius of each mask, standard deviation in pixels.")
    base: Three = Field((0.05, 0.15, 1.0), description="Amount of each mask at strength 1.")

    @field_validator("strength", mode="before")
    @classmethod
    def _notation(cls, value: Any) -> Any:
        """Read `2`, `"2"` and `"1:0:0.5"`."""
        if isinstance(value, bool):
            raise ValueError("a strength is a number, or three joined by colons")
        if isinstance(value, int | float):
            return (value,) * 3
        if isinstance(value, str):
            parts = value.split(":")
            if len(parts) not in (1, 3):
                raise ValueError("one number, or three joined by colons (large:middle:small), for example 0:0:1")
            return tuple(parts * 3 if len(parts) == 1 else parts)
        return value

    @field_validator("strength")
    @classmethod
    def _range(cls, value: Three) -> Three:
        if not all(0 <= part <= 100 for part in value):
            raise ValueError("each strength lies between 0 and 100")
        return value

    @field_validator("sigma_px")
    @classmethod
    def _radii(cls, value: Three) -> Three:
        if not all(0.3 <= part <= 500 for part in value):
            raise ValueError("each radius lies between 0.3 and 500 pixels")
        return value

    @field_validator("base")
    @classmethod
    def _amounts(cls, value: Three) -> Three:
        if not all(0 <= part <= 10 for part in value):
            raise ValueError("each amount lies between 0 and 10")
        return value


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
