"""The offer of the run mode that takes a still at each slice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from stackcore.actions import Action, CameraTraits, CapturePlan, DriveFocus, Expose, Wait
from stackcore.config import NoOptions
from stackcore.hookspecs import Offer, hookimpl
from stackcore.protocols import Need, RunMode


class FullRun:
    """Takes a still at each slice; a legacy camera also settles after each still, before it moves."""

    needs: frozenset[Need] = frozenset({"live_view", "focus_drive", "still"})
    saves = True

    def actions(self, plan: CapturePlan, traits: CameraTraits) -> Iterator[Action]:
        """Yield still, movement, delay for each slice; N slices need N - 1 movements."""
        pause = Wait(plan.delay_ms)
        for index in range(plan.slices):
            yield Expose(index)
            if traits.waits_after_still:
                yield pause
            if index + 1 < plan.slices:
                yield DriveFocus(plan.step)
                yield pause


@hookimpl
def stackcore_run_modes() -> Iterable[Offer[RunMode]]:
    """Offer the mode `full`."""
    return [
        Offer(
            name="full",
            summary="A still image at each slice, saved through the path template.",
            options=NoOptions,
            build=lambda options: FullRun(),
            capabilities=("saves stills",),
        )
    ]
