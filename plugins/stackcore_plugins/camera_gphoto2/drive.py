"""How a signed movement becomes commands that a body accepts; pure, so that it can be read and tested as data."""

from __future__ import annotations

from dataclasses import dataclass

from stackcore.errors import NotReadyError
from stackcore_plugins.camera_gphoto2.body import Value
from stackcore_plugins.camera_gphoto2.vendors import Absolute, Amount, Classes, DriveTable


@dataclass(frozen=True)
class Command:
    """One command: `value` for the drive's setting moves `units`; 0 units moves nothing (re-arming)."""

    value: Value
    units: int
    pause_s: float = 0.0


def commands(table: DriveTable, steps: int, *, largest: int | None, size: int, position: int | None) -> list[Command]:
    """Cut a movement into commands.

    Parameters
    ----------
    table
        How the vendor's drive is spoken to.
    steps
        Signed drive units, + is away from the camera; 0 gives no command at all, since bodies move for 0.
    largest
        Most units in one command, where the user wants fewer than the body accepts; None for the body's own.
    size
        Which size of step is a unit, 1 fine to 3 coarse, where the drive knows sizes; the coarsest where it has fewer.
    position
        Where the drive stands, for drives that take positions; `NotReadyError` where those do not tell.

    Examples
    --------
    >>> [c.value for c in commands(Amount("manualfocus", 7), -16, largest=None, size=1, position=None)]
    [-7.0, -7.0, -2.0]
    """
    match table:
        case Amount(_, accepted):
            return [Command(float(part), part) for part in _cut(steps, min(accepted, largest or accepted))]
        case Classes():
            return _repeat(table, steps, size)
        case Absolute():
            if position is None:
                raise NotReadyError(
                    "The focus drive cannot be used.",
                    "it takes positions and does not tell where it stands.",
                    "set the lens to manual focus, then connect again.",
                )
            parts, told = [], position
            for part in _cut(steps, largest or abs(steps) or 1):
                told += part
                parts.append(Command(float(told), part))
            return parts


def _cut(steps: int, largest: int) -> list[int]:
    sign, rest = (1, steps) if steps >= 0 else (-1, -steps)
    full, last = divmod(rest, largest)
    return [sign * largest] * full + ([sign * last] if last else [])


def _repeat(table: Classes, steps: int, size: int) -> list[Command]:
    near, far = table.sizes[min(size, len(table.sizes)) - 1]
    unit = 1 if steps > 0 else -1
    one = Command(far if steps > 0 else near, unit, table.pause_s)
    found: list[Command] = []
    for _ in range(abs(steps)):
        if table.rearm:
            found.append(Command(table.rearm, 0))
        found.append(one)
    return found
