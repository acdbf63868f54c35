"""What `stackcore` offers by name: all of it there, lazily, and nothing in its own way."""

from __future__ import annotations

import pkgutil
import subprocess
import sys

import pytest

import stackcore
from stackcore import api

MODULES = {module.name for package in (stackcore, api) for module in pkgutil.iter_modules(package.__path__)}


def test_stackcore_offers_what_its_api_offers():
    assert set(stackcore.__all__) == {"__version__", *api.__all__}
    assert len(set(api.__all__)) == len(api.__all__)
    assert set(api.__all__) <= set(dir(stackcore))
    assert set(api.__all__) <= set(dir(api))


@pytest.mark.parametrize("name", api.__all__)
def test_every_name_is_there(name):
    assert getattr(stackcore, name) is getattr(api, name)
    assert getattr(stackcore, name).__doc__


def test_other_names_are_not():
    for package in (stackcore, api):
        with pytest.raises(AttributeError, match="has no attribute 'stak'"):
            package.stak  # noqa: B018


def test_no_module_bears_the_name_of_something_public():
    assert MODULES.isdisjoint(set(api.__all__) - {"api"})


def test_a_star_brings_every_name(tmp_path):
    code = "from stackcore import *; print(*sorted(n for n in dir() if not n.startswith('__') or n == '__version__'))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.split() == sorted(stackcore.__all__)


def test_importing_stackcore_loads_next_to_nothing():
    code = (
        "import sys, stackcore\n"
        "heavy = {'numpy', 'cv2', 'pyvips', 'numba', 'pydantic', 'pluggy', 'typer', 'rich', 'IPython'}\n"
        "print(*sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
