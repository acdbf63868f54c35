"""How the work of fusing is laid out: strips of the canvas, tasks at once, frames at once; the fastest way first.

None of it changes a bit of the picture, so that the choice is free: it follows the memory that is allowed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from stackcore.terms import Strip

_DECODING = 0.2
"""Share of decoding in what a frame costs: JPEG of 24 MP, fuser `blend`. Each strip decodes every frame once more."""


@dataclass(frozen=True)
class Arrangement:
    """One way to work.

    Attributes
    ----------
    strips
        Of the canvas, from top to bottom, each a pass over the frames; one for the whole.
    workers
        Tasks of the fuser that run side by side.
    frames
        Decoded frames that are held: the one at work, and 2 with the next one, which is decoded meanwhile.
    """

    strips: tuple[Strip, ...]
    workers: int
    frames: int

    def cost(self, cores: int) -> float:
        """About how long it takes, in units of the work on one core: decoding, and everything else once."""
        passes = len(self.strips)
        each = (1 - _DECODING) / (passes * self.workers)
        one_pass = max(_DECODING, each) if self.frames > 1 else _DECODING + each
        return max(passes * one_pass, (passes * _DECODING + 1 - _DECODING) / cores)

    def record(self) -> dict[str, Any]:
        """What a result tells of it."""
        return {"workers": self.workers, "frames": self.frames, "strips": len(self.strips)}


def arrangements(cuts: Iterable[tuple[Strip, ...]], workers: int, *, can_be_bound: bool) -> list[Arrangement]:
    """Every way there is, the fastest first.

    Parameters
    ----------
    cuts
        Of the canvas, the whole first.
    workers
        How many there are; one core for each.
    can_be_bound
        Whether the executor works with fewer tasks and frames at once than it might.
    """
    loads = [(n, frames) for n in range(workers, 0, -1) for frames in (2, 1)] if can_be_bound else [(workers, 2)]
    ways = [Arrangement(cut, n, frames) for cut in cuts for n, frames in loads]
    return sorted(ways, key=lambda way: way.cost(workers))
