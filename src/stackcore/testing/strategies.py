"""What Hypothesis draws for tests of plugins: frames, stacks, cuts of stacks, transforms, capture plans, templates.

Needs the extra `stackcore[testing]`.

Examples
--------
>>> from hypothesis import given
>>> @given(stacks())
... def test_equal_order_equal_picture(stack):
...     info, frames = stack
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, get_args

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from stackcore.actions import SLICES_MAX, SLICES_MIN, STEP_MAX, STEP_MIN, CameraTraits, CapturePlan, SdkStyle
from stackcore.protocols import AskingToken, Token
from stackcore.terms import FULL_SCALE, Frame, Pixels, StackInfo, Transform

DTYPES = tuple(FULL_SCALE)


class DrawnStack(NamedTuple):
    """A stack that was drawn: what a fuser may know of it, and its frames in order."""

    info: StackInfo
    frames: list[Frame]


@st.composite
def frames(
    draw: DrawFn,
    index: int = 0,
    *,
    width: int | None = None,
    height: int | None = None,
    dtype: str | None = None,
    partial: bool = True,
) -> Frame:
    """Return frames of up to 64 x 64 pixels: noise, plain parts, black and white; some with a border without picture.

    What is given is not drawn; with `partial` false every pixel is valid.
    """
    width = draw(st.integers(1, 64)) if width is None else width
    height = draw(st.integers(1, 64)) if height is None else height
    dtype = draw(st.sampled_from(DTYPES)) if dtype is None else dtype
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    picture = np.full((height, width, 3), draw(st.sampled_from([0.0, 0.25, 1.0])), np.float32)
    rows = draw(st.integers(0, height))
    picture[rows:] = rng.random((height - rows, width, 3), dtype=np.float32)
    return Frame(index, _as(picture, dtype), draw(_borders(width, height)) if partial else None)


@st.composite
def stacks(draw: DrawFn, *, most_frames: int = 6, dtypes: Collection[str] = DTYPES, partial: bool = True) -> DrawnStack:
    """Return stacks of 1 to `most_frames` frames of one size and dtype."""
    width, height = draw(st.integers(1, 64)), draw(st.integers(1, 64))
    dtype = draw(st.sampled_from(sorted(dtypes)))
    count = draw(st.integers(1, most_frames))
    drawn = [draw(frames(i, width=width, height=height, dtype=dtype, partial=partial)) for i in range(count)]
    noise = draw(st.sampled_from([0.0, 0.003, 0.02]))
    info = StackInfo(width=width, height=height, frames=count, reference=count // 2, dtype=dtype, noise_sigma=noise)
    return DrawnStack(info, drawn)


@st.composite
def cuts(draw: DrawFn, count: int) -> list[list[int]]:
    """Return ways to cut a stack of `count` frames into parts, each a list of indices; in any order, each index once.

    Parts may be empty: merging the state of an empty stack changes nothing.
    """
    order = draw(st.permutations(range(count)))
    ends = sorted(draw(st.lists(st.integers(0, count), max_size=4)))
    return [list(order[begin:end]) for begin, end in zip([0, *ends], [*ends, count], strict=True)]


@st.composite
def transforms(
    draw: DrawFn,
    width: int = 480,
    height: int = 360,
    *,
    shift_px: float = 10.0,
    rotation_deg: float = 1.0,
    scale: float = 0.02,
) -> Transform:
    """Return similarities about the centre of a frame, as breathing and a wandering camera make them."""
    x, y = (draw(st.floats(-shift_px, shift_px)) for _ in range(2))
    angle = np.deg2rad(draw(st.floats(-rotation_deg, rotation_deg)))
    factor = 1 + draw(st.floats(-scale, scale))
    c, s = factor * np.cos(angle), factor * np.sin(angle)
    mx, my = (width - 1) / 2, (height - 1) / 2
    return Transform(np.array([[c, -s, mx - c * mx + s * my + x], [s, c, my - s * mx - c * my + y], [0, 0, 1.0]]))


def capture_plans(*, most_slices: int = SLICES_MAX) -> SearchStrategy[CapturePlan]:
    """Return every plan that a run accepts, with delays of up to ten seconds."""
    return st.builds(
        CapturePlan,
        slices=st.integers(SLICES_MIN, most_slices),
        step=st.integers(STEP_MIN, STEP_MAX),
        delay_ms=st.integers(0, 10_000),
    )


def camera_traits() -> SearchStrategy[CameraTraits]:
    """Return cameras of both SDK styles, with and without way back, whose drive accepts little or much at once."""
    return st.builds(
        CameraTraits,
        style=st.sampled_from(get_args(SdkStyle)),
        waits_after_still=st.booleans(),
        returns_focus=st.booleans(),
        max_drive=st.integers(1, 40_000),
    )


_NASTY = ("..", ".", "/", "\\", "~", "C:", "CON", "nul", " ", "\0", "@@", "x" * 300, ".jpg", "\ud800")


def hostile_texts() -> SearchStrategy[str]:
    """Return what cameras and users may call things: any text, and all that has a meaning in a path."""
    return st.lists(st.text(st.characters(codec=None), max_size=40) | st.sampled_from((*_NASTY, "@")), max_size=4).map(
        "".join
    )


def templates(tokens: Mapping[str, Token]) -> SearchStrategy[str]:
    """Return path templates that use `tokens`, by name: with folders of both styles and hostile texts between.

    Some of them are refused, because no file name is left, for example.
    """
    uses = [written for name, token in sorted(tokens.items()) for written in _uses(name, token)]
    pieces = st.sampled_from([*uses, "@@", "/", "\\", "a", ".jpg"])
    literals = hostile_texts().filter(lambda text: "@" not in text)
    return st.lists(pieces | literals, min_size=1, max_size=8).map("".join)


def _uses(name: str, token: Token) -> Sequence[str]:
    if token.takes_digits:
        return [f"@{name}2", f"@{name}4"]
    return [f"@{name}:x"] if isinstance(token, AskingToken) else [f"@{name}"]


@st.composite
def _borders(draw: DrawFn, width: int, height: int) -> np.ndarray | None:
    """What is valid of a frame, or None; something always is."""
    if draw(st.booleans()):
        return None
    left, top = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
    valid = np.zeros((height, width), np.bool_)
    valid[top:, left:] = True
    return valid


def _as(picture: Pixels, dtype: str) -> Pixels:
    if dtype == "float32":
        return picture
    whole: Pixels = np.rint(picture * FULL_SCALE[dtype]).astype(dtype)
    return whole
