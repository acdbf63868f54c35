"""Runs the command line inside the test's own process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from stackcore.cli.app import main


@dataclass(frozen=True)
class Finished:
    """What a command left behind."""

    code: int
    out: str
    err: str


@pytest.fixture
def stackcore(capsys: pytest.CaptureFixture[str]) -> Callable[..., Finished]:
    """Call the command line with arguments."""

    def call(*arguments: str) -> Finished:
        with pytest.raises(SystemExit) as caught:
            main(list(arguments))
        out, err = capsys.readouterr()
        code = caught.value.code
        assert isinstance(code, int)
        return Finished(code, out, err)

    return call
