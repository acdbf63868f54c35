"""`--compression`, `--tiled` and `--quality` from the outside."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvips

Run = Callable[..., Any]


@pytest.fixture
def frames(stack_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two frames of the small stack in the folder where the command runs."""
    for name in ("img10.tif", "img11.tif"):
        shutil.copy(stack_folder / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return ["img10.tif", "img11.tif"]


def test_every_command_that_writes_pictures_takes_them(stackcore: Run, frames: list[str]) -> None:
    chosen = ("--compression", "deflate", "--tiled", "--quiet")
    assert stackcore("fuse", *frames, "-o", "fused.tif", *chosen).code == 0
    assert stackcore("stack", *frames, "-o", "stacked.tif", "--no-align", *chosen).code == 0
    assert stackcore("sharpen", "fused.tif", "-o", "sharp.tif", *chosen).code == 0
    assert stackcore("align", *frames, "-o", "aligned", *chosen).code == 0
    for path in ("fused.tif", "stacked.tif", "sharp.tif", "aligned/aligned_0000.tif"):
        assert pyvips.Image.new_from_file(path).get("tile-width") == 256
    plain = stackcore("fuse", *frames, "-o", "plain.tif", "--quiet")
    assert plain.code == 0
    one, two = (pyvips.Image.new_from_file(name).numpy() for name in ("plain.tif", "fused.tif"))
    assert np.array_equal(one, two)


def test_quality_of_a_jpeg(stackcore: Run, frames: list[str]) -> None:
    for name, quality in (("fine.jpg", "95"), ("rough.jpg", "30")):
        assert stackcore("fuse", *frames, "-o", name, "--quality", quality, "--quiet").code == 0
    assert stackcore("fuse", *frames, "-o", "usual.jpg", "--quiet").code == 0
    sizes = {name: Path(f"{name}.jpg").stat().st_size for name in ("fine", "usual", "rough")}
    assert sizes["rough"] < 0.6 * sizes["fine"]
    assert abs(sizes["fine"] - sizes["usual"]) < 500  # the record tells another name


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("-o", "a.jpg", "--compression", "lzw"), "--compression cannot be used for a.jpg"),
        (("-o", "a.tif", "--quality", "90"), "--quality cannot be used for a.tif"),
        (("-o", "a.tif", "--compression", "zip"), "valid: deflate, lzw, none, zstd"),
        (("-o", "a.jpg", "--quality", "101"), "1 to 100"),
    ],
)
def test_what_does_not_fit_is_refused(stackcore: Run, frames: list[str], arguments: tuple[str, ...], told: str) -> None:
    done = stackcore("stack", *frames, *arguments)
    assert done.code == 2
    assert told in done.err
    assert sorted(p.name for p in Path().iterdir()) == frames


def test_a_compression_that_libvips_lacks_is_told(
    stackcore: Run, frames: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stackcore.stacking.file_format._is_built_in", lambda compression: False)
    done = stackcore("stack", *frames, "-o", "a.tif", "--compression", "zstd")
    assert done.code == 2
    assert "built without it" in done.err
