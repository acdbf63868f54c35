"""Real developers, aligner and executor around the processing core."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from stackcore.api.toolbox import Toolbox
from stackcore.protocols import Developer, Development
from stackcore.registry import Registry
from stackcore.stacking.reader import StackReader


@pytest.fixture(scope="session")
def registry() -> Registry:
    return Registry.discover()


@pytest.fixture(scope="session")
def developers(registry: Registry) -> Mapping[str, Developer]:
    return Toolbox(registry, {}).developers


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., list[Path]]:
    """Write frames as files of one type, in order, and return their paths."""

    def write(frames: Sequence[np.ndarray[Any, Any]], suffix: str = ".tif") -> list[Path]:
        paths = [tmp_path / f"f{index}{suffix}" for index in range(len(frames))]
        for path, frame in zip(paths, frames, strict=True):
            assert cv2.imwrite(str(path), frame[..., ::-1])
        return paths

    return write


@pytest.fixture
def open_stack(developers: Mapping[str, Developer]) -> Callable[[Sequence[Path]], StackReader]:
    return lambda paths: StackReader(paths, developers, Development())
