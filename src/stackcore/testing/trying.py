"""Tries one promise of a contract in this process, and says in words what came of it."""

from __future__ import annotations

import time
import traceback
from pathlib import Path

from stackcore.testing.contract import Contract, DoesNotApply, Promise
from stackcore.testing.verdict import Finding, FindingState

_LONGEST = 600


def attempt(contract: Contract, promise: Promise) -> Finding:
    """Run one promise, with what comes before and after it; never raises an error of the plugin."""
    began = time.monotonic()
    state: FindingState = "kept"
    happened = ""
    try:
        contract.setup_method()
        getattr(contract, promise.method)()
    except DoesNotApply as reason:
        state, happened = "not applicable", str(reason)
    except (Exception, SystemExit) as error:
        state, happened = "broken", in_words(error)
    try:
        contract.teardown_method()
    except Exception as error:
        if state == "kept":
            state, happened = "broken", f"cleaning up after it failed: {in_words(error)}"
    return finding(promise, state, happened, time.monotonic() - began)


def finding(promise: Promise, state: FindingState, happened: str = "", seconds: float = 0.0) -> Finding:
    """A finding about a promise; its texts become single lines."""
    expected = " ".join(promise.expected.split())
    return Finding(
        title=promise.title, state=state, expected=expected, happened=" ".join(happened.split()), seconds=seconds
    )


def in_words(error: BaseException) -> str:
    """What an error says: the message of a broken promise; of any other, its kind and where it came from as well."""
    text = str(error)
    if isinstance(error, AssertionError) and text:
        return _shortened(text)
    where = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(where.filename).name}:{where.lineno}, in {where.name}"
    return f"{_shortened(f'{type(error).__name__}: {text}')} ({place})"


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 4]} ..."
