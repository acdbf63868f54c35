"""The offer of the run mode that saves the live-view frame of each slice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from stackcore.actions import Action, CameraTraits, CapturePlan, DriveFocus, SavePreview, Wait
from stackcore.config import NoOptions
from stackcore.hookspecs import Offer, hookimpl
from stackcore.protocols import Need, RunMode


class PreviewImagesRun:
    """Saves a live-view frame at each slice: a fast draft of the stack, with no still taken."""

    needs: frozenset[Need] = frozenset({"live_view", "focus_drive"})
    saves = True

    def actions(self, plan: CapturePlan, traits: CameraTraits) -> Iterator[Action]:
        """Yield frame, movement, delay for each slice; the delay follows movements alone in both SDK styles."""
        for index in range(plan.slices):
            yield SavePreview(index)
            if index + 1 < plan.slices:
                yield DriveFocus(plan.step)
                yield Wait(plan.delay_ms)


@hookimpl
def stackcore_run_modes() -> Iterable[Offer[RunMode]]:
    """Offer the mode `preview-images`."""
    return [
        Offer(
            name="preview-images",
            summary="The live-view frame of each slice is saved: a fast draft stack.",
            options=NoOptions,
            build=lambda options: PreviewImagesRun(),
            capabilities=("saves live-view frames",),
        )
    ]
