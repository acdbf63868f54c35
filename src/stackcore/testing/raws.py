"""Raw files of a sensor whose faults are known: dark frames, grey cards, flat frames, scenes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stackcore.testing.dng import ShotNotes, dng_bytes
from stackcore.testing.photosites import SensorTruth


def write_shot(
    path: Path, truth: SensorTruth, mosaic: NDArray[np.uint16], *, exposure_s: float = 1.0, iso: int = 100
) -> Path:
    """Write what the sensor counted, (H, W) uint16, as a DNG that tells exposure time and ISO; return `path`.

    The four functions below do both at once.

    Examples
    --------
    >>> import tempfile
    >>> from stackcore.testing.photosites import HotSite
    >>> truth = SensorTruth(hot=(HotSite(x=10, y=7, level=900.0),), dead=((4, 5),))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     darks = write_darks(Path(folder), truth, 3, exposure_s=0.5, iso=200)
    >>> [path.name for path in darks]
    ['dark_00.dng', 'dark_01.dng', 'dark_02.dng']
    """
    path.write_bytes(dng_bytes(mosaic, truth.written_by, ShotNotes(iso=iso, exposure_s=exposure_s)))
    return path


def write_darks(
    folder: Path, truth: SensorTruth, count: int = 1, *, exposure_s: float = 1.0, iso: int = 100
) -> list[Path]:
    """Write `count` dark frames into `folder`, each with noise of its own; return their paths."""
    return [
        write_shot(
            folder / f"dark_{shot:02d}.dng",
            truth,
            truth.dark(shot=shot, exposure_s=exposure_s, iso=iso),
            exposure_s=exposure_s,
            iso=iso,
        )
        for shot in range(count)
    ]


def write_grey_card(
    path: Path,
    truth: SensorTruth,
    *,
    level: float = 0.4,
    unevenness: float = 0.0,
    exposure_s: float = 1.0,
    iso: int = 100,
) -> Path:
    """Write a shot of a grey card, see `SensorTruth.grey_card`; return `path`."""
    counted = truth.grey_card(level=level, unevenness=unevenness, shot=1_000_000, exposure_s=exposure_s, iso=iso)
    return write_shot(path, truth, counted, exposure_s=exposure_s, iso=iso)


def write_flat(path: Path, truth: SensorTruth, *, level: float = 0.6, exposure_s: float = 1.0, iso: int = 100) -> Path:
    """Write a flat frame, see `SensorTruth.flat`; return `path`."""
    counted = truth.flat(level=level, shot=2_000_000, exposure_s=exposure_s, iso=iso)
    return write_shot(path, truth, counted, exposure_s=exposure_s, iso=iso)


def write_scene(
    path: Path,
    truth: SensorTruth,
    light: NDArray[np.float32],
    *,
    shot: int = 0,
    exposure_s: float = 1.0,
    iso: int = 100,
) -> Path:
    """Write a shot of linear `light` (H, W, 3), see `SensorTruth.scene`; return `path`."""
    counted = truth.scene(light, shot=shot, exposure_s=exposure_s, iso=iso)
    return write_shot(path, truth, counted, exposure_s=exposure_s, iso=iso)
