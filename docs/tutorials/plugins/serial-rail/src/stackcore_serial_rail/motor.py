"""What a rail must be able to do, whatever its controller understands."""

from __future__ import annotations

from typing import Protocol

from stackcore.errors import CameraError


class RailError(CameraError):
    """Something went wrong with the rail; `keeps_position` when its controller still knows where it stands."""

    def __init__(self, what: str, why: str, fix: str, keeps_position: bool = False) -> None:
        super().__init__(what, why, fix)
        self.args = (what, why, fix, keeps_position)
        self.keeps_position = keeps_position


class Motor(Protocol):
    """A controller that is connected; distances and positions in micrometres, + as its own axis counts."""

    name: str
    has_restarted: bool
    step_um: float | None

    def start(self, distance_um: float) -> None:
        """Begin to move; `RailError` when the controller refuses, and nothing moves."""
        ...

    def is_moving(self) -> bool:
        """Ask once; `RailError` for an alarm, `CameraError` when nobody answers."""
        ...

    def position_um(self) -> float:
        """Return where it stands, in whatever the controller counts from."""
        ...

    def halt(self) -> None:
        """Stop as fast as the motor can without losing steps."""
        ...


def silent(seconds: float, baud: int) -> RailError:
    """Return the error for a controller that does not answer."""
    return RailError(
        "The rail does not answer.",
        f"nothing came within {seconds:g} s at {baud} baud.",
        "check power and cable, and what it speaks: --set camera.baud=..., --set camera.protocol=...",
    )
