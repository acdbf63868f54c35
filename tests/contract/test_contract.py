"""The base of all contracts: what a promise is, how a plugin is made, and what pytest sees."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar, get_args

import pytest
from pydantic import Field

from stackcore.config import NoOptions, Options
from stackcore.hookspecs import Kind, Offer
from stackcore.protocols import Sharpener
from stackcore.testing import Contract, DoesNotApply, SharpenerContract, contract_of
from stackcore.testing.checking import CheckOrder


def offer(**changes: Any) -> Offer[Any]:
    fields: dict[str, Any] = {"name": "mine", "summary": "One line.", "options": NoOptions, "build": lambda _: object()}
    return Offer(**{**fields, **changes})


class Small(Contract):
    kind: ClassVar[Kind] = "sharpener"
    protocol: ClassVar[type | None] = Sharpener

    def test_it_is_small(self) -> None:
        """Smaller than
        others.
        """


def test_promises_are_told_in_words_those_of_the_base_first() -> None:
    titles = [promise.title for promise in Small.promises()]
    assert titles == ["the offer says what it is", "build gives what the kind needs", "it is small"]
    assert Small.promises()[-1].expected == "Smaller than\nothers."


@pytest.mark.parametrize("kind", get_args(Kind))
def test_every_kind_has_a_contract_whose_promises_all_say_what_is_expected(kind: Kind) -> None:
    contract = contract_of(kind)
    assert contract.kind == kind
    promises = contract.promises()
    assert len(promises) >= 5
    for promise in promises:
        assert promise.expected.endswith("."), promise


def test_what_is_made_comes_from_the_offer_unless_told_otherwise() -> None:
    class Mine(Contract):
        kind: ClassVar[Kind] = "token"

    made = object()
    mine = Mine()
    with pytest.raises(NotImplementedError, match="Mine must override `make`"):
        mine.make()
    mine.offer = offer(build=lambda _: made)
    assert mine.make() is made


def test_options_that_it_has_not_make_a_promise_void() -> None:
    class Strength(Options):
        strength: int = Field(1, description="How much.")

    mine = Small()
    with pytest.raises(DoesNotApply, match="knows no offer"):
        mine.make_with(strength=0)
    mine.offer = offer(options=Strength, build=lambda options: options.strength)
    assert mine.make_with(strength=0) == 0
    with pytest.raises(DoesNotApply, match="no option workers"):
        mine.make_with(workers=2)


def test_folders_are_gone_after_the_promise() -> None:
    mine = Small()
    first, second = mine.folder(), mine.folder()
    assert first != second
    (first / "frame.tif").write_bytes(b"x")
    mine.teardown_method()
    assert not first.exists()
    assert not second.exists()
    mine.teardown_method()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "two words"}, "its name is 'two words'"),
        ({"summary": " "}, "its summary is empty"),
        ({"summary": "One.\nTwo."}, "more than one line"),
    ],
)
def test_an_offer_that_does_not_say_what_it_is(change: dict[str, Any], message: str) -> None:
    mine = Small()
    mine.offer = offer(**change)
    with pytest.raises(AssertionError, match=message):
        mine.test_the_offer_says_what_it_is()


def test_an_option_without_a_description() -> None:
    class Bare(Options):
        radius_px: int = 3

    mine = Small()
    mine.offer = offer(options=Bare)
    with pytest.raises(AssertionError, match="option radius_px has no description"):
        mine.test_the_offer_says_what_it_is()


class NotCallable:
    sharpen = 3


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (None, r"`build` gave nothing \(None\) without sharpen; wanted: Sharpener"),
        (object(), "`build` gave a object without sharpen"),
        (NotCallable(), "sharpen of a NotCallable cannot be called"),
    ],
)
def test_build_that_gives_something_else(made: object, message: str) -> None:
    mine = Small()
    mine.offer = offer(build=lambda _: made)
    with pytest.raises(AssertionError, match=message):
        mine.test_build_gives_what_the_kind_needs()


def test_pytest_counts_what_does_not_apply_as_skipped(tmp_path: Path) -> None:
    code = """
from stackcore.testing import SharpenerContract


class Same:
    def sharpen(self, pixels, encoding):
        return pixels.copy()


class TestMine(SharpenerContract):
    sizes = ((9, 7),)

    def make(self):
        return Same()
"""
    (tmp_path / "test_mine.py").write_text(code)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=line", "test_mine.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    promises = len(SharpenerContract.promises())
    assert f"1 failed, {promises - 3} passed, 2 skipped" in done.stdout, done.stdout
    assert "the steepest place of a soft uint8 edge" in done.stdout


def test_contracts_need_neither_pytest_nor_hypothesis() -> None:
    """`stackcore plugins check` uses them where only the tool is installed."""
    code = (
        "import sys; sys.modules['pytest'] = sys.modules['hypothesis'] = None\n"
        "import stackcore.testing as t\n"
        "assert all(getattr(t, name) for name in t.__all__)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_package_alone_loads_nothing_heavy() -> None:
    """The simulated camera imports its scene, and with it this package."""
    code = "import sys, stackcore.testing; assert not {'numpy', 'cv2', 'unittest'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_cameras_get_more_time_but_for_being_built() -> None:
    def limits(kind: Kind, time_limit_s: float | None = None) -> set[float]:
        order = CheckOrder(kind=kind, name="mine", options={}, time_limit_s=time_limit_s)
        return {order.limit_s(promise) for promise in contract_of(kind).promises()}

    assert limits("fuser") == {60}
    assert limits("camera") == {60, 600}
    assert limits("camera", 5) == {5}
