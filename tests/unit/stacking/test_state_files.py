"""Dataclasses of arrays survive the way through files, in place where they can, and damage is seen."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from stackcore.stacking.state_files import load_state, save_state
from stackcore.terms import Region, StackInfo, Transform


@dataclass
class Level:
    mean: Any
    score: Any


@dataclass(frozen=True)
class State:
    info: StackInfo
    levels: list[Level]
    where: Region | None
    seen: dict[str, Any]
    factor: Any
    pair: tuple[Any, ...]


def level(height: int, seed: int) -> Level:
    rng = np.random.default_rng(seed)
    return Level(rng.random((height, 4, 3), np.float32), rng.integers(0, 9, (height, 4), np.uint16))


def example() -> State:
    info = StackInfo(width=4, height=8, frames=3, reference=1, dtype="uint8", noise_sigma=0.1)
    odd = np.array([[np.nan, np.inf, -0.0]])
    pair = (Transform(np.eye(3)), None, [1, True, "é"])
    return State(info, [level(8, 1), level(4, 2)], Region(1, 2, 3, 4), {"odd": odd, "n": 0.1}, np.float32(0.1), pair)


def empty() -> State:
    blank = copy.deepcopy(example())
    for one in blank.levels:
        one.mean[...], one.score[...] = 0, 0
    return blank


def same(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray):
        return bool(one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes())
    if hasattr(one, "__dataclass_fields__"):
        return type(one) is type(other) and all(same(getattr(one, n), getattr(other, n)) for n in vars(one))
    if isinstance(one, list | tuple):
        return type(one) is type(other) and len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    return type(one) is type(other) and bool(one == other)


def test_everything_comes_back_to_the_bit(tmp_path):
    save_state(example(), tmp_path / "state")
    assert same(load_state(tmp_path / "state", empty()), example())


def test_arrays_of_the_template_are_filled_in_place(tmp_path):
    save_state(example(), tmp_path / "state")
    template = empty()
    mean = template.levels[0].mean
    loaded = load_state(tmp_path / "state", template)
    assert loaded.levels[0].mean is mean
    assert np.array_equal(mean, example().levels[0].mean)


def test_arrays_the_template_has_not_or_has_otherwise_are_read_anew(tmp_path):
    save_state(example(), tmp_path / "state")
    template = empty()
    template.levels[0].mean = None
    template.levels[1].mean = np.zeros((1, 1))
    template.levels[1].score = template.levels[1].score[::-1][::-1].T  # not in the order of the file
    assert same(load_state(tmp_path / "state", template), example())


def test_strided_and_big_endian_arrays(tmp_path):
    value = [np.arange(24.0).reshape(4, 6)[::2, ::3], np.arange(5, dtype=">i4"), np.zeros((0, 3)), np.array(7)]
    save_state(value, tmp_path / "state")
    loaded = load_state(tmp_path / "state", None)
    assert all(np.array_equal(a, b) and a.dtype == b.dtype for a, b in zip(value, loaded, strict=True))


@pytest.mark.parametrize("value", [object(), {1: 2}, np.array([object()]), {"deep": [b"bytes"]}, Level])
def test_what_would_need_pickle_is_refused(tmp_path, value):
    with pytest.raises(TypeError):
        save_state(value, tmp_path / "state")


@pytest.mark.parametrize("victim", ["0.npy", "1.npy", "structure.json"])
@pytest.mark.parametrize("damage", ["cut", "flip", "gone"])
def test_damage_is_seen(tmp_path, victim, damage):
    save_state(example(), tmp_path / "state")
    path = tmp_path / "state" / victim
    data = bytearray(path.read_bytes())
    if damage == "gone":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(data[:-1])
    else:
        data[-2] ^= 0x41
        path.write_bytes(data)
    with pytest.raises((ValueError, OSError)):
        load_state(tmp_path / "state", empty())


def test_another_type_than_that_of_the_template_is_refused(tmp_path):
    save_state([level(8, 1)], tmp_path / "state")
    with pytest.raises(ValueError, match="Level was kept where a Region belongs"):
        load_state(tmp_path / "state", [Region(1, 2, 3, 4)])
    with pytest.raises(ValueError, match="Level was kept where a NoneType belongs"):
        load_state(tmp_path / "state", [])
