"""The table of colour spaces against figures that others published, and against what LibRaw does with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import rawpy

from stackcore.colour.icc import profile
from stackcore.colour.spaces import SPACES, libraw_gamma, light, to_xyz
from stackcore.terms import ColourSpace, Encoding
from stackcore.testing.dng import write_dng

LIBRAW: dict[ColourSpace, rawpy.ColorSpace] = {
    "srgb": rawpy.ColorSpace.sRGB,
    "display-p3": rawpy.ColorSpace.P3D65,
    "adobe-rgb": rawpy.ColorSpace.Adobe,
    "prophoto": rawpy.ColorSpace.ProPhoto,
    "xyz": rawpy.ColorSpace.XYZ,
}
PATCHES = np.array(
    [[0.2, 0.2, 0.2], [0.5, 0.1, 0.05], [0.05, 0.4, 0.1], [0.1, 0.08, 0.5], [0.95, 0.95, 0.95], [0.02, 0.02, 0.02]]
)
"""Linear light in the primaries of sRGB, which are those of the camera that `stackcore.testing.dng` makes up."""
PATCH_PX = 32


@pytest.fixture(scope="module")
def patches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A raw file of the patches, side by side."""
    picture = np.repeat(np.repeat(PATCHES[None], PATCH_PX, axis=0), PATCH_PX, axis=1).astype(np.float32)
    return write_dng(tmp_path_factory.mktemp("patches") / "patches.dng", picture)


def developed(raw_file: Path, colour_space: ColourSpace, encoding: Encoding) -> np.ndarray:
    """What LibRaw makes of each patch when it is told what the table says, (N, 3), 0 to 1."""
    with rawpy.imread(str(raw_file)) as raw:
        red, green, blue, _ = raw.camera_whitebalance
        pixels = raw.postprocess(
            user_wb=[red, green, blue, green],
            output_color=LIBRAW[colour_space],
            gamma=libraw_gamma(colour_space, encoding),
            exp_shift=1 / SPACES[colour_space].peak,
            demosaic_algorithm=rawpy.DemosaicAlgorithm.LINEAR,
            no_auto_bright=True,
            adjust_maximum_thr=0.0,
            output_bps=16,
        )
    return pixels[PATCH_PX // 2, PATCH_PX // 2 :: PATCH_PX] / 65535


@pytest.mark.parametrize("encoding", get_args(Encoding))
@pytest.mark.parametrize("colour_space", get_args(ColourSpace))
def test_the_profile_agrees_with_the_numbers_of_libraw(
    measured_xyz: Callable[..., np.ndarray], patches: Path, colour_space: ColourSpace, encoding: Encoding
):
    seen = measured_xyz(developed(patches, colour_space, encoding), profile(colour_space, encoding))

    truth = PATCHES @ to_xyz("srgb").T
    np.testing.assert_allclose(seen, truth, atol=5e-4)  # of which lcms, through libvips, takes 4e-4


def test_white_would_be_yellow_in_xyz_if_it_were_not_made_to_fit(patches: Path):
    assert SPACES["xyz"].peak == pytest.approx(1.0890, abs=5e-4)
    white = developed(patches, "xyz", "linear")[4]
    assert white.max() < 1
    np.testing.assert_allclose(white * SPACES["xyz"].peak / 0.95, [0.9505, 1, 1.0890], atol=4e-4)


def test_the_matrices_are_those_that_were_published():
    # IEC 61966-2-1 equation 7; Adobe RGB (1998) section 4.3.6.1; ISO 22028-2 equation 5 (four digits each).
    published = {
        "srgb": [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]],
        "adobe-rgb": [[0.57667, 0.18556, 0.18823], [0.29734, 0.62736, 0.07529], [0.02703, 0.07069, 0.99134]],
        "prophoto": [[0.7977, 0.1352, 0.0313], [0.2880, 0.7119, 0.0001], [0.0, 0.0, 0.8249]],
    }
    for colour_space, matrix in published.items():
        np.testing.assert_allclose(to_xyz(colour_space), matrix, atol=1e-4, err_msg=colour_space)


def test_the_curve_of_srgb_that_libraw_works_out_is_the_published_one(tmp_path: Path):
    ramp = np.linspace(0, 1, 1024, dtype=np.float32)[None, :, None].repeat(32, axis=0).repeat(3, axis=2)
    raw_file = write_dng(tmp_path / "ramp.dng", ramp)
    shots = {}
    for encoding in get_args(Encoding):
        with rawpy.imread(str(raw_file)) as raw:
            shots[encoding] = raw.postprocess(
                gamma=libraw_gamma("srgb", encoding), no_auto_bright=True, adjust_maximum_thr=0.0, output_bps=16
            )
    encoded, linear = shots["srgb"][8].astype(float), shots["linear"][8].astype(float)

    np.testing.assert_allclose(light(encoded / 65535, "srgb", "srgb") * 65535, linear, atol=2.5)
