"""A small world with known truth: render it at any focus, or make a whole stack of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from stackcore.terms import Transform
from stackcore.testing.defocus import BLOCK_PX, Image, Layer, composite, nearest_depth
from stackcore.testing.sensor import HotPixel, Motion, Sensor
from stackcore.testing.subject import ladybird

_MARGIN = 0.03  # of the longer side, on every side: breathing and drift look a little beyond the frame


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A subject with depth in front of a lens; build it with `Scene.build`.

    Attributes
    ----------
    width, height
        Size of a frame, pixels.
    blur_px
        Radius of the disc of a point that is out of focus by the whole depth of the scene, pixels.
    layers
        Surfaces from far to near, on a canvas with a margin around the frame.
    margin_px
        Left and top margin of the canvas.
    """

    width: int
    height: int
    blur_px: float
    layers: Sequence[Layer] = field(repr=False)
    canvas: tuple[int, int]
    margin_px: tuple[int, int]

    @classmethod
    def build(cls, width: int, height: int, *, seed: int = 0, blur_px: float | None = None) -> Scene:
        """Make the scene of a seed: a ladybird on a leaf.

        `blur_px` is 1/64 of the width unless told otherwise: about twelve slices then cover the depth. Sizes below
        16 pixels raise `ValueError`.
        """
        if min(width, height) < BLOCK_PX:
            raise ValueError(f"a scene is at least {BLOCK_PX} pixels wide and high, not {width} x {height}")
        blur = width / 64 if blur_px is None else blur_px
        least = round(_MARGIN * max(width, height)) + 2
        canvas_h, canvas_w = (-(-(side + 2 * least) // BLOCK_PX) * BLOCK_PX for side in (height, width))
        margin = ((canvas_w - width) // 2, (canvas_h - height) // 2)
        unit = float(min(width, 1.5 * height))
        layers = ladybird((canvas_h, canvas_w), unit, seed, reach_px=round(1.2 * blur) + 2)
        return cls(
            width=width, height=height, blur_px=blur, layers=layers, canvas=(canvas_h, canvas_w), margin_px=margin
        )

    def render(self, focus: float, transform: Transform | None = None) -> Image:
        """Return what the lens sees, focused at depth `focus`: linear light (height, width, 3) float32, >= 0.

        Depth runs from 0, the nearest point, to 1, the farthest; focus may lie outside. Light above 1 is brighter
        than white. `transform` maps reference pixels to the frame's; without it, the frame is the reference.
        """
        return self._view(composite(self.layers, focus, self.blur_px, self.canvas), transform)

    def sharp(self, transform: Transform | None = None) -> Image:
        """Return the truth: everything in focus, as `render` gives it."""
        return self._view(composite(self.layers, None, self.blur_px, self.canvas), transform)

    def depth(self) -> Image:
        """Return depth of the nearest surface at each pixel of the reference, (height, width) float32, 0 to 1."""
        x, y = self.margin_px
        return nearest_depth(self.layers, self.canvas)[y : y + self.height, x : x + self.width].copy()

    def _view(self, canvas: Image, transform: Transform | None) -> Image:
        x, y = self.margin_px
        if transform is None or transform.is_identity:
            return canvas[y : y + self.height, x : x + self.width].copy()
        back = transform.inverse().matrix
        onto_canvas = np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]]) @ back
        seen = cv2.warpAffine(
            canvas,
            onto_canvas[:2],
            (self.width, self.height),
            flags=cv2.INTER_LANCZOS4 | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REFLECT_101,
        )
        frame: Image = np.maximum(seen, 0)
        return frame


@dataclass(frozen=True)
class SyntheticStack:
    """Frames of a scene and the truth about them, in the geometry and exposure of the reference frame.

    Attributes
    ----------
    frames
        (H, W, 3) uint8 or uint16, sRGB-encoded.
    truth
        Everything in focus, without noise, encoded like the frames.
    depth
        (H, W) float32: the slice in which each pixel is sharpest, a fraction of slices.
    transforms
        Reference pixels to the pixels of each frame; identity for the reference.
    gains
        What each frame's linear light is multiplied by to match the reference; 1 for the reference.
    hot
        Pixels of the sensor that shine in every frame.
    reference
        Index of the reference frame, N // 2.
    scene
        The scene, to render more of it.
    focus
        Depth in focus of each frame, 0 to 1.
    """

    frames: list[NDArray[np.uint8] | NDArray[np.uint16]]
    truth: NDArray[np.uint8] | NDArray[np.uint16]
    depth: Image
    transforms: list[Transform]
    gains: list[float]
    hot: tuple[HotPixel, ...]
    reference: int
    scene: Scene
    focus: list[float]


def make_stack(
    width: int = 320,
    height: int = 240,
    frames: int = 8,
    *,
    seed: int = 0,
    dtype: Literal["uint8", "uint16"] = "uint8",
    blur_px: float | None = None,
    motion: Motion | None = None,
    sensor: Sensor | None = None,
) -> SyntheticStack:
    """Make a stack of `frames` slices from the nearest to the farthest point of the scene.

    Motion and sensor are those of a good setup unless told otherwise: `Motion.none()` and `Sensor.ideal()` leave
    nothing but defocus. The same arguments give the same pixels.
    """
    motion = Motion(seed=seed) if motion is None else motion
    sensor = Sensor(seed=seed) if sensor is None else sensor
    scene = Scene.build(width, height, seed=seed, blur_px=blur_px)
    reference = frames // 2
    focus = [index / max(frames - 1, 1) for index in range(frames)]
    poses = [motion.transform(focus[i] - focus[reference], i, width, height) for i in range(frames)]
    transforms = [poses[reference].inverse().then(pose) for pose in poses]
    transforms[reference] = Transform.identity()
    exposures = [motion.exposure(index) for index in range(frames)]
    gains = [exposures[reference] / exposure for exposure in exposures]
    hot = sensor.hot(width, height)
    return SyntheticStack(
        frames=[
            sensor.expose(scene.render(focus[i], transforms[i]), index=i, exposure=1 / gains[i], dtype=dtype)
            for i in range(frames)
        ],
        truth=sensor.encode(scene.sharp(), dtype),
        depth=scene.depth() * np.float32(max(frames - 1, 1)),
        transforms=transforms,
        gains=gains,
        hot=hot,
        reference=reference,
        scene=scene,
        focus=focus,
    )
