"""The files of a body: on its card and in its memory, by handle."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from stackcore.testing.ptpip.codes import Format
from stackcore.testing.ptpip.datasets import ObjectInfo, StorageInfo

CARD = 0x00010001
"""The number of the store that is the card."""

ROOT = 0xFFFFFFFF
"""How a host asks for what lies in no folder; 0 asks for everything."""

_FORMATS = {"jpg": Format.JPEG}
_CAPTURED = "20260101T120000"
_IN_MEMORY = 0xFFFF0000
_FRAME_BYTES = 50_000_000
"""What a body reckons for one picture when it tells its free room."""


@dataclass(frozen=True)
class StoredFile:
    """A file with its content; `storage` is `CARD`, or 0 for the memory of the body; `parent` 0 for the root."""

    handle: int
    storage: int
    parent: int
    name: str
    data: bytes

    @property
    def sha256(self) -> str:
        """The hash of the content, hexadecimal."""
        return hashlib.sha256(self.data).hexdigest()

    def info(self) -> bytes:
        """Return the PTP record of the file."""
        return ObjectInfo(
            storage=self.storage,
            format=_FORMATS.get(self.name.rpartition(".")[2].lower(), Format.RAW),
            thumb_format=Format.JFIF,
            size=len(self.data),
            name=self.name,
            captured=_CAPTURED,
            parent=self.parent,
        ).encode()


@dataclass(frozen=True)
class Folder:
    """A folder on the card."""

    handle: int
    parent: int
    name: str

    def info(self) -> bytes:
        """Return the PTP record of the folder."""
        return ObjectInfo(
            storage=CARD,
            format=Format.FOLDER,
            thumb_format=0,
            size=0,
            name=self.name,
            captured=_CAPTURED,
            parent=self.parent,
            association=1,
        ).encode()


class Store:
    """The card and the memory.

    Parameters
    ----------
    card_frames
        Room on the card, files; None without a card.
    folder
        Name of the folder in `DCIM` that receives stills.
    """

    def __init__(self, card_frames: int | None, folder: str) -> None:
        self._room = card_frames
        self._files: dict[int, StoredFile] = {}
        self._folders: dict[int, Folder] = {}
        if card_frames is not None:
            for shelf in (Folder(0x00010010, 0, "DCIM"), Folder(0x00010011, 0x00010010, folder)):
                self._folders[shelf.handle] = shelf
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
        parent = max(self._folders) if on_card else 0
        file = StoredFile(handle, CARD if on_card else 0, parent, f"DSC_{number:04d}.{suffix.upper()}", data)
        self._files[handle] = file
        if on_card and self._room is not None:
            self._room -= 1
        return file

    def get(self, handle: int) -> StoredFile | None:
        """Return a file, or None."""
        return self._files.get(handle)

    def info(self, handle: int) -> bytes | None:
        """Return the PTP record of a file or folder, or None."""
        thing = self._files.get(handle) or self._folders.get(handle)
        return None if thing is None else thing.info()

    def delete(self, handle: int) -> bool:
        """Forget a file; False when there is none."""
        file = self._files.pop(handle, None)
        if file is not None and file.storage == CARD and self._room is not None:
            self._room += 1
        return file is not None

    def handles(self, parent: int) -> list[int]:
        """Return what lies in a folder of the card, in `ROOT`, or anywhere on it (0)."""
        files = (file for file in self._files.values() if file.storage == CARD)
        things: tuple[Folder | StoredFile, ...] = (*self._folders.values(), *files)
        wanted = 0 if parent == ROOT else parent
        return [thing.handle for thing in things if parent == 0 or thing.parent == wanted]

    def forget_memory(self) -> None:
        """Drop what is not on the card, as a body does when the host is gone."""
        self._files = {handle: file for handle, file in self._files.items() if file.storage == CARD}

    def card_info(self) -> bytes:
        """Return the PTP record of the card."""
        free = self._room or 0
        used = sum(file.storage == CARD for file in self._files.values())
        return StorageInfo(
            capacity=(free + used) * _FRAME_BYTES, free=free * _FRAME_BYTES, free_images=free, label="CARD"
        ).encode()
