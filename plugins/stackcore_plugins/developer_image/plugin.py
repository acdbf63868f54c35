"""The offer of the image developer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from stackcore.hookspecs import Offer, hookimpl
from stackcore.stacking.pixel_limit import PixelLimit

if TYPE_CHECKING:
    from stackcore.protocols import Developer

SUFFIXES = (".jpg", ".jpeg", ".tif", ".tiff", ".png", ".webp", ".avif", ".heic", ".heif", ".hif")
"""What is taken for a picture; how a file is read follows from its content, not from its name."""


class ImageOptions(PixelLimit):
    """What can be set on the image developer."""


def _build(options: ImageOptions) -> Developer:
    from stackcore_plugins.developer_image.developer import ImageDeveloper

    return ImageDeveloper(options)


@hookimpl
def stackcore_developers() -> Iterable[Offer[Developer]]:
    """Offer the image developer."""
    return [
        Offer(
            name="image",
            summary="Reads JPEG, TIFF (8, 16 bit, float), PNG, WebP and AVIF through libvips; HEIC where it has HEVC.",
            options=ImageOptions,
            build=_build,
            capabilities=SUFFIXES,
            needs=("pyvips",),
        )
    ]
