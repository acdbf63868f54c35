"""The examples in docstrings are true."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pyvips

import stackcore
from stackcore.testing.scene import make_stack


def test_the_examples_in_docstrings_work(tmp_path, monkeypatch):
    (tmp_path / "shoot").mkdir()  # the stack that examples speak of
    for index, frame in enumerate(make_stack(192, 128, 4, seed=3).frames):
        pyvips.Image.new_from_array(frame).write_to_file(str(tmp_path / "shoot" / f"img{index}.tif"))
    monkeypatch.chdir(tmp_path)
    tried = 0
    for module in pkgutil.walk_packages(stackcore.__path__, "stackcore."):
        if module.name.endswith("__main__"):
            continue
        failed, attempted = doctest.testmod(importlib.import_module(module.name))
        assert failed == 0, module.name
        tried += attempted
    assert tried >= 5
