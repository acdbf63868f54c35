from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from stackcore.errors import UsageError
from stackcore.paths.template import Expanded, TokenUse, expand, parse
from stackcore.protocols import CameraInfo, Token, TokenContext
from stackcore_plugins.tokens_standard.plugin import stackcore_tokens
from stackcore_plugins.tokens_standard.token import StandardToken

TOKENS: Mapping[str, Token] = {offer.name: offer.build(offer.options()) for offer in stackcore_tokens()}

CONTEXT = TokenContext(
    run_started=datetime(2026, 11, 22, 18, 15, 0, 42_000, UTC),
    taken_at=datetime(2026, 11, 22, 18, 15, 7, 999_500, UTC),
    profile="default",
    mode="full",
    extension="jpg",
    slice_index=4,
    slices=12,
    step=40,
    focus_offset=160,
    image_in_run=5,
    camera=CameraInfo(provider="fake", model="Fake 1", serial="S7", lens="Macro 60"),
    counter=42,
    fields={"job": "Beetles", "batch_id": "B-9", **{f"bd{n}": f"field {n}" for n in range(1, 7)}},
    answers={"subject": "Carabus", "tray_no": "12"},
)


def expanded(text: str, context: TokenContext = CONTEXT, tokens: Mapping[str, Token] = TOKENS) -> Expanded:
    return expand(parse(text, tokens), tokens, lambda token: context, "jpg")


def relative(text: str) -> str:
    return expanded(text).stem.relative_to(Path.cwd()).as_posix()


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("@GRP", "20261122-181500-042"),
        ("@UGRP", "20261122-181500-042"),
        ("@GCT4", "0042"),
        ("@GCT1", "42"),
        ("@PCT9", "000000042"),
        ("@D1", "20261122"),
        ("@DT1", "20261122-181507-999"),
        ("@MCT", "5"),
        ("@UD1", "20261122"),
        ("@UDT1", "20261122-181507-999"),
        ("@EXT/@JOB/@BID", "jpg/Beetles/B-9"),
        ("@BD1@BD2@BD3", "field 1field 2field 3"),
        ("@BD4@BD5@BD6", "field 4field 5field 6"),
        ("@ASK:subject-@ASK:tray_no_@MCT", "Carabus-12_5"),
        ("@SLICE of @STEP at @FOCUS", "05 of 40 at 160"),
        ("@CAM @SERIAL @LENS", "Fake 1 S7 Macro 60"),
        ("@PROFILE.@MODE", "default.full"),
        ("@MCT4", "54"),
        ("a@@b", "a@b"),
        ("@@GRP", "@GRP"),
        ("a/@D1\\x@MCT_y", "a/20261122/x5_y"),
        ("./a//b", "a/b"),
    ],
)
def test_tokens_and_separators(text: str, result: str) -> None:
    assert relative(text) == result
    assert expanded(text).warnings == ()


def test_times_are_local_and_their_twins_utc() -> None:
    zone = timezone(timedelta(hours=6))
    local = replace(
        CONTEXT, run_started=CONTEXT.run_started.astimezone(zone), taken_at=CONTEXT.taken_at.astimezone(zone)
    )
    assert [expanded(text, local).stem.name for text in ("@GRP", "@UGRP", "@D1", "@UD1", "@DT1", "@UDT1")] == [
        "20261123-001500-042",
        "20261122-181500-042",
        "20261123",
        "20261122",
        "20261123-001507-999",
        "20261122-181507-999",
    ]


@pytest.mark.parametrize(("index", "slices", "text"), [(0, 9, "1"), (8, 9, "9"), (8, 10, "09"), (0, 199, "001")])
def test_the_slice_is_as_wide_as_the_last_one(index: int, slices: int, text: str) -> None:
    assert expanded("@SLICE", replace(CONTEXT, slice_index=index, slices=slices)).stem.name == text


@pytest.mark.parametrize("text", ["@ASK", "@ASK/x", "@ASK:", "@ASK:/x", "@ASK:-", "@ASK subject"])
def test_a_question_wants_its_label(text: str) -> None:
    with pytest.raises(UsageError, match="label") as caught:
        parse(text, TOKENS)
    assert "@ASK:subject" in caught.value.fix


def test_a_token_without_a_value_draws_a_warning() -> None:
    found = expanded("@JOB/@LENS-@MCT", replace(CONTEXT, fields={}, camera=CameraInfo(provider="fake", model="")))
    assert found.stem.relative_to(found.root) == Path("_/-5")
    assert "@JOB has no value" in found.warnings
    assert "@LENS has no value" in found.warnings


def test_the_longest_token_wins() -> None:
    tokens = {name: StandardToken(lambda context, _, name=name: name.lower()) for name in ("A", "AB", "ABC")}
    assert parse("@ABCD@ABD@AD", tokens).levels == ((TokenUse("ABC"), "D", TokenUse("AB"), "D", TokenUse("A"), "D"),)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("@GPR/x", "@GRP"),
        ("@grp", "@GRP"),
        ("@GTC4", "@GCTn"),
        ("@ASJ:x", "@ASK:label"),
        ("a@", "valid:"),
        ("@ ", "valid:"),
    ],
)
def test_an_unknown_token_names_the_nearest(text: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text, TOKENS)
    assert hint in caught.value.fix


@pytest.mark.parametrize("text", ["@GCT", "@GCT0", "@GCTx", "@PCT/a"])
def test_a_counter_wants_its_digits(text: str) -> None:
    with pytest.raises(UsageError, match="1 to 9"):
        parse(text, TOKENS)


@pytest.mark.parametrize("text", ["", "/", "a/", "a\\", ".", "~", "~/"])
def test_a_template_names_a_file(text: str) -> None:
    with pytest.raises(UsageError, match="names no file"):
        parse(text, TOKENS)


def test_where_a_template_starts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert expanded("~/a/b").stem == tmp_path / "a" / "b"
    assert expanded("/a/b").stem == Path("/a/b")
    assert expanded("x~/b").stem == Path.cwd() / "x~" / "b"
    assert parse("c:\\a\\b", TOKENS, drives=True).anchor == "C:/"
    assert parse("\\\\nas\\photos\\a", TOKENS, drives=True).anchor == "//nas/photos/"


def test_a_drive_where_there_is_none_shows_the_template_without_it() -> None:
    with pytest.raises(UsageError) as caught:
        parse("c:\\images\\@GRP\\@GCT4", TOKENS, drives=False)
    assert '"\\images\\@GRP\\@GCT4"' in caught.value.fix


@pytest.mark.parametrize("text", ["a/frame@MCT.jpg", "a/frame@MCT.NEF", "a/frame@MCT.jpg.tif"])
def test_a_typed_extension_is_left_out_with_a_warning(text: str) -> None:
    found = expanded(text)
    assert found.with_extension("jpg").name == "frame5.jpg"
    assert any("extension" in warning for warning in found.warnings)


def test_a_dot_that_is_no_extension_stays() -> None:
    assert expanded("f2.8 at 5.1").with_extension("tif").name == "f2.8 at 5.1.tif"
    assert expanded("f2.8 at 5.1").warnings == ()


@pytest.mark.parametrize("value", ["../../etc", "..", "a/b", "a\\b", "/", "~", "C:"])
def test_the_value_of_a_token_adds_no_level(value: str) -> None:
    tokens = {"JOB": StandardToken(lambda context, _: value)}
    stem = expanded("x/@JOB/y", tokens=tokens).stem
    assert len(stem.relative_to(Path.cwd() / "x").parts) == 2
    assert ".." not in stem.parts


def test_a_value_of_nothing_still_names_a_folder() -> None:
    tokens = {"JOB": StandardToken(lambda context, _: "")}
    found = expanded("x/@JOB/y", tokens=tokens)
    assert found.stem == Path.cwd() / "x" / "_" / "y"
    assert found.warnings


def test_leaving_the_destination_is_neutralised() -> None:
    found = expanded("a/../../b")
    assert found.stem == Path.cwd() / "a" / "__" / "__" / "b"
    assert len(found.warnings) == 2


def test_a_long_name_leaves_room_for_extension_and_number() -> None:
    name = expanded("ä" * 300).with_extension("jpg")
    assert len(name.with_name(f"{name.stem}-(999){name.suffix}").name.encode()) <= 255
    assert "longer" in expanded("ä" * 300).warnings[0]


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(UsageError, match="no text"):
        parse("half\udcff/@MCT", TOKENS)
