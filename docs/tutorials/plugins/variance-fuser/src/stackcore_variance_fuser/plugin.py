"""What stackcore reads at start-up: the offer and its options, and nothing heavy."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pydantic import Field

from stackcore.config import Options
from stackcore.hookspecs import Offer, hookimpl

if TYPE_CHECKING:
    from stackcore.protocols import Fuser


stackcore_api = "1.0"
"""Version of the hooks that this was written for."""


class VarianceOptions(Options):
    """What can be set on it: `--set fuser.window_px=15`."""

    window_px: int = Field(7, ge=3, le=17, description="Width of the square whose variance counts, pixels.")
    exponent: float = Field(4.0, ge=1, le=5, description="Exponent of the variance: 1 blends softly, 5 selects.")


def _build(options: VarianceOptions) -> Fuser[Any]:
    from stackcore_variance_fuser.fuser import VarianceFuser  # numpy and OpenCV come in here

    return VarianceFuser(options)


@hookimpl
def stackcore_fusers() -> Iterable[Offer[Fuser[Any]]]:
    """Offer the fuser `variance`."""
    return [
        Offer(
            name="variance",
            summary="A mean of all frames, weighted by how much the picture varies around each pixel.",
            options=VarianceOptions,
            build=_build,
            capabilities=("streaming", "mergeable", "parallel"),
        )
    ]
