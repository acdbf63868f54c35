"""The contract of path tokens: derive from `TokenContract`, say how yours is made, and let pytest collect it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import ClassVar

from stackcore.hookspecs import Kind
from stackcore.paths.sanitise import sanitise
from stackcore.protocols import AskingToken, CameraInfo, Token, TokenContext
from stackcore.testing.contract import Contract, DoesNotApply

_STARTED = datetime(2026, 11, 22, 18, 15, 0, 42_000, timezone(timedelta(hours=1)))
_CAMERA = CameraInfo(provider="simulator", model="Model 1", maker="Maker", serial="0001", lens="105 mm", port="usb:1")

_USUAL = TokenContext(
    run_started=_STARTED,
    taken_at=_STARTED + timedelta(seconds=7, milliseconds=310),
    profile="default",
    mode="full",
    extension="jpg",
    slice_index=4,
    slices=12,
    step=40,
    focus_offset=160,
    image_in_run=5,
    camera=_CAMERA,
    fields={"job": "Beetles", "batch_id": "B-7", **{f"bd{n}": f"field {n}" for n in range(1, 7)}},
)
_LABEL = "subject"
_NAME = re.compile(r"[A-Z][A-Z0-9]*")
_HOSTILE = ("../../etc", "a/b\\c", "CON", "nul\x00", "Ž ☃ 蝶", " . ", "x" * 400)


class TokenContract(Contract):
    """What every path token owes the templates. Override `make`.

    Attributes
    ----------
    digits
        How many digits are asked for where the token takes any.

    Examples
    --------
    >>> class TestMine(TokenContract):
    ...     def make(self):
    ...         return MyToken()
    """

    kind: ClassVar[Kind] = "token"
    protocol: ClassVar[type | None] = Token
    digits: ClassVar[tuple[int, ...]] = (1, 4, 9)

    def make(self) -> Token:
        """Return the token under test."""
        token: Token = super().make()
        return token

    def test_its_name_can_be_typed_after_an_at(self) -> None:
        """Upper-case letters and digits, beginning with a letter; no digit at the end where one follows."""
        if self.offer is None:
            raise DoesNotApply("the contract knows no offer")
        name = self.offer.name
        assert _NAME.fullmatch(name), f"its name is {name!r}"
        if self.make().takes_digits:
            assert not name[-1].isdigit(), f"nobody can tell where the name ends in @{name}4"

    def test_it_says_what_follows_its_name(self) -> None:
        """`takes_digits` is true or false, `counter` is `global`, `profile` or None."""
        token = self.make()
        assert isinstance(token.takes_digits, bool), f"takes_digits is {token.takes_digits!r}"
        assert token.counter in ("global", "profile", None), f"counter is {token.counter!r}"

    def test_its_answer_is_text(self) -> None:
        """Whatever camera, slice and profile are; also where the camera tells nothing of itself."""
        for token, context, digits in self._questions():
            answer = token.expand(context, digits)
            assert isinstance(answer, str), f"it answers {answer!r}"

    def test_one_file_gets_one_answer(self) -> None:
        """A token is asked any number of times for one file, by preview, dry run and saving; another instance too."""
        for token, context, digits in self._questions():
            answers = {token.expand(context, digits), token.expand(context, digits)}
            answers.add(self.make().expand(context, digits))
            assert len(answers) == 1, f"one file is called {' and '.join(map(repr, sorted(answers)))}"

    def test_its_answer_is_fit_for_a_name(self) -> None:
        """With an ordinary camera and profile nothing of it has to be neutralised."""
        for token, digits in self._ways():
            context = self._context(token)
            answer = token.expand(context, digits)
            if not answer:
                continue
            safe, reasons = sanitise(answer)
            assert safe == answer, f"{answer!r} becomes {safe!r}: {'; '.join(reasons)}"

    def test_hostile_values_do_not_break_it(self) -> None:
        """Whatever the camera or the user calls things; what is unsafe is neutralised afterwards."""
        for token, digits in self._ways():
            for text in _HOSTILE:
                camera = replace(_CAMERA, model=text, serial=text, lens=text, maker=text, port=text)
                context = replace(
                    self._context(token),
                    camera=camera,
                    profile=text,
                    fields=dict.fromkeys(_USUAL.fields, text),
                    answers={_LABEL: text},
                )
                answer = token.expand(context, digits)
                assert isinstance(answer, str), f"it answers {answer!r} where things are called {text!r}"
                name = sanitise(answer)[0]
                assert name.encode(), f"nothing is left of its answer {answer!r}"

    def test_a_counter_shows_its_number(self) -> None:
        """With leading zeros up to the digits asked for, wider when it outgrows them; the next one is different."""
        token = self.make()
        if token.counter is None:
            raise DoesNotApply("it shows no counter")
        for digits in self.digits if token.takes_digits else (None,):
            for number in (1, 42, 999_999_999):
                first, second = (
                    token.expand(replace(self._context(token), counter=number + more), digits) for more in (0, 1)
                )
                assert str(number) in first, f"counter {number} is shown as {first!r}"
                assert first != second, f"counters {number} and {number + 1} are both shown as {first!r}"
                assert len(first) >= (digits or 0), f"counter {number} is shown as {first!r}, {digits} digits wanted"

    def test_it_asks_in_words(self) -> None:
        """The question is text that names what is asked for, and the answer under its label is what it gives."""
        token = self.make()
        if not isinstance(token, AskingToken):
            raise DoesNotApply("it asks nothing")
        question = token.question(_LABEL)
        assert isinstance(question, str), f"its question is {question!r}"
        assert question.strip(), "its question is empty"
        answer = token.expand(replace(_USUAL, answers={_LABEL: "Carabus"}, label=_LABEL), None)
        assert "Carabus" in answer, f'the answer "Carabus" is shown as {answer!r}'

    def _ways(self) -> Iterator[tuple[Token, int | None]]:
        for digits in self.digits if self.make().takes_digits else (None,):
            yield self.make(), digits

    def _context(self, token: Token) -> TokenContext:
        """A file as it usually is, with what this token may know."""
        asked = {"answers": {_LABEL: "Carabus"}, "label": _LABEL} if isinstance(token, AskingToken) else {}
        return replace(_USUAL, counter=42 if token.counter else None, **asked)  # type: ignore[arg-type]

    def _questions(self) -> Iterator[tuple[Token, TokenContext, int | None]]:
        for token, digits in self._ways():
            usual = self._context(token)
            yield token, usual, digits
            yield token, replace(usual, slice_index=0, focus_offset=0, image_in_run=1, extension="nef"), digits
            yield token, replace(usual, slice_index=198, slices=199, focus_offset=197_802, image_in_run=398), digits
            yield token, replace(usual, camera=CameraInfo(provider="", model=""), fields={}, profile=""), digits
