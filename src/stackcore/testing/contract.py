"""What a contract is: a class whose `test_` methods are promises, run by pytest or by `stackcore plugins check`.

The name of a method is the promise in words, its docstring what is expected, and the message of the `AssertionError`
what happened instead.
"""

from __future__ import annotations

import contextlib
import inspect
import tempfile
import unittest
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

from stackcore.errors import CameraError
from stackcore.hookspecs import Kind, Offer
from stackcore.registry.describing import members_of

PREFIX = "test_"
FIRST_OF_ALL = "test_build_gives_what_the_kind_needs"
"""Where this promise is broken there is nothing to try the others with."""


class DoesNotApply(unittest.SkipTest):
    """Raised by a promise that this plugin does not make; the message says why. pytest counts it as skipped."""


@dataclass(frozen=True)
class Promise:
    """One promise of a contract: the `method` that tries it, its `title` in words, and what is `expected`."""

    method: str
    title: str
    expected: str


class Contract:
    """Base of the contracts of all kinds. Override `make`, or set `offer`; whoever has both is checked for more.

    Attributes
    ----------
    kind
        Which kind of plugin the contract is for.
    protocol
        What such a plugin must have; None where any callable will do.
    offer
        The offer under test, where there is one: its texts and options are looked at, too.
    options
        What is set on the offer when it is built; nothing unless told otherwise.
    """

    kind: ClassVar[Kind]
    protocol: ClassVar[type | None] = None
    offer: Offer[Any] | None = None
    options: Mapping[str, Any] = MappingProxyType({})

    _folder: tempfile.TemporaryDirectory[str] | None = None

    def make(self) -> Any:
        """Return the plugin under test, each time a new one; the default builds `offer` with `options`."""
        if self.offer is None:
            raise NotImplementedError(f"{type(self).__name__} must override `make`, or set `offer`")
        return self.offer.build(self.offer.options(**self.options))

    def make_with(self, **options: Any) -> Any:
        """Return one with these options as well; the default builds `offer`, and skips the promise where it cannot."""
        if self.offer is None:
            raise DoesNotApply("the contract knows no offer, and `make_with` is not overridden")
        unknown = [name for name in options if name not in self.offer.options.model_fields]
        if unknown:
            raise DoesNotApply(f"it has no option {' or '.join(unknown)}")
        return self.offer.build(self.offer.options(**{**self.options, **options}))

    def folder(self) -> Path:
        """Return an empty folder that is removed after the promise."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="stackcore-check-", ignore_cleanup_errors=True)
        return Path(tempfile.mkdtemp(dir=self._folder.name))

    def setup_method(self) -> None:
        """Called before each promise."""

    def teardown_method(self) -> None:
        """Called after each promise, kept or broken."""
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    @classmethod
    def promises(cls) -> list[Promise]:
        """Every promise, those of the base class first, in the order in which they are written."""
        return list(_promises(cls))

    def test_the_offer_says_what_it_is(self) -> None:
        """A name without blanks, one line of summary, options that can be left out, each with a description."""
        offer = self.offer
        if offer is None:
            raise DoesNotApply("the contract knows no offer")
        assert offer.name.split() == [offer.name], f"its name is {offer.name!r}"
        assert offer.summary.strip(), "its summary is empty"
        assert "\n" not in offer.summary, f"its summary has more than one line: {offer.summary!r}"
        offer.options()
        for name, field in offer.options.model_fields.items():
            assert field.description, f"the option {name} has no description, which `plugins show` prints"

    def test_build_gives_what_the_kind_needs(self) -> None:
        """Every method and attribute that the core asks for is there; `build` needs no device and no file."""
        plugin = self.make()
        try:
            if self.protocol is None:
                assert callable(plugin), f"`build` gave {_described(plugin)}, which cannot be called"
                return
            missing = [name for name in members_of(self.protocol) if not hasattr(plugin, name)]
            wanted = f"{self.protocol.__name__}, which has {', '.join(members_of(self.protocol))}"
            assert not missing, f"`build` gave {_described(plugin)} without {', '.join(missing)}; wanted: {wanted}"
            uncalled = [
                name
                for name in members_of(self.protocol)
                if inspect.isfunction(vars(self.protocol).get(name)) and not callable(getattr(plugin, name))
            ]
            assert not uncalled, f"{', '.join(uncalled)} of {_described(plugin)} cannot be called"
        finally:
            let_go(plugin)


def let_go(plugin: Any) -> None:
    """Close a plugin that can be closed (cameras, executors); an error of a camera meanwhile is no matter here."""
    close = getattr(plugin, "close", None)
    if callable(close):
        with contextlib.suppress(CameraError):
            close()


def _promises(cls: type) -> Iterator[Promise]:
    names = dict.fromkeys(name for base in reversed(cls.__mro__) for name in vars(base) if name.startswith(PREFIX))
    for name in names:
        method = getattr(cls, name)
        yield Promise(name, name.removeprefix(PREFIX).replace("_", " "), inspect.cleandoc(method.__doc__ or ""))


def _described(plugin: object) -> str:
    return "nothing (None)" if plugin is None else f"a {type(plugin).__name__}"
