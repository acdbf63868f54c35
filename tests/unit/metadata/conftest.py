"""Small pictures with metadata of every kind, and what a file says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import pyvips

from stackcore.metadata.library import exiv2_alone, opened

Tag = Callable[..., Path]


def blank(path: Path, width: int = 60, height: int = 40, **options: Any) -> Path:
    """A picture without any metadata but what its format needs."""
    image = pyvips.Image.gaussnoise(width, height, seed=1, mean=128, sigma=30).cast("uchar")
    image.bandjoin([image, image]).copy(interpretation="srgb").write_to_file(str(path), **options)
    return path


@pytest.fixture
def tag(tmp_path: Path) -> Tag:
    """Make a picture, and set tags of it by the names of Exiv2; `(type, value)` where a type must be chosen."""

    def make(name: str, tags: dict[str, Any], **options: Any) -> Path:
        path = blank(tmp_path / name, **options)
        with exiv2_alone() as exiv2, opened(path) as image:
            families = {"Exif": image.exifData(), "Iptc": image.iptcData(), "Xmp": image.xmpData()}
            for key, value in tags.items():
                data = families[key.split(".")[0]]
                if isinstance(value, bytes):
                    value = exiv2.DataValue(value)
                data[key] = value
            image.writeMetadata()
        return path

    return make


@pytest.fixture
def told() -> Callable[[Path], dict[str, str]]:
    """What a file says, {key: text}, by the names of Exiv2."""

    def read(path: Path) -> dict[str, str]:
        with opened(path) as image:
            families = (image.exifData(), image.iptcData(), image.xmpData())
            return {datum.key(): datum.toString() for data in families for datum in data}

    return read
