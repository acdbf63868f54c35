"""How strongly a sharpener works at three scales: `S` or `X:Y:Z`, as `--sharpen` takes it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, WithJsonSchema, field_validator

from stackcore.config import Options

Three = tuple[float, float, float]

_NUMBER = {"type": "number", "minimum": 0, "maximum": 100}
_DIGITS = r"[0-9]+(\.[0-9]*)?"

Strength = Annotated[
    Three,
    WithJsonSchema(
        {
            "anyOf": [
                _NUMBER,
                {"type": "string", "pattern": f"^{_DIGITS}(:{_DIGITS}:{_DIGITS})?$"},
                {"type": "array", "items": _NUMBER, "minItems": 3, "maxItems": 3},
            ]
        }
    ),
]
"""What an editor is told of the notation below."""


class ThreeStrengths(Options):
    """Base of the options of a sharpener with a large, a middle and a small scale."""

    strength: Strength = Field(
        (1.0, 1.0, 1.0), description="S or X:Y:Z (large:middle:small), times the base; 0 is off."
    )

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

    @field_validator("sigma_px", check_fields=False)
    @classmethod
    def _radii(cls, value: Three) -> Three:
        if not all(0.3 <= part <= 500 for part in value):
            raise ValueError("each radius lies between 0.3 and 500 pixels")
        return value

    @field_validator("base", check_fields=False)
    @classmethod
    def _amounts(cls, value: Three) -> Three:
        if not all(0 <= part <= 10 for part in value):
            raise ValueError("each amount lies between 0 and 10")
        return value
