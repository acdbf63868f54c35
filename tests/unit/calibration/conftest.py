"""A library in a folder of its own, and entries to fill it with."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from stackcore.calibration.entries import Camera, ChannelStatistics, ClipIteration, DarkEntry, WhiteBalanceEntry
from stackcore.calibration.library import Library

CAMERA = Camera(make="NIKON", model="NIKON D850", serial="3001")
WHEN = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "calibration")


@pytest.fixture
def make_dark() -> Callable[..., DarkEntry]:
    def make(name: str = "d850", **changes: Any) -> DarkEntry:
        last = ClipIteration(photosites=384, median=512.0, sigma=4.0, threshold=524.0, removed=0)
        figures = {"photosites": 384, "median": 512.0, "sigma": 4.0, "threshold": 552.0, "dead": 1, "hot": 2}
        whole: dict[str, Any] = {
            "name": name,
            "created": WHEN,
            "software": "stackcore test",
            "camera": CAMERA,
            "iso": 64,
            "exposure_s": 0.5,
            "width": 24,
            "height": 16,
            "frames": 3,
            "sources": ("a.nef", "b.nef", "c.nef"),
            "image": "",
            "pattern": ((0, 1), (3, 2)),
            "colours": "RGBG",
            "black": (512.0,) * 4,
            "white": 16383,
            "sigma_factor": 10.0,
            "overall": True,
            "dead_test": True,
            "channels": (ChannelStatistics(channel="all", iterations=(last,), **figures),),
            "dead": ((5, 9),),
            "hot": ((20, 1), (3, 12)),
        }
        return DarkEntry(**{**whole, **changes})

    return make


@pytest.fixture
def make_balance() -> Callable[..., WhiteBalanceEntry]:
    def make(name: str = "studio-flash", **changes: Any) -> WhiteBalanceEntry:
        whole: dict[str, Any] = {
            "name": name,
            "created": WHEN,
            "software": "stackcore test",
            "camera": CAMERA,
            "source": "card.nef",
            "multipliers": (2.0, 1.0, 1.6, 1.003),
            "spread": (0.01,) * 4,
            "standard_error": (0.0001,) * 4,
            "clipped": 0.0,
            "unevenness": 0.01,
            "colour_unevenness": 0.002,
            "patch": (8, 6, 8, 4),
            "fraction": 0.3,
        }
        return WhiteBalanceEntry(**{**whole, **changes})

    return make
