"""Profiles mean what the table says, as an engine that we did not write understands them (lcms, in libvips)."""

from __future__ import annotations

import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from stackcore.colour.icc import profile
from stackcore.colour.spaces import SPACES, adaptation, light, to_xyz, white
from stackcore.terms import ColourSpace, Encoding

EACH_SPACE = pytest.mark.parametrize("colour_space", get_args(ColourSpace))
EACH_ENCODING = pytest.mark.parametrize("encoding", get_args(Encoding))

Measure = Callable[[np.ndarray, bytes], np.ndarray]

COLOURS = np.array(
    [[0.95046, 1.0, 1.08906], [0.21, 0.2, 0.12], [0.12, 0.2, 0.08], [0.09, 0.07, 0.31], [0.02, 0.02, 0.023]]
)
"""XYZ for D65, Y of white 1: inside of every one of the colour spaces."""


ATOL = 5e-4
"""Through libvips, lcms looks 16-bit numbers up in a table of 33 steps a side, which brightens a curve a little."""


def tag(made: bytes, signature: bytes) -> bytes:
    """The data of a tag: its place and size are in the table that follows the header."""
    for i in range(int.from_bytes(made[128:132], "big")):
        name, place, size = struct.unpack_from(">4sII", made, 132 + 12 * i)
        if name == signature:
            return made[place : place + size]
    raise KeyError(signature)


def in_d65(colour_space: ColourSpace) -> np.ndarray:
    """3x3 from linear numbers of a colour space to XYZ for D65."""
    return np.linalg.solve(adaptation("srgb"), adaptation(colour_space) @ to_xyz(colour_space))


@EACH_SPACE
@EACH_ENCODING
def test_numbers_mean_the_light_that_the_table_says(
    measured_xyz: Measure, colour_space: ColourSpace, encoding: Encoding
):
    numbers = np.random.default_rng(5).uniform(0, 1, (200, 3))
    if colour_space == "xyz":  # most of such numbers are no colour, and lcms knows no negative light
        numbers = numbers @ to_xyz("srgb").T / SPACES["xyz"].peak

    found = measured_xyz(numbers, profile(colour_space, encoding))

    expected = light(numbers, colour_space, encoding) @ in_d65(colour_space).T
    np.testing.assert_allclose(found, expected, atol=ATOL)


@EACH_SPACE
@EACH_ENCODING
def test_white_is_that_of_the_connection_space(measured_xyz: Measure, colour_space: ColourSpace, encoding: Encoding):
    numbers = np.linalg.solve(to_xyz(colour_space), white(colour_space))[None]

    np.testing.assert_allclose(measured_xyz(numbers, profile(colour_space, encoding)), [white("srgb")], atol=3e-5)


@EACH_SPACE
def test_a_colour_has_other_numbers_in_each_space_and_is_the_same(measured_xyz: Measure, colour_space: ColourSpace):
    numbers = np.linalg.solve(in_d65(colour_space), COLOURS.T).T

    np.testing.assert_allclose(measured_xyz(numbers, profile(colour_space, "linear")), COLOURS, atol=ATOL)


def test_srgb_is_the_srgb_that_libvips_carries(row_of_pixels: Callable[..., Any]):
    numbers = np.random.default_rng(6).uniform(0, 1, (300, 3))
    ours = row_of_pixels(numbers, profile("srgb", "srgb")).icc_transform(
        "srgb", embedded=True, depth=16, intent="relative"
    )

    codes = np.rint(numbers * 65535)
    assert np.abs(ours.numpy()[0] - codes).max() <= 100  # see ATOL; numbers of 8 bits would be 257 apart


@EACH_SPACE
def test_a_profile_is_the_same_every_time_and_well_formed(colour_space: ColourSpace):
    made = profile.__wrapped__(colour_space, "srgb")

    assert made == profile.__wrapped__(colour_space, "srgb")
    assert int.from_bytes(made[:4], "big") == len(made)
    assert made[36:40] == b"acsp"
    assert len(made) % 4 == 0


def test_xyz_has_no_curve_and_says_so_alike():
    assert profile("xyz", "srgb") == profile("xyz", "linear")


def test_grey_stays_grey_to_the_bit():
    for colour_space in set(SPACES) - {"xyz"}:
        made = profile(colour_space, "linear")
        colorants = [np.frombuffer(tag(made, name), ">i4", offset=8) for name in (b"rXYZ", b"gXYZ", b"bXYZ")]
        np.testing.assert_array_equal(sum(colorants), [0xF6D6, 0x10000, 0xD32D])


def test_curves_are_the_published_ones_to_the_last_bit_of_a_profile():
    numbers = np.linspace(0, 1, 4096)
    srgb = np.where(numbers <= 0.04045, numbers / 12.92, ((numbers + 0.055) / 1.055) ** 2.4) * 65535

    for colour_space in ("srgb", "display-p3"):
        points = np.frombuffer(tag(profile(colour_space, "srgb"), b"rTRC"), ">u2", offset=12)
        assert np.abs(points - srgb).max() <= 0.5
    powers = {"adobe-rgb": 563, "prophoto": 461}  # in 1/256
    for colour_space, power in powers.items():
        assert tag(profile(colour_space, "srgb"), b"gTRC") == struct.pack(">4s4xIH", b"curv", 1, power)
    assert tag(profile("adobe-rgb", "linear"), b"bTRC") == struct.pack(">4s4xI", b"curv", 0)


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
@EACH_SPACE
def test_exiftool_reads_what_it_is_called(colour_space: ColourSpace, tmp_path: Path):
    file = tmp_path / "made.icc"
    file.write_bytes(profile(colour_space, "linear"))

    asked = ["exiftool", "-s3", "-ProfileDescription", "-ProfileVersion", "-validate", "-warning", str(file)]
    said = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.splitlines()

    assert said == [f"{SPACES[colour_space].title}, linear light", "2.4.0", "OK"]
