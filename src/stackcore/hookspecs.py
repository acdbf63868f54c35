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


class Hooks:
    """Every hook. Each is called once per process, must be cheap, opens no device and loads no heavy library."""

    @hookspec
    def stackcore_cameras(self) -> Iterable[Offer[CameraProvider]]:
        """Offer cameras, or ways to reach them. `build` must not connect; `CameraProvider.open` does."""
        return ()

    @hookspec
    def stackcore_run_modes(self) -> Iterable[Offer[RunMode]]:
        """Offer run modes: what happens at each slice of a capture run."""
        return ()

    @hookspec
    def stackcore_tokens(self) -> Iterable[Offer[Token]]:
        """Offer path tokens. The offer's name is what follows the `@`, upper-case letters and digits."""
        return ()

    @hookspec
    def stackcore_developers(self) -> Iterable[Offer[Developer]]:
        """Offer readers of image or raw files; the capabilities list the suffixes, lower case, with their dot."""
        return ()

    @hookspec
    def stackcore_aligners(self) -> Iterable[Offer[Aligner]]:
        """Offer ways to find the geometry of the frames of a stack."""
        return ()

    @hookspec
    def stackcore_fusers(self) -> Iterable[Offer[Fuser[Any]]]:
        """Offer ways to fuse an aligned stack into one picture.

        Frames arrive warped into the reference geometry, (H, W, 3), in the stack's working encoding;
        `Frame.valid` says which pixels the source covered.
        """
        return ()

    @hookspec
    def stackcore_sharpeners(self) -> Iterable[Offer[Sharpener]]:
        """Offer ways to sharpen the finished picture. An option `strength` takes the value of `--sharpen`."""
        return ()

    @hookspec
    def stackcore_executors(self) -> Iterable[Offer[Executor]]:
        """Offer places where the work is done. Options `workers` and `memory_bytes` take the command line's values."""
        return ()

    @hookspec
    def stackcore_commands(self) -> Iterable[Offer[Callable[..., None]]]:
        """Offer commands for the command line: `build` returns a function that typer can turn into a command."""
        return ()


HOOK_OF_KIND: dict[Kind, str] = {
    "camera": "stackcore_cameras",
    "mode": "stackcore_run_modes",
    "token": "stackcore_tokens",
    "developer": "stackcore_developers",
    "aligner": "stackcore_aligners",
    "fuser": "stackcore_fusers",
    "sharpener": "stackcore_sharpeners",
    "executor": "stackcore_executors",
    "command": "stackcore_commands",
}
