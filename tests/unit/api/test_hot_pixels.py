"""Hot pixels of a stack: mended by default, told in the result, left alone on request."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from stackcore.api.processing import StackOptions, plan_stack, stack, survey
from stackcore.testing.scene import SyntheticStack, make_stack
from stackcore.testing.sensor import Sensor


@pytest.fixture(scope="module")
def shining() -> SyntheticStack:
    return make_stack(720, 480, 6, seed=4, sensor=Sensor(hot_pixels=20, seed=4))


@pytest.fixture(scope="module")
def shining_folder(shining, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("shining")
    for index, frame in enumerate(shining.frames):
        assert cv2.imwrite(str(folder / f"f{index}.tif"), frame[..., ::-1])
    return folder


def test_their_trails_are_gone_from_the_result(shining, shining_folder, ear):
    mended = stack(shining_folder, crop=False, listeners=[ear])
    left = stack(shining_folder, crop=False, hot_pixels=False)
    [told] = ear.of("result")
    record = told.data["hot_pixels"]
    assert record["source"] == "stack"
    assert record["found"] == len(record["places"]) >= 15
    places = {(h.x, h.y) for h in shining.hot}
    assert {tuple(place) for place in record["places"]} <= places
    json.dumps(told.data)
    assert left.hot_pixels is None
    assert left.summary()["hot_pixels"] is None
    truth = shining.truth.astype(float) * 257
    x, y = np.array([h.x for h in shining.hot]), np.array([h.y for h in shining.hot])
    inside = (x > 30) & (x < 690) & (y > 30) & (y < 450)
    trail = {}
    for name, result in (("mended", mended), ("left", left)):
        off = np.abs(result.picture.astype(float) - truth).max(axis=2)
        trail[name] = np.array(
            [off[b - 8 : b + 9, a - 8 : a + 9].max() for a, b in zip(x[inside], y[inside], strict=True)]
        )
    assert np.mean(trail["mended"] < 0.5 * trail["left"]) > 0.5
    assert mended.warnings == []


def test_what_is_known_or_not_wanted_is_not_searched_for(shining_folder, ear):
    options = StackOptions(hot_pixels=False)
    assert "hot_pixels" not in plan_stack(shining_folder, options=options)["stages"]
    stack(shining_folder, options=options, listeners=[ear])
    assert "hot_pixels" not in [e.stage for e in ear.of("stage_started")]
    assert [e for e in ear.of("progress") if e.stage == "hot_pixels"] == []


def test_a_survey_tells_them_too(shining_folder, ear):
    survey(shining_folder, listeners=[ear])
    [told] = ear.of("result")
    assert told.data["hot_pixels"]["found"] >= 15


def test_nothing_found_is_nothing_changed(small_stack, stack_folder):
    searched, plain = stack(stack_folder), stack(stack_folder, hot_pixels=False)
    assert searched.hot_pixels.places == ()
    assert np.array_equal(searched.picture, plain.picture)
    assert searched.survey.noise_sigma == plain.survey.noise_sigma


def test_input_files_are_not_modified(shining_folder, snapshot):
    before = snapshot(shining_folder)
    stack(shining_folder)
    assert snapshot(shining_folder) == before
