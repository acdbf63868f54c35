"""How large a frame may claim to be: a small file must not fill the memory (an image bomb)."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from stackcore.config import Options
from stackcore.errors import UnreadableFrame


class PixelLimit(Options):
    """Base of the options of developers that refuse image bombs: one `--set developer.max_megapixels` for all."""

    max_megapixels: int = Field(
        1000, ge=1, le=100_000, description="A frame that claims more is refused unread, as an image bomb; megapixels."
    )

    def check(self, path: Path, width: int, height: int) -> None:
        """Refuse a frame by the size its header claims, pixels, before anything of it is decoded.

        Raises `UnreadableFrame` with the size and the limit.
        """
        if width * height > self.max_megapixels * 1_000_000:
            raise UnreadableFrame(
                f"{path} is too large.",
                f"it claims {width}x{height} pixels, the limit is {self.max_megapixels} megapixels.",
                "check that it is a photograph; if it is, raise the limit with --set developer.max_megapixels=N.",
            )
