"""Renders the pictures of `docs/explanations/fusion.md`: `python docs/images/render_fusion.py`.

A stack of the simulated scene, whose truth is known, fused in each way; nothing is aligned, so that what differs is
fusion alone. Writes fusion-*.jpg beside this script and prints how far each fuser is from the truth.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import tifffile
from numpy.typing import NDArray

import stackcore
from stackcore.fusing.energy import box_width, detail_energy, finest_energy, noise_energy
from stackcore.fusing.pyramid import detail_of, down
from stackcore.stacking.transfer import luma
from stackcore.testing.defocus import Layer, composite
from stackcore.testing.scene import Motion, SyntheticStack, make_stack
from stackcore.testing.sensor import Sensor

HERE = Path(__file__).parent
WIDTH, HEIGHT, FRAMES = 900, 600, 9
QUALITY = 84
BOX = box_width(9)
NOISE = 0.003
"""Standard deviation of luma noise in these frames, as a fraction of white, for the floors of the maps."""

WHOLE = (0, 0, WIDTH, HEIGHT)
DROP = (96, 330, 128, 96)
HAIRS = (352, 396, 128, 96)
PLAIN = (8, 8, 128, 96)

Picture = NDArray[np.float32]
"""(h, w, 3), red first, 0 to 1."""

Place = tuple[int, int, int, int]


def of(pixels: NDArray[Any]) -> Picture:
    """The picture of integer pixels."""
    return np.asarray(pixels, np.float32) / np.float32(np.iinfo(pixels.dtype).max)


def fused(folder: Path, fuser: str, **options: Any) -> stackcore.StackResult:
    """What a fuser makes of the frames as they lie."""
    return stackcore.stack(
        folder,
        fuser=fuser,
        align=False,
        crop=False,
        match_exposure=False,
        hot_pixels=False,
        settings={"fuser": options},
    )


def written(stack: SyntheticStack, folder: Path) -> Path:
    """The folder, with the frames as files."""
    folder.mkdir()
    for index, frame in enumerate(stack.frames):
        tifffile.imwrite(folder / f"slice_{index}.tif", frame, photometric="rgb")
    return folder


def tile(picture: Picture, name: str, place: Place, width: int) -> NDArray[np.uint8]:
    """A part of a picture, `width` pixels wide, with its name above."""
    x, y, w, h = place
    part = np.rint(np.clip(picture[y : y + h, x : x + w], 0, 1) * 255).astype(np.uint8)
    sharp = cv2.INTER_NEAREST if width >= 2 * w else cv2.INTER_AREA
    sized = cv2.resize(part, (width, round(width * h / w)), interpolation=sharp)
    framed = cv2.copyMakeBorder(sized, 20, 4, 2, 2, cv2.BORDER_CONSTANT, value=(255, 255, 255))
    cv2.putText(framed, name, (4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (0, 0, 0), 1, cv2.LINE_AA)
    return np.asarray(framed, np.uint8)


def write(name: str, rows: Sequence[Sequence[NDArray[np.uint8]]]) -> None:
    """Write tiles in rows."""
    sheet = np.vstack([np.hstack(list(row)) for row in rows])
    path = HERE / f"fusion-{name}.jpg"
    cv2.imwrite(str(path), sheet[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY, cv2.IMWRITE_JPEG_OPTIMIZE, 1])
    print(f"{path.name}: {sheet.shape[1]} x {sheet.shape[0]}, {path.stat().st_size // 1000} kB")


def in_colours(slices: NDArray[np.floating[Any]], count: int = FRAMES) -> Picture:
    """Slices as false colours, the first blue, the last yellow."""
    grey = np.rint(np.clip(slices / max(count - 1, 1), 0, 1) * 255).astype(np.uint8)
    return of(cv2.applyColorMap(grey, cv2.COLORMAP_VIRIDIS)[..., ::-1])


def grey(plane: NDArray[np.floating[Any]], scale: float = 1.0, middle: float = 0.0) -> Picture:
    """A plane as a grey picture."""
    return np.repeat(np.asarray(plane * scale + middle, np.float32)[..., None], 3, axis=2)


def levels_of(frame: Picture, count: int) -> tuple[list[Picture], list[NDArray[np.float32]]]:
    """Detail of each level, and the energy of it."""
    details, energies = [], []
    for _ in range(count):
        below = down(frame)
        details.append(detail_of(frame, below))
        energies.append(detail_energy(luma(frame), luma(below), BOX))
        frame = below
    return details, energies


def show_frames(stack: SyntheticStack, truth: Picture) -> None:
    """Three frames, and the truth."""
    shown = {f"frame {index}": of(stack.frames[index]) for index in (0, 4, 8)} | {"everything sharp": truth}
    tiles = [tile(picture, name, WHOLE, 380) for name, picture in shown.items()]
    write("frames", [tiles[:2], tiles[2:]])


def show_measure(frames: Sequence[Picture]) -> None:
    """From a frame to its detail and energy, and who has the most of it."""
    measured = [levels_of(frame, 2) for frame in frames]
    energies = np.array([finest_energy(*energy) for _, energy in measured])
    floor = 16 * NOISE**2 * noise_energy(0)
    sure = np.log10(energies[4] + floor) - np.log10(floor)
    shown = {
        "frame 4": frames[4],
        "its finest detail": grey(luma(measured[4][0][0]), 4, 0.5),
        "energy of it, logarithm": grey(sure / 3.5),
        "frame with the most": in_colours(energies.argmax(axis=0)),
    }
    tiles = [tile(picture, name, WHOLE, 380) for name, picture in shown.items()]
    write("measure", [tiles[:2], tiles[2:]])


def show_levels(frames: Sequence[Picture]) -> None:
    """Who wins each level: by its own energy, and led by the finest."""
    parts = [levels_of(frame, 6) for frame in frames]
    handed = np.array([finest_energy(*energies[:2]) for _, energies in parts])
    rows: list[list[NDArray[np.uint8]]] = [[], []]
    for level in range(6):
        own = np.array([energies[level] for _, energies in parts])
        if level:
            handed = np.array([down(plane) for plane in handed])
        if level in (1, 3, 5):
            floors = (8 * NOISE**2 * noise_energy(level), 16 * NOISE**2 * noise_energy(0))
            share = 15 if level > 1 else 0
            led = share * np.log(own + floors[0]) + (20 - share) * np.log(handed + floors[1])
            for row, who, score in zip(rows, ("own energy", "led by the finest"), (own, led), strict=True):
                wide = cv2.resize(in_colours(score.argmax(axis=0)), (WIDTH, HEIGHT), interpolation=cv2.INTER_NEAREST)
                row.append(tile(wide, f"level {level}, {who}", WHOLE, 300))
    write("levels", rows)


def show_fusers(pictures: Mapping[str, Picture]) -> None:
    """Details of every result."""
    rows = []
    for place in (DROP, HAIRS):
        tiles = [tile(picture, name, place, 256) for name, picture in pictures.items()]
        rows += [tiles[:4], tiles[4:]]
    write("fusers", rows)


def show_halo(pictures: Mapping[str, Picture], truth: Picture) -> None:
    """A drop with its highlight, and how far each result is from the truth, eight times."""
    chosen = ("pyramid", "weighted", "depthmap", "blend")
    rows = [[tile(pictures[name], name, DROP, 256) for name in chosen]]
    rows.append([tile(0.5 + 8 * (pictures[name] - truth), "off the truth, x 8", DROP, 256) for name in chosen])
    write("halo", rows)


def pads() -> tuple[list[NDArray[np.uint8]], Picture]:
    """Bright pads above plain ground, 10 frames and the truth: the hardest thing for what goes by fine detail."""
    shape = (288, 384)
    rng = np.random.default_rng(5)
    cloth = cv2.GaussianBlur(rng.standard_normal(shape).astype(np.float32), (0, 0), 0.8)
    ground = np.array([0.012, 0.045, 0.02], np.float32) * (1 + 0.1 * cloth[..., None])
    metal = np.array([0.75, 0.68, 0.5], np.float32) * (1 + 0.2 * cloth[..., None])
    cover = np.zeros(shape, np.float32)
    for x, y, radius in ((90, 90, 30), (210, 80, 22), (300, 130, 34), (110, 210, 24), (220, 200, 38)):
        cv2.circle(cover, (x, y), radius, 1.0, -1, cv2.LINE_AA)
    layers = [
        Layer.crop(ground.astype(np.float32), np.ones(shape, np.float32), np.ones(shape, np.float32), 0),
        Layer.crop(metal.astype(np.float32), cover, np.zeros(shape, np.float32), 40),
    ]
    sensor = Sensor()
    seen = [sensor.expose(composite(layers, index / 9, 24.0, shape), index=index) for index in range(10)]
    return seen, of(Sensor.encode(composite(layers, None, 24.0, shape), "uint8"))


def show_plain(pictures: Mapping[str, Picture], truth: Picture) -> None:
    """Pads above plain ground, and how far each result is from the truth, eight times."""
    whole = (32, 32, 320, 240)
    rows = [[tile(picture**0.6, name, whole, 320) for name, picture in pictures.items()]]
    rows.append([tile(0.5 + 8 * (picture - truth), "off the truth, x 8", whole, 320) for picture in pictures.values()])
    write("plain", rows)


def show_noise(pictures: Mapping[str, Picture]) -> None:
    """Plain ground, with its contrast raised."""
    tiles = []
    for name, picture in pictures.items():
        x, y, w, h = PLAIN
        mean = picture[y : y + h, x : x + w].mean(axis=(0, 1))
        tiles.append(tile(0.5 + 6 * (picture - mean), f"{name}, contrast x 6", PLAIN, 256))
    write("noise", [tiles])


def show_occlusion(pictures: Mapping[str, Picture], truth: Picture) -> None:
    """Where `blend` is farthest from the truth beside a hair, in a scene of little depth of field."""
    off = cv2.blur(np.abs(pictures["blend"] - truth).mean(axis=2), (24, 24))
    off[:48] = off[-48:] = off[:, :64] = off[:, -64:] = 0
    y, x = (int(at) for at in np.unravel_index(int(off.argmax()), off.shape))
    place = (x - 64, y - 48, 128, 96)
    print("occlusion at", place)
    tiles = [tile(picture, name, place, 256) for name, picture in pictures.items()]
    write("occlusion", [tiles[:3], tiles[3:]])


def show_depth(stack: SyntheticStack, result: stackcore.StackResult) -> None:
    """Depth as it was found, how sure it is, and the truth."""
    assert result.depth is not None
    assert result.confidence is not None
    shown = {
        "depth found": in_colours(result.depth),
        "how sure": grey(result.confidence),
        "true depth": in_colours(stack.depth),
    }
    write("depth", [[tile(picture, name, WHOLE, 300) for name, picture in shown.items()]])


def tell(name: str, picture: Picture, truth: Picture, plain: Place = PLAIN) -> None:
    """Print how far a picture is from the truth, and its noise on plain ground."""
    x, y, w, h = plain
    off = 255 * (picture - truth)
    fine = luma(off)[y : y + h, x : x + w]
    fine = fine - cv2.GaussianBlur(fine, (0, 0), 3)
    lab = [cv2.cvtColor(cv2.GaussianBlur(p, (0, 0), 4), cv2.COLOR_RGB2Lab) for p in (picture, truth)]
    colour = float(np.sqrt(((lab[0] - lab[1]) ** 2).sum(axis=2)).mean())
    print(
        f"{name:<22} {10 * np.log10(255**2 / np.mean(off**2)):5.2f} dB, "
        f"noise {1.4826 * np.median(np.abs(fine)):.2f}, colour {colour:.2f}"
    )


def main() -> None:
    """Make the stack, fuse it, write the pictures."""
    stack = make_stack(WIDTH, HEIGHT, FRAMES, motion=Motion.none())
    truth, frames = of(stack.truth), [of(frame) for frame in stack.frames]
    show_frames(stack, truth)
    show_measure(frames)
    show_levels(frames)
    with tempfile.TemporaryDirectory() as name:
        folder = written(stack, Path(name) / "frames")
        fusers = ("average", "max", "contrast", "pyramid", "weighted", "depthmap", "blend")
        results = {fuser: fused(folder, fuser) for fuser in fusers}
        seen, plain = pads()
        board = Path(name) / "board"
        board.mkdir()
        for index, frame in enumerate(seen):
            tifffile.imwrite(board / f"slice_{index}.tif", frame, photometric="rgb")
        over = {fuser: of(fused(board, fuser).picture) for fuser in ("weighted", "pyramid", "blend")}
        thin = make_stack(WIDTH, HEIGHT, 2 * FRAMES, blur_px=WIDTH / 26, motion=Motion.none())
        deep = written(thin, Path(name) / "thin")
        ends = {f"depthmap, {end}": of(fused(deep, "depthmap", prefer=end).picture) for end in ("front", "back")}
        ends |= {"blend": of(fused(deep, "blend").picture)}
        noisy = make_stack(WIDTH, HEIGHT, FRAMES, motion=Motion.none(), sensor=Sensor(full_well_e=1500.0, read_e=12.0))
        dark = written(noisy, Path(name) / "noisy")
        quiet = {fuser: of(fused(dark, fuser).picture) for fuser in ("max", "contrast", "blend")}
    pictures = {fuser: of(result.picture) for fuser, result in results.items()}
    for fuser, picture in pictures.items():
        tell(fuser, picture, truth)
    for fuser, picture in {"one noisy frame": of(noisy.frames[4]), **quiet}.items():
        tell(fuser, picture, of(noisy.truth))
    show_fusers({"truth": truth, **pictures})
    show_halo(pictures, truth)
    show_noise({"one frame": of(noisy.frames[4]), **quiet})
    for fuser, picture in over.items():
        tell(f"{fuser}, pads", picture, plain)
    show_plain(over, plain)
    for fuser, picture in ends.items():
        tell(f"{fuser}, thin", picture, of(thin.truth))
    true = of(thin.truth)
    show_occlusion({"frame 3": of(thin.frames[3]), "frame 9": of(thin.frames[9]), "truth": true, **ends}, true)
    show_depth(stack, results["depthmap"])


if __name__ == "__main__":
    main()
