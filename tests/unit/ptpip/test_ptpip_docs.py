from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from stackcore.testing.ptpip.codes import Act
from stackcore.testing.ptpip.faults import _WORDS, FAULT_NAMES, Setup, with_fault
from stackcore.testing.ptpip.identity import IDENTITIES

PAGE = (Path(__file__).parents[3] / "docs/how-to/stand-in-camera.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [*FAULT_NAMES, *get_args(Act), *IDENTITIES])
def test_every_fault_act_and_identity_is_explained(name: str) -> None:
    assert re.search(rf"`{name}[=`]", PAGE)


def test_every_fault_on_the_page_exists() -> None:
    names = re.findall(r"^\| (`[^|]+)\|", PAGE, re.MULTILINE)
    found = {name for cell in names for name in re.findall(r"`([a-z-]+)(?:=\w+)?`", cell)}
    assert found == set(FAULT_NAMES)
    for spec in ("refused:still=0x2019@2x3", "busy:still=20", "end-of-range@3"):
        assert spec in PAGE
        assert with_fault(Setup(), spec).faults
    for reason in ("battery", "temperature", "no-card", "mirror-up"):
        assert reason in _WORDS
