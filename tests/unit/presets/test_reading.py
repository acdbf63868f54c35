"""What is wrong in a file of settings is named by file, line and key, with what is allowed and the nearest."""

from __future__ import annotations

from pathlib import Path

import pytest

from stackcore.errors import ConfigError
from stackcore.presets.reading import MAX_BYTES, read_preset

WRONG = [
    ('[stack]\nfuser = "blend"\ncrpo = false', "x.toml:3:", '"crpo"', 'did you mean "crop"'),
    ('\n[stak]\nfuser = "blend"', "x.toml:2:", '"stak"', 'did you mean "stack"'),
    ('fuser = "blend"', "x.toml:1:", "fuser is no value", "[fuser] is a table"),
    ("slices = 3", "x.toml:1:", '"slices"', "belongs into the table [capture]"),
    ("[stack]\nslices = 3", "x.toml:2:", '"slices" in [stack]', "belongs into the table [capture]"),
    ("[capture]\n\nslices = 1", "x.toml:3:", "capture.slices cannot be 1", "a whole number from 2 to 199"),
    ('[capture]\nslices = "20"', "x.toml:2:", 'capture.slices cannot be "20"', "a whole number from 2 to 199"),
    ("[capture]\ndelay_ms = true", "x.toml:2:", "capture.delay_ms cannot be true", "a whole number, at least 0"),
    ("[capture]\nstep = 2.5", "x.toml:2:", "capture.step cannot be 2.5", "2 to 999"),
    ('[stack]\ncrop = "no"', "x.toml:2:", 'stack.crop cannot be "no"', "true or false"),
    ('[stack]\non_unaligned = "stpo"', "x.toml:2:", "stpo", 'did you mean "stop"'),
    ('[stack]\nmemory = "much"', "x.toml:2:", 'stack.memory cannot be "much"', "2GiB"),
    ("[stack]\nwhite_balance = [1.0, 2.0]", "x.toml:2:", "stack.white_balance", "a list of 4"),
    ("[stack]\nexposure = 9", "x.toml:2:", "stack.exposure cannot be 9", "from -5 to 5"),
    ('[output]\ndepth_map = "depth.png"', "x.toml:2:", "output.depth_map", "{name}-depth.png"),
    ('[output]\ndepth_map = "../{name}.png"', "x.toml:2:", "output.depth_map", "in the folder of the result"),
    ('[output]\nkeep_aligned = "/tmp/{name}"', "x.toml:2:", "output.keep_aligned", "in the folder of the result"),
    ('[output]\nkeep_slabs = "C:{name}"', "x.toml:2:", "output.keep_slabs", "in the folder of the result"),
    ("[output]\nquality = 0", "x.toml:2:", "output.quality cannot be 0", "1 to 100"),
    ("summary = 3", "x.toml:1:", "summary cannot be 3", "text"),
    ("[stack]\nfuser = blend", "x.toml:2:", "no TOML", "fuser = blend"),
    ("[stack]\na = 1\na = 2", "x.toml:3:", "no TOML", "overwrite"),
    ('[stack]\nfuser = "blend', "x.toml:2:", "no TOML", "line 2"),
    ("[stack]\nwhite_balance = [\n1.0,", "x.toml:3:", "no TOML", "end of the file"),
]


@pytest.mark.parametrize(("text", "place", "what", "told"), WRONG, ids=[text for text, *_ in WRONG])
def test_what_is_wrong_has_its_line(tmp_path: Path, text: str, place: str, what: str, told: str) -> None:
    (tmp_path / "x.toml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_preset(tmp_path / "x.toml")
    assert f"{tmp_path / place}" in caught.value.what
    assert what in caught.value.what
    assert told in str(caught.value)


def test_of_several_faults_the_first_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text("[fuser]\nlevels = 1\n[stack]\ncrop = 3\n[capture]\nslices = 1\n")
    with pytest.raises(ConfigError, match=r"x\.toml:4: stack\.crop"):
        read_preset(tmp_path / "x.toml")


def test_a_file_that_is_no_text_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_bytes(b'[stack]\nfuser = "b\xff"\n')
    with pytest.raises(ConfigError, match=r"x\.toml:2: This is no text"):
        read_preset(tmp_path / "x.toml")


def test_a_picture_is_no_file_of_settings(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_bytes(b"x" * (MAX_BYTES + 1))
    with pytest.raises(ConfigError, match="larger than"):
        read_preset(tmp_path / "x.toml")


def test_a_folder_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_preset(tmp_path)


def test_a_byte_order_mark_and_windows_line_ends_are_taken(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_bytes(b"\xef\xbb\xbf[stack]\r\ncrop = false\r\n")
    file = read_preset(tmp_path / "x.toml")
    assert file.preset.stack.crop is False
    assert file.where("stack", "crop") == f"{tmp_path / 'x.toml'}:2"


def test_numbers_and_text_are_taken_where_both_make_sense(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text("[stack]\nsharpen = 1\nwhite_balance = [2, 1, 1.5, 1]\nexposure = 1\n")
    stack = read_preset(tmp_path / "x.toml").preset.stack
    assert (stack.sharpen, stack.white_balance, stack.exposure) == (1, [2, 1, 1.5, 1], 1)
