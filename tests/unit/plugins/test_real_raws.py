"""Real raw files, where `STACKCORE_REAL_RAWS` names a folder that holds some; skipped elsewhere.

The files of a folder are read as they are and never changed. None comes with stackcore, for their licences differ.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

from stackcore.errors import UnreadableFrame
from stackcore.metadata.shot import read_shot
from stackcore.protocols import Development
from stackcore_plugins.developer_libraw.developer import LibRawDeveloper
from stackcore_plugins.developer_libraw.plugin import SUFFIXES, LibRawOptions

FOLDER = os.environ.get("STACKCORE_REAL_RAWS")
RAWS = sorted(p for p in Path(FOLDER).rglob("*") if p.suffix.lower() in SUFFIXES) if FOLDER else []

pytestmark = pytest.mark.skipif(not RAWS, reason="STACKCORE_REAL_RAWS names no folder with raw files")


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def developer() -> LibRawDeveloper:
    return LibRawDeveloper(LibRawOptions())


@pytest.mark.parametrize("path", RAWS, ids=lambda path: path.name)
def test_it_is_developed_at_its_size_and_left_alone(developer: LibRawDeveloper, path: Path) -> None:
    before = digest(path)
    developer.prepare(path, Development())
    info = developer.probe(path)
    pixels = developer.read(path).pixels
    assert pixels.shape == (info.height, info.width, 3)
    assert pixels.dtype == np.uint16
    assert pixels.std() > 500
    small = developer.read_reduced(path, 200).pixels
    assert max(small.shape[:2]) <= 200
    assert np.allclose(small.mean(axis=(0, 1)), pixels.mean(axis=(0, 1)), rtol=0.15)
    assert digest(path) == before


@pytest.mark.parametrize("path", RAWS, ids=lambda path: path.name)
def test_its_mosaic_is_within_its_levels(developer: LibRawDeveloper, path: Path) -> None:
    if not developer.probe(path).has_mosaic:
        with pytest.raises(UnreadableFrame, match="holds no mosaic"):
            developer.mosaic(path)
        return
    mosaic = developer.mosaic(path)
    assert mosaic.pattern.max() < len(mosaic.colours)
    assert max(mosaic.black) < np.median(mosaic.values) < mosaic.white


@pytest.mark.parametrize("path", RAWS, ids=lambda path: path.name)
def test_its_metadata_name_a_body_or_nothing(path: Path) -> None:
    shot = read_shot(path)
    assert bool(shot.make) == bool(shot.model)
    assert shot.exposure_s is None or 1e-5 < shot.exposure_s < 3600
