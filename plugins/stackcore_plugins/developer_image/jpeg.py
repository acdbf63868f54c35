"""Whether a JPEG file has an end: libjpeg takes zeros for picture, and a card that was pulled out leaves zeros."""

from __future__ import annotations

import mmap
from pathlib import Path

from stackcore.errors import UnreadableFrame

_START_OF_SCAN = 0xDA
_END_OF_IMAGE = b"\xff\xd9"


def refuse_without_end(path: Path) -> None:
    """Raise `UnreadableFrame` when no end marker follows the first scan (ITU-T T.81, section B.1.1.3).

    Within a scan every 0xFF of the data is followed by a zero, so the marker cannot be there by chance; a thumbnail
    in the EXIF segment, which has an end of its own, comes before the scan. The file is not empty.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if data.rfind(_END_OF_IMAGE, _first_scan(data)) < 0:
            raise UnreadableFrame(
                f"{path} cannot be read.",
                "it is damaged or truncated: its picture has no end, as after a copy that was broken off.",
                "copy it again from the camera, or leave it out.",
            )


def _first_scan(data: mmap.mmap) -> int:
    """Where the first scan begins; the segments before it state their lengths. The end, if there is none."""
    place = 2
    while place + 4 <= len(data):
        if data[place] != 0xFF:  # bytes between segments, which some cameras leave
            place += 1
        elif data[place + 1] == _START_OF_SCAN:
            return place
        elif data[place + 1] in (0x00, 0x01, 0xFF) or 0xD0 <= data[place + 1] <= 0xD9:  # these state none
            place += 1
        else:
            place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    return len(data)
