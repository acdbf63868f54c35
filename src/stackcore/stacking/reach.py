"""Which frames of a stack hang together by links that were registered, and which of them is the reference."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from stackcore.protocols import Link, Registration


def reached(found: Sequence[Registration], start: int) -> set[int]:
    """Frames that a chain of successful links joins to `start`, itself among them."""
    roads: dict[int, set[int]] = {}
    for registration in found:
        if registration.transform is not None:
            a, b = registration.link.fixed, registration.link.moving
            roads.setdefault(a, set()).add(b)
            roads.setdefault(b, set()).add(a)
    known, fresh = {start}, [start]
    while fresh:
        fresh = [there for here in fresh for there in roads.get(here, ()) if there not in known]
        known.update(fresh)
    return known


def choose_reference(found: Sequence[Registration], frames: int, middle: int) -> int:
    """The frame nearest to the middle among those that hang together with most others.

    The middle frame itself unless less than half as many frames hang together with it as with another one: then it
    is a bad one, and must not take the rest of the stack with it.
    """
    groups: list[set[int]] = []
    for index in range(frames):
        if not any(index in group for group in groups):
            groups.append(reached(found, index))
    largest = max(groups, key=lambda group: (len(group), -_away(group, middle)))
    own = next(group for group in groups if middle in group)
    if 2 * len(own) >= len(largest):
        return middle
    return min(largest, key=lambda index: (abs(index - middle), index))


def bridges(
    failed_among: Sequence[Registration], found: Sequence[Registration], frames: int, reference: int
) -> list[Link]:
    """For each pair that failed, the next frame outwards against the same fixed one.

    Only from frames that are linked to the reference: a bad frame would be tried against everything beyond it.
    """
    known = reached(found, reference)
    tried = {frozenset((r.link.fixed, r.link.moving)) for r in found}
    more: list[Link] = []
    for registration in failed_among:
        ends = (registration.link.fixed, registration.link.moving)
        near, far = sorted(ends, key=lambda index: (abs(index - reference), index))
        beyond = far + (1 if far > near else -1)
        wanted = registration.transform is None and near in known and far not in known and 0 <= beyond < frames
        if wanted and frozenset((near, beyond)) not in tried:
            tried.add(frozenset((near, beyond)))
            more.append(Link(near, beyond))
    return more


def _away(group: Collection[int], middle: int) -> int:
    return min(abs(index - middle) for index in group)
