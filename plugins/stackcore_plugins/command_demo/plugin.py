"""Offers the `demo` command."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from stackcore.hookspecs import Offer, hookimpl

if TYPE_CHECKING:  # pydantic; every `stackcore --help` loads this module
    from stackcore.config import Options


def _build(options: Options) -> Callable[..., None]:
    from stackcore.protocols import with_python
    from stackcore_plugins.command_demo.command import demo

    return with_python(demo, _run)


def _run(*arguments: Any, **options: Any) -> Any:
    """Load what processing needs when it is run, not for its help."""
    from stackcore_plugins.command_demo.chain import run_demo

    return run_demo(*arguments, **options)


@hookimpl
def stackcore_commands() -> Iterable[Offer[Callable[..., None]]]:
    """Offer `stackcore demo`."""
    offer: Offer[Any] = Offer(
        name="demo",
        summary="Shoot a simulated stack, fuse it, and show the result on a page.",
        build=_build,
    )
    return (offer,)
