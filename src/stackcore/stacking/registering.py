"""Registering a run of links in another process: what is sent there, and what comes back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stackcore.protocols import Aligner, Fetch, Link, Registration
from stackcore.stacking.glance import Glance, Looks
from stackcore.stacking.reader import StackReader

_RUNS_PER_WORKER = 4
"""Enough that none waits long for the others. Each run reads the frame again that it shares with the one before."""


@dataclass(frozen=True)
class Registered:
    """What became of some links, in their order, and what was seen of their frames."""

    registrations: list[Registration]
    looks: Looks


class RunOfLinks:
    """Registers neighbouring links, each frame read once; can be pickled, and reads files where it arrives.

    Parameters
    ----------
    reader
        The frames.
    aligner
        What registers them.
    """

    def __init__(self, reader: StackReader, aligner: Aligner) -> None:
        self._reader, self._aligner = reader, aligner

    @property
    def files(self) -> Sequence[Path]:
        """All frames."""
        return self._reader.files

    def open_through(self, fetch: Fetch) -> None:
        """Read the frames where `fetch` says."""
        self._reader.open_through(fetch)

    def __call__(self, links: Sequence[Link]) -> Registered:
        """Register these, one after the other."""
        glance = Glance(self._reader, self._aligner.work_size_px)
        glance.expect(links)
        found = []
        for link in links:
            found.append(self._aligner.register(glance.frame(link.fixed), glance.frame(link.moving)))
            glance.done(link)
        return Registered(found, glance.looks)


def read_ahead(links: Sequence[Link], frames: int) -> list[Link | int]:
    """Links in order, and before each the frames, by index, that are to be read by then: so many more than it needs.

    Of workers that take these one after the other none waits for a frame that another one has only begun to read.

    Examples
    --------
    >>> read_ahead([Link(0, 1), Link(1, 2), Link(2, 3)], 1)
    [0, 1, 2, Link(fixed=0, moving=1), 3, Link(fixed=1, moving=2), Link(fixed=2, moving=3)]
    """
    order = list(dict.fromkeys(index for link in links for index in (link.fixed, link.moving)))
    place = {index: number for number, index in enumerate(order)}
    steps: list[Link | int] = []
    read = 0
    for link in links:
        upto = max(read, 1 + frames + max(place[link.fixed], place[link.moving]))
        steps += [*order[read:upto], link]
        read = upto
    return steps


def runs_of(links: Sequence[Link], workers: int) -> list[list[Link]]:
    """Cut links into runs for so many workers, in order; what is found does not depend on the cut.

    Examples
    --------
    >>> [len(run) for run in runs_of([Link(i, i + 1) for i in range(11)], 1)]
    [3, 3, 3, 2]
    """
    size = max(1, -(-len(links) // (_RUNS_PER_WORKER * workers)))
    return [list(links[i : i + size]) for i in range(0, len(links), size)]
