"""Pictures of libvips as arrays of numpy's own."""

from __future__ import annotations

import numpy as np
import pytest
import pyvips

from stackcore_plugins.developer_image.upright import as_array


@pytest.mark.parametrize(("band_format", "dtype"), [("uchar", "uint8"), ("ushort", "uint16"), ("float", "float32")])
@pytest.mark.parametrize("bands", [1, 3, 4])
def test_an_array_holds_every_number_in_memory_of_its_own(band_format, dtype, bands):
    numbers = np.random.default_rng(bands).integers(0, 256, (31, 47, bands)).astype(dtype)
    image = pyvips.Image.new_from_memory(numbers.copy(), 47, 31, bands, band_format)
    array = as_array(image)
    assert array.dtype == numbers.dtype
    assert np.array_equal(array, numbers)
    assert array.base is None
    assert array.flags.writeable
    array[:] = 0
    assert np.array_equal(as_array(image), numbers)


def test_a_picture_that_cannot_be_evaluated_is_an_error(tmp_path):
    path = tmp_path / "half.png"
    pyvips.Image.gaussnoise(200, 200).cast("uchar").write_to_file(str(path))
    path.write_bytes(path.read_bytes()[:5000])
    image = pyvips.Image.new_from_file(str(path), access="sequential", fail_on="error")
    with pytest.raises(pyvips.Error):
        as_array(image)
