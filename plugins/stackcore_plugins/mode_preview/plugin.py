"""The offer of the run mode that only moves, for checking the range by eye."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from stackcore.actions import Action, CameraTraits, CapturePlan, DriveFocus, Wait, Watch
from stackcore.config import NoOptions
from stackcore.hookspecs import Offer, hookimpl
from stackcore.protocols import Need, RunMode


class PreviewRun:
    """Moves focus through the slices while the user watches live view."""

    needs: frozenset[Need] = frozenset({"live_view", "focus_drive"})
    saves = False

    def actions(self, plan: CapturePlan, traits: CameraTraits) -> Iterator[Action]:
        """Yield arrival, movement, delay for each slice; the delay follows movements alone in both SDK styles."""
        for index in range(plan.slices):
            yield Watch(index)
            if index + 1 < plan.slices:
                yield DriveFocus(plan.step)
                yield Wait(plan.delay_ms)


@hookimpl
def stackcore_run_modes() -> Iterable[Offer[RunMode]]:
    """Offer the mode `preview`."""
    return [
        Offer(
            name="preview",
            summary="Only moves focus through the slices while you watch live view; saves nothing.",
            options=NoOptions,
            build=lambda options: PreviewRun(),
            capabilities=("saves nothing",),
        )
    ]
