"""Templates survive a round trip, no name escapes or is unsafe, and no counter number comes twice."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path, PureWindowsPath

from hypothesis import assume, given

from stackcore.errors import UsageError
from stackcore.paths.counters import Counters
from stackcore.paths.sanitise import sanitise
from stackcore.paths.template import expand, parse
from stackcore.protocols import CameraInfo, TokenContext
from stackcore.testing import strategies
from stackcore.testing.strategies import hostile_texts
from stackcore_plugins.tokens_standard.plugin import stackcore_tokens

TOKENS = {offer.name: offer.build(offer.options()) for offer in stackcore_tokens()}

CONTEXT = TokenContext(
    run_started=datetime(2026, 11, 22, tzinfo=UTC),
    taken_at=datetime(2026, 11, 22, tzinfo=UTC),
    profile="default",
    mode="full",
    extension="jpg",
    slice_index=0,
    slices=2,
    step=2,
    focus_offset=0,
    image_in_run=1,
    camera=CameraInfo(provider="fake", model=""),
    counter=1,
)

values = hostile_texts()
templates = strategies.templates(TOKENS)


@given(templates)
def test_a_template_survives_a_round_trip(text: str) -> None:
    try:
        template = parse(text, TOKENS, drives=False)
    except UsageError:
        assume(False)
        raise
    again = parse(str(template), TOKENS, drives=False)
    assert (again.anchor, again.levels) == (template.anchor, template.levels)
    assert str(again) == str(template)


@given(templates, values)
def test_no_expansion_escapes(text: str, job: str) -> None:
    context = replace(CONTEXT, fields={"job": job}, answers=defaultdict(lambda: job))
    try:
        template = parse(text, TOKENS, drives=False)
    except UsageError:
        assume(False)
        raise
    root = {"": Path.cwd(), "~": Path.home()}.get(template.anchor, Path(template.anchor or "."))
    path = expand(template, TOKENS, lambda token: context, "jpg").with_extension("jpg")
    names = path.relative_to(root).parts
    assert len(names) == len(template.levels)
    assert Path(os.path.normpath(path)) == path
    assert all(sanitise(name) == (name, []) for name in names)


@given(values)
def test_a_safe_name_is_one_name_everywhere(text: str) -> None:
    safe, reasons = sanitise(text)
    assert sanitise(safe) == (safe, [])
    assert bool(reasons) == (safe != text)
    assert len(Path("x", safe).parts) == len(PureWindowsPath("x", safe).parts) == 2
    assert safe not in ("", ".", "..")
    assert len(safe.encode()) <= 255
    assert not re.search(r'[<>:"|?*/\\\x00-\x1f]', safe)


COUNT = """
import os, sys
from pathlib import Path
from stackcore.paths.counters import Counters
folder, name, end = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
counters = Counters(folder)
for turn in range(12):
    reservation = counters.reserve(["global"], lambda numbers: folder / f"{name}-{turn}")
    number = reservation.numbers["global"]
    if turn % 3 == 2:
        counters.give_back(reservation)
        continue
    reservation.target.touch()
    print(number, flush=True)
    if turn == 7 and end == "killed":
        os._exit(9)
    counters.mark_used(reservation)
"""


def test_several_processes_never_use_a_number_twice(tmp_path: Path) -> None:
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", COUNT, str(tmp_path), name, "killed" if name == "c" else "ends"],
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in "abc"
    ]
    numbers = [int(line) for worker in workers for line in worker.communicate()[0].split()]
    assert [worker.returncode for worker in workers] == [0, 0, 9]
    assert len(numbers) == 8 + 8 + 6
    assert len(set(numbers)) == len(numbers)
    counters = Counters(tmp_path)
    assert counters.settle() == []  # the file of the number that was left open is there
    assert counters.peek(["global"])["global"] > max(numbers)
