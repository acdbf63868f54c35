"""Warped frames: exact where they can be, equal to the bit for every cut into rows."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from stackcore.stacking.transfer import UNITY, normalise
from stackcore.stacking.warp import WarpedFrame
from stackcore.terms import FULL_SCALE, Region, Transform

WIDTH, HEIGHT = 150, 110
WHOLE = Region(0, 0, WIDTH, HEIGHT)
AFFINE = Transform(np.array([[1.013, -0.004, 1.37], [0.004, 1.013, -2.21], [0, 0, 1.0]]))
TURNED = Transform(np.array([[0.94, -0.342, 30.5], [0.342, 0.94, -17.25], [0, 0, 1.0]]))
HOMOGRAPHY = Transform(np.array([[1.01, 0.003, -1.2], [-0.002, 0.99, 0.7], [2e-5, -1e-5, 1.0]]))


def texture(dtype: str = "uint8") -> np.ndarray:
    noise = np.random.default_rng(1).random((HEIGHT, WIDTH, 3)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 2)
    smooth = (smooth - smooth.min()) / (smooth.max() - smooth.min())
    return (smooth * FULL_SCALE[dtype]).astype(dtype)


def shift(dx: float, dy: float) -> Transform:
    return Transform(np.array([[1, 0, dx], [0, 1, dy], [0, 0, 1.0]]))


def cut(frame: WarpedFrame, height: int) -> tuple[np.ndarray, np.ndarray]:
    bands = [frame.rows(top, min(top + height, frame.height)) for top in range(0, frame.height, height)]
    valid = [np.ones(b.pixels.shape[:2], bool) if b.valid is None else b.valid for b in bands]
    return np.concatenate([b.pixels for b in bands]), np.concatenate(valid)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_identity_is_exact(dtype):
    source = texture(dtype)
    frame = WarpedFrame(4, source, Transform.identity(), WHOLE)
    assert frame.index == 4
    assert frame.pixels.dtype == source.dtype
    assert np.array_equal(frame.pixels, source)
    assert frame.valid.all()


def test_a_shift_by_whole_pixels_is_exact_inside_and_says_where_it_ends():
    source = texture("uint16")
    inner = WarpedFrame(0, source, shift(7, -5), Region(10, 12, 100, 80))
    assert np.array_equal(inner.pixels, source[7:87, 17:117])
    assert inner.valid.all()
    over = WarpedFrame(0, source, shift(7, -5), WHOLE)
    assert np.array_equal(over.pixels[5:, : WIDTH - 7], source[: HEIGHT - 5, 7:])
    expected = np.zeros((HEIGHT, WIDTH), bool)
    expected[5:, : WIDTH - 7] = True
    assert np.array_equal(over.valid, expected)


@pytest.mark.parametrize("canvas", [WHOLE, Region(11, 9, 120, 83)], ids=["whole", "cropped"])
@pytest.mark.parametrize("gain", [UNITY, (1.04, 0.97, 1.01)], ids=["plain", "gained"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("transform", [AFFINE, TURNED, HOMOGRAPHY], ids=["affine", "turned", "homography"])
def test_every_cut_into_rows_gives_the_same_bits(transform, dtype, gain, canvas):
    frame = WarpedFrame(0, texture(dtype), transform, canvas, gain)
    whole = frame.rows(0, frame.height)
    for height in (7, 32, 1):
        pixels, valid = cut(frame, height)
        assert np.array_equal(pixels, whole.pixels)
        assert np.array_equal(valid, frame.valid)


@pytest.mark.parametrize("gain", [UNITY, (1.04, 0.97, 1.01)], ids=["plain", "gained"])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("transform", [AFFINE, TURNED, HOMOGRAPHY], ids=["affine", "turned", "homography"])
def test_every_cut_into_columns_gives_the_same_numbers(transform, dtype, gain):
    frame = WarpedFrame(0, texture(dtype), transform, WHOLE, gain)
    whole, valid = frame.rows(5, 60), frame.valid[5:60]
    for left, right in ((0, 150), (0, 40), (37, 101), (149, 150)):
        part = frame.rows(5, 60, left, right)
        assert np.allclose(part.pixels, whole.pixels[:, left:right], rtol=0, atol=0 if transform is AFFINE else 1e-5)
        assert np.array_equal(np.ones((55, right - left)) if part.valid is None else part.valid, valid[:, left:right])


@pytest.mark.parametrize("transform", [AFFINE, TURNED, HOMOGRAPHY], ids=["affine", "turned", "homography"])
def test_a_ramp_shows_that_each_pixel_comes_from_where_the_matrix_says(transform):
    x, y = np.meshgrid(np.arange(WIDTH, dtype=np.float32), np.arange(HEIGHT, dtype=np.float32))
    ramp = np.stack([x, y, x + y], axis=-1) / np.float32(400)
    canvas = Region(20, 15, 100, 70)
    frame = WarpedFrame(0, ramp, transform, canvas)
    columns, lines = np.meshgrid(np.arange(20, 120.0), np.arange(15, 85.0))
    there = transform.apply(np.column_stack([columns.ravel(), lines.ravel()])).reshape(70, 100, 2)
    error_px = (frame.pixels[..., :2] - there / 400) * 400
    # OpenCV interpolates at 1/32 px, and its bicubic (a = -0.75) bends a ramp by up to 0.03 px, evenly to both sides;
    # version 4.10 reaches 0.064, version 5 stays below 0.055.
    assert np.abs(error_px).max() < 0.07
    assert np.abs(error_px.mean(axis=(0, 1))).max() < 0.01


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_it_agrees_with_opencv(dtype):
    source = texture(dtype)
    frame = WarpedFrame(0, source, AFFINE, WHOLE)
    theirs = cv2.warpAffine(
        source.astype(np.float32) / np.float32(FULL_SCALE[dtype]),
        AFFINE.matrix[:2],
        (WIDTH, HEIGHT),
        flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    ours = frame.rows(0, HEIGHT).pixels
    assert np.abs(ours - theirs).max() < 0.02
    assert np.abs(ours - theirs).mean() < 0.002
    assert np.abs(ours - source / FULL_SCALE[dtype]).mean() > 0.02


def test_valid_is_true_just_where_the_source_covers():
    frame = WarpedFrame(0, texture(), AFFINE, WHOLE)
    columns, lines = np.meshgrid(np.arange(WIDTH, dtype=float), np.arange(HEIGHT, dtype=float))
    there = AFFINE.apply(np.column_stack([columns.ravel(), lines.ravel()])).reshape(HEIGHT, WIDTH, 2)
    limit = np.array([WIDTH - 1, HEIGHT - 1])
    surely = np.all((there > 0.002) & (there < limit - 0.002), axis=-1)
    maybe = np.all((there > -0.002) & (there < limit + 0.002), axis=-1)
    assert np.all(frame.valid[surely])
    assert not np.any(frame.valid[~maybe])
    assert 0.9 < frame.valid.mean() < 1


@pytest.mark.parametrize("turn", [0.0, 0.003, -0.4, 2.0, np.pi], ids=["level", "little", "back", "much", "over"])
@pytest.mark.parametrize("scale", [0.9, 1.0, 1.1])
def test_an_affine_map_covers_what_lies_between_the_first_and_last_pixel(turn, scale):
    c, s = scale * np.cos(turn), scale * np.sin(turn)
    move = Transform(np.array([[c, -s, 9.3], [s, c, -12.6], [0, 0, 1.0]]))
    back_in_view = Transform(np.array([[1, 0, (WIDTH if c < 0 else 0)], [0, 1, (HEIGHT if c < 0 else 0)], [0, 0, 1.0]]))
    matrix = move.then(back_in_view)
    valid = WarpedFrame(0, texture(), matrix, WHOLE).valid
    columns, lines = np.meshgrid(np.arange(WIDTH, dtype=float), np.arange(HEIGHT, dtype=float))
    there = matrix.apply(np.column_stack([columns.ravel(), lines.ravel()])).reshape(HEIGHT, WIDTH, 2)
    beyond = np.maximum(-there, there - np.array([WIDTH - 1, HEIGHT - 1])).max(axis=-1)
    assert np.all(valid[beyond < -0.002])
    assert not np.any(valid[beyond > 0.002])
    assert valid.any()
    assert not valid.all()


def test_a_gain_is_applied_in_linear_light():
    source, gain = texture("uint16"), (1.2, 0.9, 1.0)
    frame = WarpedFrame(0, source, Transform.identity(), WHOLE, gain)
    assert np.array_equal(frame.rows(0, HEIGHT).pixels, normalise(source, gain, "srgb"))
    linear = WarpedFrame(0, source, Transform.identity(), WHOLE, gain, "linear")
    assert np.allclose(linear.rows(0, HEIGHT).pixels, source / 65535 * np.array(gain), atol=1e-6)
    assert linear.pixels.max() == 65535  # clipped, not wrapped


def test_the_source_is_not_modified():
    source = texture("float32")
    before = source.copy()
    frame = WarpedFrame(0, source, HOMOGRAPHY, WHOLE, (1.1, 1.0, 0.9))
    frame.rows(3, 40)
    assert np.array_equal(source, before)


def masked() -> np.ndarray:
    """A hole, a lone pixel and a border that are no picture."""
    valid = np.ones((HEIGHT, WIDTH), bool)
    valid[40:60, 50:80], valid[20, 100], valid[:, :9] = False, False, False
    return valid


@pytest.mark.parametrize("canvas", [WHOLE, Region(11, 9, 120, 83)], ids=["whole", "cropped"])
@pytest.mark.parametrize("move", [Transform.identity(), shift(3, -2)], ids=["identity", "shift"])
def test_validity_moves_by_whole_pixels_exactly(move, canvas):
    dx, dy = (int(v) for v in move.matrix[:2, 2])
    frame = WarpedFrame(0, texture(), move, canvas, valid=masked())
    expected = np.zeros((HEIGHT, WIDTH), bool)
    expected[max(0, -dy) : HEIGHT - max(0, dy), max(0, -dx) : WIDTH - max(0, dx)] = True
    there = np.roll(masked(), (-dy, -dx), (0, 1))
    place = slice(canvas.y, canvas.bottom), slice(canvas.x, canvas.right)
    assert np.array_equal(frame.valid, (expected & there)[place])


@pytest.mark.parametrize("transform", [AFFINE, HOMOGRAPHY, shift(0.5, 0.25)], ids=["affine", "homography", "shift"])
def test_a_pixel_is_valid_just_where_all_that_its_kernel_weighs_is(transform):
    valid = masked()
    frame = WarpedFrame(0, texture(), transform, WHOLE, valid=valid)
    columns, lines = np.meshgrid(np.arange(WIDTH, dtype=float), np.arange(HEIGHT, dtype=float))
    there = transform.apply(np.column_stack([columns.ravel(), lines.ravel()])).reshape(HEIGHT, WIDTH, 2)
    inside = np.all((there >= 2) & (there <= np.array([WIDTH - 4, HEIGHT - 4])), axis=-1)
    x, y = np.floor(there[..., 0]).astype(int), np.floor(there[..., 1]).astype(int)
    for row, column in np.argwhere(inside)[::3]:
        taps = valid[y[row, column] - 1 : y[row, column] + 3, x[row, column] - 1 : x[row, column] + 3]
        fraction = there[row, column] % 1
        if taps.all():
            assert frame.valid[row, column]
        elif np.all((fraction > 0.05) & (fraction < 0.95)):  # elsewhere the outer taps weigh next to nothing
            assert not frame.valid[row, column]


def test_nothing_under_a_hole_reaches_a_valid_pixel():
    valid = masked()
    seen = []
    for under in (0, 255):
        source = texture()
        source[~valid] = under
        frame = WarpedFrame(0, source, AFFINE, WHOLE, valid=valid)
        seen.append(frame.rows(0, HEIGHT).pixels[frame.valid])
    assert np.array_equal(*seen)


@pytest.mark.parametrize("transform", [AFFINE, HOMOGRAPHY, shift(4, 3)], ids=["affine", "homography", "shift"])
def test_every_cut_gives_the_same_validity(transform):
    frame = WarpedFrame(0, texture(), transform, Region(11, 9, 120, 83), valid=masked())
    whole = frame.valid
    assert not whole.all()
    for height in (7, 32, 1):
        assert np.array_equal(cut(frame, height)[1], whole)
