"""What the lens of the impersonated body sees: made up, or given by the test."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from stackcore.errors import UsageError

if TYPE_CHECKING:  # a test that gives its own pictures need not wait for NumPy and OpenCV
    import numpy as np
    from numpy.typing import NDArray

_SIZES = {"preview": (320, 212), "still": (960, 640)}
"""Width and height, pixels."""

_STRIPS = 8
"""Vertical strips of the made-up subject, each at its own distance."""


class GivenPictures:
    """Files of a folder, in the order of their names, from the first again after the last.

    `preview*.jpg` are live-view frames; everything else is stills, by suffix. What the folder has not is made up.
    """

    def __init__(self, folder: Path) -> None:
        files = sorted(path for path in folder.iterdir() if path.is_file())
        if not files:
            raise UsageError(f"{folder} holds no picture.", "the folder is empty.", "put `preview1.jpg` there.")
        self._previews = [path.read_bytes() for path in files if path.name.startswith("preview")]
        self._stills: dict[str, list[bytes]] = {}
        for path in files:
            if not path.name.startswith("preview"):
                self._stills.setdefault(path.suffix.lower().removeprefix("."), []).append(path.read_bytes())
        self._made_up = MadeUpPictures()
        self._seen = 0
        self._taken: dict[str, int] = {}

    def preview(self, position: int) -> bytes:
        """Return the next live-view frame."""
        if not self._previews:
            return self._made_up.preview(position)
        self._seen += 1
        return self._previews[(self._seen - 1) % len(self._previews)]

    def still(self, position: int, suffix: str) -> bytes:
        """Return the next file with this suffix."""
        files = self._stills.get(suffix)
        if not files:
            return self._made_up.still(position, suffix)
        taken = self._taken.get(suffix, 0)
        self._taken[suffix] = taken + 1
        return files[taken % len(files)]


class MadeUpPictures:
    """A textured board of strips at growing distance: where the lens stands decides which of them is sharp.

    Parameters
    ----------
    strip_units
        Drive units from one strip to the next; the first is sharp at position 0.
    """

    def __init__(self, strip_units: int = 50) -> None:
        self._strip_units = strip_units
        self._made: dict[tuple[str, int], bytes] = {}

    def preview(self, position: int) -> bytes:
        """Return a JPEG of 320 x 212 pixels; the same bytes for the same position."""
        return self._remember("preview", position, lambda: _jpeg(self._picture("preview", position), 80))

    def still(self, position: int, suffix: str) -> bytes:
        """Return a JPEG of 960 x 640 pixels, or for any other suffix a raw file (DNG) that LibRaw opens."""
        if suffix in ("jpg", "jpeg"):
            return self._remember("jpg", position, lambda: _jpeg(self._picture("still", position), 92))
        return self._remember("raw", position, lambda: _raw(self._picture("still", position)))

    def _remember(self, kind: str, position: int, make: Callable[[], bytes]) -> bytes:
        key = (kind, position)
        if key not in self._made:
            if len(self._made) >= 256:
                self._made.clear()
            self._made[key] = make()
        return self._made[key]

    def _picture(self, kind: str, position: int) -> NDArray[np.uint8]:
        import cv2
        import numpy as np

        width, height = _SIZES[kind]
        grain = np.random.default_rng(7).integers(30, 226, (height // 4 + 1, width // 4 + 1, 3), np.uint8)
        board = np.asarray(cv2.resize(grain, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8)
        out = np.empty_like(board)
        edges = [round(n * width / _STRIPS) for n in range(_STRIPS + 1)]
        for strip, (left, right) in enumerate(pairwise(edges)):
            off = abs(position / self._strip_units - strip)
            sigma = min(12.0, 1.5 * off) * width / 960
            blurred = cv2.GaussianBlur(board, (0, 0), sigma) if sigma > 0.1 else board
            out[:, left:right] = blurred[:, left:right]
        return out


def _jpeg(picture: NDArray[np.uint8], quality: int) -> bytes:
    import cv2

    done, encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert done
    return encoded.tobytes()


def _raw(picture: NDArray[np.uint8]) -> bytes:
    import numpy as np

    from stackcore.testing.dng import write_dng

    light = np.power(picture[:, :, ::-1] / np.float32(255), np.float32(2.2), dtype=np.float32)
    with tempfile.TemporaryDirectory() as folder:
        return write_dng(Path(folder) / "still.dng", light).read_bytes()
