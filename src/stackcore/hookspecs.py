"""The hooks of stackcore and the offer, which describes a plugin without building it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, cast

import pluggy

if TYPE_CHECKING:  # options bring pydantic along and protocols numpy, a tenth of a second each for `stackcore --help`
    from stackcore.config import Options
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
        Model of what can be set; buildable with no arguments. `NoOptions` when left out: there is nothing to set.
    build
        Makes the plugin from its options.
    capabilities
        Short words that say what it can do, for example the suffixes that a developer reads (`.jpg`).
    needs
        Top-level modules that must be installed.
    extra
        The extra of its distribution that brings them, for `pip install 'acme-fusers[extra]'`; None where they are
        among what the distribution always requires.
    """

    name: str
    summary: str
    options: type[Options] = field(default_factory=lambda: cast("type[Options]", None))
    build: Callable[[Any], T]
    capabilities: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    extra: str | None = None

    def __post_init__(self) -> None:
        if self.options is None:  # found by `__getattr__` when somebody asks, for it would load pydantic now
            object.__delattr__(self, "options")

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            if name != "options":
                raise AttributeError(name)
            from stackcore.config import NoOptions

            return NoOptions


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
    """What is true of a hook.

    Attributes
    ----------
    kind
        Of the plugins that it offers.
    since
        The version of the hooks from which it is there.
    protocol
        What `build` returns must be, of `stackcore.protocols`; empty for any function.
    optional
        What it may be beside that, of `stackcore.protocols`.
    """

    kind: Kind
    since: str
    protocol: str
    optional: tuple[str, ...] = ()
    deprecated: Deprecation | None = None


def hook(
    kind: Kind,
    *,
    since: str,
    protocol: str = "",
    optional: tuple[str, ...] = (),
    deprecated: Deprecation | None = None,
) -> Callable[[HookT], HookT]:
    """Mark a function as the hook that offers plugins of a kind; see `HookFacts`."""

    def mark(function: HookT) -> HookT:
        vars(function)["stackcore_facts"] = HookFacts(
            kind=kind, since=since, protocol=protocol, optional=optional, deprecated=deprecated
        )
        return hookspec(function)

    return mark


def hook_facts(specification: type) -> dict[str, HookFacts]:
    """What is true of each hook of a class, by name, in the order in which they are written."""
    names = dict.fromkeys(name for base in reversed(specification.__mro__) for name in vars(base))
    found = {name: getattr(getattr(specification, name), "stackcore_facts", None) for name in names}
    return {name: facts for name, facts in found.items() if facts is not None}


class Hooks:
    """Every hook: a function without arguments that returns offers.

    **Guaranteed, for all of them.** A hook is called whenever plugins are looked for, which may be several times in a
    process, and not on the main thread. It is called alone: what it raises is told of its plugin and stops no other,
    what it gave before counts, and after ten seconds it is given up. An offer is built when its plugin is chosen, with
    options that were checked against its model, and each run builds its own. What `build` raises is shown as it is if
    it is a `StackcoreError`; anything else is told as a fault of the plugin.

    **Asked, of all of them.** A hook gives the same offers each time, opens no device, starts no thread, reads no file
    and loads no heavy library: that is for `build`.
    """

    @hook("camera", since="1.0", protocol="CameraProvider", optional=("CameraFinder", "CameraCatalogue"))
    def stackcore_cameras(self) -> Iterable[Offer[CameraProvider]]:
        """Offer cameras, or ways to reach them.

        **Guaranteed.** Every call to what is built comes from one thread, `open` first, `restore` and `close` at the
        end whatever happened. It is also built to be listed (`stackcore cameras`): asked then for what needs no
        device, and to `detect`. An option called `port` takes the address of `--camera NAME:ADDRESS`.

        **Asked.** `build` connects to nothing; `open` does. Each call blocks until it is done, and raises a
        `CameraError` when it could not be; `FocusDriveError` tells how far the drive really came.
        """
        return ()

    @hook("mode", since="1.0", protocol="RunMode")
    def stackcore_run_modes(self) -> Iterable[Offer[RunMode]]:
        """Offer run modes: what happens at each slice of a capture run.

        **Guaranteed.** The plan is within its ranges. Delays, cancelling, the book of movements and the way back are
        the engine's. Actions are asked for without a camera, too, for `--dry-run` and for the time that is left.

        **Asked.** A mode touches nothing, and gives the same actions for the same plan and traits.
        """
        return ()

    @hook("token", since="1.0", protocol="Token", optional=("AskingToken",))
    def stackcore_tokens(self) -> Iterable[Offer[Token]]:
        """Offer path tokens. The offer's name is what follows the `@`, upper-case letters and digits.

        **Guaranteed.** All tokens are built for each run; one that cannot be built harms no other. What it returns is
        made safe as a part of a file name afterwards, and a digit is only handed over where `takes_digits` says so.

        **Asked.** A token answers the same for the same file, however often it is asked.
        """
        return ()

    @hook("developer", since="1.0", protocol="Developer")
    def stackcore_developers(self) -> Iterable[Offer[Developer]]:
        """Offer readers of image or raw files; the capabilities list the suffixes, lower case, with their dot.

        **Guaranteed.** It is built when the first file of one of its suffixes is met, and `prepare` comes before
        `read_reduced` and `read`. Calls come from several threads. Two developers of one suffix are refused.

        **Asked.** A file that cannot be read raises `UnreadableFrame`; nothing varies from frame to frame but light.
        """
        return ()

    @hook("aligner", since="1.0", protocol="Aligner")
    def stackcore_aligners(self) -> Iterable[Offer[Aligner]]:
        """Offer ways to find the geometry of the frames of a stack.

        **Guaranteed.** `links` is asked first, `register` for each link in several threads at once, in any order,
        `solve` last with all of what was found. An option called `model` takes the value of `--model`.

        **Asked.** A pair that cannot be registered is told as such, and raises nothing.
        """
        return ()

    @hook(
        "fuser",
        since="1.0",
        protocol="Fuser",
        optional=("ParallelFuser", "RegionalFuser", "DemandingFuser"),
    )
    def stackcore_fusers(self) -> Iterable[Offer[Fuser[Any]]]:
        """Offer ways to fuse an aligned stack into one picture.

        **Guaranteed.** Frames arrive warped into the reference geometry, (H, W, 3), in the stack's working encoding;
        `Frame.valid` says which pixels the source covered. Each is added exactly once. For one plan the order of adds
        and merges is the same whatever the executor and the number of workers.

        **Asked.** The size of a state does not depend on the number of frames; what looks at neighbours in what was
        fused is left to `finish`. A capability `depth` says that `finish` can find depth.
        """
        return ()

    @hook("sharpener", since="1.0", protocol="Sharpener")
    def stackcore_sharpeners(self) -> Iterable[Offer[Sharpener]]:
        """Offer ways to sharpen the finished picture. An option `strength` takes the value of `--sharpen`.

        **Guaranteed.** It is asked once for a picture, when everything else is done to it.

        **Asked.** The picture that is handed over is not modified; the one returned has its shape and dtype.
        """
        return ()

    @hook("executor", since="1.0", protocol="Executor", optional=("BoundExecutor", "RemoteExecutor"))
    def stackcore_executors(self) -> Iterable[Offer[Executor]]:
        """Offer places where the work is done. An option called `workers` takes the value of `--workers`.

        **Guaranteed.** `close` is called at the end whatever happened, and may be called twice.

        **Asked.** For one plan the result is the same to the bit whatever the workers. A cancel is noticed between
        tasks at the latest, and ends in `Cancelled`.
        """
        return ()

    @hook("command", since="1.0", optional=("PythonCommand",))
    def stackcore_commands(self) -> Iterable[Offer[Callable[..., None]]]:
        """Offer commands for the command line: `build` returns a function that typer can turn into a command.

        **Guaranteed.** The summary of the offer is its line in `stackcore --help`; it is built when it is invoked. A
        `StackcoreError` that it raises is shown and ends in its exit code.

        **Asked.** The function has a docstring, and a type and a help text for each argument, of which its help is
        made. It has the name of no command of stackcore itself. What can be called from Python as well says so by
        `stackcore.protocols.with_python`.
        """
        return ()


HOOK_OF_KIND: dict[Kind, str] = {
    facts.kind: name for name, facts in hook_facts(Hooks).items() if facts.deprecated is None
}
