"""A focus drive as lenses have it: a motor that counts, stops at both ends, and gears with play."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from stackcore.errors import CameraError, FocusDriveError
from stackcore.paths.naming import replace

_END_FIX = "turn the lens away from its end by hand, or choose a smaller step or fewer slices."


class FocusDrive:
    """The motor's position and, behind the play of the gears, that of the lens.

    Both start at 0 with the gears in contact for movements away from the camera, or where `memory` has them: a file
    that outlives the process, as a real lens does.
    """

    def __init__(self, near_stop: int, far_stop: int, backlash_units: int, memory: Path | None = None) -> None:
        self._near, self._far, self._backlash, self._memory = near_stop, far_stop, backlash_units, memory
        self.position = 0
        """What the motor counts, drive units."""
        self.lens = 0
        """Where focus really is, drive units."""
        if memory is not None and memory.exists():
            self.position, self.lens = _read(memory)

    def move(self, steps: int, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Move by signed units; at an end-stop `FocusDriveError` says how far it came.

        `meanwhile` is called half-way.
        """
        target = min(max(self.position + steps, self._near), self._far)
        moved = target - self.position
        self._stand(self.position + int(moved / 2))
        meanwhile()
        self._stand(target)
        if moved != steps:
            end = "far" if steps > 0 else "near"
            raise FocusDriveError(
                f"The lens reached its {end} end.",
                f"it moved {moved:+d} of {steps:+d} drive units and stands at {target:+d}.",
                _END_FIX,
                confirmed=moved,
            )

    def _stand(self, target: int) -> None:
        self.position = target
        self.lens = min(max(self.lens, target), target + self._backlash)
        if self._memory is not None:
            replace(json.dumps({"position": self.position, "lens": self.lens}).encode(), self._memory)


def _read(memory: Path) -> tuple[int, int]:
    try:
        kept = json.loads(memory.read_bytes())
        return int(kept["position"]), int(kept["lens"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CameraError(
            "The simulated lens forgot where it stands.", f"{memory} cannot be read: {error}.", "remove that file."
        ) from error
