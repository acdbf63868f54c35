"""Opening raw files, with whatever LibRaw finds wrong told as `UnreadableFrame`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import rawpy

from stackcore.errors import UnreadableFrame
from stackcore.stacking.pixel_limit import PixelLimit
from stackcore_plugins.developer_libraw.whole import refuse_cut


@contextmanager
def opened(path: Path, limit: PixelLimit, *, check_length: bool) -> Iterator[Any]:
    """A raw file, its header read; its pixels are decoded when they are first asked for.

    Raises `UnreadableFrame` for a file that is shorter than it says, if `check_length` asks for it, for one that claims
    more pixels than `limit` lets through, for one whose levels leave no room for light, and for whatever LibRaw finds
    wrong, now or later.
    """
    try:
        if check_length:
            refuse_cut(path)
        with rawpy.imread(str(path)) as raw:
            limit.check(path, int(raw.sizes.raw_width), int(raw.sizes.raw_height))
            _refuse_no_room(raw, path)
            yield raw
    except (rawpy.LibRawError, OSError) as error:
        raise _unreadable(path, error) from error


def _refuse_no_room(raw: Any, path: Path) -> None:
    """LibRaw would develop such a file without a word, to black."""
    black, white = max(raw.black_level_per_channel), raw.white_level
    if white and black >= white:
        raise UnreadableFrame(
            f"{path} cannot be read as a raw file.",
            f"it says that no light counts {black}, and white {white}: its header is damaged.",
            "copy it again from the camera, or leave it out.",
        )


def _unreadable(path: Path, error: Exception) -> UnreadableFrame:
    detail = error.args[0] if error.args else error
    text = detail.decode(errors="replace") if isinstance(detail, bytes) else str(detail)
    return UnreadableFrame(
        f"{path} cannot be read as a raw file.",
        f"LibRaw says: {text.strip() or type(error).__name__}.",
        "copy it again from the camera, or leave it out.",
    )
