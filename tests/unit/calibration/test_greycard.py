"""The white balance of a grey card: right within half a percent, and honest about what speaks against it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from stackcore.calibration.correcting import corrected
from stackcore.calibration.greycard import GreyCard, central_patch, check_fraction, doubts, measure_grey
from stackcore.errors import FrameError, UsageError
from stackcore.protocols import Correction, Mosaic
from stackcore.terms import Region
from stackcore.testing.dng import XTRANS, RawCamera
from stackcore.testing.photosites import HotSite, SensorTruth

BAYER = np.array([[0, 1], [3, 2]], np.uint8)
LAMP = (0.45, 1.0, 0.7, 0.98)
SENSOR = SensorTruth(width=360, height=240, lamp=LAMP, seed=7)


def mosaic_of(counts: np.ndarray, sensor: SensorTruth = SENSOR) -> Mosaic:
    camera = sensor.written_by
    bayer = camera.block.shape == (2, 2)
    black = [camera.black[p] for p in (0, 1, 3, 2)] if bayer else [camera.black[0]] * 3
    return Mosaic(
        values=counts,
        pattern=camera.block,
        colours="RGBG" if bayer else "RGB",
        black=tuple(map(float, black)),
        white=camera.white,
    )


def card_of(
    counts: np.ndarray, sensor: SensorTruth = SENSOR, fraction: float = 0.3, correction: Correction | None = None
) -> GreyCard:
    mosaic, correction = mosaic_of(counts, sensor), correction or Correction()
    patch = central_patch(counts.shape[1], counts.shape[0], mosaic.pattern, fraction)
    return measure_grey(mosaic, corrected(mosaic, correction), patch, correction.defects, "card.nef")


def codes(card: GreyCard) -> list[str]:
    return [warning.code for warning in doubts(card, "card.nef")]


@pytest.mark.parametrize(
    "sensor",
    [
        SENSOR,
        replace(SENSOR, camera=RawCamera(black=(500, 520, 540, 560))),
        replace(SENSOR, camera=RawCamera(pattern="GBRG")),
        replace(SENSOR, subtracts_black=True),
        replace(SENSOR, vignetting=0.4),
        replace(SENSOR, lamp=(1.0, 0.6, 0.3)),
    ],
    ids=["plain", "blacks", "gbrg", "subtracts", "vignetting", "red lamp"],
)
def test_the_multipliers_are_those_of_the_lamp(sensor: SensorTruth) -> None:
    card = card_of(sensor.grey_card(), sensor)
    np.testing.assert_allclose(card.multipliers, sensor.multipliers, rtol=0.003)
    assert min(card.multipliers) == 1.0
    assert codes(card) == []


def test_xtrans_has_one_green() -> None:
    sensor = SensorTruth(width=360, height=240, camera=RawCamera(pattern=XTRANS), lamp=(0.45, 1.0, 0.7), seed=7)
    card = card_of(sensor.grey_card(), sensor)
    np.testing.assert_allclose(card.multipliers, sensor.multipliers, rtol=0.003)
    assert card.multipliers[3] == card.multipliers[1]


def test_spread_and_error_are_those_of_the_noise() -> None:
    """Of 60 shots of one card, the multipliers scatter as each of them says they do."""
    cards = [card_of(SENSOR.grey_card(shot=shot)) for shot in range(60)]
    scatter = np.std([card.multipliers for card in cards], axis=0) / np.mean([c.multipliers for c in cards], axis=0)
    told = np.mean([card.standard_error for card in cards], axis=0)
    np.testing.assert_allclose(told[[0, 2, 3]], scatter[[0, 2, 3]], rtol=0.35)
    assert told[1] == 0.0  # the strongest channel is 1 by definition
    counts = SENSOR.grey_card().astype(float) - 512
    patch = central_patch(360, 240, BAYER, 0.3)
    red = counts[patch.y : patch.bottom : 2, patch.x : patch.right : 2]
    assert cards[0].spread[0] == pytest.approx(red.std() / red.mean())


@pytest.mark.parametrize(("fraction", "size"), [(0.3, (108, 72)), (1.0, (360, 240)), (0.01, (4, 2))])
def test_the_patch_is_in_the_middle(fraction: float, size: tuple[int, int]) -> None:
    patch = central_patch(360, 240, BAYER, fraction)
    assert (patch.width, patch.height) == size
    assert abs(patch.x + patch.width / 2 - 180) <= 1
    assert abs(patch.y + patch.height / 2 - 120) <= 1


def test_the_patch_holds_whole_blocks() -> None:
    patch = central_patch(361, 243, np.zeros((6, 6), np.uint8), 0.3)
    assert all(value % 6 == 0 for value in (patch.x, patch.y, patch.width, patch.height))
    assert patch.right <= 361
    assert patch.bottom <= 243


@pytest.mark.parametrize("fraction", [0.0, -0.1, 1.01, float("nan")])
def test_a_fraction_that_is_none_is_refused(fraction: float) -> None:
    with pytest.raises(UsageError, match="--fraction"):
        check_fraction(fraction)


def test_a_patch_without_photosites_is_refused() -> None:
    with pytest.raises(FrameError, match="too few"):
        central_patch(30, 20, BAYER, 0.01)


def test_only_the_patch_counts() -> None:
    counts = SENSOR.grey_card()
    card = card_of(counts)
    counts[:80], counts[:, :120], counts[170:], counts[:, 240:] = 0, 16383, 7, 9000
    assert card_of(counts) == card
    assert card_of(SENSOR.grey_card(), fraction=0.4) != card


def test_bad_pixels_are_corrected() -> None:
    sites = tuple(HotSite(x, y, level=9000.0) for y in range(90, 150, 4) for x in range(130, 230, 4))  # all red
    sensor = replace(SENSOR, hot=sites)
    counts = sensor.grey_card()
    truth = np.array(SENSOR.multipliers)
    off = np.abs(np.array(card_of(counts).multipliers) / truth - 1).max()
    card = card_of(counts, correction=Correction(defects=sensor.defects()))
    assert off > 0.02
    np.testing.assert_allclose(card.multipliers, truth, rtol=0.004)
    assert card.spread[0] < 0.03


def test_a_dark_is_taken_away() -> None:
    sensor = replace(SENSOR, dark_current=600.0, electrons_per_count=0.0)
    counts, dark = sensor.grey_card(level=0.1), sensor.unlit().astype(np.float32)
    truth = SENSOR.multipliers
    assert card_of(counts).multipliers[0] < 0.8 * truth[0]
    np.testing.assert_allclose(card_of(counts, correction=Correction(dark=dark)).multipliers, truth, rtol=0.005)


@pytest.mark.parametrize(("level", "told"), [(0.4, []), (0.95, []), (0.965, ["clipped"])])
def test_some_full_photosites_are_told(level: float, told: list[str]) -> None:
    card = card_of(replace(SENSOR, electrons_per_count=1.0).grey_card(level=level))
    assert codes(card) == told
    assert (card.clipped > 0.001) == bool(told)


def test_much_overexposure_is_refused() -> None:
    with pytest.raises(FrameError, match=r"card\.nef .* overexposed") as caught:
        card_of(SENSOR.grey_card(level=1.5))
    assert "100.0%" in caught.value.why


def test_hot_ones_that_are_known_are_not_clipped() -> None:
    counts = SENSOR.grey_card()
    places = [(x, y) for y in range(90, 150, 5) for x in range(130, 230, 5)]
    for x, y in places:
        counts[y, x] = 16383
    assert card_of(counts).clipped > 0.001
    assert card_of(counts, correction=Correction(defects=tuple(places))).clipped == 0


@pytest.mark.parametrize(("level", "told"), [(0.06, []), (0.02, ["too_dark"])])
def test_a_dark_card_is_told(level: float, told: list[str]) -> None:
    assert codes(card_of(replace(SENSOR, read_noise=1.0).grey_card(level=level))) == told


def test_no_light_is_refused() -> None:
    with pytest.raises(FrameError, match="no light"):
        card_of(SENSOR.dark())


@pytest.mark.parametrize(("unevenness", "told"), [(0.2, []), (0.8, ["uneven"])])
def test_uneven_light_is_told_and_harms_nothing(unevenness: float, told: list[str]) -> None:
    """Over the middle 0.3, three quarters of 0.3 of it remain between the centres of the parts."""
    card = card_of(SENSOR.grey_card(unevenness=unevenness))
    assert card.unevenness == pytest.approx(0.225 * unevenness, abs=0.01)
    assert codes(card) == told
    np.testing.assert_allclose(card.multipliers, SENSOR.multipliers, rtol=0.004)


def test_light_of_two_colours_is_told() -> None:
    counts = SENSOR.grey_card().astype(float)
    counts[::2, ::2] = 512 + (counts[::2, ::2] - 512) * np.linspace(0.8, 1.2, 180)  # red
    card = card_of(np.rint(counts).astype(np.uint16))
    assert codes(card) == ["uneven_colour"]
    assert card.colour_unevenness == pytest.approx(0.09, abs=0.01)


def test_noise_is_not_unevenness() -> None:
    card = card_of(replace(SENSOR, electrons_per_count=0.5).grey_card())
    assert card.unevenness < 0.02
    assert card.colour_unevenness < 0.02


@pytest.mark.parametrize("colours", ["GMCY", "RGBE", "RGGG"])
def test_other_colours_are_refused(colours: str) -> None:
    mosaic = replace(mosaic_of(SENSOR.grey_card()), colours=colours)
    with pytest.raises(FrameError, match="no white balance") as caught:
        measure_grey(mosaic, mosaic.values, Region(100, 100, 20, 20), (), "card.nef")
    assert colours in caught.value.why


def test_the_order_of_channels_is_that_of_their_colours() -> None:
    mosaic = mosaic_of(SENSOR.grey_card())
    swapped = np.array([2, 1, 0, 3], np.uint8)[mosaic.pattern]
    other = replace(mosaic, pattern=swapped, colours="BGRG")
    patch: Any = central_patch(360, 240, mosaic.pattern, 0.3)
    one = measure_grey(mosaic, mosaic.values, patch, (), "card.nef")
    assert measure_grey(other, other.values, patch, (), "card.nef").multipliers == one.multipliers
