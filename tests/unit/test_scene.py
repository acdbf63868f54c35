"""The scene, and the truth that a stack of it claims about itself."""

import subprocess
import sys

import cv2
import numpy as np
import pytest

from stackcore.terms import Transform
from stackcore.testing.scene import Scene, SyntheticStack, make_stack
from stackcore.testing.sensor import Motion, Sensor

WIDTH, HEIGHT = 240, 160


@pytest.fixture(scope="module")
def scene() -> Scene:
    return Scene.build(WIDTH, HEIGHT, seed=4, blur_px=8.0)


@pytest.fixture(scope="module")
def stack() -> SyntheticStack:
    motion = Motion(breathing=0.04, drift_px=3.0, jitter_px=0.5, rotation_deg=0.4, flicker=0.1, seed=4)
    return make_stack(WIDTH, HEIGHT, 7, seed=4, dtype="uint16", motion=motion, sensor=Sensor(hot_pixels=12, seed=4))


def linear(frame: np.ndarray) -> np.ndarray:
    srgb = frame.astype(np.float64) / np.iinfo(frame.dtype).max
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def energy(image: np.ndarray) -> np.ndarray:
    """Local energy of the Laplacian, (H, W)."""
    luma = image.astype(np.float32).mean(axis=2)
    return cv2.boxFilter(cv2.Laplacian(luma, cv2.CV_32F) ** 2, -1, (9, 9))


def test_sharpness_peaks_where_the_truth_says(scene: Scene) -> None:
    focus = np.linspace(0, 1, 9)
    volume = np.stack([energy(scene.render(float(f))) for f in focus])
    depth = scene.depth()
    even = cv2.dilate(depth, np.ones((13, 13))) - cv2.erode(depth, np.ones((13, 13))) < 0.10
    textured = volume.max(axis=0) > np.percentile(volume.max(axis=0), 40)
    judged = even & textured & (depth < 0.95)
    assert judged.sum() > 3000
    found = focus[volume.argmax(axis=0)]
    off = np.abs(found - depth)[judged]
    assert np.median(off) < 0.07
    assert np.mean(off < 0.14) > 0.9


def test_a_patch_rises_and_falls_through_focus(scene: Scene) -> None:
    depth = scene.depth()
    y, x = 145, 120  # on the leaf, near
    at = float(depth[y, x])
    curve = [float(energy(scene.render(at + d))[y, x]) for d in (-0.4, -0.2, 0.0, 0.2, 0.4)]
    assert curve[2] > 1.5 * max(curve[1], curve[3])
    assert min(curve[1], curve[3]) > max(curve[0], curve[4])


def test_depth_fills_the_range_and_light_goes_beyond_white(scene: Scene) -> None:
    depth, sharp = scene.depth(), scene.sharp()
    assert depth.dtype == sharp.dtype == np.float32
    assert depth.shape == (HEIGHT, WIDTH)
    assert sharp.shape == (HEIGHT, WIDTH, 3)
    assert depth.min() >= 0
    assert depth.min() < 0.15
    assert depth.max() <= 1
    assert sharp.min() >= 0
    assert sharp.max() > 1.5
    assert 0.03 < sharp.mean() < 0.4


def test_the_same_seed_gives_the_same_pixels_and_another_one_does_not(scene: Scene) -> None:
    again, other = (Scene.build(WIDTH, HEIGHT, seed=seed, blur_px=8.0) for seed in (4, 5))
    assert np.array_equal(again.render(0.3), scene.render(0.3))
    assert np.array_equal(again.depth(), scene.depth())
    assert np.abs(other.sharp() - scene.sharp()).mean() > 0.01


def test_a_small_rendering_shows_what_a_large_one_shows(scene: Scene) -> None:
    large = Scene.build(2 * WIDTH, 2 * HEIGHT, seed=4, blur_px=16.0).render(0.5)
    reduced = cv2.GaussianBlur(cv2.resize(large, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), (0, 0), 2)
    small = cv2.GaussianBlur(scene.render(0.5), (0, 0), 2)
    assert np.corrcoef(np.clip(reduced, 0, 1).ravel(), np.clip(small, 0, 1).ravel())[0, 1] > 0.985


@pytest.mark.parametrize(("width", "height"), [(64, 64), (101, 67), (48, 160)])
def test_any_shape_can_be_rendered(width: int, height: int) -> None:
    small = Scene.build(width, height, seed=1)
    assert small.render(0.5).shape == (height, width, 3)
    assert np.isfinite(small.render(-1.0)).all()
    assert np.isfinite(small.render(3.0)).all()


def test_a_scene_of_a_few_pixels_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 16"):
        Scene.build(8, 8)


def test_a_transform_moves_the_picture_as_it_says(scene: Scene) -> None:
    shift = Transform(np.array([[1, 0, 3.0], [0, 1, -2.0], [0, 0, 1]]))
    still, moved = scene.render(0.5), scene.render(0.5, shift)
    # What is at (x, y) in the reference is at (x + 3, y - 2) in the frame; the canvas reaches beyond the frame.
    assert np.allclose(moved[10:-10, 10:-10], still[12 : HEIGHT - 8, 7 : WIDTH - 13], atol=2e-3)


def test_the_reference_is_untouched(stack: SyntheticStack) -> None:
    assert stack.reference == 3
    assert stack.transforms[3].is_identity
    assert stack.gains[3] == 1
    assert stack.focus == pytest.approx(np.linspace(0, 1, 7))


def test_the_transforms_undo_the_motion(stack: SyntheticStack) -> None:
    """Warped back by its own transform, each frame is what the reference camera would have seen at that focus."""
    for index, frame in enumerate(stack.frames):
        back = cv2.warpPerspective(
            linear(frame).astype(np.float32),
            stack.transforms[index].matrix,
            (WIDTH, HEIGHT),
            flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
        )
        expected = np.clip(stack.scene.render(stack.focus[index]), 0, 1)
        inner = (slice(12, -12), slice(12, -12))
        light = np.clip(back * stack.gains[index], 0, 1)[inner]
        unclipped = (expected[inner] < 0.7) & (light < 0.7)
        assert np.abs(light - expected[inner])[unclipped].mean() < 0.008
        if index != stack.reference:
            unmoved = np.abs(np.clip(linear(frame) * stack.gains[index], 0, 1)[inner] - expected[inner])[unclipped]
            assert unmoved.mean() > 0.012  # the test would notice a transform that is not there


def test_registration_finds_the_shift_that_was_put_in() -> None:
    motion = Motion(breathing=0.0, drift_px=4.0, jitter_px=0.0, rotation_deg=0.0, flicker=0.0, seed=2)
    made = make_stack(WIDTH, HEIGHT, 5, seed=2, blur_px=2.0, motion=motion, sensor=Sensor.ideal())
    window = cv2.createHanningWindow((WIDTH, HEIGHT), cv2.CV_32F)
    fixed = made.frames[made.reference].mean(axis=2).astype(np.float32)
    for frame, transform in zip(made.frames, made.transforms, strict=True):
        (x, y), _ = cv2.phaseCorrelate(fixed, frame.mean(axis=2).astype(np.float32), window)
        assert (x, y) == pytest.approx(tuple(transform.matrix[:2, 2]), abs=0.15)


def test_gains_bring_the_light_back(stack: SyntheticStack) -> None:
    assert max(stack.gains) / min(stack.gains) > 1.1
    for index, frame in enumerate(stack.frames):
        expected = stack.scene.render(stack.focus[index], stack.transforms[index])
        dim = expected < 0.5
        assert linear(frame)[dim].mean() * stack.gains[index] == pytest.approx(expected[dim].mean(), rel=0.01)


def test_hot_pixels_shine_at_the_same_places_in_every_frame(stack: SyntheticStack) -> None:
    assert len({(pixel.x, pixel.y) for pixel in stack.hot}) == 12
    for index, frame in enumerate(stack.frames):
        clean = stack.scene.render(stack.focus[index], stack.transforms[index]) / stack.gains[index]
        excess = linear(frame) - np.clip(clean, 0, 1)
        for pixel in stack.hot:
            base = float(clean[pixel.y, pixel.x, pixel.channel])
            expected = min(base + pixel.level, 1) - min(base, 1)
            assert excess[pixel.y, pixel.x, pixel.channel] == pytest.approx(expected, abs=0.05)


def test_truth_and_depth_have_the_geometry_of_the_frames(stack: SyntheticStack) -> None:
    assert stack.truth.dtype == stack.frames[0].dtype == np.uint16
    assert stack.truth.shape == (HEIGHT, WIDTH, 3)
    assert stack.depth.shape == (HEIGHT, WIDTH)
    assert 5 < stack.depth.max() <= 6
    reference = energy(linear(stack.frames[3]))
    focused = np.abs(stack.depth - 3) < 0.3
    assert reference[focused].mean() == pytest.approx(energy(linear(stack.truth))[focused].mean(), rel=0.25)


def test_eight_bits_are_the_default() -> None:
    made = make_stack(64, 48, 2)
    assert made.frames[0].dtype == np.uint8
    assert len(made.frames) == 2
    assert made.truth.max() == 255


def test_nothing_of_the_test_tools_is_needed() -> None:
    code = (
        "import sys; sys.modules['pytest'] = sys.modules['hypothesis'] = None;"
        "import stackcore.testing.scene, stackcore.testing"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
