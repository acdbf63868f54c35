"""Which slice wins where two are sharp: the options that fusers share; it loads nothing but the options."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from stackcore.config import Options

Preference = Literal["front", "back", "none"]
"""`front` is the first slice of the stack, `back` the last, whichever of them the camera was nearer to."""


class PreferringOptions(Options):
    """Options of a fuser that can be told which end of the stack it should prefer."""

    prefer: Preference = Field(
        "none", description="Which slice wins where two are sharp, as behind a hair; front is the first."
    )
    prefer_strength: float = Field(
        3.0, ge=0, le=20, description="What the preferred end of the stack is ahead of the other, in log energy."
    )
