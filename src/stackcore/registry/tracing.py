"""`STACKCORE_TRACE=hooks`: which plugin answered which hook with what, and how long it took, on stderr."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TextIO

_LOG = logging.getLogger(__name__)

TRACE_VARIABLE = "STACKCORE_TRACE"
"""Environment variable: what to trace, separated by commas; `hooks` is all there is."""

_LONGEST = 80
"""Characters of an answer that are shown."""


@dataclass
class Answer:
    """What is shown as the answer; whoever asks fills it in."""

    text: str = ""


class HookTrace:
    """Writes a line for each thing that a plugin was asked.

    Parameters
    ----------
    widths
        Of the columns `plugin` and `asked for`, characters.
    stream
        Where to; stderr of the process where it is None.
    """

    def __init__(self, widths: tuple[int, int] = (36, 21), stream: TextIO | None = None) -> None:
        self._widths = widths
        self._stream = stream

    @contextmanager
    def asking(self, plugin: str, what: str) -> Iterator[Answer]:
        """Take the time of the block and write its line, with what it raised where it did."""
        answer, began = Answer(), time.perf_counter()
        try:
            yield answer
        except BaseException as error:
            answer.text = f"{type(error).__name__}: {error}"
            raise
        finally:
            self._row(plugin, what, f"{(time.perf_counter() - began) * 1000:.2f} ms", answer.text or "nothing")

    def head(self) -> None:
        """Write the names of the columns."""
        self._row("plugin", "asked for", "took", "answer")

    def _row(self, plugin: str, what: str, took: str, answer: str) -> None:
        wide, narrow = self._widths
        short = " ".join(answer.split())
        short = short if len(short) <= _LONGEST else f"{short[: _LONGEST - 1]}…"
        line = f"trace: {plugin:<{wide}}  {what:<{narrow}}  {took:>10}  {short}"
        print(line.rstrip(), file=self._stream or sys.stderr, flush=True)


class NoTrace(HookTrace):
    """Writes nothing and takes no time."""

    @contextmanager
    def asking(self, plugin: str, what: str) -> Iterator[Answer]:
        """Do the block."""
        yield Answer()

    def head(self) -> None:
        """Write nothing."""


def hook_trace(plugins: Iterable[str] = (), asked_for: Iterable[str] = ()) -> HookTrace:
    """Return what traces hooks as the environment asks; the columns are as wide as the names that will be in them."""
    value = os.environ.get(TRACE_VARIABLE, "")
    if not value or value == "0":
        return NoTrace()
    if "hooks" not in (word.strip() for word in value.split(",")):
        _tell_unknown(value)
        return NoTrace()
    return HookTrace((_longest(plugins, 36), _longest(asked_for, 21)))


@cache  # once
def _tell_unknown(value: str) -> None:
    _LOG.warning("%s=%s traces nothing; it takes: hooks.", TRACE_VARIABLE, value)


def _longest(names: Iterable[str], otherwise: int) -> int:
    return max(map(len, names), default=otherwise)
