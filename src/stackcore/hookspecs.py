"""The hooks of stackcore and the offer, which describes a plugin without building it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

import pluggy

from stackcore.config import Options

if TYPE_CHECKING:  # the protocols bring numpy along, which would cost every `stackcore --help` a tenth of a second
    from stackcore.protocols import (
        Aligner,
        CameraProvider,
        Developer,
        Executor,
        Fuser,
        RunMode,
        Sharpener,
        Token,
    )

PROJECT = "stackcore"
"""Name of the pluggy project and of the entry-point group."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)

T = TypeVar("T")
HookT = TypeVar("HookT", bound=Callable[..., Any])

API_VERSION = "1.0"
"""Version of the hooks, of `Offer`, and of what `stackcore.protocols` asks for.

The second number grows when something is added that plugins may do without, the first when one that works would have
to be changed. A plugin says with `stackcore_api = "1.0"` in its module which version it was written for.
"""

Kind = Literal["camera", "mode", "token", "developer", "aligner", "fuser", "sharpener", "executor", "command"]


@dataclass(frozen=True, kw_only=True)  # no slots: a parametrised generic cannot be called with them on 3.11
class Offer(Generic[T]):
    """A plugin, described. Whatever is heavy is imported inside `build`.

    Attributes
    ----------
    name
        What the user types.
    summary
        One line for `stackcore plugins list`.
    options
        Model of what can be set; buildable with no arguments.
    build
        Makes the plugin from its options.
    capabilities
        Short words that say what it can do, for example the suffixes that a developer reads (`.jpg`).
    needs
        Top-level modules that must be installed.
    extra
        The extra that brings them: `pip install 'stackcore[extra]'`.
    """

    name: str
    summary: str
    options: type[Options]
    build: Callable[[Any], T]
    capabilities: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    extra: str | None = None


@dataclass(frozen=True, kw_only=True)
class Deprecation:
    """That a hook will go away: since which version of the hooks that is known, what to use, and when it goes."""

    since: str
    use: str
    goes_with: str

    def told(self, hook: str) -> str:
        """Return it in words that follow the name of a plugin."""
        return (
            f"implements the hook {hook}, deprecated since version {self.since} of the hooks: "
            f"use {self.use}. It goes with version {self.goes_with}."
        )


@dataclass(frozen=True, kw_only=True)
class HookFacts:
    """What is true of a hook: which `kind` it offers, and the version of the hooks it is there `since`."""

    kind: Kind
    since: str
    deprecated: Deprecation | None = None


def hook(kind: Kind, *, since: str, deprecated: Deprecation | None = None) -> Callable[[HookT], HookT]:
    """Mark a function as the hook that offers plugins of a kind."""

    def mark(function: HookT) -> HookT:
        vars(function)["stackcore_facts"] = HookFacts(kind=kind, since=since, deprecated=deprecated)
        return hookspec(function)

    return mark


def hook_facts(specification: type) -> dict[str, HookFacts]:
    """What is true of each hook of a class, by name, in the order in which they are written."""
    names = dict.fromkeys(name for base in reversed(specification.__mro__) for name in vars(base))
    found = {name: getattr(getattr(specification, name), "stackcore_facts", None) for name in names}
    return {name: facts for name, facts in found.items() if facts is not None}


class Hooks:
    """Every hook. Each is called once per process, must be cheap, opens no device and loads no heavy library."""

    @hook("camera", since="1.0")
    def stackcore_cameras(self) -> Iterable[Offer[CameraProvider]]:
        """Offer cameras, or ways to reach them. `build` must not connect; `CameraProvider.open` does."""
        return ()

    @hook("mode", since="1.0")
    def stackcore_run_modes(self) -> Iterable[Offer[RunMode]]:
        """Offer run modes: what happens at each slice of a capture run."""
        return ()

    @hook("token", since="1.0")
    def stackcore_tokens(self) -> Iterable[Offer[Token]]:
        """Offer path tokens. The offer's name is what follows the `@`, upper-case letters and digits."""
        return ()

    @hook("developer", since="1.0")
    def stackcore_developers(self) -> Iterable[Offer[Developer]]:
        """Offer readers of image or raw files; the capabilities list the suffixes, lower case, with their dot."""
        return ()

    @hook("aligner", since="1.0")
    def stackcore_aligners(self) -> Iterable[Offer[Aligner]]:
        """Offer ways to find the geometry of the frames of a stack."""
        return ()

    @hook("fuser", since="1.0")
    def stackcore_fusers(self) -> Iterable[Offer[Fuser[Any]]]:
        """Offer ways to fuse an aligned stack into one picture.

        Frames arrive warped into the reference geometry, (H, W, 3), in the stack's working encoding;
        `Frame.valid` says which pixels the source covered.
        """
        return ()

    @hook("sharpener", since="1.0")
    def stackcore_sharpeners(self) -> Iterable[Offer[Sharpener]]:
        """Offer ways to sharpen the finished picture. An option `strength` takes the value of `--sharpen`."""
        return ()

    @hook("executor", since="1.0")
    def stackcore_executors(self) -> Iterable[Offer[Executor]]:
        """Offer places where the work is done. Options `workers` and `memory_bytes` take the command line's values."""
        return ()

    @hook("command", since="1.0")
    def stackcore_commands(self) -> Iterable[Offer[Callable[..., None]]]:
        """Offer commands for the command line: `build` returns a function that typer can turn into a command."""
        return ()


HOOK_OF_KIND: dict[Kind, str] = {
    facts.kind: name for name, facts in hook_facts(Hooks).items() if facts.deprecated is None
}
