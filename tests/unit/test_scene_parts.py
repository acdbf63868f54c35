"""The parts of the scene: threads, patterns, and that what is painted in front is nearer."""

import numpy as np
import pytest

from stackcore.testing.defocus import nearest_depth
from stackcore.testing.easel import Easel
from stackcore.testing.scene import Scene
from stackcore.testing.strokes import Stroke, curve, stroke_layer
from stackcore.testing.textures import cell_borders, fractal

SHAPE = (96, 160)


def thread(width: tuple[float, float]) -> Stroke:
    points = curve((20.0, 48.0, 0.8), (80.0, 48.0, 0.5), (140.0, 48.0, 0.2), 24)
    return Stroke(points, width, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


def test_a_thread_tapers_and_carries_its_depth() -> None:
    layer = stroke_layer([thread((9.0, 3.0))], SHAPE, reach_px=16)
    thickness = layer.rgba[..., 3].sum(axis=0)
    root, tip = 24 - layer.x, 136 - layer.x
    assert thickness[root] == pytest.approx(9, abs=1.5)
    assert thickness[tip] == pytest.approx(3.2, abs=1.2)
    assert layer.depth[48 - layer.y, root] == pytest.approx(0.78, abs=0.05)
    assert layer.depth[48 - layer.y, tip] == pytest.approx(0.22, abs=0.05)
    assert layer.depth[60 - layer.y, tip] == pytest.approx(0.22, abs=0.1)  # beside it, for its blur


def test_a_thin_hair_lets_light_through() -> None:
    alpha = stroke_layer([thread((0.5, 0.5))], SHAPE, reach_px=16).rgba[..., 3]
    assert 0.2 < alpha.max() < 0.95


def test_what_lies_in_front_is_nearer() -> None:
    scene = Scene.build(480, 320, seed=2)
    hairs = scene.layers[-1]
    height, width = hairs.depth.shape
    behind = nearest_depth(scene.layers[:-1], scene.canvas)[hairs.y : hairs.y + height, hairs.x : hairs.x + width]
    covered = hairs.rgba[..., 3] >= 0.5
    assert covered.sum() > 500
    assert np.mean(hairs.depth[covered] <= behind[covered] + 0.02) > 0.97


def easel(factor: int) -> Easel:
    return Easel.of((96 * factor, 160 * factor), 150.0 * factor)


def test_noise_is_the_same_at_every_size() -> None:
    small, large = (fractal(easel(f), np.random.default_rng(1), 0.2, 3) for f in (1, 2))
    reduced = large.reshape(96, 2, 160, 2).mean(axis=(1, 3))
    assert np.corrcoef(small.ravel(), reduced.ravel())[0, 1] > 0.99
    assert small.std() == pytest.approx(1.43, rel=0.1)


def test_a_cut_of_the_canvas_shows_the_pattern_of_the_whole() -> None:
    whole = easel(2)
    part = whole.cut(slice(40, 120), slice(64, 200))
    full, cut = (fractal(e, np.random.default_rng(1), 0.2, 4) for e in (whole, part))
    assert np.allclose(full[40:120, 64:200], cut, atol=0.06)


def test_cells_have_the_size_asked_for() -> None:
    distance, tone = cell_borders(easel(2), np.random.default_rng(1), 0.08)
    assert len(np.unique(tone)) == pytest.approx(192 * 320 / 24**2, rel=0.2)
    assert distance.min() == 0
    assert 0.4 < distance.max() < 1.2
    blank, _ = cell_borders(easel(1), np.random.default_rng(1), 0.01)
    assert (blank == 0.5).all()


def test_the_coordinates_of_a_place_lead_back_to_it() -> None:
    part = easel(2).cut(slice(40, 120), slice(64, 200))
    column, row = part.place(float(part.x[0, 30]), float(part.y[20, 0]))
    assert (column, row) == pytest.approx((30, 20), abs=1e-3)
