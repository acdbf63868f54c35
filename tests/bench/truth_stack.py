"""A folder with the frames of a stack and, if it is synthetic, the truth about them.

STACK/frames/*        the frames, in order of their names (or STACK itself holds them)
STACK/truth.png       everything in focus, without noise, in geometry and exposure of the reference frame
STACK/depth.npy       (H, W) float32, the slice in which each pixel is sharpest
STACK/meta.json       width, height, frames, reference, transforms (reference pixels to those of each frame), gains
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from stackcore.testing.scene import make_stack

_PICTURES = (".jpg", ".jpeg", ".png", ".tif", ".tiff")

Picture = NDArray[np.float32]


@dataclass(frozen=True)
class TruthStack:
    """A stack on the disk; `name` is that of its folder."""

    folder: Path

    @property
    def name(self) -> str:
        """What tables call it."""
        return self.folder.resolve().name

    @property
    def frames(self) -> list[Path]:
        """Files of the frames, in order; `FileNotFoundError` if there are fewer than two."""
        inside = [self.folder / name for name in ("frames", "frames_jpg", "frames_tif")]
        home = next((folder for folder in inside if folder.is_dir()), self.folder)
        found = sorted(path for path in home.iterdir() if path.suffix.lower() in _PICTURES)
        if len(found) < 2:
            raise FileNotFoundError(f"{home} does not hold a stack")
        return found

    @property
    def has_truth(self) -> bool:
        """Whether results can be scored."""
        return (self.folder / "truth.png").exists() and (self.folder / "meta.json").exists()

    def megapixels(self) -> float:
        """Of one frame."""
        return read(self.frames[0]).size / 3e6

    def truth(self) -> Picture:
        """(H, W, 3), see `read`."""
        return read(self.folder / "truth.png")

    def common(self) -> tuple[slice, slice]:
        """Rows and columns of the reference that every frame covers, less one percent of its longer side."""
        meta = json.loads((self.folder / "meta.json").read_text(encoding="utf-8"))
        width, height = meta["width"], meta["height"]
        corners = np.array([[0, width - 1, 0, width - 1], [0, 0, height - 1, height - 1], [1, 1, 1, 1]], np.float64)
        left, top, right, bottom = 0.0, 0.0, width - 1.0, height - 1.0
        for matrix in meta["transforms"]:
            back = np.linalg.inv(np.vstack([np.array(matrix, np.float64)[:2], [0, 0, 1]]))
            x, y = (back @ corners)[:2]
            left, right = max(left, x[0], x[2]), min(right, x[1], x[3])
            top, bottom = max(top, y[0], y[1]), min(bottom, y[2], y[3])
        rim = int(0.01 * max(width, height)) + 2
        return slice(int(top) + rim, int(bottom) - rim), slice(int(left) + rim, int(right) - rim)


def read(path: Path) -> Picture:
    """A picture (H, W, 3) float32, red first, 0 to 255 whatever its depth; alpha is dropped.

    `ValueError` if it cannot be read.
    """
    picture = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION)
    if picture is None:
        raise ValueError(f"{path} is not a picture that OpenCV reads")
    if picture.ndim == 2:
        picture = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR)
    scale = {"uint8": 1.0, "uint16": 255 / 65535}.get(picture.dtype.name, 255.0)
    return np.ascontiguousarray(picture[..., 2::-1].astype(np.float32) * np.float32(scale))


def write_stack(folder: Path, width: int, height: int, frames: int, *, seed: int = 0) -> TruthStack:
    """Make a stack of the project's own scene, 8-bit JPEG of quality 95 without subsampling of colour."""
    made = make_stack(width, height, frames, seed=seed)
    (folder / "frames").mkdir(parents=True)
    jpeg: Sequence[int] = [cv2.IMWRITE_JPEG_QUALITY, 95, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, 0x111111]
    for index, frame in enumerate(made.frames):
        cv2.imwrite(str(folder / "frames" / f"slice_{index:03d}.jpg"), np.asarray(frame)[..., ::-1], jpeg)
    cv2.imwrite(str(folder / "truth.png"), np.asarray(made.truth)[..., ::-1])
    np.save(folder / "depth.npy", made.depth)
    meta = {
        "width": width,
        "height": height,
        "frames": frames,
        "reference": made.reference,
        "transforms": [transform.matrix[:2].tolist() for transform in made.transforms],
        "gains": [1 / gain for gain in made.gains],
    }
    (folder / "meta.json").write_text(json.dumps(meta), encoding="utf-8")
    return TruthStack(folder)
