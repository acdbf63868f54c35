"""How results show themselves, and how a picture is kept."""

from __future__ import annotations

import base64
import re
from dataclasses import replace

import cv2
import numpy as np
import pytest
import pyvips

import stackcore
from stackcore.api.showing import PNG_SIDE_PX, SIDE_PX
from stackcore.colour.icc import profile
from stackcore.errors import OutputError, UsageError

QUICK = {"align": False, "fuser": "weighted", "hot_pixels": False}


@pytest.fixture(scope="module")
def result(small_stack):
    return stackcore.fuse(small_stack.frames, depth=True, **QUICK)


def jpegs(html: str) -> list[np.ndarray]:
    found = re.findall(r"data:image/jpeg;base64,([^\"]+)", html)
    return [
        cv2.imdecode(np.frombuffer(base64.b64decode(text), np.uint8), cv2.IMREAD_COLOR)[..., ::-1] for text in found
    ]


def decoded(data: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]


def test_a_picture_shows_itself(result):
    shown = decoded(result._repr_png_())
    assert shown.shape == result.picture.shape
    assert np.abs(shown - result.picture / 257).max() <= 1
    picture, depth = jpegs(result._repr_html_())
    assert picture.shape == depth.shape == shown.shape
    assert np.abs(picture.astype(float) - shown).mean() < 4
    wanted = result.depth_colours()
    assert np.abs(depth.astype(float) - wanted).mean() < 4
    assert wanted.dtype == np.uint8
    assert "yellow the last of 6" in result._repr_html_()
    assert repr(result) == "<360 x 240 uint16 of 6 frames, with depth>"


def test_large_pictures_are_shown_reduced(result):
    wide = replace(result, picture=np.zeros((500, 3000, 3), np.uint16), depth=None)
    assert decoded(wide._repr_png_()).shape == (round(500 / 3000 * PNG_SIDE_PX), PNG_SIDE_PX, 3)
    [picture] = jpegs(wide._repr_html_())
    assert picture.shape == (round(500 / 3000 * SIDE_PX), SIDE_PX, 3)
    assert wide.depth_colours() is None
    assert "slice" not in wide._repr_html_()


def test_linear_light_and_wide_colours_are_shown_as_they_look(result):
    grey = np.full((8, 8, 3), 0.5, np.float32)
    linear = replace(result, picture=grey, encoding="linear", depth=None)
    assert abs(int(decoded(linear._repr_png_())[4, 4, 0]) - 188) <= 1  # IEC 61966-2-1
    red = np.zeros((8, 8, 3), np.uint16)
    red[...] = (40000, 20000, 20000)
    wide = replace(result, picture=red, icc=profile("prophoto", "srgb"), depth=None)
    plain = replace(wide, icc=None)
    assert int(decoded(wide._repr_png_())[4, 4, 0]) > int(decoded(plain._repr_png_())[4, 4, 0]) + 20


def test_warnings_are_told_and_cannot_do_harm(result):
    told = replace(result, warnings=[f"<script>{n}" for n in range(10)], skipped=["a.tif"], output="<b>.tif")
    html = told._repr_html_()
    assert "<script>" not in html
    assert "&lt;b&gt;.tif" in html
    assert "&lt;script&gt;7" in html
    assert "&lt;script&gt;8" not in html
    assert "and 2 more warnings" in html
    assert "6 frames, 1 left out" in html


def test_a_picture_is_kept_with_its_profile(result, tmp_path):
    path = result.save(tmp_path / "a.tif")
    image = pyvips.Image.new_from_file(str(path))
    assert np.array_equal(image.numpy(), result.picture)
    assert image.get("icc-profile-data") == profile("srgb", "srgb")
    linear = replace(result, encoding="linear").save(str(tmp_path / "b.png"))
    assert pyvips.Image.new_from_file(str(linear)).get("icc-profile-data") == profile("srgb", "linear")


@pytest.mark.parametrize(("name", "error"), [("a.tif", OutputError), ("b.gif", UsageError), ("no/b.tif", OutputError)])
def test_what_cannot_be_kept_says_so(result, tmp_path, name, error):
    (tmp_path / "a.tif").write_bytes(b"mine")
    with pytest.raises(error):
        result.save(tmp_path / name)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a.tif", b"mine")]
    if name == "a.tif":
        result.save(tmp_path / name, overwrite=True)
        assert np.array_equal(pyvips.Image.new_from_file(str(tmp_path / name)).numpy(), result.picture)


def test_a_capture_and_a_whole_run_show_themselves(tmp_path, monkeypatch, result):
    monkeypatch.chdir(tmp_path)
    small = {"camera": {"width_px": 64, "height_px": 64}}
    shot = stackcore.capture(slices=2, step=9, delay_ms=0, path="r/@MCT", save_profile=False, settings=small)
    html = shot._repr_html_()
    assert html.count("SIMULATED") == 1
    assert "completed: 2 of 2 slices, step 9, focus is back" in html
    assert "2 files in" in html
    away = replace(shot, focus=stackcore.FocusReport(now=18, certain=True), files=())
    assert "focus stands +18 from its start" in away._repr_html_()
    lost = replace(shot, focus=stackcore.FocusReport(now=None, certain=False))
    assert "not certain" in lost._repr_html_()
    both = stackcore.RunResult(capture=shot, stack=result)._repr_html_()
    assert both == result._repr_html_() + html
