"""The offer of the ECC aligner."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from stackcore.config import Options
from stackcore.hookspecs import Offer, hookimpl

if TYPE_CHECKING:
    from stackcore.protocols import Aligner

Model = Literal["shift", "rigid", "similarity", "affine", "homography"]
Choice = Literal["auto", "shift", "rigid", "similarity", "affine", "homography"]


class EccOptions(Options):
    """What can be set on the ECC aligner."""

    model: Choice = Field(
        "similarity",
        description="What may differ between frames, each including the ones before; auto takes the simplest up to "
        "affine that explains the stack.",
    )
    work_size_px: int = Field(1024, ge=128, le=8192, description="Longer side of the frames that are compared, pixels.")
    blur_px: int = Field(5, ge=1, le=31, multiple_of=1, description="Gaussian window before comparing, odd, pixels.")
    iterations: int = Field(60, ge=5, le=1000, description="Most iterations on each of the coarse scales.")
    least_score: float = Field(0.3, ge=0, le=1, description="Correlation below which a pair counts as failed.")


def _build(options: EccOptions) -> Aligner:
    from stackcore_plugins.aligner_ecc.aligner import EccAligner

    return EccAligner(options)


@hookimpl
def stackcore_aligners() -> Iterable[Offer[Aligner]]:
    """Offer the ECC aligner."""
    return [
        Offer(
            name="ecc",
            summary="Sub-pixel registration by correlation, over links of several lengths solved jointly.",
            options=EccOptions,
            build=_build,
            capabilities=("shift", "rigid", "similarity", "affine", "homography"),
        )
    ]
