"""What LibRaw is told, so that it does the same to every frame of a stack."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import rawpy
from numpy.typing import NDArray

from stackcore.calibration.grey_world import grey_world
from stackcore.colour.spaces import SPACES, libraw_gamma
from stackcore.protocols import Development, Mosaic
from stackcore.terms import Multipliers
from stackcore_plugins.developer_libraw.mosaics import blacks
from stackcore_plugins.developer_libraw.plugin import LibRawOptions

_SPACES = {
    "srgb": rawpy.ColorSpace.sRGB,
    "display-p3": rawpy.ColorSpace.P3D65,
    "adobe-rgb": rawpy.ColorSpace.Adobe,
    "prophoto": rawpy.ColorSpace.ProPhoto,
    "xyz": rawpy.ColorSpace.XYZ,
}

_HIGHLIGHTS = {
    "clip": rawpy.HighlightMode.Clip,
    "unclipped": rawpy.HighlightMode.Ignore,
    "blend": rawpy.HighlightMode.Blend,
    "reconstruct": rawpy.HighlightMode.ReconstructDefault,
}


def fixed_settings(
    raw: Any, development: Development, options: LibRawOptions, multipliers: Multipliers
) -> dict[str, Any]:
    """Every setting of LibRaw that may otherwise follow the frame, taken from the open reference.

    Automatic brightness is off, and so is `adjust_maximum_thr`, which sets white by the brightest pixel of each frame
    and alone makes frames flicker by a fifth; a white that is given outright overrules it already. The exposure is a
    factor on linear light after colours are filled in.
    """
    space = development.colour_space
    return {
        "user_wb": list(multipliers),
        **_levels(raw, SPACES[space].peak),
        "user_flip": int(raw.sizes.flip),
        "gamma": libraw_gamma(space, development.encoding),
        "bright": 2.0**development.exposure_ev,
        "no_auto_bright": True,
        "adjust_maximum_thr": 0.0,
        "output_bps": 16,
        "highlight_mode": _HIGHLIGHTS[development.highlights],
        "output_color": _SPACES[space],
        "demosaic_algorithm": rawpy.DemosaicAlgorithm[options.demosaic.upper()],
    }


def chosen_multipliers(raw: Any, development: Development, mosaic: Mosaic | None, path: Path) -> Multipliers:
    """Return the white balance of a stack; `mosaic` is that of the reference, corrected, where it has one.

    `camera` falls back to daylight where the body notes none, and daylight to no balance at all where LibRaw does not
    know the body. `FrameError` where `auto` finds nothing to go by.
    """
    rule = development.white_balance
    if rule == "camera":
        return _four(raw.camera_whitebalance) or _daylight(raw)
    if rule == "daylight":
        return _daylight(raw)
    if rule == "auto":
        return grey_world(_finished(raw) if mosaic is None else mosaic, str(path))
    return rule


def ceilings(raw: Any, development: Development, multipliers: Multipliers) -> tuple[int, ...] | None:
    """The number of white in each channel, where LibRaw would not clip there itself, else None.

    In XYZ, white is made smaller so that its Z fits. The channels with the larger multipliers would rise above it,
    and highlights come out coloured.
    """
    peak = SPACES[development.colour_space].peak
    if peak <= 1.0 or development.highlights != "clip":
        return None
    black = blacks(raw)
    room = int(raw.white_level) - max(black)
    return tuple(round(b + room * min(multipliers) / m) for b, m in zip(black, multipliers, strict=True))


def _levels(raw: Any, peak: float) -> dict[str, Any]:
    """Black of each channel, and the number above it that means white.

    LibRaw wants white counted from black, of which the highest is taken: then a photosite that is full is white in
    all channels.
    """
    black = blacks(raw)
    return {"user_black": 0, "user_cblack": black, "user_sat": round((int(raw.white_level) - max(black)) * peak)}


def _daylight(raw: Any) -> Multipliers:
    return _four(raw.daylight_whitebalance) or (1.0, 1.0, 1.0, 1.0)


def _four(noted: list[float]) -> Multipliers | None:
    """Four factors, the smallest 1, of what LibRaw found; None where the first three are not all known."""
    red, green, blue, second = (float(value) for value in noted)
    if not min(red, green, blue) > 0 or not np.isfinite([red, green, blue, second]).all():
        return None
    second = second if second > 0 else green
    least = min(red, green, blue, second)
    return (red / least, green / least, blue / least, second / least)


def _finished(raw: Any) -> Mosaic:
    """Pixels with all colours as a mosaic whose blocks are 1 x 3."""
    pixels: NDArray[np.uint16] = raw.raw_image_visible[..., :3]
    return Mosaic(
        values=np.ascontiguousarray(pixels).reshape(pixels.shape[0], -1),
        pattern=np.array([[0, 1, 2]], np.uint8),
        colours="RGB",
        black=tuple(float(level) for level in blacks(raw)[:3]),
        white=int(raw.white_level),
    )
