"""The offer of the image developer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from stackcore.config import NoOptions
from stackcore.hookspecs import Offer, hookimpl

if TYPE_CHECKING:
    from stackcore.protocols import Developer


def _build(options: NoOptions) -> Developer:
    from stackcore_plugins.developer_image.developer import ImageDeveloper

    return ImageDeveloper()


@hookimpl
def stackcore_developers() -> Iterable[Offer[Developer]]:
    """Offer the image developer."""
    return [
        Offer(
            name="image",
            summary="Reads JPEG, TIFF (8, 16 bit, float), PNG, WebP and AVIF through libvips.",
            options=NoOptions,
            build=_build,
            capabilities=(".jpg", ".jpeg", ".tif", ".tiff", ".png", ".webp", ".avif"),
            needs=("pyvips",),
        )
    ]
