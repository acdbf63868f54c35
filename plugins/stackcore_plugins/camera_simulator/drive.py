"""A focus drive as lenses have it: a motor that counts, stops at both ends, and gears with play."""

from __future__ import annotations

from stackcore.errors import FocusDriveError

_END_FIX = "turn the lens away from its end by hand, or choose a smaller step or fewer slices."


class FocusDrive:
    """The motor's position and, behind the play of the gears, that of the lens.

    Both start at 0 with the gears in contact for movements away from the camera.
    """

    def __init__(self, near_stop: int, far_stop: int, backlash_units: int) -> None:
        self._near, self._far, self._backlash = near_stop, far_stop, backlash_units
        self.position = 0
        """What the motor counts, drive units."""
        self.lens = 0
        """Where focus really is, drive units."""

    def move(self, steps: int) -> None:
        """Move by signed units; at an end-stop `FocusDriveError` says how far it came."""
        target = min(max(self.position + steps, self._near), self._far)
        moved = target - self.position
        self.position = target
        self.lens = min(max(self.lens, target), target + self._backlash)
        if moved != steps:
            end = "far" if steps > 0 else "near"
            raise FocusDriveError(
                f"The lens reached its {end} end.",
                f"it moved {moved:+d} of {steps:+d} drive units and stands at {target:+d}.",
                _END_FIX,
                confirmed=moved,
            )
