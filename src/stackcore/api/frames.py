"""The frames of a stack as arrays: read from files when they are asked for, or given as arrays."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, overload

from numpy.typing import ArrayLike, NDArray

from stackcore.api.calibrated import Calibrated, RawChoices, settle
from stackcore.api.stacks import Inputs, Settings
from stackcore.api.toolbox import Toolbox
from stackcore.config import refuse_unknown_sections
from stackcore.events import Listener, Result
from stackcore.protocols import Developer, Development
from stackcore.registry import Registry
from stackcore.runs import run_scope
from stackcore.stacking.arrays import SUFFIX, ArrayDeveloper, as_list
from stackcore.stacking.inputs import collect
from stackcore.stacking.reader import StackReader
from stackcore.terms import Encoding, Pixels

FramesLike = Iterable[ArrayLike]
"""What functions take for frames: `Frames`, a list of arrays (H, W, 3), one array (N, H, W, 3), a generator."""


class Frames(Sequence[Pixels]):
    """The frames of one stack, nearest slice first, each an array (H, W, 3): all of one size, dtype and development.

    A frame is decoded whenever it is asked for and not kept, so that memory does not grow with their number.

    Attributes
    ----------
    paths
        The files; of arrays their names, `array 0` and so on.
    width, height
        Of each, pixels, upright.
    dtype
        `uint8`, `uint16` (full range) or `float32` (0 to 1 for black to white).
    encoding
        How the numbers stand for light.
    icc
        The ICC profile of the numbers; None for sRGB primaries.
    development
        How raw files were developed: see `stackcore.api.calibrated.Calibrated.report`; empty for finished pictures.
    warnings
        What the reader should know of how the files are read.
    """

    def __init__(self, developers: Mapping[str, Developer], calibrated: Calibrated) -> None:
        self.developers, self.calibrated = dict(developers), calibrated
        self.reader = StackReader(calibrated.paths, self.developers, calibrated.development)
        self.paths: list[Path] = list(self.reader.paths)
        info = self.reader.info
        self.width, self.height, self.dtype, self.icc = info.width, info.height, info.dtype, info.icc
        self.encoding: Encoding = self.reader.encoding
        self.development = calibrated.told(info)
        self.warnings = [warning.message for warning in self.reader.warnings]

    @classmethod
    def of_arrays(cls, arrays: FramesLike, encoding: Encoding = "srgb") -> Frames:
        """Frames that are arrays: uint8 and uint16 in full range, or floats 0 to 1; grey becomes three channels.

        `FrameError` for what is no stack, `UnreadableFrame` for what is no picture, `FrameMismatch` for frames of
        different sizes or dtypes. None of them is modified, or copied before it is asked for.
        """
        developer = ArrayDeveloper(as_list(arrays))
        calibrated = Calibrated(development=Development(encoding=encoding), paths=developer.paths)
        return cls({SUFFIX: developer}, calibrated)

    @property
    def in_memory(self) -> bool:
        """They are arrays of this process, not files that others could read."""
        return SUFFIX in self.developers

    def __len__(self) -> int:
        return len(self.paths)

    @overload
    def __getitem__(self, place: int) -> Pixels: ...
    @overload
    def __getitem__(self, place: slice) -> list[Pixels]: ...
    def __getitem__(self, place: int | slice) -> Pixels | list[Pixels]:
        """Decode a frame, or several; `UnreadableFrame` for one that is damaged."""
        if isinstance(place, slice):
            return [self[index] for index in range(*place.indices(len(self)))]
        if not -len(self) <= place < len(self):
            raise IndexError(f"there are {len(self)} frames, and none has the index {place}")
        pixels: NDArray[Any] = self.reader.read(place % len(self)).pixels
        return pixels

    def __repr__(self) -> str:
        return f"<{len(self)} frames, {self.width} x {self.height}, {self.dtype}, {self.encoding}>"


def read_frames(
    inputs: Inputs,
    *,
    options: RawChoices | None = None,
    settings: Settings | None = None,
    listeners: Sequence[Listener] = (),
    cancel: threading.Event | None = None,
    registry: Registry | None = None,
    **choices: Any,
) -> Frames:
    """Return the frames of a stack as arrays; raw files are developed, all of them alike, as `stack` develops them.

    Headers are read at once, pixels when a frame is asked for.

    Parameters
    ----------
    inputs
        Files, a folder, a glob or a capture manifest; one file will do.
    options, choices
        How raw files are developed, see `stackcore.api.calibrated.RawChoices`; `choices` are its fields as keywords.
        `linear=True` says of finished pictures that they hold linear light.
    settings
        Options of developers: `{"developer": {"demosaic": "dht"}}`.
    listeners, cancel
        Who hears the events; the flag that stops the evaluation of darks and grey cards.

    Raises
    ------
    FrameError
        A file is missing, cannot be read, or does not match the rest.
    UsageError, ConfigError, PluginError
        As `stackcore.develop` raises them.

    Examples
    --------
    >>> import stackcore
    >>> frames = stackcore.read_frames("shoot")
    >>> frames, frames[0].shape
    (<4 frames, 192 x 128, uint8, srgb>, (128, 192, 3))
    """
    chosen = options or RawChoices(**choices)
    settings = settings or {}
    many = [inputs] if isinstance(inputs, str | Path) else inputs
    with run_scope("read", {"inputs": [str(each) for each in many]}, listeners, cancel) as run:
        refuse_unknown_sections(settings, ("developer",))
        tools = Toolbox(registry or Registry.discover(), settings)
        frames = Frames(tools.developers, settle(collect(many, tools.suffixes), tools.developers, chosen, run))
        for warning in frames.reader.warnings:
            run.emit(warning)
        run.emit(Result(data={"frames": len(frames), "width": frames.width, "height": frames.height}))
    return frames


def as_frames(frames: FramesLike, *, linear: bool = False) -> Frames:
    """`Frames` as they are, anything else as `Frames.of_arrays` takes it; `linear` is about arrays alone."""
    if isinstance(frames, Frames):
        return frames
    return Frames.of_arrays(frames, "linear" if linear else "srgb")
