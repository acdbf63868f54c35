"""Versions of the native libraries, each imported on its own so that one broken wheel hides no other."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from stackcore_plugins.command_doctor.finding import Finding


def libraries() -> Iterator[Finding]:
    """Whether each can be used, and its version."""
    yield _library("libvips", _libvips, "pyvips[binary]")
    yield _library("OpenCV", _opencv, "opencv-python-headless")
    yield _library("numba", _numba, "numba")
    yield _library("Exiv2", _exiv2, "exiv2")
    yield _library("LibRaw", _libraw, "rawpy")
    # Real cameras are one way among several to get frames; without libgphoto2 everything else works.
    yield _library("libgphoto2", _gphoto2, "gphoto2", optional=" (Linux and macOS)")


def _library(name: str, version: Callable[[], str], package: str, *, optional: str = "") -> Finding:
    try:
        return Finding(name=name, state="ok", detail=version())
    except Exception as error:  # a broken shared library raises whatever it likes
        detail = f"cannot be used: {type(error).__name__}: {error}"
        if optional:
            return Finding(name=name, state="warning", detail=detail, fix=f"pip install {package}{optional}")
        return Finding(name=name, state="failed", detail=detail, fix=f"pip install --force-reinstall '{package}'")


def _libvips() -> str:
    import pyvips

    return f"{'.'.join(str(pyvips.version(part)) for part in range(3))} (pyvips {pyvips.__version__})"


def _opencv() -> str:
    import cv2

    return str(cv2.__version__)


def _numba() -> str:
    import numba
    from importlib_metadata import version

    return f"{numba.__version__} (llvmlite {version('llvmlite')})"


def _exiv2() -> str:
    from importlib_metadata import version

    from stackcore.metadata.library import exiv2_alone

    with exiv2_alone() as exiv2:
        return f"{exiv2.version()} (python-exiv2 {version('exiv2')})"


def _libraw() -> str:
    import rawpy
    from importlib_metadata import version

    numbers = ".".join(str(part) for part in rawpy.libraw_version)
    return f"{numbers} (rawpy {version('rawpy')})"


def _gphoto2() -> str:
    import gphoto2

    return f"{gphoto2.gp_library_version(gphoto2.GP_VERSION_SHORT)[0]} (python-gphoto2 {gphoto2.__version__})"
