"""The room that each worker of other processes needs, and what happens where it has less."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from stackcore.api.worker_room import fits_workers, refuse_small_workers, worker_needs
from stackcore.errors import ConfigError
from stackcore.registry import Registry
from stackcore.terms import StackInfo, Strip

MIB = 2**20
INFO = StackInfo(width=3000, height=2000, frames=40, reference=20, dtype="uint8")
WHOLE = Strip(0, 2000)


@dataclass
class Workers:
    worker_bytes: int | None


def needs(strip: Strip = WHOLE, threads: int = 1, dark: Any = None, fuser: str = "blend") -> int:
    correction = SimpleNamespace(dark=dark, flat=None)
    reader: Any = SimpleNamespace(
        info=SimpleNamespace(decode_bytes=18_000_000), development=SimpleNamespace(correction=correction)
    )
    return worker_needs(reader, Registry.discover().build("fuser", fuser), INFO, strip, threads)


def test_five_states_and_two_frames_are_reckoned_with():
    assert 770 * MIB < needs() < 910 * MIB, "860 were measured when a state took 3 bytes a pixel more: 90 less"
    assert needs(Strip(0, 512)) < needs() - 150 * MIB
    assert needs(threads=4) > needs() + 3 * 48 * 256 * 3000
    assert needs(dark=np.zeros((2000, 3000), np.float32)) == needs() + 2 * 24_000_000, "packed, and unpacked"


def test_a_fuser_that_cannot_be_cut_needs_all_of_it():
    assert needs(Strip(0, 512), fuser="depthmap") == needs(fuser="depthmap")


def test_what_does_not_fit_is_refused_with_the_number_needed():
    assert fits_workers(700, Workers(None))
    assert fits_workers(700, Workers(1000))
    assert not fits_workers(701, Workers(1000))
    refuse_small_workers(700 * MIB, Workers(1000 * MIB))
    with pytest.raises(ConfigError, match="too little memory") as caught:
        refuse_small_workers(701 * MIB, Workers(1000 * MIB))
    assert "the smallest may take 1000 MiB" in caught.value.why
    assert "at least 1002 MiB" in caught.value.fix
