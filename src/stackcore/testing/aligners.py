"""The contract of aligners: derive from `AlignerContract`, say how yours is made, and let pytest collect it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from stackcore.hookspecs import Kind
from stackcore.protocols import Aligner, Link, ReducedFrame, Registration
from stackcore.stacking.transfer import luma, to_linear
from stackcore.terms import FULL_SCALE, Transform
from stackcore.testing.contract import Contract
from stackcore.testing.scene import make_stack
from stackcore.testing.sensor import Motion, Sensor

_WIDTH, _HEIGHT = 480, 360
_MARGIN = 40


class AlignerContract(Contract):
    """What every aligner owes the survey, whatever its method. Override `make`.

    Attributes
    ----------
    tolerance_px
        How far from the truth it may put the corners of a frame of 480 x 360, pixels of the full frame.
    shifts
        Movements to the right and down that it must find, pixels.

    Examples
    --------
    >>> class TestMine(AlignerContract):
    ...     def make(self):
    ...         return MyAligner()
    """

    kind: ClassVar[Kind] = "aligner"
    protocol: ClassVar[type | None] = Aligner
    tolerance_px: ClassVar[float] = 0.5
    shifts: ClassVar[tuple[tuple[float, float], ...]] = ((3.0, -2.0), (-0.5, 0.25), (8.25, 5.5))

    def make(self) -> Aligner:
        """Return the aligner under test."""
        aligner: Aligner = super().make()
        return aligner

    def test_it_says_how_it_works(self) -> None:
        """The `model` of what may differ, as text, and the size of the frames it wants, at least 16 pixels."""
        aligner = self.make()
        assert isinstance(aligner.model, str), f"its model is {aligner.model!r}"
        assert aligner.model, "its model is empty"
        assert isinstance(aligner.work_size_px, int), f"its work_size_px is {aligner.work_size_px!r}"
        assert aligner.work_size_px >= 16, f"its work_size_px is {aligner.work_size_px}"

    def test_its_links_reach_every_frame(self) -> None:
        """From the reference, over pairs of different frames that the stack has; a stack of one needs none."""
        for frames in (1, 2, 3, 10, 41):
            for reference in sorted({0, frames // 2, frames - 1}):
                links = list(self.make().links(frames, reference))
                for link in links:
                    assert {link.fixed, link.moving} <= set(range(frames)), f"of {frames} frames it links {link}"
                    assert link.fixed != link.moving, f"it links frame {link.fixed} with itself"
                reached = _reached(links, reference)
                missing = sorted(set(range(frames)) - reached)
                assert not missing, f"of {frames} frames, reference {reference}, no link reaches {missing}"

    def test_equal_frames_lie_where_they_are(self) -> None:
        """The identity, to a hundredth of a pixel at the corners."""
        aligner = self.make()
        moved = _off(_found(aligner, _scene(0, 0), _scene(0, 0, 1)), Transform.identity())
        assert moved <= 0.01, f"a frame compared with itself is moved by {moved:.3f} px"

    def test_a_known_shift_is_recovered(self) -> None:
        """Within `tolerance_px`, in either direction and to a fraction of a pixel."""
        aligner = self.make()
        for x, y in self.shifts:
            missed = _off(_found(aligner, _scene(0, 0), _scene(x, y, 1)), _shift(x, y))
            assert missed <= self.tolerance_px, (
                f"a shift of {x:+g}, {y:+g} px is missed by {missed:.2f} px, allowed {self.tolerance_px:g}"
            )

    def test_exposure_makes_no_difference(self) -> None:
        """A frame with a third less light lies where it lies; lamps flicker."""
        aligner = self.make()
        dim = _scene(3.0, -2.0, 1, light=0.67)
        missed = _off(_found(aligner, _scene(0, 0), dim), _shift(3.0, -2.0))
        assert missed <= self.tolerance_px, f"in a dimmer frame the shift is missed by {missed:.2f} px"

    def test_register_leaves_its_frames_alone(self) -> None:
        """They are used for other links, in other threads."""
        fixed, moving = _scene(0, 0), _scene(3.0, -2.0, 1)
        before = fixed.luma.copy(), moving.luma.copy()
        self.make().register(fixed, moving)
        assert np.array_equal(before[0], fixed.luma), "register changed its fixed frame"
        assert np.array_equal(before[1], moving.luma), "register changed its moving frame"

    def test_equal_pairs_give_equal_transforms(self) -> None:
        """To the bit, whoever registered what before."""
        first, second = self.make(), self.make()
        second.register(_scene(0, 0), _scene(8.25, 5.5, 1))
        one, other = (_found(aligner, _scene(0, 0), _scene(3.0, -2.0, 1)) for aligner in (first, second))
        assert np.array_equal(one.matrix, other.matrix), f"one pair gives {one.matrix} and {other.matrix}"

    def test_what_cannot_be_registered_raises_nothing(self) -> None:
        """Black, plain, noise, other scenes: a transform, or None with the reason; a score of 0 to 1."""
        aligner = self.make()
        good = _scene(0, 0)
        for words, bad in _hopeless().items():
            for fixed, moving in ((good, bad), (bad, good), (bad, bad)):
                found = aligner.register(fixed, moving)
                assert isinstance(found, Registration), f"registering {words} gave {found!r}"
                assert found.link == Link(fixed.index, moving.index), f"registering {words} gave the link {found.link}"
                assert 0 <= found.score <= 1, f"registering {words} gave a score of {found.score}"
                if found.transform is None:
                    assert found.reason.strip(), f"{words} could not be registered, and the reason is empty"
                else:
                    assert np.isfinite(found.transform.matrix).all(), f"registering {words} gave no numbers"

    def test_a_black_frame_is_named(self) -> None:
        """With the reason, and `about` says which of the two it is, so that its neighbour is not blamed."""
        aligner, good = self.make(), _scene(0, 0)
        black = _frame(np.zeros((_HEIGHT, _WIDTH), np.float32), 1)
        for fixed, moving in ((good, black), (black, good)):
            found = aligner.register(fixed, moving)
            assert found.transform is None, "a black frame was registered"
            assert found.reason.strip(), "a black frame failed without a reason"
            assert found.about == 1, f"a black frame 1 failed, and `about` is {found.about!r}"

    def test_a_moving_stack_comes_to_rest(self) -> None:
        """Five frames that breathe, wander and turn: every corner within `tolerance_px` of the truth."""
        frames, truth = _moving_stack()
        aligner = self.make()
        solved = _solved(aligner, frames, 2)
        for index, (transform, wanted) in enumerate(zip(solved, truth, strict=True)):
            assert transform is not None, f"frame {index} of a stack without faults was given up"
            missed = _off(transform, wanted)
            assert missed <= self.tolerance_px, (
                f"frame {index} is missed by {missed:.2f} px at a corner, allowed {self.tolerance_px:g}"
            )

    def test_the_reference_stays_where_it_is(self) -> None:
        """The identity, to the bit, so that it need not be resampled; one transform or None for each frame."""
        for count, reference in ((1, 0), (2, 1), (5, 2)):
            frames = [_scene(2.0 * i, -1.0 * i, i) for i in range(count)]
            solved = _solved(self.make(), frames, reference)
            assert len(solved) == count, f"of {count} frames, {len(solved)} were solved"
            own = solved[reference]
            at_rest = own is not None and own.is_identity
            assert at_rest, f"the reference of {count} frames is given {own}"

    def test_a_frame_that_nothing_reaches_is_given_up(self) -> None:
        """None for it, and the others are where they are."""
        frames = [_scene(2.0 * i, -1.0 * i, i) for i in range(5)]
        frames[4] = _frame(np.zeros((_HEIGHT, _WIDTH), np.float32), 4)
        solved = _solved(self.make(), frames, 2)
        assert solved[4] is None, f"a black frame is given {solved[4]}"
        for index in range(4):
            transform = solved[index]
            assert transform is not None, f"frame {index} is given up because frame 4 is black"
            wanted = _shift(2.0 * (index - 2), -1.0 * (index - 2))
            missed = _off(transform, wanted)
            assert missed <= self.tolerance_px, f"frame {index} is missed by {missed:.2f} px beside a black frame"


def _found(aligner: Aligner, fixed: ReducedFrame, moving: ReducedFrame) -> Transform:
    registration = aligner.register(fixed, moving)
    assert registration.transform is not None, f"a pair without faults failed: {registration.reason or 'no reason'}"
    return registration.transform


def _solved(aligner: Aligner, frames: Sequence[ReducedFrame], reference: int) -> Sequence[Transform | None]:
    links = aligner.links(len(frames), reference)
    found = [aligner.register(frames[link.fixed], frames[link.moving]) for link in links]
    return aligner.solve(found, len(frames), reference, (_WIDTH, _HEIGHT))


def _reached(links: Sequence[Link], reference: int) -> set[int]:
    reached = {reference}
    while True:
        more = {end for link in links for end in (link.fixed, link.moving) if {link.fixed, link.moving} & reached}
        if more <= reached:
            return reached
        reached |= more


def _off(found: Transform, wanted: Transform) -> float:
    """Largest distance at a corner, pixels."""
    corners = np.array([[0, 0], [_WIDTH - 1, 0], [0, _HEIGHT - 1], [_WIDTH - 1, _HEIGHT - 1]], np.float64)
    return float(np.linalg.norm(found.apply(corners) - wanted.apply(corners), axis=1).max())


def _shift(x: float, y: float) -> Transform:
    return Transform(np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]]))


def _frame(light: NDArray[np.float32], index: int) -> ReducedFrame:
    return ReducedFrame(index, light, _WIDTH, _HEIGHT)


def _scene(x: float, y: float, index: int = 0, light: float = 1.0) -> ReducedFrame:
    """A texture that is seen `x`, `y` pixels to the right and below of where frame 0 sees it."""
    canvas = _canvas(3)
    onto = np.array([[1, 0, _MARGIN - x], [0, 1, _MARGIN - y]], np.float64)
    seen = cv2.warpAffine(canvas, onto, (_WIDTH, _HEIGHT), flags=cv2.INTER_LANCZOS4 | cv2.WARP_INVERSE_MAP)
    return _frame(np.asarray(np.clip(seen, 0, 1) * np.float32(light), np.float32), index)


@lru_cache(maxsize=2)
def _canvas(seed: int) -> NDArray[np.float32]:
    """Structure at many scales, linear light, so that coarse and fine methods both find something."""
    rng = np.random.default_rng(seed)
    size = (_HEIGHT + 2 * _MARGIN, _WIDTH + 2 * _MARGIN)
    canvas = np.zeros(size, np.float32)
    for sigma in (1.2, 3.0, 8.0, 20.0):
        part = cv2.GaussianBlur(rng.standard_normal(size, np.float32), (0, 0), sigma)
        canvas += part / part.std()
    canvas = (canvas - canvas.min()) / (canvas.max() - canvas.min())
    canvas.flags.writeable = False
    return np.asarray(0.02 + 0.8 * canvas, np.float32)


def _hopeless() -> dict[str, ReducedFrame]:
    rng = np.random.default_rng(8)
    other = _canvas(4)[_MARGIN : _MARGIN + _HEIGHT, _MARGIN : _MARGIN + _WIDTH]
    planes = {
        "a black frame": np.zeros((_HEIGHT, _WIDTH), np.float32),
        "a plain frame": np.full((_HEIGHT, _WIDTH), 0.5, np.float32),
        "a white frame": np.ones((_HEIGHT, _WIDTH), np.float32),
        "noise": rng.random((_HEIGHT, _WIDTH), dtype=np.float32),
        "another scene": np.ascontiguousarray(other),
    }
    return {words: _frame(plane, 1) for words, plane in planes.items()}


@lru_cache(maxsize=1)
def _moving_stack() -> tuple[list[ReducedFrame], list[Transform]]:
    """A scene with depth, its slices in focus one after the other."""
    stack = make_stack(_WIDTH, _HEIGHT, 5, seed=5, dtype="uint16", motion=Motion(seed=5), sensor=Sensor(seed=5))
    frames = []
    for index, pixels in enumerate(stack.frames):
        encoded = pixels.astype(np.float32) / np.float32(FULL_SCALE["uint16"])
        frames.append(_frame(np.ascontiguousarray(luma(to_linear(encoded, "srgb")), np.float32), index))
    return frames, stack.transforms
