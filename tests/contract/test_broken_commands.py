"""Each promise of `CommandContract` is broken by a function that is wrong in one way."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
import typer

from stackcore.testing import CommandContract


def undecided(place: Annotated[int | str, typer.Argument(help="Where.")]) -> None:
    """Do something, somewhere."""


def silent(place: Annotated[str, typer.Argument(help="Where.")]) -> None:
    place.strip()


def bare(place: Annotated[str, typer.Argument(help="Where.")], often: int = 3) -> None:
    """Do it often."""


WRONG: dict[str, tuple[Any, str]] = {
    "its_function_fits_a_command_line": (undecided, "Union types"),
    "help_tells_what_it_does": (silent, "its function has no docstring"),
    "every_option_has_a_help_text": (bare, "no help for --often"),
}


def contract(function: Any) -> CommandContract:
    tried = CommandContract()
    tried.make = lambda: function  # type: ignore[method-assign]
    return tried


@pytest.mark.parametrize("promise", WRONG)
def test_it_is_caught(happened_in, promise) -> None:
    function, words = WRONG[promise]
    assert words in happened_in(contract(function), promise)


def test_every_promise_can_be_broken(own_promises) -> None:
    assert own_promises(CommandContract) == set(WRONG)
