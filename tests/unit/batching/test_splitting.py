from __future__ import annotations

from datetime import datetime, timedelta

import cv2
import numpy as np
import pytest

from stackcore.batching.splitting import by_time
from stackcore.errors import FrameError
from stackcore.metadata.taken import taken_at
from stackcore.testing.exif import with_exif

NOON = datetime(2026, 11, 22, 12, 0, 0)


def shot(path, seconds=None):
    data = cv2.imencode(".jpg", np.zeros((8, 8, 3), np.uint8))[1].tobytes()
    if seconds is not None:
        taken = NOON + timedelta(seconds=seconds)
        fields = {
            "Exif.Photo.DateTimeOriginal": f"{taken:%Y:%m:%d %H:%M:%S}",
            "Exif.Photo.SubSecTimeOriginal": f"{taken.microsecond // 10000:02}",
        }
        data = with_exif(data, fields)
    path.write_bytes(data)
    return path


def parts(tmp_path, *times, gap_s=None):
    frames = [shot(tmp_path / f"{number}.jpg", seconds) for number, seconds in enumerate(times)]
    return [[int(path.stem) for path in part] for part in by_time(frames, gap_s)]


def test_the_time_of_a_shot_has_its_fraction_of_a_second(tmp_path):
    assert taken_at(shot(tmp_path / "a.jpg", 1.25)) == NOON + timedelta(seconds=1.25)
    assert taken_at(shot(tmp_path / "b.jpg")) is None


def test_a_long_pause_ends_a_stack(tmp_path):
    assert parts(tmp_path, 0, 1, 2, 30, 31, 32) == [[0, 1, 2], [3, 4, 5]]


def test_slow_stacks_are_not_torn(tmp_path):
    assert parts(tmp_path, 0, 20, 45, 60, 200, 220) == [[0, 1, 2, 3], [4, 5]]


def test_a_short_wait_for_the_card_ends_nothing(tmp_path):
    assert parts(tmp_path, 0, 0.2, 0.4, 4.4, 4.6) == [[0, 1, 2, 3, 4]]


def test_the_pause_can_be_told(tmp_path):
    assert parts(tmp_path, 0, 1, 2, 4, 5, gap_s=1.5) == [[0, 1, 2], [3, 4]]


def test_the_clock_orders_frames_whose_counter_began_anew(tmp_path):
    assert parts(tmp_path, 3, 0, 1, 2) == [[1, 2, 3, 0]]


def test_frames_without_a_time_are_refused_by_name(tmp_path):
    with pytest.raises(FrameError, match=r"1\.jpg"):
        parts(tmp_path, 0, None, 2)


def test_nothing_has_no_parts():
    assert by_time([]) == []
