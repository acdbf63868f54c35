"""Offers the `demo` command."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from stackcore.config import NoOptions
from stackcore.hookspecs import Offer, hookimpl


def _build(options: NoOptions) -> Callable[..., None]:
    from stackcore_plugins.command_demo.command import demo

    return demo


@hookimpl
def stackcore_commands() -> Iterable[Offer[Callable[..., None]]]:
    """Offer `stackcore demo`."""
    offer: Offer[Any] = Offer(
        name="demo",
        summary="Shoot a simulated stack, fuse it, and show the result on a page.",
        options=NoOptions,
        build=_build,
    )
    return (offer,)
