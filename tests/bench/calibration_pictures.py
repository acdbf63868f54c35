"""What defects leave in developed and fused pictures, beside those of a sound sensor; see calibration.py."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from command_line import Tool
from numpy.typing import NDArray

from stackcore.testing.dng import RawCamera
from stackcore.testing.photosites import SensorTruth
from stackcore.testing.raws import write_darks, write_scene
from stackcore.testing.scene import Scene
from stackcore.testing.sensor import Motion

Picture = NDArray[np.float64]


@dataclass(frozen=True)
class Rig:
    """The same shots by a sensor with defects and by a sound one, which differ in nothing else.

    Attributes
    ----------
    faulty, sound
        The sensors.
    scene, frames
        What is before the lens, and how many slices are taken of it.
    exposure_s
        Of every shot and dark.
    """

    faulty: SensorTruth
    sound: SensorTruth
    scene: Scene
    frames: int = 10
    exposure_s: float = 4.0
    motion: Motion = field(default_factory=lambda: Motion(drift_px=6.0, jitter_px=0.5, seed=4))

    @classmethod
    def build(cls, width: int, height: int) -> Rig:
        """Return a rig with one hot pixel in 2000 and one dead in 20 000, and a glow in the corner."""
        faulty = SensorTruth.random(
            width,
            height,
            hot=width * height // 2000,
            dead=width * height // 20_000,
            levels=(60.0, 3500.0),
            per_second=True,
            camera=RawCamera(model="SIMULATED bench"),
            dark_current=2.0,
            glow=150.0,
            seed=5,
        )
        sound = replace(faulty, hot=(), dead=(), glow=0.0)
        return cls(faulty, sound, Scene.build(width, height, seed=1))

    def shoot(self, folder: Path, sensor: SensorTruth) -> None:
        """Write the frames of the stack into a new folder."""
        folder.mkdir(parents=True)
        size = (sensor.width, sensor.height)
        for index in range(self.frames):
            focus = index / (self.frames - 1)
            light = self.scene.render(focus, self.motion.transform(focus - 0.5, index, *size))
            light *= np.float32(self.motion.exposure(index))
            write_scene(folder / f"slice_{index:02d}.dng", sensor, light, shot=index, exposure_s=self.exposure_s)


def read(path: Path) -> Picture:
    """Return a 16-bit picture (H, W, 3), blue first, 0 to 1."""
    pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise SystemExit(f"{path} cannot be read")
    return np.asarray(pixels, np.float64) / 65535


Way = tuple[str, str, tuple[str, ...]]
"""What a way of working is called, whose frames it takes, and its options."""


def develop_table(tool: Tool, rig: Rig, folder: Path, crops: Path | None) -> None:
    """Print what defects leave in one developed frame."""
    ways: list[Way] = [
        ("sound sensor", "sound", ("--darks", "none")),
        ("nothing corrected", "faulty", ("--darks", "none")),
        ("dark of the library", "faulty", ()),
    ]
    pictures = {}
    for name, whose, options in ways:
        source, out = folder / whose / "slice_05.dng", folder / f"developed-{len(pictures)}"
        answer = tool("develop", source, "-o", out, *options)
        if answer.error:
            print(f"{name:<28} {answer.error}")
            return
        pictures[name] = read(out / "slice_05.tif")
    truth = pictures["sound sensor"]
    near = np.zeros(truth.shape[:2], np.uint8)
    for x, y in rig.faulty.defects():
        near[y, x] = 1
    near = cv2.dilate(near, np.ones((7, 7), np.uint8))
    after = mended_afterwards(pictures["nothing corrected"], rig.faulty)
    pictures["mended after demosaicing"] = after
    print(f"\nOne frame, {len(rig.faulty.defects())} defects; root mean square difference from a sound sensor, percent")
    print(f"{'way':<28} {'near defects':>13} {'elsewhere':>10} {'largest':>8}")
    for name, picture in pictures.items():
        off = picture - truth
        print(
            f"{name:<28} {100 * np.sqrt((off[near > 0] ** 2).mean()):>13.3f} "
            f"{100 * np.sqrt((off[near == 0] ** 2).mean()):>10.3f} {100 * np.abs(off).max():>8.2f}"
        )
    if crops:
        order = ["sound sensor", "nothing corrected", "mended after demosaicing", "dark of the library"]
        save_crops(crops / "development.png", {name: pictures[name] for name in order}, worst(after - truth, 3), 5)


def mended_afterwards(picture: Picture, sensor: SensorTruth) -> Picture:
    """Fill in 5x5 pixels at each defect of a developed picture from their surroundings, as retouching does.

    The method is that of Telea, Journal of Graphics Tools 9(1), 2004.
    """
    blobs = np.zeros(picture.shape[:2], np.uint8)
    for x, y in sensor.defects():
        blobs[y, x] = 255
    blobs = cv2.dilate(blobs, np.ones((5, 5), np.uint8))
    filled = cv2.inpaint(np.rint(picture * 255).astype(np.uint8), blobs, 3, cv2.INPAINT_TELEA) / 255
    return np.where(blobs[..., None] > 0, filled, picture)


def stack_table(tool: Tool, rig: Rig, folder: Path, crops: Path | None) -> None:
    """Print the trails that hot pixels leave in the fused picture, by way of working."""
    card = write_darks(folder, rig.faulty, 1, exposure_s=rig.exposure_s)[0]
    card.rename(folder / "faulty" / "a_dark.dng")
    dark, frames = folder / "faulty" / "a_dark.dng", sorted((folder / "faulty").glob("slice_*.dng"))
    plain = ("--darks", "none", "--no-hot-pixels")
    ways: list[tuple[str, str, Sequence[Path], tuple[str, ...]]] = [
        ("sound sensor", "", [folder / "sound"], plain),
        ("only its glow", "", [folder / "glowing"], plain),
        ("nothing corrected", "only its glow", frames, plain),
        ("found from the stack", "only its glow", frames, ("--darks", "none")),
        ("dark of the library", "sound sensor", frames, ()),
        ("first is dark", "sound sensor", [dark, *frames], ("--first-is-dark",)),
    ]
    print(f"\nFused from {rig.frames} frames; trails: pixels off by over 5 % of full scale")
    print(f"{'way':<24} {'compared with':<16} {'trails':>7} {'PSNR dB':>8} {'s':>6}  hot pixels; warnings")
    pictures: dict[str, Picture] = {}
    for name, against, inputs, options in ways:
        out = folder / f"fused-{len(pictures)}.tif"
        answer = tool("stack", *inputs, "-o", out, "--no-crop", *options)
        if answer.error:
            print(f"{name:<24} {answer.error}")
            return
        pictures[name] = read(out)
        if against:
            off = (pictures[name] - pictures[against])[24:-24, 24:-24]
            trails = int((np.abs(off).max(axis=2) > 0.05).sum())
            print(
                f"{name:<24} {against:<16} {trails:>7} {-10 * np.log10(np.mean(off**2)):>8.1f} {answer.seconds:>6.1f}  "
                f"{_told(answer.data.get('hot_pixels'))}; {'; '.join(answer.warnings)[:90]}",
                flush=True,
            )
    if crops:
        places = worst(pictures["nothing corrected"] - pictures["only its glow"], 3)
        save_crops(crops / "trails.png", pictures, places, 4)


def _told(found: Any) -> str:
    if not isinstance(found, dict):
        return ""
    return f"{found.get('source')}: {found.get('found')}"


def worst(off: Picture, count: int, apart_px: int = 80) -> list[tuple[int, int]]:
    """Return the places (x, y) of the largest differences, smoothed a little, not too near to each other."""
    strength = cv2.GaussianBlur(np.abs(off).max(axis=2), (0, 0), 4)
    places = []
    for _ in range(count):
        y, x = np.unravel_index(int(strength.argmax()), strength.shape)
        places.append((int(x), int(y)))
        strength[max(y - apart_px, 0) : y + apart_px, max(x - apart_px, 0) : x + apart_px] = 0
    return places


def save_crops(path: Path, pictures: dict[str, Picture], places: list[tuple[int, int]], enlarged: int) -> None:
    """Write the same details of all pictures side by side, `enlarged` times, a row for each place."""
    half, rows = 32, []
    for x, y in places:
        row = []
        for picture in pictures.values():
            height, width = picture.shape[:2]
            left, top = (min(max(at - half, 0), side - 2 * half) for at, side in ((x, width), (y, height)))
            tile = np.clip(picture[top : top + 2 * half, left : left + 2 * half] * 255, 0, 255).astype(np.uint8)
            large = cv2.resize(tile, None, fx=enlarged, fy=enlarged, interpolation=cv2.INTER_NEAREST)
            row.append(cv2.copyMakeBorder(large, 0, 6, 0, 6, cv2.BORDER_CONSTANT, value=(255, 255, 255)))
        rows.append(np.hstack(row))
    sheet = cv2.copyMakeBorder(np.vstack(rows), 28, 0, 0, 0, cv2.BORDER_CONSTANT, value=(255, 255, 255))
    for column, name in enumerate(pictures):
        at = (column * (2 * half * enlarged + 6) + 4, 19)
        cv2.putText(sheet, name, at, cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1, cv2.LINE_AA)
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), sheet)
    print(f"written: {path}")


def pictures_table(tool: Tool, width: int, height: int, crops: Path | None) -> None:
    """Shoot a stack with both sensors, put their dark into the library, and print the last two tables."""
    rig = Rig.build(width, height)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rig.shoot(folder / "faulty", rig.faulty)
        rig.shoot(folder / "sound", rig.sound)
        rig.shoot(folder / "glowing", replace(rig.sound, glow=rig.faulty.glow))
        (folder / "darks").mkdir()
        write_darks(folder / "darks", rig.faulty, 8, exposure_s=rig.exposure_s)
        kept = tool("darks", folder / "darks", "--name", "rig", "--overwrite")
        if kept.error:
            print(f"darks: {kept.error}")
            return
        develop_table(tool, rig, folder, crops)
        stack_table(tool, rig, folder, crops)
