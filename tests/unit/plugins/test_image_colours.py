"""What numbers mean: kept where the profile is the stack's, converted where it is not, and the user is told."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import pyvips
import tifffile

from stackcore.colour import icc
from stackcore.errors import FrameMismatch, UnreadableFrame
from stackcore.protocols import Development
from stackcore_plugins.developer_image import profiles
from stackcore_plugins.developer_image.developer import ImageDeveloper

WIDTH, HEIGHT = 96, 64

P3_TO_SRGB = np.array([[1.22494, -0.22494, 0.0], [-0.04206, 1.04206, 0.0], [-0.01964, -0.07864, 1.09827]])
"""Linear Display P3 (SMPTE EG 432-1 primaries, white D65) to linear sRGB, from their chromaticities."""


@pytest.fixture
def developer() -> ImageDeveloper:
    return ImageDeveloper()


@pytest.fixture(scope="module")
def p3() -> bytes:
    return bytes(pyvips.Image.profile_load("p3"))


def muted() -> np.ndarray:
    """Colours that both Display P3 and sRGB can hold, float32 0.2 to 0.8."""
    coarse = np.random.default_rng(4).random((4, 6, 3), dtype=np.float32)
    return 0.35 + 0.3 * np.clip(cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR), 0, 1)


def numbers(dtype: str) -> np.ndarray:
    full = {"uint8": 255, "uint16": 65535}[dtype]
    return np.rint(muted() * full).astype(dtype)


def save(pixels: np.ndarray, path: Path, icc: bytes | None = None, kind: str | None = None, **options: Any) -> Path:
    kind = kind or ("rgb16" if pixels.dtype == np.uint16 else "srgb" if pixels.dtype == np.uint8 else "scrgb")
    image = pyvips.Image.new_from_array(pixels).copy(interpretation=kind)
    if icc is not None:
        image.set_type(pyvips.GValue.blob_type, "icc-profile-data", icc)
    image.write_to_file(str(path), **options)
    return path


def light(encoded: np.ndarray) -> np.ndarray:
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def srgb(linear: np.ndarray) -> np.ndarray:
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.maximum(linear, 0) ** (1 / 2.4) - 0.055)


def fixed(*values: float) -> bytes:
    return struct.pack(f">{len(values)}i", *(round(v * 65536) for v in values))


def profile(space: bytes, gamma: float, *, title: bytes = b"made here", year: int = 2020, swap: bool = False) -> bytes:
    """A small profile of version 2: sRGB primaries (`swap`: red and blue exchanged), a power curve."""
    curve = b"curv" + struct.pack(">4xIH2x", 1, round(gamma * 256))
    primaries = [(0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141)]
    tags = {b"desc": b"desc" + struct.pack(">4xI", len(title) + 1) + title + bytes(79)}
    tags[b"wtpt"] = b"XYZ " + bytes(4) + fixed(0.9642, 1.0, 0.8249)
    if space == b"GRAY":
        tags[b"kTRC"] = curve
    else:
        for channel, xyz in zip(b"bgr" if swap else b"rgb", primaries, strict=True):
            tags[bytes([channel]) + b"XYZ"] = b"XYZ " + bytes(4) + fixed(*xyz)
            tags[bytes([channel]) + b"TRC"] = curve
    table, body = b"", b""
    for name, data in tags.items():
        table += struct.pack(">4sII", name, 132 + 12 * len(tags) + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    size = 132 + len(table) + len(body)
    header = struct.pack(">I4xI4s4s4s6H4s40x", size, 0x02400000, b"mntr", space, b"XYZ ", year, 1, 1, 0, 0, 0, b"acsp")
    header = header[:68] + fixed(0.9642, 1.0, 0.8249) + bytes(48)
    return header + struct.pack(">I", len(tags)) + table + body


def prepared(developer: ImageDeveloper, reference: Path) -> ImageDeveloper:
    developer.prepare(reference, Development())
    return developer


@pytest.mark.parametrize("suffix", [".tif", ".png"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_the_numbers_of_the_reference_profile_are_kept(
    developer: ImageDeveloper, p3: bytes, tmp_path: Path, dtype: str, suffix: str
) -> None:
    path = save(numbers(dtype), tmp_path / f"a{suffix}", p3)
    other = save(numbers(dtype)[::-1], tmp_path / f"b{suffix}", p3)
    info = prepared(developer, path).probe(other)
    assert (info.icc, info.colours) == (p3, "")
    np.testing.assert_array_equal(developer.read(other).pixels, numbers(dtype)[::-1])


@pytest.mark.parametrize("suffix", [".tif", ".png"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_another_profile_is_converted_to_that_of_the_reference(
    developer: ImageDeveloper, p3: bytes, tmp_path: Path, dtype: str, suffix: str
) -> None:
    plain = save(numbers(dtype), tmp_path / f"plain{suffix}")
    wide = save(numbers(dtype), tmp_path / f"wide{suffix}", p3)
    info = prepared(developer, plain).probe(wide)
    assert info.icc is None
    assert info.colours.startswith("converted from ")
    assert "P3" in info.colours
    full = np.iinfo(dtype).max
    expected = srgb(light(numbers(dtype) / full) @ P3_TO_SRGB.T)
    read = developer.read(wide).pixels
    assert read.dtype == dtype
    assert np.abs(read / full - expected).max() < 0.006
    assert np.abs(read / full - numbers(dtype) / full).max() > 0.02  # as it would be if nothing were converted
    reduced = developer.read_reduced(wide, WIDTH // 2).pixels
    small = cv2.resize(read, (WIDTH // 2, HEIGHT // 2), interpolation=cv2.INTER_AREA)
    assert reduced.dtype == dtype
    assert np.abs(reduced.astype(float) - small).max() < 0.012 * full


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_no_profile_beside_others_is_taken_for_srgb_and_told(
    developer: ImageDeveloper, p3: bytes, tmp_path: Path, dtype: str
) -> None:
    wide = save(numbers(dtype), tmp_path / "wide.tif", p3)
    plain = save(numbers(dtype), tmp_path / "plain.tif")
    info = prepared(developer, wide).probe(plain)
    assert (info.icc, info.colours) == (p3, "taken for sRGB (no profile)")
    full = np.iinfo(dtype).max
    expected = srgb(light(numbers(dtype) / full) @ np.linalg.inv(P3_TO_SRGB).T)
    assert np.abs(developer.read(plain).pixels / full - expected).max() < 0.006


def test_sixteen_bits_are_converted_in_sixteen_bits(developer: ImageDeveloper, p3: bytes, tmp_path: Path) -> None:
    ramp = np.repeat(np.linspace(20000, 21000, 1000).astype(np.uint16)[None, :, None], 8, 0).repeat(3, 2)
    plain, wide = save(ramp, tmp_path / "plain.tif"), save(ramp, tmp_path / "wide.tif", p3)
    read = prepared(developer, plain).read(wide).pixels
    assert len(np.unique(read[0, :, 1])) > 900


@pytest.mark.parametrize("year", [2020, 2021])
def test_profiles_that_mean_the_same_leave_the_numbers(developer: ImageDeveloper, tmp_path: Path, year: int) -> None:
    """A date and a name do not make another colour space."""
    one = save(numbers("uint8"), tmp_path / "one.tif", profile(b"RGB ", 2.2))
    two = save(numbers("uint8"), tmp_path / "two.tif", profile(b"RGB ", 2.2, title=b"another name", year=year))
    info = prepared(developer, one).probe(two)
    assert (info.icc, info.colours) == (profile(b"RGB ", 2.2), "")
    np.testing.assert_array_equal(developer.read(two).pixels, numbers("uint8"))


def test_which_profiles_mean_the_same(p3: bytes) -> None:
    own = bytes(pyvips.Image.profile_load("srgb"))
    assert profiles.same(own, None)
    assert profiles.same(None, None)
    assert profiles.same(profile(b"RGB ", 2.2), profile(b"RGB ", 2.2, year=1999))
    assert not profiles.same(profile(b"RGB ", 2.2), None)  # a power is not the curve of sRGB
    assert not profiles.same(profile(b"RGB ", 2.2), profile(b"RGB ", 1.8))
    assert not profiles.same(p3, None)
    assert not profiles.same(None, p3)
    assert not profiles.same(profile(b"RGB ", 2.2, swap=True), profile(b"RGB ", 2.2))


def test_how_profiles_are_called(p3: bytes) -> None:
    assert "P3" in profiles.title(p3)
    assert profiles.title(profile(b"RGB ", 2.2, title=b"My camera")) == "My camera"
    assert profiles.title(profile(b"RGB ", 2.2, title=b"")) == "an unnamed profile"
    assert profiles.title(b"\0" * 140) == "an unnamed profile"
    text = "Anzeige ü".encode("utf-16-be")
    tag = b"mluc" + struct.pack(">4xII2s2sII", 1, 12, b"de", b"DE", len(text), 28) + text
    assert profiles.title(bytes(128) + struct.pack(">I4sII", 1, b"desc", 144, len(tag)) + tag) == "Anzeige ü"


@pytest.mark.parametrize(
    "icc",
    [b"no profile at all", b"\xff" * 500, profile(b"GRAY", 2.2), profile(b"RGB ", 2.2)[:150]],
    ids=["text", "noise", "of another kind", "cut"],
)
def test_a_profile_that_cannot_be_used_is_told_and_not_carried(
    developer: ImageDeveloper, tmp_path: Path, icc: bytes
) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, numbers("uint8"), photometric="rgb", iccprofile=icc)
    info = prepared(developer, path).probe(path)
    assert info.icc is None
    assert info.colours == "taken for sRGB (its profile is damaged or of another kind)"
    np.testing.assert_array_equal(developer.read(path).pixels, numbers("uint8"))


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_grey_of_another_curve_is_converted(developer: ImageDeveloper, tmp_path: Path, dtype: str) -> None:
    """A grey profile cannot describe RGB: the stack is sRGB."""
    grey = np.ascontiguousarray(numbers(dtype)[..., :1])
    kind = "grey16" if dtype == "uint16" else "b-w"
    path = save(grey, tmp_path / "grey.tif", profile(b"GRAY", 1.8, title=b"Gamma 1.8"), kind)
    info = prepared(developer, path).probe(path)
    assert (info.icc, info.colours) == (icc.profile("srgb", "srgb"), "converted from grey (Gamma 1.8)")
    full = np.iinfo(dtype).max
    expected = srgb((grey / full) ** 1.8)
    read = developer.read(path).pixels
    assert read.shape == (HEIGHT, WIDTH, 3)
    assert np.abs(read / full - expected).max() < 0.006
    small = developer.read_reduced(path, 48).pixels
    assert small.mean() == pytest.approx(read.mean(), rel=0.01)


def test_grey_enters_a_stack_of_another_profile(developer: ImageDeveloper, p3: bytes, tmp_path: Path) -> None:
    wide = save(numbers("uint8"), tmp_path / "wide.tif", p3)
    grey = save(np.ascontiguousarray(numbers("uint8")[..., :1]), tmp_path / "grey.tif", kind="b-w")
    read = prepared(developer, wide).read(grey).pixels
    assert np.abs(read.astype(int) - numbers("uint8")[..., :1]).max() <= 1  # grey is grey in both


@pytest.mark.parametrize("with_profile", [True, False], ids=["profile", "none"])
@pytest.mark.parametrize("suffix", [".tif", ".jpg"])
def test_cmyk_becomes_srgb(developer: ImageDeveloper, tmp_path: Path, suffix: str, with_profile: bool) -> None:
    inks = pyvips.Image.new_from_array(numbers("uint8")).copy(interpretation="srgb")
    inks = inks.icc_transform("cmyk", input_profile="srgb", intent="relative", black_point_compensation=True)
    path = tmp_path / f"print{suffix}"
    inks.write_to_file(str(path), **({} if with_profile else {"keep": "none"}))
    info = prepared(developer, path).probe(path)
    assert info.icc == icc.profile("srgb", "srgb")
    assert info.colours.startswith("converted from CMYK")
    assert ("no profile" in info.colours) is not with_profile
    read = developer.read(path).pixels
    assert read.shape == (HEIGHT, WIDTH, 3)
    assert np.abs(read.astype(int) - numbers("uint8")).mean() < 5
    small = developer.read_reduced(path, 48).pixels
    assert small.shape == (32, 48, 3)
    assert np.abs(small.mean(axis=(0, 1)) - read.mean(axis=(0, 1))).max() < 3


def test_cmyk_of_sixteen_bits_with_alpha(developer: ImageDeveloper, tmp_path: Path) -> None:
    inks = np.full((HEIGHT, WIDTH, 5), 0, np.uint16)
    inks[:, WIDTH // 2 :, 3] = 65535
    inks[..., 4] = 65535
    inks[:10, :, 4] = 0
    path = tmp_path / "print.tif"
    tifffile.imwrite(path, inks, photometric="separated", extrasamples=["unassalpha"])
    decoded = developer.read(path)
    assert decoded.pixels.dtype == np.uint16
    assert decoded.pixels[20, 0].min() > 64000
    assert decoded.pixels[20, -1].max() < 12000
    assert decoded.valid is not None
    np.testing.assert_array_equal(decoded.valid, inks[..., 4] == 65535)


def test_float_keeps_its_numbers_whatever_its_own_profile(developer: ImageDeveloper, p3: bytes, tmp_path: Path) -> None:
    values = muted() * 3 - 0.4  # beyond black and white
    path = save(values, tmp_path / "linear.tif", p3)
    info = prepared(developer, path).probe(path)
    assert (info.icc, info.colours) == (p3, "")
    np.testing.assert_array_equal(developer.read(path).pixels, values)


@pytest.mark.parametrize("verb", ["probe", "read"])
def test_float_of_another_profile_is_refused(developer: ImageDeveloper, p3: bytes, tmp_path: Path, verb: str) -> None:
    plain, wide = save(muted(), tmp_path / "plain.tif"), save(muted(), tmp_path / "wide.tif", p3)
    with pytest.raises(FrameMismatch, match=r"wide\.tif has other colours") as caught:
        getattr(prepared(developer, plain), verb)(wide)
    assert "P3" in caught.value.why


def test_lab_is_refused_with_its_name(developer: ImageDeveloper, tmp_path: Path) -> None:
    path = tmp_path / "lab.tif"
    pyvips.Image.new_from_array(numbers("uint8")).copy(interpretation="srgb").colourspace("lab").write_to_file(
        str(path)
    )
    for read in (developer.probe, developer.read):
        with pytest.raises(UnreadableFrame, match=r"lab\.tif holds lab colours") as caught:
            read(path)
        assert "convert" in caught.value.fix


@pytest.mark.parametrize("photometric", ["minisblack", "miniswhite"])
def test_white_may_be_zero(developer: ImageDeveloper, tmp_path: Path, photometric: str) -> None:
    grey = numbers("uint8")[..., 0]
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, grey, photometric=photometric)
    shown = grey if photometric == "minisblack" else 255 - grey
    np.testing.assert_array_equal(developer.read(path).pixels, np.dstack([shown] * 3))


def test_palettes_become_rgb(developer: ImageDeveloper, tmp_path: Path) -> None:
    flat = np.zeros((40, 60, 3), np.uint8)
    flat[:, :30], flat[:20, 30:] = (200, 10, 60), (0, 255, 7)
    path = save(flat, tmp_path / "a.png", palette=True)
    assert path.read_bytes()[25] == 3  # the colour type of PNG, section 11.2.1
    assert np.abs(developer.read(path).pixels.astype(int) - flat).max() <= 2


@pytest.mark.parametrize("bits", [10, 12])
def test_white_is_white_in_deep_avif(developer: ImageDeveloper, tmp_path: Path, bits: int) -> None:
    """Ten bits come shifted to the top of sixteen, where white would stay below 65535."""
    white = np.full((HEIGHT, WIDTH, 4), 65535, np.uint16)
    white[:20, :, 3] = 0
    path = save(white, tmp_path / "a.avif", lossless=True, bitdepth=bits)
    decoded = developer.read(path)
    assert decoded.pixels.dtype == np.uint16
    assert decoded.pixels.min() == 65535
    assert decoded.valid is not None
    np.testing.assert_array_equal(decoded.valid, white[..., 3] > 0)
