"""Which spots shine by themselves, judged by what several frames show at one and the same place."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stackcore.stacking.standing_out import Readings, Spots

_CLEAR, _LEAST_EXCESS = 5.0, 8.0
"""A spot is seen when it is so many spreads of its surroundings above their level, and so much of 255. Noise alone does
the first once in 3.5 million readings, and must do it at one place in most looks; the second is where eyes begin to
see, and beyond what JPEG makes by itself."""

_EXPECTED = 6.0
"""Where so many spreads are to be expected and nothing is there, the spot is no hot pixel."""

_NOISIEST = 0.15
"""No more of a difference than this part of the excess is put down to noise and texture."""

_WIDEST = 0.75
"""The most that the pixels touching a spot have of its excess, on average: a photosite interpolated to full colour and
sharpened in the camera reaches 0.7, the white top of a highlight 0.9."""

_NARROW = 0.25
"""Less than this is all but one pixel wide: a detail that a lens draws has more, even when it is as sharp as can be."""

_FULL = 250.0
"""A reading from here on may be clipped."""

_SAME_STRENGTH, _SAME_SHAPE = 0.25, 0.12
"""How far strength (logarithm) and shape (root mean square of the eight neighbours, the spot itself being 1) of a hot
pixel may differ from look to look beyond what noise does. Measured on synthetic stacks, JPEG and 16 bit, 240 hot
pixels against 600 details that stood nearly still: 95 % of the first and 1 % of the second are within both."""

_WITNESS_CLEAR, _WITNESS_EXCESS = 8.0, 12.0
_LEAST_ALIKE = 3
_GONE = 0.4
"""A detail has gone when less than this part of what it was is left at its place."""

_WITNESSES, _LEAST_WITNESSES = 16, 6
_AGREE, _AGREE_IF_LONE = 0.7, 0.4
"""What part of the witnesses must have gone: less is asked where a spot is narrower than lenses draw."""

_WITNESSES_PER_SUSPECT = 0.1
_LONE = 0.12
_OWN_PX = 16
"""Nearer than this to a spot, another one may be its echo: JPEG rings within blocks of 16 pixels."""


def shine_alone(looks: Sequence[Readings], *, least: int) -> NDArray[np.bool_]:
    """Tell which of n spots are seen alike wherever a hot pixel would be, in `least` looks at the least.

    Either the spot adds the same light to what lies beneath it (dark current), or it always has the same value (a
    photosite that is stuck). What is expected from that in each look is compared with what is there: a detail of the
    picture that moves away or goes out of focus falls short in some look, and is out. One that moves by a part of a
    pixel, or blurs by one, changes its shape. A look in which the spot would drown in texture or white says nothing.
    """
    all_of = _stacked(looks)
    return _alike(all_of, least) & _same_shape(all_of)


def _seen(all_of: Readings) -> NDArray[np.bool_]:
    clear = all_of.centre - all_of.level >= np.maximum(_CLEAR * all_of.spread, _LEAST_EXCESS)
    return np.asarray(clear & (all_of.centre - all_of.top >= np.maximum(all_of.spread, 2.0)))


def _alike(all_of: Readings, least: int) -> NDArray[np.bool_]:
    """Whether spots are as strong in each look as a hot pixel would be."""
    centre, level, spread, top = all_of.centre, all_of.level, all_of.spread, all_of.top
    excess = centre - level
    seen = _seen(all_of)
    noise = np.minimum(spread / np.maximum(excess, 1), _NOISIEST)
    verdict = np.zeros(centre.shape[1], np.bool_)
    added = np.median(_light(centre) - _light(level), axis=0)
    for expected in (_same_light(added, level), np.median(centre, axis=0) - level):
        drowned = (expected < np.maximum(_EXPECTED * spread, _LEAST_EXCESS)) | (
            level + expected < top + np.maximum(2 * spread, 4.0)
        )
        drowned |= (level > _FULL) | (top >= _FULL)
        roughly = (excess > 0.5 * expected - spread) & (excess < 2 * expected + 3 * spread)
        off = np.abs(np.log(np.maximum(excess, 1) / np.maximum(expected, 1)))
        alike = seen & (off < _SAME_STRENGTH + 1.5 * noise)
        fits = np.where(seen, alike | drowned, roughly | drowned).all(axis=0)
        verdict |= fits & (np.count_nonzero(alike, axis=0) >= least)
    return verdict


def bear_witness(looks: Sequence[Readings], own: NDArray[np.int64]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell of n details, strong in look number `own` (n,), which can say something, and which have gone.

    A detail can say something when another look would show it, were it still at its place and as sharp. One that is as
    strong in all looks says nothing: it may be another hot pixel.
    """
    all_of = _stacked(looks)
    number = np.arange(len(own))
    excess = all_of.centre - all_of.level
    strong = _is_strong(all_of.centre, all_of.level, all_of.spread, all_of.top)[own, number]
    added = (_light(all_of.centre) - _light(all_of.level))[own, number]
    expected = _same_light(added, all_of.level)
    clear = (expected >= np.maximum(_WITNESS_CLEAR * all_of.spread, _WITNESS_EXCESS)) & (all_of.level < _FULL)
    clear &= all_of.level + expected >= all_of.top + np.maximum(2 * all_of.spread, 4.0)
    clear[own, number] = False
    strong &= ~_alike(all_of, _LEAST_ALIKE)
    return strong & clear.any(axis=0), strong & (clear & (excess < _GONE * expected)).any(axis=0)


def strong_ones(look: Readings) -> NDArray[np.bool_]:
    """Tell which spots of a look are details, and no noise."""
    return _is_strong(look.centre, look.level, look.spread, look.top)


def one_pixel_wide(looks: Sequence[Readings]) -> NDArray[np.bool_]:
    """Tell which of n spots leave their neighbours dark: light that a lens has focused falls on some of them, too."""
    all_of = _stacked(looks)
    if all_of.near.shape[2] == 0:
        return np.zeros(all_of.centre.shape[1], np.bool_)
    width = (all_of.near.mean(axis=2) - all_of.level) / np.maximum(all_of.centre - all_of.level, 1)
    return np.asarray(np.abs(np.median(width, axis=0)) < _LONE)


def picture_went_by(
    suspects: Spots, lone: NDArray[np.bool_], witnesses: Spots, gone: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Tell for each suspect whether details around it have gone while it stayed.

    The 16 nearest witnesses are asked, the suspects themselves not among them, and 7 of 10 must agree, 4 of 10 for one
    that is `lone`, a single pixel wide. What holds for a frame as a whole does not hold for each part of it: of a flat
    subject before a far background, only one goes out of focus. Nor can a part be trusted where the whole stands
    still: of all witnesses, too, 7 of 10 must have gone, and of these there must be 6, and one for ten suspects.
    """
    verdict = np.zeros(len(suspects), np.bool_)
    places = np.stack([witnesses.y, witnesses.x], axis=1)
    others = np.ones(len(witnesses), np.bool_)
    for y, x in zip(suspects.y, suspects.x, strict=True):
        others &= np.abs(places - (y, x)).max(axis=1) > 3
    places, gone = places[others], gone[others]
    enough = max(_LEAST_WITNESSES, _WITNESSES_PER_SUSPECT * len(suspects))
    if np.count_nonzero(gone) < enough or gone.mean() < _AGREE:
        return verdict
    for n, (y, x) in enumerate(zip(suspects.y, suspects.x, strict=True)):
        far = np.abs(places - (y, x)).max(axis=1)
        apart = np.flatnonzero(far > _OWN_PX)
        nearest = apart[np.argsort(far[apart], kind="stable")[:_WITNESSES]]
        verdict[n] = len(nearest) >= _LEAST_WITNESSES and gone[nearest].mean() >= (
            _AGREE_IF_LONE if lone[n] else _AGREE
        )
    return verdict


def _stacked(looks: Sequence[Readings]) -> Readings:
    """The readings of k looks as (k, n), and (k, n, 8) for what is near."""
    names = ("centre", "top", "level", "spread", "near")
    return Readings(*(np.stack([getattr(look, name) for look in looks]) for name in names))


def _is_strong(
    centre: NDArray[np.float32], level: NDArray[np.float32], spread: NDArray[np.float32], top: NDArray[np.float32]
) -> NDArray[np.bool_]:
    enough = centre - level >= np.maximum(_WITNESS_CLEAR * spread, _WITNESS_EXCESS)
    return np.asarray(enough & (centre - top >= np.maximum(2 * spread, 4.0)))


def _light(value: NDArray[np.float32]) -> NDArray[np.float32]:
    """Light of an encoded value, 0 to 1: near enough to the transfer curve of any camera."""
    return np.asarray(np.square(value / 255), np.float32)


def _same_light(added: NDArray[np.float32], level: NDArray[np.float32]) -> NDArray[np.float32]:
    """Excess to be expected over each level from so much added light."""
    return np.asarray(255 * np.sqrt(np.clip(_light(level) + added, 0, 1)) - level, np.float32)


def _same_shape(all_of: Readings) -> NDArray[np.bool_]:
    """Whether the pixels that touch the spot share in its excess alike in all looks that show it.

    Of a spot that is all but one pixel wide, they may change places: demosaicing chooses anew in each look whether to
    fill in colours along rows or along columns.
    """
    seen = _seen(all_of)
    if all_of.near.shape[2] == 0:
        return np.ones(seen.shape[1], np.bool_)
    excess = np.maximum(all_of.centre - all_of.level, 1)
    noise = np.minimum(all_of.spread / excess, _NOISIEST)
    share = (all_of.near - all_of.level[..., None]) / excess[..., None]
    width = share.mean(axis=2)
    narrow = np.asarray((width < _WIDEST) & (all_of.near.max(axis=2) < _FULL))
    lone = np.asarray(((np.abs(width) < _NARROW) | ~seen).all(axis=0))
    share[:, lone] = np.sort(share[:, lone], axis=2)
    hidden = ~seen & seen.any(axis=0)
    usual = np.nan_to_num(np.nanmedian(np.where(hidden[..., None], np.nan, share), axis=0))
    off = np.sqrt(np.square(share - usual).mean(axis=2))
    return np.asarray(np.all(((off < _SAME_SHAPE + noise) & narrow) | ~seen, axis=0))
