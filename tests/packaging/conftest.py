"""Distributions of other people, built from source and installed without a network."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from textwrap import dedent

import pytest

PROJECT = """
    [build-system]
    requires = ["hatchling"]
    build-backend = "hatchling.build"

    [project]
    name = "{name}"
    version = "{version}"
    dependencies = ["stackcore"]

    [project.entry-points.stackcore]
    {entry} = "{module}"

    [tool.hatch.build.targets.wheel]
    only-include = ["{module}.py"]
"""

BRIGHTEST = '''
    """Keeps the brightest value of every pixel."""

    from stackcore.config import NoOptions
    from stackcore.hookspecs import Offer, hookimpl


    class Brightest:
        tolerance = 0.0

        def start(self, info):
            import numpy as np

            return np.zeros((info.height, info.width, 3), np.float32)

        def add(self, state, frame):
            import numpy as np

            rows = frame.rows(0, frame.height)
            return np.maximum(state, rows.pixels)

        def merge(self, left, right):
            import numpy as np

            return np.maximum(left, right)

        def finish(self, state):
            import numpy as np
            from stackcore.terms import Fused

            return Fused(np.round(state.clip(0, 1) * 65535).astype(np.uint16))

        def state_bytes(self, info):
            return info.height * info.width * 12


    @hookimpl
    def stackcore_fusers():
        offer = Offer(name="brightest", summary="Brightest wins.", options=NoOptions, build=lambda options: Brightest())
        return [offer]
'''


def write_distribution(folder: Path, name: str, entry: str, code: str, version: str = "0.3") -> Path:
    """Write the source of a distribution of one module."""
    source = folder / name
    source.mkdir(parents=True)
    module = name.replace("-", "_")
    text = dedent(PROJECT).format(name=name, version=version, entry=entry, module=module)
    (source / "pyproject.toml").write_text(text, encoding="utf-8")
    (source / f"{module}.py").write_text(dedent(code), encoding="utf-8")
    return source


def install(target: Path, *sources: Path) -> Path:
    """Build distributions and install them into a folder, with nothing from outside."""
    options = ["--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check", "--quiet"]
    command = [sys.executable, "-m", "pip", "install", *options, "--target", str(target), *map(str, sources)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return target


@pytest.fixture
def stackcore_with() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the command line as its own process, with the distributions of a folder beside what is installed."""

    def run(
        folder: Path, *arguments: str, variables: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONWARNINGS": "error", **(variables or {})}
        return subprocess.run(
            [sys.executable, "-m", "stackcore", *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return run


@pytest.fixture(scope="session")
def third_party(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one good distribution and three that cannot work, for different reasons."""
    sources = tmp_path_factory.mktemp("sources")
    return install(
        tmp_path_factory.mktemp("third-party"),
        write_distribution(sources, "acme-brightest", "fuser-brightest", BRIGHTEST),
        write_distribution(sources, "acme-broken", "fuser-broken", "import a_library_that_nobody_has\n"),
        write_distribution(sources, "acme-exits", "camera-exits", "raise SystemExit('bye')\n"),
        write_distribution(sources, "acme-tomorrow", "fuser-tomorrow", "import tomorrow\nstackcore_api = '2'\n"),
    )


@pytest.fixture(scope="session")
def rivals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two distributions that offer a fuser of the same name."""
    sources = tmp_path_factory.mktemp("sources")
    return install(
        tmp_path_factory.mktemp("rivals"),
        write_distribution(sources, "acme-brightest", "fuser-brightest", BRIGHTEST),
        write_distribution(sources, "rival-brightest", "fuser-brightest", BRIGHTEST, version="9.0"),
    )


TUTORIALS = Path(__file__).parents[2] / "docs" / "tutorials" / "plugins"
"""The pages, and beside each the package that it makes."""


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The packages of the tutorials as wheels, by the name of their page."""
    folder = tmp_path_factory.mktemp("wheels")
    sources = {page.stem: page.with_suffix("") for page in sorted(TUTORIALS.glob("*.md"))}
    options = ["--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check", "--quiet"]
    command = [sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", str(folder), *map(str, sources.values())]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return {name: next(folder.glob(f"stackcore_{name.replace('-', '_')}-*.whl")) for name in sources}


@pytest.fixture(scope="session")
def tutorial_plugins(wheels: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all of them installed."""
    return install(tmp_path_factory.mktemp("tutorial-plugins"), *wheels.values())
