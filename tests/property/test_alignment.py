"""Known movements are found again, what is no match is no transform, and links compose."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stackcore.protocols import Link, ReducedFrame, Registration
from stackcore.terms import Transform
from stackcore_plugins.aligner_ecc.aligner import EccAligner
from stackcore_plugins.aligner_ecc.models import project
from stackcore_plugins.aligner_ecc.plugin import EccOptions, Model

WIDTH, HEIGHT, MARGIN = 400, 300, 60
CORNERS = np.array([[0, 0], [WIDTH - 1, 0], [0, HEIGHT - 1], [WIDTH - 1, HEIGHT - 1.0]])

few = settings(max_examples=8, deadline=None, derandomize=True)
many = settings(max_examples=60, deadline=None, derandomize=True)

shifts = st.floats(-20, 20)
angles = st.floats(-3, 3)
scales = st.floats(0.95, 1.05)
seeds = st.integers(0, 2)


@lru_cache
def canvas(seed: int) -> np.ndarray:
    """Texture at all sizes, 0 to 1, wider than a frame on every side."""
    rng = np.random.default_rng(seed)
    out = np.zeros((HEIGHT + 2 * MARGIN, WIDTH + 2 * MARGIN), np.float32)
    for sigma in (2, 5, 12, 30):
        out += sigma * cv2.GaussianBlur(rng.standard_normal(out.shape).astype(np.float32), (0, 0), sigma)
    return np.clip(0.45 + 0.12 * (out - out.mean()) / out.std(), 0, 1)


def frame(index: int, seed: int, matrix: np.ndarray | None = None) -> ReducedFrame:
    """What a camera sees whose pixels lie at `matrix` times those of the reference."""
    matrix = np.eye(3) if matrix is None else matrix
    back = np.array([[1, 0, MARGIN], [0, 1, MARGIN], [0, 0, 1.0]]) @ np.linalg.inv(matrix)
    flags = cv2.INTER_LANCZOS4 | cv2.WARP_INVERSE_MAP
    seen = cv2.warpPerspective(canvas(seed), back, (WIDTH, HEIGHT), flags=flags, borderMode=cv2.BORDER_REFLECT)
    return ReducedFrame(index, seen.astype(np.float32), WIDTH, HEIGHT)


def similarity(dx: float = 0, dy: float = 0, degrees: float = 0, scale: float = 1) -> np.ndarray:
    """About the centre of the frame."""
    c, s = scale * np.cos(np.deg2rad(degrees)), scale * np.sin(np.deg2rad(degrees))
    x, y = (WIDTH - 1) / 2, (HEIGHT - 1) / 2
    return np.array([[c, -s, x - c * x + s * y + dx], [s, c, y - s * x - c * y + dy], [0, 0, 1.0]])


def corner_error(found: Transform | None, truth: np.ndarray) -> float:
    assert found is not None
    return float(np.linalg.norm(found.apply(CORNERS) - Transform(truth).apply(CORNERS), axis=1).max())


def perspective(matrix: np.ndarray, tilt_x: float, tilt_y: float) -> np.ndarray:
    """With a tilt that moves the far corners by up to `tilt` shares of their distance."""
    x, y = (WIDTH - 1) / 2, (HEIGHT - 1) / 2
    centred = np.array([[1, 0, -x], [0, 1, -y], [0, 0, 1.0]])
    tilted = np.array([[1, 0, 0], [0, 1, 0], [tilt_x / WIDTH, tilt_y / HEIGHT, 1.0]])
    return matrix @ np.linalg.inv(centred) @ tilted @ centred


def sheared(matrix: np.ndarray, across: float, along: float) -> np.ndarray:
    x, y = (WIDTH - 1) / 2, (HEIGHT - 1) / 2
    centred = np.array([[1, 0, -x], [0, 1, -y], [0, 0, 1.0]])
    return matrix @ np.linalg.inv(centred) @ np.array([[1 + along, across, 0], [0, 1 - along, 0], [0, 0, 1]]) @ centred


small = st.floats(-0.006, 0.006)


@given(dx=shifts, dy=shifts, degrees=angles, across=small, along=small, seed=seeds)
@few
def test_a_known_affine_is_recovered(
    dx: float, dy: float, degrees: float, across: float, along: float, seed: int
) -> None:
    truth = sheared(similarity(dx, dy, degrees), across, along)
    found = EccAligner(EccOptions(model="affine")).register(frame(0, seed), frame(1, seed, truth))
    assert corner_error(found.transform, truth) < 0.15


@given(dx=shifts, dy=shifts, tilt_x=small, tilt_y=small, seed=seeds)
@few
def test_a_known_perspective_is_recovered(dx: float, dy: float, tilt_x: float, tilt_y: float, seed: int) -> None:
    truth = perspective(similarity(dx / 4, dy / 4, 0.3, 1.01), tilt_x, tilt_y)
    found = EccAligner(EccOptions(model="homography")).register(frame(0, seed), frame(1, seed, truth))
    assert corner_error(found.transform, truth) < 0.15


STEPS: dict[Model, np.ndarray] = {
    "shift": similarity(1.3, -0.7),
    "rigid": similarity(1.3, -0.7, 0.2),
    "similarity": similarity(1.3, -0.7, 0.05, 1.004),
    "affine": sheared(similarity(1.3, -0.7, 0.05, 1.004), 0.003, 0.003),
}


@pytest.mark.parametrize("model", STEPS)
def test_auto_takes_the_simplest_model_that_explains_the_stack(model: Model) -> None:
    truth = [np.linalg.matrix_power(STEPS[model], i) for i in range(7)]
    rng = np.random.default_rng(5)
    shot = []
    for index, matrix in enumerate(truth):
        seen = frame(index, 1, matrix)
        noisy = cv2.GaussianBlur(seen.luma, (0, 0), 0.5 + 0.3 * index) + rng.normal(0, 0.01, seen.luma.shape)
        shot.append(replace(seen, luma=noisy.astype(np.float32)))
    aligner = EccAligner(EccOptions(model="auto"))
    found = [aligner.register(shot[link.fixed], shot[link.moving]) for link in aligner.links(7, 3)]
    solved = aligner.solve(found, 7, 3, (WIDTH, HEIGHT))
    assert aligner.model == model
    for transform, matrix in zip(solved, truth, strict=True):
        assert corner_error(transform, matrix @ np.linalg.inv(truth[3])) < 0.2


@given(dx=shifts, dy=shifts, model=st.sampled_from(["shift", "rigid", "similarity", "affine"]), seed=seeds)
@few
def test_a_known_shift_is_recovered(dx: float, dy: float, model: Model, seed: int) -> None:
    truth = similarity(dx, dy)
    found = EccAligner(EccOptions(model=model)).register(frame(0, seed), frame(1, seed, truth))
    assert corner_error(found.transform, truth) < 0.15


@given(dx=shifts, dy=shifts, degrees=angles, seed=seeds)
@few
def test_a_known_rotation_is_recovered(dx: float, dy: float, degrees: float, seed: int) -> None:
    truth = similarity(dx, dy, degrees)
    found = EccAligner(EccOptions(model="rigid")).register(frame(0, seed), frame(1, seed, truth))
    assert corner_error(found.transform, truth) < 0.15


@given(dx=shifts, dy=shifts, degrees=angles, scale=scales, seed=seeds)
@few
def test_a_known_scale_is_recovered(dx: float, dy: float, degrees: float, scale: float, seed: int) -> None:
    truth = similarity(dx, dy, degrees, scale)
    found = EccAligner(EccOptions()).register(frame(0, seed), frame(1, seed, truth))
    assert corner_error(found.transform, truth) < 0.15
    assert 0.8 < found.score <= 1.0001


@pytest.mark.parametrize(("gain", "blur"), [(0.6, 0.0), (1.2, 0.0), (1.0, 2.0)])
def test_exposure_and_defocus_do_not_mislead(gain: float, blur: float) -> None:
    truth = similarity(4.3, -2.6, 0.4, 1.01)
    moving = frame(1, 0, truth).luma * np.float32(gain)
    if blur:
        moving = cv2.GaussianBlur(moving, (0, 0), blur)
    found = EccAligner(EccOptions()).register(frame(0, 0), ReducedFrame(1, moving, WIDTH, HEIGHT))
    assert corner_error(found.transform, truth) < 0.15


def test_transforms_are_those_of_the_full_size() -> None:
    """Frames of 1200x900 seen at a third: 7 reduced pixels are 21 full ones, centres at integers in both."""
    fixed, moving = (ReducedFrame(f.index, f.luma, 1200, 900) for f in (frame(0, 1), frame(1, 1, similarity(7, -5))))
    found = EccAligner(EccOptions(model="shift")).register(fixed, moving).transform
    assert found is not None
    np.testing.assert_allclose(found.matrix, [[1, 0, 21], [0, 1, -15], [0, 0, 1]], atol=0.3)


@pytest.mark.parametrize("masked", ["moving", "fixed", "both"])
def test_what_is_not_valid_does_not_mislead(masked: str) -> None:
    """A part that stands still while the subject moves, as a frame around the pictures does."""
    truth = similarity(9.3, -7.6, 0.4, 1.01)
    valid = np.ones((HEIGHT, WIDTH), np.bool_)
    valid[:, : WIDTH // 3] = False
    frames = []
    for index, (name, seen) in enumerate((("fixed", frame(0, 0)), ("moving", frame(1, 0, truth)))):
        luma = seen.luma.copy()
        holed = masked in (name, "both")
        if holed:
            luma[~valid] = canvas(1)[:HEIGHT, :WIDTH][~valid] * 2 - 0.4
        frames.append(ReducedFrame(index, luma, WIDTH, HEIGHT, valid if holed else None))
    aligner = EccAligner(EccOptions())
    assert corner_error(aligner.register(*frames).transform, truth) < 0.5  # without a third of the frame
    blind = [ReducedFrame(f.index, f.luma, WIDTH, HEIGHT) for f in frames]
    astray = aligner.register(*blind).transform
    assert astray is None or corner_error(astray, truth) > 1


@pytest.mark.parametrize("blank", [0, 1])
def test_a_featureless_frame_has_a_reason(blank: int) -> None:
    plain = ReducedFrame(blank, np.full((HEIGHT, WIDTH), 0.4, np.float32), WIDTH, HEIGHT)
    other = frame(1 - blank, 0)
    fixed, moving = (plain, other) if blank == 0 else (other, plain)
    found = EccAligner(EccOptions()).register(fixed, moving)
    assert found.transform is None
    assert "featureless" in found.reason
    assert found.link == Link(0, 1)


@given(seed=st.integers(0, 1000))
@few
def test_noise_is_no_match(seed: int) -> None:
    rng = np.random.default_rng(seed)
    fixed, moving = (ReducedFrame(i, rng.random((120, 160), np.float32), 160, 120) for i in range(2))
    found = EccAligner(EccOptions()).register(fixed, moving)
    assert found.transform is None
    assert found.reason


@pytest.mark.parametrize("other", [3, 34, 55])
def test_frames_of_different_subjects_are_no_match(other: int) -> None:
    """The last two correlate by 0.30 and 0.44 once one is bent enough."""
    found = EccAligner(EccOptions()).register(frame(0, other), frame(1, other + 100))
    assert found.transform is None
    assert found.reason


def test_frames_too_small_for_every_scale_still_register() -> None:
    small = [cv2.resize(f.luma, (40, 30), interpolation=cv2.INTER_AREA) for f in (frame(0, 0), frame(0, 0))]
    fixed, moving = (ReducedFrame(i, luma, 40, 30) for i, luma in enumerate(small))
    found = EccAligner(EccOptions()).register(fixed, moving).transform
    assert found is not None
    np.testing.assert_allclose(found.matrix, np.eye(3), atol=1e-3)


@given(dx=st.floats(-500, 500), dy=st.floats(-500, 500), degrees=st.floats(-180, 180), scale=st.floats(0.2, 5))
@many
def test_project_leaves_members_of_the_family_alone(dx: float, dy: float, degrees: float, scale: float) -> None:
    members: list[tuple[Model, np.ndarray]] = [
        ("shift", similarity(dx, dy)),
        ("rigid", similarity(dx, dy, degrees)),
        ("similarity", similarity(dx, dy, degrees, scale)),
        ("affine", similarity(dx, dy, degrees, scale)),
        ("homography", perspective(similarity(dx, dy, degrees, scale), 0.01, 0.02)),
    ]
    for model, matrix in members:
        np.testing.assert_allclose(project(matrix, model, WIDTH, HEIGHT), matrix, atol=1e-8)


affines = st.lists(st.floats(-0.2, 0.2), min_size=4, max_size=4).map(
    lambda v: np.array([[1 + v[0], v[1], 80 * v[2]], [v[3], 1 - v[0], 80 * v[1]], [0, 0, 1.0]])
)


@given(matrix=affines, model=st.sampled_from(["shift", "rigid", "similarity", "affine"]))
@many
def test_project_is_idempotent(matrix: np.ndarray, model: Model) -> None:
    once = project(matrix, model, WIDTH, HEIGHT)
    np.testing.assert_allclose(project(once, model, WIDTH, HEIGHT), once, atol=1e-9)


@given(matrix=affines, nudge=st.lists(st.floats(-0.01, 0.01), min_size=4, max_size=4))
@many
def test_no_similarity_near_it_fits_better_than_the_projection(matrix: np.ndarray, nudge: list[float]) -> None:
    best = project(matrix, "similarity", WIDTH, HEIGHT)
    a, b, dx, dy = nudge
    other = best @ np.array([[1 + a, -b, 100 * dx], [b, 1 + a, 100 * dy], [0, 0, 1.0]])
    assert misfit(best, matrix) <= misfit(other, matrix) + 1e-9


def misfit(candidate: np.ndarray, matrix: np.ndarray) -> float:
    return float(((Transform(candidate).apply(CORNERS) - Transform(matrix).apply(CORNERS)) ** 2).sum())


poses = st.lists(
    st.tuples(st.floats(-9, 9), st.floats(-9, 9), st.floats(-2, 2), st.floats(0.97, 1.03)), min_size=3, max_size=12
)


def exact(poses_: list[np.ndarray], link: Link) -> Registration:
    """What a perfect aligner finds: pixels of `fixed` to pixels of `moving`."""
    there = Transform(poses_[link.fixed]).inverse().then(Transform(poses_[link.moving]))
    return Registration(link, there, 1.0)


@given(values=poses, data=st.data())
@many
def test_solve_composes_and_inverts(values: list[tuple[float, ...]], data: st.DataObject) -> None:
    truth = [similarity(*value) for value in values]
    reference = data.draw(st.integers(0, len(truth) - 1))
    aligner = EccAligner(EccOptions())
    found = [exact(truth, link) for link in aligner.links(len(truth), reference)]
    flipped = [
        Registration(Link(r.link.moving, r.link.fixed), r.transform.inverse(), 1.0) if turn and r.transform else r
        for r, turn in zip(
            found, data.draw(st.lists(st.booleans(), min_size=len(found), max_size=len(found))), strict=True
        )
    ]
    solved = aligner.solve(data.draw(st.permutations(flipped)), len(truth), reference, (WIDTH, HEIGHT))
    origin = Transform(truth[reference]).inverse()
    for index, transform in enumerate(solved):
        assert corner_error(transform, origin.then(Transform(truth[index])).matrix) < 1e-6


@given(frames=st.integers(1, 60), data=st.data())
@many
def test_links_reach_every_frame_from_the_reference(frames: int, data: st.DataObject) -> None:
    reference = data.draw(st.integers(0, frames - 1))
    links = EccAligner(EccOptions()).links(frames, reference)
    pairs = {frozenset((link.fixed, link.moving)) for link in links}
    assert len(pairs) == len(links) <= 2.2 * frames
    assert {frozenset((i, i + 1)) for i in range(frames - 1)} <= pairs
    assert all(abs(link.fixed - reference) <= abs(link.moving - reference) for link in links)


def test_what_is_read_for_links_is_soon_done_with() -> None:
    """In their order, no more frames are open than the longest links reach over."""
    links = EccAligner(EccOptions()).links(300, 150)
    last = {index: n for n, link in enumerate(links) for index in (link.fixed, link.moving)}
    first: dict[int, int] = {}
    for n, link in enumerate(links):
        for index in (link.fixed, link.moving):
            first.setdefault(index, n)
    most = max(sum(first[i] <= n <= last[i] for i in range(300)) for n in range(len(links)))
    assert most <= 14


def chain(frames: int) -> list[np.ndarray]:
    """A drift that goes to and fro, with breathing."""
    return [similarity(8 * np.sin(i / 3), 2.0 * i, 0.1 * i, 1 + 0.003 * i) for i in range(frames)]


@pytest.mark.parametrize("wrong", [Link(7, 8), Link(6, 2), Link(6, 5), Link(12, 11), Link(0, 1)])
def test_a_wrong_link_is_found_and_dropped(wrong: Link) -> None:
    truth = chain(13)
    aligner = EccAligner(EccOptions())
    wrong = next(link for link in aligner.links(13, 6) if {link.fixed, link.moving} == {wrong.fixed, wrong.moving})
    found = [exact(truth, link) for link in aligner.links(13, 6)]
    astray = [r if r.link != wrong else replace(r, transform=Transform(similarity(15, -9, 0.5))) for r in found]
    solved = aligner.solve(astray, 13, 6, (WIDTH, HEIGHT))
    origin = Transform(truth[6]).inverse()
    for index, transform in enumerate(solved):
        assert corner_error(transform, origin.then(Transform(truth[index])).matrix) < 0.02


def test_a_frame_of_which_no_link_agrees_with_another_has_no_place() -> None:
    truth = chain(13)
    aligner = EccAligner(EccOptions())
    found = [exact(truth, link) for link in aligner.links(13, 6)]
    rng = np.random.default_rng(1)
    astray = [
        replace(r, transform=Transform(similarity(*rng.uniform(-80, 80, 2))))
        if 9 in (r.link.fixed, r.link.moving)
        else r
        for r in found
    ]
    solved = aligner.solve(astray, 13, 6, (WIDTH, HEIGHT))
    assert [i for i, transform in enumerate(solved) if transform is None] == [9]
    origin = Transform(truth[6]).inverse()
    for index, transform in enumerate(solved):
        if index != 9:
            assert corner_error(transform, origin.then(Transform(truth[index])).matrix) < 0.02


def test_links_over_several_frames_hold_a_long_stack_together() -> None:
    """Errors of links add up along a chain of neighbours: with 0.03 px each they reach 0.2 px in 150 steps or so."""
    truth, rng = chain(200), np.random.default_rng(4)
    aligner = EccAligner(EccOptions())

    def rms(links: list[Link]) -> float:
        found = []
        for link in links:
            step = exact(truth, link)
            assert step.transform is not None
            noise = similarity(*rng.normal(0, 0.03, 2), rng.normal(0, 0.005), 1 + rng.normal(0, 1e-4))
            found.append(replace(step, transform=step.transform.then(Transform(noise)), score=0.99))
        solved = aligner.solve(found, 200, 100, (WIDTH, HEIGHT))
        origin = Transform(truth[100]).inverse()
        return float(np.mean([corner_error(t, origin.then(Transform(truth[i])).matrix) for i, t in enumerate(solved)]))

    every = list(aligner.links(200, 100))
    neighbours = [link for link in every if abs(link.fixed - link.moving) == 1]
    assert rms(every) < 0.4 * rms(neighbours)


def test_solve_goes_around_a_gap_by_a_bridge() -> None:
    truth = [similarity(dx=3.0 * i) for i in range(5)]
    broken = Registration(Link(2, 3), None, 0.1, "blurred")
    found = [exact(truth, Link(2, 1)), exact(truth, Link(1, 0)), broken, exact(truth, Link(2, 4))]
    solved = EccAligner(EccOptions()).solve(found, 5, 2, (WIDTH, HEIGHT))
    assert [t is not None for t in solved] == [True, True, True, False, True]
    assert corner_error(solved[4], similarity(dx=6.0)) < 1e-9
    assert corner_error(solved[0], similarity(dx=-6.0)) < 1e-9


def test_what_nothing_reaches_is_none() -> None:
    solved = EccAligner(EccOptions()).solve([], 4, 1, (WIDTH, HEIGHT))
    assert [t is not None for t in solved] == [False, True, False, False]
    assert solved[1] is not None
    assert solved[1].is_identity
