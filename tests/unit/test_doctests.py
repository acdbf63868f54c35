"""The examples in docstrings are true."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import shutil

import stackcore


def test_the_examples_in_docstrings_work(stack_folder, tmp_path, monkeypatch):
    shutil.copytree(stack_folder, tmp_path / "shoot")  # the stack that examples speak of
    monkeypatch.chdir(tmp_path)
    tried = 0
    for module in pkgutil.walk_packages(stackcore.__path__, "stackcore."):
        if module.name.endswith("__main__"):
            continue
        failed, attempted = doctest.testmod(importlib.import_module(module.name))
        assert failed == 0, module.name
        tried += attempted
    assert tried >= 5
