"""Every key of a TOML text is found on its line."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackcore.presets.positions import line_of, lines_of

TEXT = '''# a comment with [brackets] and a = b

summary = """
[not.a.table]
fuser = "no"
"""
extends = 'x'   # [neither]
[capture]
path = "a#b"

  [stack]
sharpen = "1:0:0"
white_balance = [
  1.0,
  # [fuser]
  2.0,
]
hot_pixels = false
[fuser]
"levels" = 3
a.b = {c = 1, d = [
  2 ]}
[[list]]
key = 1
'''


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_keys_stand_where_they_begin(end: str) -> None:
    assert lines_of(TEXT.replace("\n", end)) == {
        ("summary",): 3,
        ("extends",): 7,
        ("capture",): 8,
        ("capture", "path"): 9,
        ("stack",): 11,
        ("stack", "sharpen"): 12,
        ("stack", "white_balance"): 13,
        ("stack", "hot_pixels"): 18,
        ("fuser",): 19,
        ("fuser", "levels"): 20,
        ("fuser", "a"): 21,
        ("fuser", "a", "b"): 21,
        ("fuser", "a", "b", "c"): 21,
        ("fuser", "a", "b", "d"): 21,
        ("list",): 23,
        ("list", "key"): 24,
    }


def test_what_has_no_line_has_that_of_its_table() -> None:
    lines = lines_of(TEXT)
    assert line_of(lines, ("stack", "white_balance", "1")) == 13
    assert line_of(lines, ("stack", "unknown")) == 11
    assert line_of(lines, ("unknown",)) == 1


VALUES = st.one_of(
    st.integers(-5, 5).map(str),
    st.sampled_from(["true", '"x = 1"', "'[y]'", '"""\n[z]\nq = 1\n"""', "[\n1,\n2]", "{u = 1}", "1979-05-27"]),
)
GAPS = st.sampled_from(["", "\n", "# c = 1\n", "  \n\n"])


@given(st.lists(st.tuples(GAPS, st.sampled_from(["[{}]", "{} = {}"]), VALUES), max_size=12))
def test_the_lines_are_those_where_the_statements_were_put(parts: list[tuple[str, str, str]]) -> None:
    text, table, wanted = "", "", {}
    for number, (gap, form, value) in enumerate(parts):
        text += gap
        name = f"k{number}"
        wanted[tuple(filter(None, [name if form == "[{}]" else table, "" if form == "[{}]" else name]))] = (
            text.count("\n") + 1
        )
        table = name if form == "[{}]" else table
        text += form.format(name, value) + "\n"
    data: dict[str, Any] = tomllib.loads(text)
    assert data is not None
    found = lines_of(text)
    assert {path: found[path] for path in wanted} == wanted
