"""The examples in docstrings are true."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from pathlib import Path

import numpy as np
import pyvips

import stackcore
from stackcore.testing.photosites import SensorTruth
from stackcore.testing.raws import write_darks, write_grey_card, write_scene
from stackcore.testing.scene import make_stack


def write_raws(folder: Path) -> None:
    """Two darks, a grey card and two shots of a scene."""
    folder.mkdir()
    truth = SensorTruth.random(96, 64, hot=8, dead=0, levels=(3000.0, 9000.0), seed=4)
    for index, dark in enumerate(write_darks(folder, truth, count=2)):
        dark.rename(folder / f"dark_{index}.dng")
    write_grey_card(folder / "card.dng", truth)
    light = np.random.default_rng(2).uniform(0, 0.8, (64, 96, 3)).astype(np.float32)
    for shot in range(2):
        write_scene(folder / f"scene_{shot}.dng", truth, light, shot=shot)


def test_the_examples_in_docstrings_work(tmp_path, monkeypatch):
    (tmp_path / "shoot").mkdir()  # the stack that examples speak of
    for index, frame in enumerate(make_stack(192, 128, 4, seed=3).frames):
        pyvips.Image.new_from_array(frame).write_to_file(str(tmp_path / "shoot" / f"img{index}.tif"))
    write_raws(tmp_path / "raws")
    monkeypatch.chdir(tmp_path)
    tried, wrong = 0, []
    for module in pkgutil.walk_packages(stackcore.__path__, "stackcore."):
        if module.name.endswith("__main__"):
            continue
        failed, attempted = doctest.testmod(importlib.import_module(module.name))
        wrong += [module.name] * (failed > 0)
        tried += attempted
    assert wrong == []
    assert tried >= 100
