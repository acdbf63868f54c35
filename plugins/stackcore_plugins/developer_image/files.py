"""Opening image files: what they are by their content, how large, how many pages, and what damage looks like."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pyvips

from stackcore.errors import UnreadableFrame
from stackcore.stacking.pixel_limit import PixelLimit
from stackcore_plugins.developer_image.jpeg import refuse_without_end

ResultT = TypeVar("ResultT")

_SIGNATURES = (
    (re.compile(rb"\xff\xd8\xff"), "JPEG"),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "PNG"),
    (re.compile(rb"II[*+]\0|MM\0[*+]"), "TIFF"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "WebP"),
    (re.compile(rb"....ftyp(avif|avis|hei[cmsx]|hev[cmsx]|mif1|msf1|miaf)", re.DOTALL), "HEIF"),
)
"""First bytes, by the standards of each format. Only these are handed to libvips, which would otherwise take a
drawing or a document with scripts that is called `.jpg` as well."""

_DAMAGE = re.compile(
    r"bad huffman|premature end|instead of RST|before marker 0x(c4|d[0-7a])|not enough data|not yet in table|"
    r"at (row|scanline) \d|(read|seek|decoding|inflate) error",
    re.IGNORECASE,
)
"""What the libraries say of lost pixels. They warn of more that harms none: unknown tags, odd scan parameters."""

_NOISE = re.compile(r": bad seek to |: load error$")
"""Lines that libvips adds to every message about a short file."""


def read_strictly(path: Path, limit: PixelLimit, read: Callable[[Any, str], ResultT]) -> ResultT:
    """`read(image, fail_on)` of the file as a lazy libvips image; a warning that tells of lost pixels is an error.

    libjpeg and libtiff merely warn of much that leaves a grey or garbled patch, and of much that does not matter. So
    every warning stops the first attempt, and the second one, for those that are harmless, minds errors alone.

    Raises `UnreadableFrame` for what is no picture, damaged, truncated, too large, of several pages, or in a codec
    that is missing here.
    """
    image: Any = None
    try:
        image = opened(path, limit, "warning")
        if image.get("vips-loader").startswith("jpeg"):
            refuse_without_end(path)
        return read(image, "warning")
    except pyvips.Error as error:
        if _DAMAGE.search(error.detail or ""):
            raise _unreadable(path, image, error) from error
    image = opened(path, limit, "error")
    try:
        return read(image, "error")
    except pyvips.Error as error:
        raise _unreadable(path, image, error) from error


def opened(path: Path, limit: PixelLimit, fail_on: str = "error") -> Any:
    """A lazy image, to be read once from top to bottom; nothing but its header has been read.

    Raises `UnreadableFrame` as `read_strictly` does.
    """
    _refuse_no_picture(path)
    try:
        image = pyvips.Image.new_from_file(str(path), access="sequential", fail_on=fail_on)
    except pyvips.Error as error:
        if fail_on == "warning" and not _DAMAGE.search(error.detail or ""):
            return opened(path, limit)
        raise _unreadable(path, None, error) from error
    limit.check(path, image.width, image.height)
    _refuse_pages(path, image)
    return image


def _refuse_no_picture(path: Path) -> None:
    try:
        with path.open("rb") as file:
            start = file.read(16)
    except OSError as error:
        raise UnreadableFrame(
            f"{path} cannot be read.", f"{error.strerror or error}.", "check that it is there and may be read."
        ) from error
    if any(pattern.match(start) for pattern, _ in _SIGNATURES):
        return
    names = ", ".join(name for _, name in _SIGNATURES)
    raise UnreadableFrame(
        f"{path} cannot be read.",
        f"it is empty, truncated or damaged at its start: it begins like none of {names}."
        if start.strip(b"\0")
        else "it is empty, or filled with zeros: the copy of it was truncated.",
        "copy it again from the camera, or leave it out.",
    )


def _refuse_pages(path: Path, image: Any) -> None:
    """Several pages of one size are a stack in one file, of which taking the first would lose the rest unsaid.

    Smaller pages after the first (a thumbnail, the levels of a pyramid) are no frames.
    """
    fields = image.get_fields()
    pages = int(image.get("n-pages")) if "n-pages" in fields else 1
    if pages < 2 or image.get("vips-loader").startswith("heif"):  # HEIF names one image as its picture
        return
    if image.get("vips-loader").startswith("tiff"):
        try:
            second = pyvips.Image.new_from_file(str(path), access="sequential", page=1)
        except pyvips.Error as error:
            raise _unreadable(path, image, error) from error
        if (second.width, second.height) != (image.width, image.height):
            return
    raise UnreadableFrame(
        f"{path} holds {pages} pages.",
        "a frame is a file of one picture.",
        "split it first, for example with `tiffsplit` or `magick FILE.tif frame-%03d.tif`.",
    )


def _unreadable(path: Path, image: Any, error: pyvips.Error) -> UnreadableFrame:
    if image is not None and "heif-compression" in image.get_fields() and _lacks_codec(error):
        codec = str(image.get("heif-compression")).upper()
        return UnreadableFrame(
            f"{path} cannot be decoded here.",
            f"it is HEIC, and the installed libvips has no decoder for its codec, {codec}.",
            "convert it to TIFF or JPEG, for example with `heif-convert FILE.heic FILE.jpg`, `magick`, or macOS "
            "`sips -s format tiff`; or install a libvips with libde265.",
        )
    lines = [line.strip() for line in (error.detail or "").splitlines() if line.strip()]
    told = [line for line in lines if not _NOISE.search(line)] or lines
    return UnreadableFrame(
        f"{path} cannot be read.",
        f"it is damaged, truncated or of a kind that is not supported ({told[0] if told else error.message}).",
        "copy it again from the camera, or leave it out.",
    )


def _lacks_codec(error: pyvips.Error) -> bool:
    return bool(re.search(r"decoder plugin|not been built in|[Uu]nsupported codec", error.detail or ""))
