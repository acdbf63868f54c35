"""Three unsharp masks one after the other, computed lazily by libvips in constant memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyvips

from stackcore.terms import FULL_SCALE, Encoding, Pixels
from stackcore_plugins.sharpener_unsharp3.plugin import Unsharp3Options


class Unsharp3:
    """Sharpen at a large, a middle and a small scale, in this order, as the processing workflow does."""

    def __init__(self, options: Unsharp3Options) -> None:
        self._options = options

    def sharpen(self, pixels: Pixels, encoding: Encoding) -> Pixels:
        """Add `base * strength` of what a gaussian of `sigma_px` takes away, per scale; clipped to the dtype once.

        `pixels` (H, W, 3) is not modified. With all strengths 0 the same array is returned.
        """
        image: Any = pyvips.Image.new_from_memory(
            np.ascontiguousarray(pixels).data, pixels.shape[1], pixels.shape[0], 3, _FORMATS[pixels.dtype.name]
        )
        options = self._options
        scales = zip(options.sigma_px, options.base, options.strength, strict=True)
        amounts = [(sigma, base * strength) for sigma, base, strength in scales if base * strength > 0]
        if not amounts:
            return pixels
        sharp = image.cast("float")
        for sigma, amount in amounts:
            blurred = sharp.gaussblur(sigma, precision="float", min_ampl=0.01)
            sharp = sharp * (1 + amount) - blurred * amount
            # Each scale is read twice by the next, and both would compute it again: eight times the work in the end.
            tiles = 4 * (sharp.width // _TILE_PX + 1)  # four rows: more than the widest blur looks up and down
            sharp = sharp.tilecache(tile_width=_TILE_PX, tile_height=_TILE_PX, max_tiles=tiles, threaded=True)
        if pixels.dtype != np.float32:
            full = FULL_SCALE[pixels.dtype.name]
            sharp = sharp.rint()
            sharp = (sharp < 0).ifthenelse(0, (sharp > full).ifthenelse(full, sharp)).cast(image.format)
        out: Pixels = np.ndarray(buffer=sharp.write_to_memory(), dtype=pixels.dtype, shape=pixels.shape)
        return out


_TILE_PX = 256

_FORMATS = {"uint8": "uchar", "uint16": "ushort", "float32": "float"}
