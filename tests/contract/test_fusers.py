"""Every fuser that is offered keeps the contract; those with tasks give the same bytes however they are run."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest

from stackcore.protocols import Fuser, ParallelFuser
from stackcore.registry import Registry
from stackcore.terms import Frame, StackInfo
from stackcore.testing import FuserContract
from stackcore.testing.scene import make_stack
from stackcore_plugins.fuser_blend.fuser import BlendFuser
from stackcore_plugins.fuser_blend.plugin import BlendOptions
from stackcore_plugins.fuser_pyramid.fuser import PyramidFuser
from stackcore_plugins.fuser_pyramid.plugin import PyramidOptions
from stackcore_plugins.fuser_weighted.fuser import WeightedFuser
from stackcore_plugins.fuser_weighted.plugin import WeightedOptions

REGISTRY = Registry.discover()
"""Before any test has a home of its own: nothing is read from there."""

OFFERED = REGISTRY.names("fuser")


@pytest.fixture(params=OFFERED)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def fuser(name: str) -> Fuser[Any]:
    built: Fuser[Any] = Registry.discover().build("fuser", name)
    return built


class TestEveryFuser(FuserContract):
    @pytest.fixture(autouse=True)
    def _chosen(self, name: str) -> None:
        self.offer = REGISTRY.offer("fuser", name)


@pytest.fixture(scope="module")
def frames() -> list[Frame]:
    """Four frames of more than one band; one of them does not cover everything."""
    pixels = make_stack(90, 300, 4, seed=1, dtype="uint16").frames
    valid = np.ones((300, 90), np.bool_)
    valid[:, :11] = False
    valid[250:] = False
    return [Frame(i, p, valid if i == 2 else None) for i, p in enumerate(pixels)]


@pytest.fixture
def info() -> StackInfo:
    return StackInfo(width=90, height=300, frames=4, reference=2, dtype="uint16", noise_sigma=0.004)


def test_tasks_of_a_group_may_run_in_any_order(fuser: Fuser[Any], frames: list[Frame], info: StackInfo) -> None:
    if not isinstance(fuser, ParallelFuser):
        pytest.skip("it has no tasks")
    plain = fuser.start(info)
    for frame in frames:
        plain = fuser.add(plain, frame)
    expected = fuser.finish(plain).pixels
    for seed in range(3):
        order = random.Random(seed)
        state = fuser.start(info)
        for frame in frames:
            for group in fuser.add_in_steps(state, frame):
                tasks = list(group)
                order.shuffle(tasks)
                for task in tasks:
                    task()
        np.testing.assert_array_equal(fuser.finish(state).pixels, expected)


def test_an_empty_stack_has_a_picture_of_its_size(fuser: Fuser[Any], info: StackInfo) -> None:
    assert fuser.finish(fuser.start(info)).pixels.shape == (300, 90, 3)


PYRAMIDS = [{"levels": 2}, {"levels": 3}]

BANDED: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "blend": (BlendFuser, BlendOptions),
    "pyramid": (PyramidFuser, PyramidOptions),
    "weighted": (WeightedFuser, WeightedOptions),
    "weighted, wide": (WeightedFuser, partial(WeightedOptions, wide=0.3)),
}
"""Fusers that work in bands of rows, and their options."""


@pytest.mark.parametrize("banded", BANDED)
@pytest.mark.parametrize("band_rows", [64, 128, 10_000])
@pytest.mark.parametrize("options", [{}, *PYRAMIDS, {"window_px": 1}, {"window_px": 33}], ids=str)
def test_the_picture_does_not_depend_on_the_bands(
    frames: list[Frame], info: StackInfo, banded: str, band_rows: int, options: dict[str, int]
) -> None:
    if "weighted" in banded and options in PYRAMIDS:
        pytest.skip("it has no levels")
    make, settings = BANDED[banded]
    expected, cut = (_folded(make(settings(**options), rows), frames, info) for rows in (300, band_rows))
    np.testing.assert_array_equal(cut, expected)


@pytest.mark.parametrize("banded", BANDED)
@pytest.mark.parametrize("band_rows", [64, 10_000])
def test_nor_on_its_bands_where_pixels_are_no_numbers(
    frames: list[Frame], info: StackInfo, banded: str, band_rows: int
) -> None:
    holed = []
    for frame in frames:
        pixels = frame.pixels.astype(np.float32) / np.float32(65535)
        pixels[np.random.default_rng(frame.index).random(pixels.shape) < 0.02] = np.nan  # also at the rim of each band
        pixels[127 + frame.index, 5] = np.inf
        holed.append(Frame(frame.index, pixels, frame.valid))
    as_float = replace(info, dtype="float32")
    make, settings = BANDED[banded]
    expected, cut = (_folded(make(settings(), rows), holed, as_float) for rows in (128, band_rows))
    assert np.isfinite(cut).all()
    np.testing.assert_array_equal(cut, expected)


def _folded(fuser: Fuser[Any], frames: list[Frame], info: StackInfo) -> np.ndarray:
    state = fuser.start(info)
    for frame in frames:
        fuser.add(state, frame)
    return fuser.finish(state).pixels
