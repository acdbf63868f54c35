"""Each promise of `TokenContract` is broken by a token that is wrong in one way."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from stackcore.config import NoOptions
from stackcore.hookspecs import Offer
from stackcore.protocols import TokenContext
from stackcore.testing import TokenContract


class Right:
    takes_digits: Any = True
    counter: Any = "global"

    def expand(self, context: TokenContext, digits: int | None) -> str:
        return f"{context.counter or 0:0{digits}d}"


class Vague(Right):
    counter = "mine"


class Numeric(Right):
    def expand(self, context: TokenContext, digits: int | None) -> Any:
        return context.counter


class Fickle(Right):
    numbers = count()

    def expand(self, context: TokenContext, digits: int | None) -> str:
        return f"{next(self.numbers):04d}"


class Slashes(Right):
    def expand(self, context: TokenContext, digits: int | None) -> str:
        return f"{context.taken_at:%Y/%m/%d}"


class Provincial(Right):
    def expand(self, context: TokenContext, digits: int | None) -> str:
        return context.camera.model.encode("ascii").decode()


class Stuck(Right):
    def expand(self, context: TokenContext, digits: int | None) -> str:
        return "42" * 5


class Mumbles:
    takes_digits = False
    counter = None

    def question(self, label: str) -> str:
        return " "

    def expand(self, context: TokenContext, digits: int | None) -> str:
        return context.answers[context.label]


WRONG = {
    "its_name_can_be_typed_after_an_at": (Right, "nobody can tell where the name ends in @CT24"),
    "it_says_what_follows_its_name": (Vague, "counter is 'mine'"),
    "its_answer_is_text": (Numeric, "it answers 42"),
    "one_file_gets_one_answer": (Fickle, "one file is called '0000' and '0001' and '0002'"),
    "its_answer_is_fit_for_a_name": (Slashes, "'2026/11/22' becomes '2026_11_22'"),
    "hostile_values_do_not_break_it": (Provincial, "UnicodeEncodeError"),
    "a_counter_shows_its_number": (Stuck, "counter 1 is shown as '4242424242'"),
    "it_asks_in_words": (Mumbles, "its question is empty"),
}


def contract(token: type, name: str = "CT") -> TokenContract:
    tried = TokenContract()
    tried.offer = Offer(name=name, summary="A token.", options=NoOptions, build=lambda options: token())
    return tried


@pytest.mark.parametrize("promise", WRONG)
def test_it_is_caught(happened_in, promise) -> None:
    token, words = WRONG[promise]
    assert words in happened_in(contract(token, "CT2" if "name_can" in promise else "CT"), promise)


@pytest.mark.parametrize("name", ["ct", "C T", "2D", "C-T", "Č"])
def test_names_that_cannot_be_typed(happened_in, name) -> None:
    assert f"its name is {name!r}" in happened_in(contract(Right, name), "its_name_can_be_typed_after_an_at")


def test_every_promise_can_be_broken(own_promises) -> None:
    assert own_promises(TokenContract) == set(WRONG)


def test_the_right_one_breaks_none() -> None:
    tried = contract(Right)
    for promise in set(WRONG) - {"it_asks_in_words"}:
        getattr(tried, f"test_{promise}")()
