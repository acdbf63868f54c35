"""What is in front of a simulated camera: the rendered scene, or the frames of a folder."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
import pyvips
from numpy.typing import NDArray

from stackcore.errors import CameraError, NotReadyError
from stackcore.protocols import CapturedFile
from stackcore.stacking.inputs import natural_key
from stackcore.testing.scene import Scene
from stackcore.testing.sensor import Motion, Sensor
from stackcore_plugins.camera_simulator.chip import cast, finished, photosites
from stackcore_plugins.camera_simulator.options import SimulatorOptions
from stackcore_plugins.camera_simulator.stills import BYTES_PER_PIXEL, Kind, Label, encode, encode_raw, jpeg

Image = NDArray[np.float32]

LIVE_VIEW_PX = 640
"""Longer side of a live-view frame, pixels."""

_PREVIEW_SHOTS = 1_000_000  # numbers of live-view frames start here, so that their noise is not that of a still
_FIRST_SHOT = {"scene": 0, "dark": 2_000_000, "grey-card": 3_000_000}  # the noise of a dark is not that of the scene
_CARD_LEVEL, _CARD_UNEVEN = (
    0.4,
    0.04,
)  # how bright the grey card is, and how much brighter on the right than on the left
_PICTURES = frozenset({".jpg", ".jpeg", ".tif", ".tiff", ".png", ".webp", ".avif", ".heic", ".heif", ".jxl"})
_RAWS = frozenset({".dng", ".nef", ".nrw", ".cr2", ".cr3", ".crw", ".arw", ".raf", ".rw2", ".orf", ".pef", ".srw"})


class Source(Protocol):
    """Delivers pictures for a position of focus."""

    def prepare(self) -> None:
        """Look whether it is there; `NotReadyError` if not."""
        ...

    def still(self, focus_units: int, shot: int, taken_at: datetime) -> Sequence[CapturedFile]:
        """Return the files of still number `shot` (from 0) with focus at `focus_units`."""
        ...

    def preview(self, focus_units: int, shot: int, taken_at: datetime) -> CapturedFile:
        """Return a reduced JPEG of what the lens sees now."""
        ...

    @property
    def still_bytes(self) -> int:
        """How large a still is, roughly, bytes."""
        ...


class SceneSource:
    """The rendered scene. It is built when first looked at, in full size and in that of live view separately."""

    def __init__(self, options: SimulatorOptions) -> None:
        self._options = options

    def prepare(self) -> None:
        """Nothing can be missing."""

    @property
    def still_bytes(self) -> int:
        """How large a still is, roughly, bytes."""
        pixels = self._options.width_px * self._options.height_px
        return round(pixels * sum(BYTES_PER_PIXEL[kind] for kind in self._kinds)) + 4096

    @property
    def _kinds(self) -> list[Kind]:
        return [kind for kind in BYTES_PER_PIXEL if kind in self._options.format.split("+")]

    def still(self, focus_units: int, shot: int, taken_at: datetime) -> Sequence[CapturedFile]:
        """Render, expose and encode a still."""
        motion = self._motion(1.0)
        light = self._light(focus_units, shot, motion)
        light *= np.float32(motion.exposure(shot))
        label = self._label(focus_units, shot, taken_at)
        return [self._encoded(kind, light, label) for kind in self._kinds]

    def preview(self, focus_units: int, shot: int, taken_at: datetime) -> CapturedFile:
        """Render a small one; live view has no hot pixels and a little more noise."""
        options = self._options
        scale = self._preview_size[0] / options.width_px
        light = self._light(focus_units, shot, self._motion(scale), preview=True)
        sensor = Sensor(
            full_well_e=options.full_well_e / 4, read_e=options.read_e if options.full_well_e else 0, seed=options.seed
        )
        pixels = sensor.expose(light * cast(options), index=_PREVIEW_SHOTS + shot)
        return CapturedFile(data=jpeg(pixels, self._label(focus_units, shot, taken_at)), extension="jpg")

    def _light(self, focus_units: int, shot: int, motion: Motion, *, preview: bool = False) -> Image:
        """What falls on the sensor, linear (H, W, 3), as the body that knows its light would see it."""
        options = self._options
        if options.subject == "scene":
            scene, focus = self._small if preview else self._full, focus_units / options.depth_units
            return scene.render(focus, motion.transform(_from_middle(focus), shot, scene.width, scene.height))
        width, height = self._preview_size if preview else (options.width_px, options.height_px)
        across = np.linspace(1 - _CARD_UNEVEN / 2, 1 + _CARD_UNEVEN / 2, width, dtype=np.float32)
        level = np.float32(_CARD_LEVEL if options.subject == "grey-card" else 0)
        return np.ascontiguousarray(np.broadcast_to(level * across[None, :, None], (height, width, 3)))

    def _encoded(self, kind: Kind, light: Image, label: Label) -> CapturedFile:
        options = self._options
        shot = label.shot + _FIRST_SHOT[options.subject]
        if kind == "dng":
            height, width = (side // 2 * 2 for side in light.shape[:2])
            truth = photosites(options, width, height)
            counted = truth.scene(light[:height, :width], shot=shot, exposure_s=options.exposure_s, iso=options.iso)
            return encode_raw(counted, truth.written_by, label)
        return encode(finished(options).count(light * cast(options), index=shot), label, kind)

    @property
    def _preview_size(self) -> tuple[int, int]:
        options = self._options
        scale = min(1.0, LIVE_VIEW_PX / max(options.width_px, options.height_px))
        return max(16, round(options.width_px * scale)), max(16, round(options.height_px * scale))

    @cached_property
    def _full(self) -> Scene:
        options = self._options
        return Scene.build(options.width_px, options.height_px, seed=options.seed, blur_px=options.blur_px)

    @cached_property
    def _small(self) -> Scene:
        options, (width, height) = self._options, self._preview_size
        blur = None if options.blur_px is None else options.blur_px * width / options.width_px
        return Scene.build(width, height, seed=options.seed, blur_px=blur)

    def _motion(self, scale: float) -> Motion:
        options = self._options
        return Motion(
            breathing=options.breathing,
            drift_px=options.drift_px * scale,
            jitter_px=options.jitter_px * scale,
            rotation_deg=options.rotation_deg,
            flicker=options.flicker,
            seed=options.seed,
        )

    def _label(self, focus_units: int, shot: int, taken_at: datetime) -> Label:
        options = self._options
        return Label(
            model=options.identity.model,
            serial=options.serial,
            subject=f"scene {options.seed}" if options.subject == "scene" else options.subject,
            exposure_s=options.exposure_s,
            iso=options.iso,
            focus_units=focus_units,
            shot=shot,
            taken_at=taken_at,
        )


class ReplaySource:
    """The frames of a folder, in natural order (img2 before img10); the first one is that of position 0."""

    def __init__(self, folder: Path, step: int) -> None:
        self._folder, self._step = folder.expanduser(), step

    def prepare(self) -> None:
        """Look into the folder; `NotReadyError` when there is none or it holds no frame."""
        if not self._frames:
            raise NotReadyError(
                "There is nothing to replay.",
                f"{self._folder} is no folder with frames.",
                "give `camera.replay` a folder that holds JPEG, TIFF, PNG or raw files.",
            )

    @property
    def still_bytes(self) -> int:
        """Size of the largest frame, bytes."""
        return max((path.stat().st_size for path in self._frames), default=0)

    def still(self, focus_units: int, shot: int, taken_at: datetime) -> Sequence[CapturedFile]:
        """Return the frame nearest to that position, byte for byte."""
        path = self._nearest(focus_units)
        try:
            return [CapturedFile(data=path.read_bytes(), extension=path.suffix[1:].lower())]
        except OSError as error:
            raise _gone(path, error) from error

    def preview(self, focus_units: int, shot: int, taken_at: datetime) -> CapturedFile:
        """Return the same frame reduced; of a raw file, the picture that its camera put in."""
        path = self._nearest(focus_units)
        try:
            image = pyvips.Image.thumbnail(str(path), LIVE_VIEW_PX, size="down")
        except pyvips.Error:
            image = _embedded(path)
        if image.hasalpha():
            image = image.flatten()
        data: bytes = image.jpegsave_buffer(Q=85, keep="none")
        return CapturedFile(data=data, extension="jpg")

    def _nearest(self, focus_units: int) -> Path:
        self.prepare()
        return self._frames[min(max(round(focus_units / self._step), 0), len(self._frames) - 1)]

    @cached_property
    def _frames(self) -> list[Path]:
        if not self._folder.is_dir():
            return []
        frames = (
            path
            for path in self._folder.iterdir()
            if path.suffix.lower() in _PICTURES | _RAWS and path.is_file() and not path.name.startswith(".")
        )
        return sorted(frames, key=natural_key)


def _embedded(path: Path) -> pyvips.Image:
    import rawpy

    try:
        with rawpy.imread(str(path)) as raw:
            thumb = raw.extract_thumb()
        if thumb.format == rawpy.ThumbFormat.JPEG:
            return pyvips.Image.thumbnail_buffer(thumb.data, LIVE_VIEW_PX, size="down")
        return pyvips.Image.new_from_array(thumb.data).thumbnail_image(LIVE_VIEW_PX, size="down")
    except (rawpy.LibRawError, pyvips.Error, OSError) as error:
        raise _gone(path, error) from error


def _gone(path: Path, error: Exception) -> CameraError:
    return CameraError(
        f"{path.name} cannot be replayed.", f"reading {path} failed: {error}.", "look whether the file is whole."
    )


def _from_middle(focus: float) -> float:
    """Distance from the middle of the scene, where nothing breathes; limited, or it would look past its margin."""
    return min(max(focus - 0.5, -1.0), 1.0)
