"""Calibration from the command line on raws whose every fault is known; tests/bench/calibration.py measures more."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from stackcore.testing.dng import XTRANS, RawCamera
from stackcore.testing.photosites import SensorTruth
from stackcore.testing.raws import write_darks, write_grey_card, write_scene
from stackcore.testing.scene import Scene
from stackcore.testing.sensor import Motion

Command = Callable[..., dict[str, Any]]
BODY = RawCamera(model="SIMULATED body", serial="1")
BY_CHANNEL = replace(BODY, black=(480, 512, 560, 544))


@pytest.fixture
def command(stackcore: Callable[..., Any]) -> Command:
    """Run a command with `--json` and return the data of its result, with the texts of its warnings."""

    def call(*arguments: str | Path) -> dict[str, Any]:
        done = stackcore(*map(str, arguments), "--json")
        assert done.code == 0, done.out
        events = [json.loads(line) for line in done.out.splitlines()]
        (data,) = (event["data"] for event in events if event["kind"] == "result")
        return {**data, "warned": [event["message"] for event in events if event["kind"] == "warning"]}

    return call


# ------------------------------------------------------------------------------- dark frames


def sensor(**kinds: Any) -> SensorTruth:
    settings: dict[str, Any] = {"hot": 30, "dead": 12, "levels": (80.0, 8000.0), "camera": BODY, "seed": 7, **kinds}
    return SensorTruth.random(300, 204, **settings)


@pytest.mark.parametrize(
    ("truth", "darks", "sigma"),
    [
        (sensor(), 1, 10),
        (sensor(), 5, 10),
        (sensor(levels=(16.0, 8000.0)), 20, 5.5),
        (sensor(hot=0, dead=0), 3, 5.5),
        (sensor(camera=BY_CHANNEL), 3, 10),
        (sensor(camera=replace(BODY, pattern="GBRG", margins=(8, 6, 4, 2), white=4095)), 3, 10),
        (sensor(camera=replace(BODY, pattern=XTRANS)), 3, 10),
    ],
    ids=["one", "five", "twenty", "none", "black by channel", "margins", "X-Trans"],
)
def test_exactly_the_defects_that_there_are_are_found(
    command: Command, tmp_path: Path, truth: SensorTruth, darks: int, sigma: float
) -> None:
    write_darks(tmp_path, truth, darks)
    found = command("darks", tmp_path, "--sigma", str(sigma))
    assert {tuple(place) for place in found["hot"]} == {(site.x, site.y) for site in truth.hot}
    assert {tuple(place) for place in found["dead"]} == set(truth.dead)


def test_one_population_misses_what_channels_of_their_own_show(command: Command, tmp_path: Path) -> None:
    truth = sensor(camera=BY_CHANNEL, hot=100)
    write_darks(tmp_path, truth, 3)
    assert len(command("darks", tmp_path, "--name", "each")["hot"]) == 100
    assert len(command("darks", tmp_path, "--name", "all", "--overall")["hot"]) < 90


def test_zeros_of_a_body_that_takes_black_off_are_not_dead(command: Command, tmp_path: Path) -> None:
    truth = sensor(subtracts_black=True)
    write_darks(tmp_path, truth, 3)
    found = command("darks", tmp_path)
    assert found["dead"] == []
    assert {tuple(place) for place in found["hot"]} == {(site.x, site.y) for site in truth.hot}
    assert any("subtracts black" in warning for warning in found["warned"])


def test_light_in_a_dark_is_noticed(command: Command, stackcore: Callable[..., Any], tmp_path: Path) -> None:
    leak = write_grey_card(tmp_path / "leak.dng", sensor(), level=0.02, unevenness=1.0)
    assert any("not dark" in warning for warning in command("darks", leak)["warned"])
    card = write_grey_card(tmp_path / "card.dng", sensor())
    refused = stackcore("darks", str(card), "--name", "card")
    assert refused.code == 6
    assert "not a dark frame" in refused.err


# ------------------------------------------------------------------------------- grey card


@pytest.mark.parametrize(
    ("changes", "shot"),
    [
        ({"lamp": (0.62, 1.0, 0.47, 0.98)}, {}),
        ({"lamp": (0.3, 1.0, 0.8)}, {"level": 0.1}),
        ({"lamp": (0.62, 1.0, 0.47, 0.98), "camera": BY_CHANNEL}, {}),
        ({"lamp": (0.62, 1.0, 0.47), "camera": replace(BODY, pattern=XTRANS)}, {}),
        ({"lamp": (0.62, 1.0, 0.47), "subtracts_black": True}, {}),
        ({"lamp": (0.62, 1.0, 0.47), "vignetting": 0.3}, {"unevenness": 0.1}),
    ],
    ids=["warm", "cold and dim", "black by channel", "X-Trans", "black taken off", "uneven"],
)
def test_a_grey_card_tells_the_lamp_within_half_a_percent(
    command: Command, tmp_path: Path, changes: dict[str, Any], shot: dict[str, float]
) -> None:
    truth = sensor(**changes)
    found = command("greycard", write_grey_card(tmp_path / "card.dng", truth, **shot))
    assert found["multipliers"] == pytest.approx(truth.multipliers, rel=0.005)


def test_defects_of_the_library_do_not_tint_the_card(command: Command, tmp_path: Path) -> None:
    truth = sensor(hot=600, levels=(4000.0, 9000.0), lamp=(0.62, 1.0, 0.47))
    card = write_grey_card(tmp_path / "card.dng", truth)
    alone = np.array(command("greycard", card, "--darks", "none")["multipliers"]) / truth.multipliers
    (tmp_path / "darks").mkdir()
    write_darks(tmp_path / "darks", truth, 3)
    command("darks", tmp_path / "darks")
    mended = np.array(command("greycard", card)["multipliers"]) / truth.multipliers
    assert np.abs(mended - 1).max() < 0.002 < np.abs(alone - 1).max()


# ------------------------------------------------------------------------------- a fused picture

WIDTH, HEIGHT, SLICES = 420, 280, 7


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stack by a sensor with hot and dead pixels, the same by a sound one, and darks of the first."""
    folder = tmp_path_factory.mktemp("rig")
    faulty = SensorTruth.random(
        WIDTH, HEIGHT, hot=60, dead=6, levels=(1500.0, 9000.0), per_second=True, camera=BODY, seed=5
    )
    scene = Scene.build(WIDTH, HEIGHT, seed=1)
    motion = Motion(drift_px=6.0, jitter_px=0.5, flicker=0.0, seed=4)
    for name, truth in {"faulty": faulty, "sound": replace(faulty, hot=(), dead=())}.items():
        (folder / name).mkdir()
        for index in range(SLICES):
            focus = index / (SLICES - 1)
            light = scene.render(focus, motion.transform(focus - 0.5, index, WIDTH, HEIGHT))
            write_scene(folder / name / f"slice_{index}.dng", truth, light, shot=index)
    (folder / "darks").mkdir()
    write_darks(folder / "darks", faulty, 6)
    return folder


def trails(picture: Path, truth: Path) -> int:
    """How many pixels of a fused picture are off by over 5 % of full scale."""
    seen, expected = (cv2.imread(str(path), cv2.IMREAD_UNCHANGED).astype(float) for path in (picture, truth))
    off = np.abs(seen - expected)[24:-24, 24:-24].max(axis=2) / 65535
    return int((off > 0.05).sum())


def test_trails_go_from_a_fused_picture_with_a_dark_and_most_of_them_without(
    command: Command, rig: Path, tmp_path: Path
) -> None:
    def fused(name: str, *inputs_and_options: str | Path) -> Path:
        command("stack", *inputs_and_options, "-o", tmp_path / name, "--no-crop")
        return tmp_path / name

    truth = fused("truth.tif", rig / "sound", "--darks", "none", "--no-hot-pixels")
    left = trails(fused("left.tif", rig / "faulty", "--darks", "none", "--no-hot-pixels"), truth)
    found = trails(fused("found.tif", rig / "faulty", "--darks", "none"), truth)
    first = trails(fused("first.tif", rig / "darks" / "dark_00.dng", rig / "faulty", "--first-is-dark"), truth)
    command("darks", rig / "darks")
    kept = trails(fused("kept.tif", rig / "faulty"), truth)
    assert left > 500
    assert max(first, kept) < left / 8
    assert found < left / 2  # it repairs what it is certain of, and cannot tell faint ones in texture


def test_a_stack_tells_which_dark_it_took(
    stackcore: Callable[..., Any], command: Command, rig: Path, tmp_path: Path
) -> None:
    command("darks", rig / "darks", "--name", "studio")
    frames = [str(rig / "faulty" / f"slice_{index}.dng") for index in (0, 1)]
    told = stackcore("stack", *frames, "-o", str(tmp_path / "out.tif"), "--no-align").out
    assert "name studio, chosen automatically, subtracted whole, hot 60, dead 6" in told
    assert "white balance" in told
