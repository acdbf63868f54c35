"""The variance fuser keeps the contract of fusers, and does what its options say."""

from __future__ import annotations

from typing import Any

import numpy as np

from stackcore.protocols import Fuser
from stackcore.terms import Frame, StackInfo
from stackcore.testing import FuserContract
from stackcore_variance_fuser.fuser import VarianceFuser
from stackcore_variance_fuser.plugin import VarianceOptions, stackcore_fusers


class TestVarianceFuser(FuserContract):
    (offer,) = stackcore_fusers()

    def make(self) -> Fuser[Any]:
        return VarianceFuser(VarianceOptions())


def test_a_larger_exponent_leaves_less_of_the_blurred_frame() -> None:
    info = StackInfo(width=32, height=32, frames=2, reference=0, dtype="float32")
    sharp = np.indices((32, 32)).sum(axis=0) % 2 * np.ones((3, 1, 1)) * 0.5
    checks, grey = sharp.transpose(1, 2, 0).astype(np.float32), np.full((32, 32, 3), 0.3, np.float32)

    def distance(exponent: float) -> float:
        fuser = VarianceFuser(VarianceOptions(exponent=exponent))
        state = fuser.add(fuser.add(fuser.start(info), Frame(0, checks)), Frame(1, grey))
        return float(np.abs(fuser.finish(state).pixels - checks).max())

    assert distance(3) < distance(1) < 1e-3
