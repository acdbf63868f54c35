"""The focus drive of a lens between its two stops."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass
class Lens:
    """Where a lens stands, in drive units; greater is farther from the camera."""

    position: int
    near_stop: int
    far_stop: int
    smallest_step: int

    def drive(self, units: int) -> Literal["done", "at_end", "too_small"]:
        """Move by signed units. At a stop the way up to it has been made; too small a step moves nothing."""
        if abs(units) < self.smallest_step:
            return "too_small"
        wanted = self.position + units
        self.position = min(max(wanted, self.near_stop), self.far_stop)
        return "done" if self.position == wanted else "at_end"
