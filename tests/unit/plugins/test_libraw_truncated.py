"""A raw file that is cut off is named, and never developed to half a picture."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
import tifffile

from stackcore.errors import UnreadableFrame
from stackcore.protocols import Development
from stackcore.testing.dng import RawCamera, dng_bytes, write_dng
from stackcore_plugins.developer_libraw.developer import LibRawDeveloper
from stackcore_plugins.developer_libraw.plugin import LibRawOptions
from stackcore_plugins.developer_libraw.whole import layout_of, refuse_cut

SHARES = (0.05, 0.5, 0.95, 0.999)


def light() -> np.ndarray:
    return np.random.default_rng(0).random((64, 96, 3), dtype=np.float32) * 0.5 + 0.2


def lossless_jpeg(counts: np.ndarray) -> bytes:
    """ITU-T T.81 annex H, predictor 1; all Huffman codes are 5 bits long."""
    before = np.empty_like(counts, np.int64)
    before[:, 1:], before[1:, 0], before[0, 0] = counts[:, :-1], counts[:-1, 0], 1 << 15
    pieces = []
    for step in (counts.astype(np.int64) - before).ravel().tolist():
        length = abs(step).bit_length()
        pieces.append(f"{length:05b}")
        if length:
            pieces.append(f"{step if step > 0 else step + (1 << length) - 1:0{length}b}")
    bits = "".join(pieces)
    bits += "1" * (-len(bits) % 8)
    data = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\x00")
    table = struct.pack(">HHB", 0xFFC4, 36, 0) + bytes([0, 0, 0, 0, 17, *[0] * 11, *range(17)])
    frame = struct.pack(">HHBHHBBBB", 0xFFC3, 11, 16, *counts.shape, 1, 0, 0x11, 0)
    scan = struct.pack(">HHBBBBBB", 0xFFDA, 8, 1, 0, 0, 1, 0, 0)
    return b"\xff\xd8" + table + frame + scan + data + b"\xff\xd9"


def patched(data: bytes, **tags: int) -> bytes:
    """The same file with the values of some tags of its first directory replaced."""
    out = bytearray(data)
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        for name, value in tags.items():
            tag = file.pages[0].tags[name]
            width = {"SHORT": 2, "LONG": 4}[tag.dtype.name]
            out[tag.valueoffset : tag.valueoffset + width] = value.to_bytes(width, "little")
    return bytes(out)


def plain_dng() -> bytes:
    return dng_bytes(RawCamera().mosaic(light()))


def packed_dng() -> bytes:
    """As most cameras and converters write DNG."""
    plain, packed = plain_dng(), lossless_jpeg(RawCamera().mosaic(light()))
    with tifffile.TiffFile(io.BytesIO(plain)) as file:
        begin = file.pages[0].dataoffsets[0]
    return patched(plain[:begin] + packed, Compression=7, StripByteCounts=len(packed))


def sony_arw() -> bytes:
    """Sony's own compression, one byte per photosite, whose cut files LibRaw fills up without a word."""
    text = [(271, "SONY"), (272, "SLT-A33")]
    tags = [(code, 2, len(name) + 1, name.encode() + b"\0", True) for code, name in text]
    tags += [(33421, 3, 2, (2, 2), True), (33422, 1, 4, bytes((0, 1, 1, 2)), True)]
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as writer:
        coded = np.random.default_rng(0).integers(0, 255, (64, 96), dtype=np.uint8)
        writer.write(coded, photometric=32803, compression=None, metadata=None, extratags=tags)
    return patched(buffer.getvalue(), Compression=32767)


FILES = {"plain.dng": plain_dng, "packed.dng": packed_dng, "sony.arw": sony_arw}


@pytest.mark.parametrize("name", FILES)
def test_the_whole_file_is_read(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(FILES[name]())
    developer = LibRawDeveloper(LibRawOptions())
    developer.prepare(path, Development())
    assert developer.read(path).pixels.std() > 1000
    assert layout_of(path).end == path.stat().st_size
    if name.endswith("dng"):
        np.testing.assert_array_equal(developer.mosaic(path).values, RawCamera().mosaic(light()))


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("name", FILES)
def test_a_cut_file_is_named_whatever_is_asked_of_it(
    tmp_path: Path, name: str, share: float, capfd: pytest.CaptureFixture[str]
) -> None:
    whole, cut = tmp_path / name, tmp_path / f"cut_{name}"
    whole.write_bytes(FILES[name]())
    cut.write_bytes(whole.read_bytes()[: int(whole.stat().st_size * share)])
    developer = LibRawDeveloper(LibRawOptions())
    developer.prepare(whole, Development())
    for ask in (
        developer.read,
        developer.mosaic,
        lambda p: developer.read_reduced(p, 40),
        lambda p: developer.prepare(p, Development()),
    ):
        with pytest.raises(UnreadableFrame, match=f"cut_{name}"):
            ask(cut)
    if share > 0.5:
        with pytest.raises(UnreadableFrame, match=r"is truncated. why: it has [\d,]+ bytes, its picture ends at"):
            developer.read(cut)
        assert capfd.readouterr().err == ""  # LibRaw, which writes to the screen, is not asked at all


def test_the_check_can_be_switched_off_to_save_what_is_left(tmp_path: Path) -> None:
    cut = tmp_path / "cut.arw"
    cut.write_bytes(sony_arw()[:-900])
    careless = LibRawDeveloper(LibRawOptions(check_length=False))
    careless.prepare(cut, Development())
    assert careless.read(cut).pixels.shape[2] == 3


@pytest.mark.parametrize("name", ["plain.dng", "packed.dng"])
def test_without_the_check_libraw_still_refuses_what_it_notices(
    tmp_path: Path, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    cut = tmp_path / name
    cut.write_bytes(FILES[name]()[:-3000])
    with pytest.raises(UnreadableFrame, match=name):
        LibRawDeveloper(LibRawOptions(check_length=False)).read(cut)
    capfd.readouterr()  # LibRaw writes to the screen


def boxes(*lengths: int, large: bool = False) -> bytes:
    """A file of boxes as CR3 is: a type, then boxes of so many bytes."""
    parts = [struct.pack(">I4s8s", 16, b"ftyp", b"crx \0\0\0\1")]
    for length in lengths:
        head = struct.pack(">I4sQ", 1, b"mdat", length) if large else struct.pack(">I4s", length, b"mdat")
        parts.append(head + bytes(length - len(head)))
    return b"".join(parts)


def fuji(length: int) -> bytes:
    head = b"FUJIFILMCCD-RAW ".ljust(84, b"0") + struct.pack(">6I", 200, 50, 250, 50, 300, length)
    return head.ljust(300, b"\0") + bytes(length)


def panasonic() -> bytes:
    """The place of the picture is in a tag of its own."""
    entries = [(273, 4, 1, 0xFFFFFFFF), (279, 4, 1, 500), (280, 4, 1, 100)]
    directory = struct.pack("<H", 3) + b"".join(struct.pack("<HHII", *entry) for entry in entries) + bytes(4)
    return (b"IIU\0" + struct.pack("<I", 8) + directory).ljust(100, b"\0") + bytes(500)


@pytest.mark.parametrize(
    "data",
    [boxes(100, 900), boxes(100, 900, large=True), fuji(800), panasonic()],
    ids=["cr3", "cr3 large", "raf", "rw2"],
)
def test_other_formats_tell_their_length_too(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.raw"
    path.write_bytes(data)
    refuse_cut(path)
    assert layout_of(path).end == len(data)
    path.write_bytes(data + b"trailing bytes are nobody's business")
    refuse_cut(path)
    path.write_bytes(data[:-1])
    with pytest.raises(UnreadableFrame, match="is truncated"):
        refuse_cut(path)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"II*\0",
        b"II*\0\xff\xff\xff\xff" + bytes(40),
        b"MM\0*" + bytes(100),
        b"II*\0" + struct.pack("<IH", 8, 60000) + bytes(200),
        b"\0\0\0\3ftypcrx " + bytes(30),
        b"FUJIFILMCCD-RAW ",
        bytes(1000),
    ],
)
def test_what_tells_nothing_is_left_to_libraw(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.nef"
    path.write_bytes(data)
    refuse_cut(path)
    assert layout_of(path).end is None
    with pytest.raises(UnreadableFrame, match=r"a\.nef cannot be read as a raw file"):
        LibRawDeveloper(LibRawOptions()).probe(path)


def test_directories_that_lead_to_one_another_end(tmp_path: Path) -> None:
    loop = b"II*\0" + struct.pack("<IH", 8, 1) + struct.pack("<HHII", 330, 4, 1, 8) + struct.pack("<I", 8)
    path = tmp_path / "a.nef"
    path.write_bytes(loop)
    assert layout_of(path).end is None


def test_a_header_whose_levels_leave_no_room_for_light_is_named(tmp_path: Path) -> None:
    path = tmp_path / "odd.dng"
    write_dng(path, light(), RawCamera(black=(512, 512, 512, 512), white=16383))
    with tifffile.TiffFile(path, mode="r+b") as file:
        file.pages[0].tags["WhiteLevel"].overwrite(500)
    developer = LibRawDeveloper(LibRawOptions())
    for read in (developer.probe, developer.read, developer.mosaic, lambda p: developer.prepare(p, Development())):
        with pytest.raises(UnreadableFrame, match=r"odd\.dng") as caught:
            read(path)
        assert "512" in caught.value.why
