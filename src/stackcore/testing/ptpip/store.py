"""The files of a body: on its card and in its memory, by handle."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from stackcore.testing.ptpip.codes import Format
from stackcore.testing.ptpip.datasets import ObjectInfo, StorageInfo

CARD = 0x00010001
"""The number of the store that is the card."""

_FORMATS = {"jpg": Format.JPEG}
_IN_MEMORY = 0xFFFF0000
_FRAME_BYTES = 50_000_000
"""What a body reckons for one picture when it tells its free room."""


@dataclass(frozen=True)
class StoredFile:
    """A file with its content; `storage` is `CARD`, or 0 for the memory of the body."""

    handle: int
    storage: int
    name: str
    data: bytes

    @property
    def sha256(self) -> str:
        """The hash of the content, hexadecimal."""
        return hashlib.sha256(self.data).hexdigest()

    def info(self) -> bytes:
        """Return the PTP record of the file."""
        suffix = self.name.rpartition(".")[2].lower()
        kind = _FORMATS.get(suffix, Format.RAW)
        return ObjectInfo(
            storage=self.storage,
            format=kind,
            thumb_format=Format.JFIF,
            size=len(self.data),
            name=self.name,
            captured="20260101T120000",
        ).encode()


class Store:
    """The card, with room for so many files (None: no card), and the memory."""

    def __init__(self, card_frames: int | None) -> None:
        self._room = card_frames
        self._files: dict[int, StoredFile] = {}
        self._made = 0

    @property
    def has_card(self) -> bool:
        """Whether a card is in the body."""
        return self._room is not None

    def has_room(self, files: int) -> bool:
        """Whether the card takes so many files more."""
        return self._room is not None and files <= self._room

    def add(self, data: bytes, suffix: str, number: int, *, on_card: bool) -> StoredFile:
        """Keep a file of the still with this number; the caller has looked for room."""
        self._made += 1
        handle = 0x00020000 + self._made if on_card else _IN_MEMORY + self._made
        file = StoredFile(handle, CARD if on_card else 0, f"DSC_{number:04d}.{suffix.upper()}", data)
        self._files[handle] = file
        if on_card and self._room is not None:
            self._room -= 1
        return file

    def get(self, handle: int) -> StoredFile | None:
        """Return a file, or None."""
        return self._files.get(handle)

    def delete(self, handle: int) -> bool:
        """Forget a file; False when there is none."""
        file = self._files.pop(handle, None)
        if file is not None and file.storage == CARD and self._room is not None:
            self._room += 1
        return file is not None

    def on_card(self) -> list[int]:
        """Return the handles of the files on the card."""
        return [handle for handle, file in self._files.items() if file.storage == CARD]

    def forget_memory(self) -> None:
        """Drop what is not on the card, as a body does when the host is gone."""
        self._files = {handle: file for handle, file in self._files.items() if file.storage == CARD}

    def card_info(self) -> bytes:
        """Return the PTP record of the card."""
        free = self._room or 0
        used = len(self.on_card())
        return StorageInfo(
            capacity=(free + used) * _FRAME_BYTES, free=free * _FRAME_BYTES, free_images=free, label="CARD"
        ).encode()
