"""A module of deliberately wrong plugins, one for each way of going wrong; `test_check.py` installs it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from stackcore.actions import CameraTraits
from stackcore.config import NoOptions
from stackcore.errors import UnreadableFrame
from stackcore.hookspecs import Offer, hookimpl
from stackcore.protocols import CameraInfo, CapturedFile, Check, Decoded, Development, FrameInfo, Need
from stackcore.terms import Frame, Fused, StackInfo


@dataclass
class Total:
    pixels: np.ndarray
    frames: np.ndarray


class Mean:
    """Right as far as it goes; what is wrong is in the classes below."""

    tolerance = 1e-5

    def start(self, info: StackInfo) -> Total:
        return Total(np.zeros((info.height, info.width, 3), np.float64), np.zeros((info.height, info.width), np.int64))

    def add(self, state: Total, frame: Frame) -> Total:
        rows = frame.rows(0, frame.height)
        counts = frame.valid & np.isfinite(rows.pixels).all(axis=2)
        state.pixels[counts] += rows.pixels[counts]
        state.frames += counts
        self.dtype = frame.pixels.dtype
        return state

    def merge(self, left: Total, right: Total) -> Total:
        left.pixels += right.pixels
        left.frames += right.frames
        return left

    def finish(self, state: Total) -> Fused:
        mean = state.pixels / np.maximum(state.frames, 1)[..., None]
        if self.dtype == np.float32:
            return Fused(mean.astype(np.float32))
        return Fused(np.rint(mean * 65535).astype(np.uint16))

    def state_bytes(self, info: StackInfo) -> int:
        return 32 * info.width * info.height


class ChangesRight(Mean):
    def merge(self, left: Total, right: Total) -> Total:
        right.pixels += left.pixels
        right.frames += left.frames
        return Total(right.pixels.copy(), right.frames.copy())


class ByOrder(Mean):
    """The last frame counts as much as all before it."""

    def add(self, state: Total, frame: Frame) -> Total:
        state.pixels *= 0.5
        return super().add(state, frame)


class ForgetfulDrive:
    """Its motor sleeps after each movement until the next still, and drive commands meanwhile are lost unsaid."""

    traits = CameraTraits(style="unified", waits_after_still=False, simulated=True, still_bytes=10)

    def __init__(self) -> None:
        self.position, self.awake = 0, True

    def open(self) -> CameraInfo:
        self.awake = True
        return CameraInfo(provider="forgetful", model="Forgetful 1", simulated=True)

    def close(self) -> None:
        pass

    def preflight(self, needs: frozenset[Need], *, start_live_view: bool) -> Sequence[Check]:
        return [Check(name="motor", ok=True)]

    def restore(self) -> None:
        pass

    def drive_focus(self, steps: int) -> None:
        if self.awake:
            self.position += steps
        self.awake = False

    def expose(self) -> Sequence[CapturedFile]:
        self.awake = True
        return [CapturedFile(data=b"a picture", extension="jpg")]

    def preview_frame(self) -> CapturedFile:
        return CapturedFile(data=b"\xff\xd8\xff\xe0", extension="jpg")

    def wait_ready(self, timeout_s: float) -> bool:
        return True

    def focus_position(self) -> int | None:
        return self.position


class EightBits:
    """Says 16 bits of a PNG that has them, and gives 8."""

    def prepare(self, reference: Path, development: Development) -> None:
        pass

    def probe(self, path: Path) -> FrameInfo:
        pixels = self._decoded(path, cv2.IMREAD_UNCHANGED)
        height, width = pixels.shape[:2]
        return FrameInfo(width=width, height=height, dtype=pixels.dtype.name, is_developed=True)

    def read(self, path: Path) -> Decoded:
        return Decoded(self._decoded(path, cv2.IMREAD_COLOR)[..., ::-1])

    def read_reduced(self, path: Path, max_size_px: int) -> Decoded:
        pixels = self.read(path).pixels
        every = -(-max(pixels.shape[:2]) // max_size_px)
        return Decoded(pixels[::every, ::every])

    def mosaic(self, path: Path) -> Any:
        raise UnreadableFrame(f"{path} holds no mosaic.", "it is a picture.", "take a raw file.")

    def _decoded(self, path: Path, flags: int) -> np.ndarray:
        data = path.read_bytes() if path.exists() else b""
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), flags) if data.strip(b"\0") else None
        if decoded is None or not data.endswith(b"IEND\xaeB`\x82"):
            raise UnreadableFrame(f"{path} cannot be read.", "it is no whole PNG.", "copy it again.")
        return decoded


class Hopeless:
    """A token that takes the process with it when the camera is called something odd."""

    takes_digits = False
    counter = None

    def expand(self, context: Any, digits: int | None) -> str:
        if "蝶" in context.camera.model:
            os._exit(3)
        return "x"


def _hang(options: NoOptions) -> Any:
    threading.Event().wait()


def _fail(options: NoOptions) -> Any:
    raise ZeroDivisionError("nothing to divide by")


def offer(name: str, build: Any, *capabilities: str) -> Offer[Any]:
    return Offer(name=name, summary=f"Wrong: {name}.", options=NoOptions, build=build, capabilities=tuple(capabilities))


@hookimpl
def stackcore_fusers() -> Iterable[Offer[Any]]:
    return [
        offer("changes-right", lambda options: ChangesRight()),
        offer("by-order", lambda options: ByOrder()),
        offer("hangs", _hang),
        offer("fails", _fail),
        offer("gives-nothing", lambda options: None),
    ]


@hookimpl
def stackcore_cameras() -> Iterable[Offer[Any]]:
    return [offer("forgetful", lambda options: ForgetfulDrive())]


@hookimpl
def stackcore_developers() -> Iterable[Offer[Any]]:
    return [offer("eight-bits", lambda options: EightBits(), ".png")]


@hookimpl
def stackcore_tokens() -> Iterable[Offer[Any]]:
    return [offer("DIES", lambda options: Hopeless())]
