"""Results that lie among the frames they were made from: known by their record, and left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np

import stackcore.api as api
from stackcore.api.processing import plan_stack, sharpen, stack
from stackcore.metadata.record import read_record

FRAMES = [f"img{i}.tif" for i in range(8, 14)]


def left_out(events: list[Any]) -> list[str]:
    return [event.frame for event in events if getattr(event, "code", "") == "result-left-out"]


def quick(inputs: Any, *arguments: Any, **options: Any) -> list[Any]:
    heard: list[Any] = []
    stack(inputs, *arguments, fuser="average", align=False, hot_pixels=False, listeners=[heard.append], **options)
    return heard


def test_all_that_a_run_wrote_beside_its_frames_is_left_out_of_the_next(shoot: Path) -> None:
    stack(shoot, shoot / "a.tif", fuser="max", align=False, hot_pixels=False, depth_map=shoot / "depth.png")
    sharpen(shoot / "a.tif", shoot / "a-sharp.jpg")
    written = sorted({path.name for path in shoot.iterdir()} - set(FRAMES))
    assert {"a.tif", "a-sharp.jpg", "depth.png", "depth-colour.png"} <= set(written)
    heard = quick(shoot, shoot / "b.tif")
    assert sorted(left_out(heard)) == written
    assert read_record(shoot / "b.tif").frames == tuple(FRAMES)
    assert "made it from other files" in next(e.message for e in heard if e.kind == "warning")


def test_the_result_may_be_replaced_where_it_lies(shoot: Path) -> None:
    quick(shoot, shoot / "a.tif")
    before = (shoot / "a.tif").read_bytes()
    quick([*(shoot / name for name in FRAMES), shoot / "a.tif"], shoot / "a.tif", overwrite=True)
    assert read_record(shoot / "a.tif").frames == tuple(FRAMES)
    one, other = cv2.imread(str(shoot / "a.tif"), -1), cv2.imdecode(np.frombuffer(before, np.uint8), -1)
    assert np.array_equal(one, other)


def test_results_of_other_frames_are_frames_like_any(shoot: Path, tmp_path: Path) -> None:
    frames = sorted(shoot.iterdir())
    for name, part in (("near.tif", frames[:3]), ("far.tif", frames[3:])):
        quick(part, tmp_path / name)
    heard = quick([tmp_path / "near.tif", tmp_path / "far.tif"], tmp_path / "both.tif")
    assert left_out(heard) == []
    assert read_record(tmp_path / "both.tif").frame_count == 2


def test_aligned_frames_are_left_out_only_beside_those_they_were_made_from(shoot: Path, tmp_path: Path) -> None:
    api.survey(shoot, aligned=tmp_path / "aligned")
    assert left_out(quick(tmp_path / "aligned", tmp_path / "a.tif")) == []
    both = [*shoot.iterdir(), *(tmp_path / "aligned").iterdir()]
    assert len(left_out(quick(sorted(both), tmp_path / "b.tif", crop=False))) == 6


def test_a_dry_run_tells_it_too(shoot: Path) -> None:
    quick(shoot, shoot / "a.tif")
    heard: list[Any] = []
    plan = plan_stack(shoot, listeners=[heard.append])
    assert left_out(heard) == ["a.tif"]
    assert plan["frames"] == 6
