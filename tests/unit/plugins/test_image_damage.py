"""Files that are cut, damaged, hostile or no pictures at all: named, never a grey patch, never a full memory."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import pyvips
import tifffile

from stackcore.errors import UnreadableFrame
from stackcore_plugins.developer_image.developer import ImageDeveloper
from stackcore_plugins.developer_image.plugin import ImageOptions

WIDTH, HEIGHT = 200, 160
Write = Callable[[Path], None]


@pytest.fixture
def developer() -> ImageDeveloper:
    return ImageDeveloper(ImageOptions())


def texture() -> np.ndarray:
    rng = np.random.default_rng(1)
    fine = rng.integers(0, 256, (HEIGHT, WIDTH, 3)).astype(np.float32)
    return np.rint(cv2.GaussianBlur(fine, (0, 0), 1.0)).astype(np.uint8)


def vips(**options: object) -> Write:
    image = pyvips.Image.new_from_array(texture()).copy(interpretation="srgb")
    return lambda path: image.write_to_file(str(path), **options)


def directory_first(**options: object) -> Write:
    """As cameras write TIFF: the header is whole, and what is cut off is pixels."""
    return lambda path: tifffile.imwrite(path, texture(), photometric="rgb", **options)


FILES: dict[str, tuple[str, Write]] = {
    "JPEG": ("a.jpg", vips(Q=95)),
    "progressive JPEG": ("a.jpg", vips(interlace=True)),
    "PNG": ("a.png", vips()),
    "interlaced PNG": ("a.png", vips(interlace=True)),
    "WebP": ("a.webp", vips()),
    "lossless WebP": ("a.webp", vips(lossless=True)),
    "AVIF": ("a.avif", vips()),
    "TIFF": ("a.tif", directory_first()),
    "TIFF in strips": ("a.tif", directory_first(rowsperstrip=16)),
    "TIFF in tiles": ("a.tif", directory_first(tile=(32, 32))),
    "deflated TIFF": ("a.tif", directory_first(compression="zlib", rowsperstrip=16)),
    "planar TIFF": ("a.tif", lambda p: tifffile.imwrite(p, np.moveaxis(texture(), 2, 0), photometric="rgb")),
    "BigTIFF": ("a.tif", directory_first(bigtiff=True, rowsperstrip=16)),
    "TIFF, directory last": ("a.tif", vips(compression="lzw")),
}


def reads(developer: ImageDeveloper) -> list[Callable[[Path], object]]:
    return [developer.read, lambda path: developer.read_reduced(path, 60)]


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.95])
def test_a_truncated_file_is_named(developer: ImageDeveloper, tmp_path: Path, name: str, share: float) -> None:
    file, write = FILES[name]
    write(tmp_path / file)
    whole = (tmp_path / file).read_bytes()
    cut = tmp_path / f"cut-{file}"
    cut.write_bytes(whole[: int(len(whole) * share)])
    for read in reads(developer):
        with pytest.raises(UnreadableFrame, match=f"cut-{file}") as caught:
            read(cut)
        assert "damaged" in caught.value.why or "truncated" in caught.value.why
        assert caught.value.fix


@pytest.mark.parametrize("name", [name for name in FILES if "TIFF" not in name or "deflated" in name])
def test_zeros_in_place_of_the_end_are_named(developer: ImageDeveloper, tmp_path: Path, name: str) -> None:
    """As a card leaves them that was pulled out too early; in a TIFF that is not compressed they are black pixels."""
    file, write = FILES[name]
    write(tmp_path / file)
    whole = (tmp_path / file).read_bytes()
    path = tmp_path / f"zeroed-{file}"
    path.write_bytes(whole[: len(whole) * 2 // 3] + bytes(len(whole) - len(whole) * 2 // 3))
    with pytest.raises(UnreadableFrame, match="zeroed-"):
        developer.read(path)


@pytest.mark.parametrize("after", [bytes(3000), b"MotionPhoto" * 40], ids=["padding", "a trailer"])
def test_what_follows_the_end_of_a_jpeg_does_not_matter(
    developer: ImageDeveloper, tmp_path: Path, after: bytes
) -> None:
    path = tmp_path / "a.jpg"
    FILES["JPEG"][1](path)
    truth = developer.read(path).pixels
    path.write_bytes(path.read_bytes() + after)
    np.testing.assert_array_equal(developer.read(path).pixels, truth)


def test_the_thumbnail_of_a_jpeg_does_not_end_it(developer: ImageDeveloper, tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    FILES["JPEG"][1](path)
    data = path.read_bytes()
    exif = b"Exif\0\0" + data[:40] + b"\xff\xd9"
    whole = data[:2] + b"\xff\xe1" + struct.pack(">H", 2 + len(exif)) + exif + data[2:]
    path.write_bytes(whole)
    assert developer.read(path).pixels.shape == (HEIGHT, WIDTH, 3)
    path.write_bytes(whole[: len(whole) // 2] + bytes(len(whole) // 2))
    with pytest.raises(UnreadableFrame, match="no end"):
        developer.read(path)


@pytest.mark.parametrize("missing", ["offset", "bytes"])
def test_a_tiff_without_some_of_its_strips_is_named(developer: ImageDeveloper, tmp_path: Path, missing: str) -> None:
    path = tmp_path / "gap.tif"
    tifffile.imwrite(path, texture(), photometric="rgb", rowsperstrip=16)
    with tifffile.TiffFile(path) as tif:
        tags = tif.pages.first.tags
        tag = tags["StripOffsets" if missing == "offset" else "StripByteCounts"]
        place, values = tag.valueoffset, list(tag.value)
        kind = {3: "H", 4: "I", 16: "Q"}[int(tag.dtype)]
    values[4] = 10_000_000 if missing == "offset" and kind != "H" else 0
    data = bytearray(path.read_bytes())
    struct.pack_into(f"<{len(values)}{kind}", data, place, *values)
    path.write_bytes(data)
    for read in reads(developer):
        with pytest.raises(UnreadableFrame, match=r"gap\.tif"):
            read(path)


@pytest.mark.parametrize("name", ["progressive JPEG", "PNG", "AVIF", "deflated TIFF"])
def test_damage_in_the_middle_is_named(developer: ImageDeveloper, tmp_path: Path, name: str) -> None:
    file, write = FILES[name]
    write(tmp_path / file)
    data = bytearray((tmp_path / file).read_bytes())
    middle = len(data) // 2
    data[middle : middle + 40] = bytes(range(7, 47))
    path = tmp_path / f"bad-{file}"
    path.write_bytes(data)
    with pytest.raises(UnreadableFrame, match=f"bad-{file}"):
        developer.read(path)


def test_what_a_library_merely_mentions_is_no_error(developer: ImageDeveloper, tmp_path: Path) -> None:
    """Some cameras leave bytes between the segments of a JPEG: libjpeg warns, and the picture is whole."""
    path = tmp_path / "odd.jpg"
    FILES["JPEG"][1](path)
    truth = developer.read(path).pixels
    data = path.read_bytes()
    second = 4 + int.from_bytes(data[4:6], "big")  # after the first segment
    path.write_bytes(data[:second] + b"\0\0\0" + data[second:])
    with pytest.raises(pyvips.Error, match="extraneous"):
        pyvips.Image.new_from_file(str(path), fail_on="warning").avg()
    np.testing.assert_array_equal(developer.read(path).pixels, truth)
    assert developer.read_reduced(path, 60).pixels.shape == (48, 60, 3)
    assert developer.probe(path).width == WIDTH


@pytest.mark.parametrize(
    "content",
    [b"", b"hello, I am no picture", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"II*\0", bytes(100_000)],
    ids=["empty", "text", "JPEG stub", "PNG stub", "TIFF stub", "zeros"],
)
@pytest.mark.parametrize("verb", ["probe", "read", "read_reduced", "prepare"])
def test_what_is_not_an_image_is_named(developer: ImageDeveloper, tmp_path: Path, content: bytes, verb: str) -> None:
    path = tmp_path / "holiday.jpg"
    path.write_bytes(content)
    with pytest.raises(UnreadableFrame) as caught:
        getattr(developer, verb)(*({"read_reduced": (path, 60), "prepare": (path, None)}.get(verb, (path,))))
    assert "holiday.jpg" in caught.value.what
    assert caught.value.why
    assert caught.value.fix


@pytest.mark.parametrize(
    "content",
    [
        b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="file:///etc/passwd"/></svg>',
        b"GIF89a\1\0\1\0\0\0\0,\0\0\0\0\1\0\1\0\0\2\2D\1\0;",
        b"%PDF-1.4\n",
    ],
    ids=["SVG", "GIF", "PDF"],
)
def test_only_photographs_are_given_to_libvips(developer: ImageDeveloper, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "holiday.jpg"
    path.write_bytes(content)
    with pytest.raises(UnreadableFrame, match="begins like none of JPEG, PNG, TIFF, WebP, HEIF"):
        developer.probe(path)


@pytest.mark.parametrize("name", ["PNG", "JPEG", "WebP", "AVIF", "TIFF"])
@pytest.mark.parametrize("suffix", [".jpg", ".tif", ".heic"])
def test_a_wrong_extension_does_not_matter(developer: ImageDeveloper, tmp_path: Path, name: str, suffix: str) -> None:
    file, write = FILES[name]
    write(tmp_path / file)
    renamed = (tmp_path / file).rename(tmp_path / f"renamed{suffix}")
    read = developer.read(renamed).pixels
    assert np.abs(read.astype(int) - texture()).mean() < 12
    assert developer.read_reduced(renamed, 50).pixels.shape == (40, 50, 3)


def png_header(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(bytes(1000)))
        + chunk(b"IEND", b"")
    )


def tiff_header(width: int, height: int) -> bytes:
    """One strip, of all rows, that is not there."""
    size = min(width * height * 3, 2**32 - 1)
    entries = [
        *((256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 2), (273, 4, 1, 8)),
        *((277, 3, 1, 3), (278, 4, 1, height), (279, 4, 1, size)),
    ]
    table = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + table + bytes(4)


def jpeg_header(width: int, height: int) -> bytes:
    whole = pyvips.Image.black(16, 16, bands=3).copy(interpretation="srgb").write_to_buffer(".jpg")
    frame = whole.index(b"\xff\xc0")
    return whole[: frame + 5] + struct.pack(">HH", height, width) + whole[frame + 9 :]


BOMBS = {
    "PNG": (".png", png_header),
    "TIFF": (".tif", tiff_header),
    "JPEG": (".jpg", jpeg_header),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_header_that_claims_too_much_is_refused_unread(developer: ImageDeveloper, tmp_path: Path, name: str) -> None:
    suffix, header = BOMBS[name]
    path = tmp_path / f"bomb{suffix}"
    path.write_bytes(header(50_000, 50_000))
    assert path.stat().st_size < 5000
    for read in (*reads(developer), developer.probe, lambda p: developer.prepare(p, None)):
        with pytest.raises(UnreadableFrame, match="50000x50000 pixels, the limit is 1000 megapixels") as caught:
            read(path)
        assert "developer.max_megapixels" in caught.value.fix


@pytest.mark.parametrize("name", BOMBS)
def test_a_header_that_claims_more_than_the_file_holds_is_named(
    developer: ImageDeveloper, tmp_path: Path, name: str
) -> None:
    suffix, header = BOMBS[name]
    path = tmp_path / f"liar{suffix}"
    path.write_bytes(header(4000, 3000))
    for read in reads(developer):
        with pytest.raises(UnreadableFrame, match=r"liar\."):
            read(path)


def test_a_file_that_swells_is_refused_by_its_header(developer: ImageDeveloper, tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    pyvips.Image.black(100_000, 11_000).pngsave(str(path), compression=9, bitdepth=1)
    assert path.stat().st_size < 1_000_000
    for read in (developer.probe, *reads(developer)):
        with pytest.raises(UnreadableFrame, match="1000 megapixels"):
            read(path)


@pytest.mark.parametrize("suffix", [".png", ".webp", ".avif", ".tif", ".jpg"])
def test_the_limit_is_an_option_and_holds_for_every_format(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"large{suffix}"
    pyvips.Image.black(1200, 1000, bands=3).copy(interpretation="srgb").write_to_file(str(path))
    small, large = ImageDeveloper(ImageOptions(max_megapixels=1)), ImageDeveloper(ImageOptions(max_megapixels=2))
    for read in (small.probe, *reads(small)):
        with pytest.raises(UnreadableFrame, match="1200x1000 pixels, the limit is 1 megapixels"):
            read(path)
    assert large.read(path).pixels.shape == (1000, 1200, 3)


def box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def full_box(kind: bytes, version: int, *parts: bytes) -> bytes:
    return box(kind, struct.pack(">I", version << 24), *parts)


def heic(width: int = 64, height: int = 48) -> bytes:
    """The boxes of ISO/IEC 23008-12 about one HEVC picture whose data nobody needs to decode."""
    data = b"\0\0\0\x10" + b"\x26\x01" + b"\x55" * 14
    hvcc = box(b"hvcC", b"\x01\x01\x60\0\0\0\x90\0\0\0\0\0\x5d\xf0\0\xfc\xfd\xf8\xf8\0\0\x0f\0")
    size = full_box(b"ispe", 0, struct.pack(">II", width, height))
    uses = full_box(b"ipma", 0, b"\0\0\0\x01", b"\0\x01", b"\x02\x01\x82")

    def meta(start: int) -> bytes:
        return full_box(
            b"meta",
            0,
            full_box(b"hdlr", 0, bytes(4), b"pict", bytes(13)),
            full_box(b"pitm", 0, b"\0\x01"),
            full_box(b"iloc", 0, b"\x44\0", b"\0\x01", b"\0\x01\0\0\0\x01", struct.pack(">II", start, len(data))),
            full_box(b"iinf", 0, b"\0\x01", full_box(b"infe", 2, b"\0\x01\0\0", b"hvc1", b"\0")),
            box(b"iprp", box(b"ipco", size, hvcc), uses),
        )

    kind = box(b"ftyp", b"heic", bytes(4), b"mif1", b"heic")
    return kind + meta(len(kind) + len(meta(0)) + 8) + box(b"mdat", data)


@pytest.mark.parametrize("suffix", [".heic", ".heif", ".hif", ".jpg"])
def test_heic_without_its_codec_names_the_conversion(developer: ImageDeveloper, tmp_path: Path, suffix: str) -> None:
    """Where libvips has HEVC, this file, whose data is made up, is damaged instead: named as well."""
    path = tmp_path / f"phone{suffix}"
    path.write_bytes(heic())
    assert (developer.probe(path).width, developer.probe(path).height) == (64, 48)
    for read in (*reads(developer), lambda p: developer.prepare(p, None)):
        with pytest.raises(UnreadableFrame, match="phone") as caught:
            read(path)
        if "decoder" in caught.value.why:
            assert "HEVC" in caught.value.why
            assert "to TIFF or JPEG" in caught.value.fix
            assert "heif-convert" in caught.value.fix


@pytest.mark.parametrize("pages", [2, 5])
def test_several_pages_of_one_size_are_refused(developer: ImageDeveloper, tmp_path: Path, pages: int) -> None:
    path = tmp_path / "stack.tif"
    tifffile.imwrite(path, np.stack([texture()] * pages), photometric="rgb")
    for read in (developer.probe, *reads(developer)):
        with pytest.raises(UnreadableFrame, match=f"{pages} pages") as caught:
            read(path)
        assert "split" in caught.value.fix


@pytest.mark.parametrize("how", ["pyramid", "thumbnail", "thumbnail in a sub-directory"])
def test_smaller_pages_after_the_first_are_no_frames(developer: ImageDeveloper, tmp_path: Path, how: str) -> None:
    path = tmp_path / "a.tif"
    if how == "pyramid":
        vips(pyramid=True, tile=True, tile_width=16, tile_height=16)(path)
    else:
        with tifffile.TiffWriter(path) as writer:
            writer.write(texture(), photometric="rgb", subifds=1 if "sub" in how else 0)
            writer.write(np.ascontiguousarray(texture()[::4, ::4]), photometric="rgb", subfiletype=1)
    np.testing.assert_array_equal(developer.read(path).pixels, texture())


def test_an_animation_is_refused(developer: ImageDeveloper, tmp_path: Path) -> None:
    path = tmp_path / "moving.webp"
    frames = pyvips.Image.new_from_array(np.concatenate([texture(), texture()[::-1]])).copy(interpretation="srgb")
    frames.set_type(pyvips.GValue.gint_type, "page-height", HEIGHT)
    frames.webpsave(str(path))
    with pytest.raises(UnreadableFrame, match="2 pages"):
        developer.probe(path)
