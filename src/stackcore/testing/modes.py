"""The contract of run modes: derive from `ModeContract`, say how yours is made, and let pytest collect it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import ClassVar, get_args

from stackcore.actions import (
    Action,
    CameraTraits,
    CapturePlan,
    DriveFocus,
    Expose,
    SavePreview,
    Wait,
    Watch,
)
from stackcore.hookspecs import Kind
from stackcore.protocols import Need, RunMode
from stackcore.testing.contract import Contract, DoesNotApply

_NEED_OF: dict[type[Action], Need] = {Expose: "still", SavePreview: "live_view", DriveFocus: "focus_drive"}

Case = tuple[CapturePlan, CameraTraits]


class ModeContract(Contract):
    """What every run mode owes the engine, whatever it takes at each slice. Override `make`.

    Attributes
    ----------
    slices, steps, delays_ms
        The plans that it is tried on.

    Examples
    --------
    >>> class TestMine(ModeContract):
    ...     def make(self):
    ...         return MyMode()
    """

    kind: ClassVar[Kind] = "mode"
    protocol: ClassVar[type | None] = RunMode
    slices: ClassVar[tuple[int, ...]] = (2, 3, 12, 199)
    steps: ClassVar[tuple[int, ...]] = (2, 50, 999)
    delays_ms: ClassVar[tuple[int, ...]] = (0, 200)

    def make(self) -> RunMode:
        """Return the run mode under test."""
        mode: RunMode = super().make()
        return mode

    def test_it_yields_actions_and_nothing_else(self) -> None:
        """Each of Expose, SavePreview, Watch, DriveFocus and Wait: data, which the engine carries out."""
        for plan, traits in self._cases():
            for action in self.make().actions(plan, traits):
                assert isinstance(action, get_args(Action)), f"{_words(plan)} yields {action!r}"

    def test_equal_plans_give_equal_actions(self) -> None:
        """Also from another instance: time estimates and `--dry-run` ask beforehand, and once more for the run."""
        for plan, traits in self._cases():
            mode = self.make()
            first, second, other = (list(m.actions(plan, traits)) for m in (mode, mode, self.make()))
            assert first == second, f"{_words(plan)} gives other actions the second time"
            assert first == other, f"{_words(plan)} gives other actions from another instance"

    def test_it_arrives_at_every_slice_in_order(self) -> None:
        """Slices 0 to N - 1, each at least once, none before one that is nearer."""
        for plan, traits in self._cases():
            found = [index for index, _ in _arrivals(self.make(), plan, traits)]
            wanted = list(range(plan.slices))
            assert list(dict.fromkeys(found)) == wanted == sorted(set(found)), (
                f"{_words(plan)} arrives at {_some(found)}, wanted {_some(wanted)}"
            )
            assert found == sorted(found), f"{_words(plan)} goes back to a slice it has left: {_some(found)}"

    def test_every_slice_lies_a_step_behind_the_one_before(self) -> None:
        """Slice k is arrived at with focus k steps from the start, the nearest point; the way back is the engine's."""
        self._refuse_without_movements()
        for plan, traits in self._cases():
            for index, offset in _arrivals(self.make(), plan, traits):
                wanted = index * plan.step
                assert offset == wanted, f"{_words(plan)} has moved {offset:+d} at slice {index}, wanted {wanted:+d}"

    def test_nothing_moves_after_the_last_slice(self) -> None:
        """N slices need N - 1 steps."""
        self._refuse_without_movements()
        for plan, traits in self._cases():
            moved = sum(a.steps for a in self.make().actions(plan, traits) if isinstance(a, DriveFocus))
            wanted = plan.step * (plan.slices - 1)
            assert moved == wanted, f"{_words(plan)} moves {moved:+d} in all, wanted {wanted:+d}"

    def test_no_movement_is_empty(self) -> None:
        """A drive command of 0 units is refused by bodies."""
        for plan, traits in self._cases():
            for action in self.make().actions(plan, traits):
                assert action != DriveFocus(0), f"{_words(plan)} asks for a movement of 0 drive units"

    def test_movements_are_followed_by_the_delay(self) -> None:
        """Vibration fades before the next slice: a wait of `delay_ms` between each movement and what comes next."""
        for plan, traits in self._cases():
            actions = list(self.make().actions(plan, traits))
            for before, after in itertools.pairwise(actions):
                if plan.delay_ms and isinstance(before, DriveFocus) and not isinstance(after, DriveFocus):
                    assert after == Wait(plan.delay_ms), f"{_words(plan)}: after {before!r} comes {after!r}"

    def test_needs_names_what_the_actions_use(self) -> None:
        """`still` for Expose, `live_view` for SavePreview, `focus_drive` for DriveFocus: preflight checks no more."""
        for plan, traits in self._cases():
            mode = self.make()
            unknown = set(mode.needs) - set(get_args(Need))
            assert not unknown, f"its needs name {', '.join(sorted(unknown))}; there are {', '.join(get_args(Need))}"
            used = {_NEED_OF[type(action)] for action in mode.actions(plan, traits) if type(action) in _NEED_OF}
            missing = used - set(mode.needs)
            assert not missing, f"{_words(plan)} uses {', '.join(sorted(missing))}, which its needs do not name"

    def test_saves_is_true_for_modes_that_save(self) -> None:
        """The room on the disk is checked for these alone."""
        for plan, traits in self._cases():
            mode = self.make()
            takes = any(isinstance(action, Expose | SavePreview) for action in mode.actions(plan, traits))
            assert mode.saves is takes, f"{_words(plan)}: saves is {mode.saves!r}, and it takes " + (
                "pictures" if takes else "none"
            )

    def _refuse_without_movements(self) -> None:
        if "focus_drive" not in self.make().needs:
            raise DoesNotApply("it needs no focus drive: somebody else moves focus")

    def _cases(self) -> Iterator[Case]:
        for slices, step, delay_ms in itertools.product(self.slices, self.steps, self.delays_ms):
            plan = CapturePlan(slices=slices, step=step, delay_ms=delay_ms)
            yield plan, CameraTraits(style="unified", waits_after_still=False)
            yield plan, CameraTraits(style="legacy", waits_after_still=True, simulated=True)


def _arrivals(mode: RunMode, plan: CapturePlan, traits: CameraTraits) -> Iterator[tuple[int, int]]:
    """Slice index and net movement at each action that is done at a slice."""
    offset = 0
    for action in mode.actions(plan, traits):
        if isinstance(action, DriveFocus):
            offset += action.steps
        elif isinstance(action, Expose | SavePreview | Watch):
            yield action.slice_index, offset


def _words(plan: CapturePlan) -> str:
    return f"a plan of {plan.slices} slices, step {plan.step}, delay {plan.delay_ms} ms"


def _some(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers[:8])) + (f" ... {numbers[-1]}" if len(numbers) > 8 else "") if numbers else "none"
