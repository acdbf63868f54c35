"""Who the simulated camera says it is, and how quick it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

BodyName = Literal["plain", "fast", "slow"]


@dataclass(frozen=True, kw_only=True)
class Body:
    """A camera body as data.

    Attributes
    ----------
    model, serial
        What it says it is; the seed of the scene joins the serial number.
    still_s, move_s, preview_s
        How long a still, a drive command and a live-view frame take at least, seconds.
    max_drive
        The largest movement of one drive command, drive units.
    tells_position
        It counts the position of its drive and tells.
    """

    model: str
    serial: str
    still_s: float = 0.0
    move_s: float = 0.0
    preview_s: float = 0.0
    max_drive: int = 32_767
    tells_position: bool = True


BODIES: Mapping[BodyName, Body] = {
    "plain": Body(model="SIMULATED camera", serial="scene"),
    "fast": Body(model="SIMULATED mirrorless", serial="fast", still_s=0.15, move_s=0.03, preview_s=0.03),
    "slow": Body(
        model="SIMULATED reflex",
        serial="slow",
        still_s=2.5,
        move_s=0.4,
        preview_s=0.2,
        max_drive=200,
        tells_position=False,
    ),
}
"""Every body; `plain` takes no more time than the rendering of its scene."""
