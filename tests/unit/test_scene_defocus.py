"""Discs, occlusion and composition, on layers small enough to reckon by hand."""

import numpy as np
import pytest

from stackcore.testing.defocus import RUNGS_PX, Layer, composite, disc, nearest_depth

SHAPE = (96, 128)


def flat(colour: tuple[float, float, float], alpha: np.ndarray, depth: float, reach: int = 40) -> Layer:
    paint = np.empty((*SHAPE, 3), np.float32)
    paint[:] = colour
    return Layer.crop(paint, alpha.astype(np.float32), np.full(SHAPE, depth, np.float32), reach)


def everywhere() -> np.ndarray:
    return np.ones(SHAPE)


def point(value: float = 1.0) -> Layer:
    """A point of light on black, at depth 0."""
    paint = np.zeros((*SHAPE, 3), np.float32)
    paint[48, 64] = value
    return Layer.crop(paint, np.ones(SHAPE, np.float32), np.zeros(SHAPE, np.float32), 40)


def spread(image: np.ndarray) -> float:
    """Standard deviation of the light along x, pixels."""
    light = image[..., 0].astype(np.float64)
    x = np.arange(SHAPE[1]) - 64
    return float(np.sqrt((light.sum(axis=0) * x**2).sum() / light.sum()))


@pytest.mark.parametrize("radius", [0.3, 1.0, 2.5, 4.0])
def test_a_disc_has_the_radius_asked_for_and_sums_to_one(radius: float) -> None:
    kernel = disc(radius)
    assert kernel.sum() == pytest.approx(1, abs=1e-6)
    assert 1 / kernel.max() == pytest.approx(max(1, np.pi * radius**2), rel=0.15)  # flat: one weight over its area
    assert np.array_equal(kernel, kernel.T)
    assert np.array_equal(kernel, kernel[::-1, ::-1])


@pytest.mark.parametrize("radius", [1.0, 3.0, 4.5, 7.0, 10.0, 18.0])
def test_a_point_becomes_a_disc_of_its_defocus(radius: float) -> None:
    sharp = spread(composite([point()], 0.0, 1.0, SHAPE))
    blurred = composite([point()], radius, 1.0, SHAPE)  # depth 0, focus `radius`, one pixel per unit of depth
    expected = np.hypot(radius / 2, sharp)  # the deviation of a disc is half its radius
    assert spread(blurred) == pytest.approx(expected, rel=0.04, abs=0.06)
    assert blurred.sum() == pytest.approx(composite([point()], 0.0, 1.0, SHAPE).sum(), rel=0.01)


def test_a_large_disc_is_flat_with_a_rim_not_a_bell() -> None:
    image = composite([point(400.0)], 11.6, 1.0, SHAPE)[48, :, 0]
    centre, inner, outside = image[64], image[64 + 8], image[64 + 18]
    assert inner > 0.75 * centre  # a gaussian of the same width would be at 0.39
    assert outside < 0.02 * centre


def test_blur_grows_smoothly_between_the_rungs() -> None:
    widths = [spread(composite([point()], float(radius), 1.0, SHAPE)) for radius in np.linspace(0, 12, 37)]
    steps = np.diff(widths)
    assert (steps > -1e-3).all()
    assert steps.max() < 0.45


def test_light_is_kept_where_everything_has_one_colour() -> None:
    layers = [flat((0.25, 0.5, 2.0), everywhere(), 1.0), flat((0.25, 0.5, 2.0), np.eye(*SHAPE), 0.0)]
    for focus in (0.0, 0.3, 1.0):
        assert np.allclose(composite(layers, focus, 20.0, SHAPE), [0.25, 0.5, 2.0], rtol=1e-3)


def half() -> np.ndarray:
    alpha = np.zeros(SHAPE)
    alpha[:, 64:] = 1
    return alpha


def test_a_defocused_edge_lets_the_sharp_background_through() -> None:
    stripes = np.zeros((*SHAPE, 3), np.float32)
    stripes[::4] = stripes[1::4] = 1.0
    back = Layer.crop(stripes, np.ones(SHAPE, np.float32), np.ones(SHAPE, np.float32), 40)
    front = flat((0.5, 0.5, 0.5), half(), 0.0)
    image = composite([back, front], 1.0, 10.0, SHAPE)[8:-8, :, 0]
    contrast = image.max(axis=0) - image.min(axis=0)
    assert contrast[30] > 0.6  # free background
    assert contrast[64] == pytest.approx(contrast[30] / 2, rel=0.15)  # the very edge covers half
    assert 0.05 < contrast[64 + 6] < contrast[64] < contrast[64 - 6]  # it shows even behind the object's own outline
    assert contrast[64 + 20] < 1e-3


def test_a_sharp_edge_before_a_blurred_background_stays_sharp() -> None:
    back, front = flat((1.0, 1.0, 1.0), everywhere(), 1.0), flat((0.0, 0.0, 0.0), half(), 0.0)
    line = composite([back, front], 0.0, 10.0, SHAPE)[48, :, 0]
    assert line[61] > 0.99
    assert line[66] < 0.01


def test_depth_within_a_layer_makes_one_end_sharp_and_the_other_soft() -> None:
    rng = np.random.default_rng(3)
    paint = np.repeat(rng.uniform(0, 1, (*SHAPE, 1)).astype(np.float32), 3, axis=2)
    slope = np.broadcast_to(np.linspace(0, 1, SHAPE[1], dtype=np.float32), SHAPE)
    layer = Layer.crop(paint, np.ones(SHAPE, np.float32), slope, 40)
    near, far = (composite([layer], focus, 16.0, SHAPE) for focus in (0.0, 1.0))
    assert near[:, :16].std() > 4 * near[:, -16:].std()
    assert far[:, -16:].std() > 4 * far[:, :16].std()


def test_the_strips_leave_no_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    paint = rng.uniform(0, 1, (*SHAPE, 3)).astype(np.float32)
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    dome = (np.hypot(rows - 48, columns - 64) / 80).astype(np.float32)
    layer = Layer.crop(paint, np.ones(SHAPE, np.float32), dome, 40)
    narrow = composite([layer], 0.2, 40.0, SHAPE)
    monkeypatch.setattr("stackcore.testing.defocus._STRIP_BLOCKS", 1)
    assert np.allclose(composite([layer], 0.2, 40.0, SHAPE), narrow, atol=1e-5)


def test_depth_is_that_of_the_nearest_surface_that_covers() -> None:
    depth = nearest_depth([flat((1, 1, 1), everywhere(), 1.0), flat((1, 1, 1), half(), 0.25)], SHAPE)
    assert (depth[:, :62] == 1).all()
    assert (depth[:, 66:] == 0.25).all()


def test_blur_beyond_the_last_disc_grows_no_more() -> None:
    most = composite([flat((1, 1, 1), half(), 0.0)], 1.0, RUNGS_PX[-1], SHAPE)
    beyond = composite([flat((1, 1, 1), half(), 0.0)], 1.0, 9 * RUNGS_PX[-1], SHAPE)
    assert np.array_equal(most, beyond)


def test_a_layer_that_covers_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="cover"):
        flat((1, 1, 1), np.zeros(SHAPE), 0.0)
