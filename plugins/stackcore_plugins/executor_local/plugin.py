"""The offer of the local executor."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pydantic import Field

from stackcore.config import Options
from stackcore.hookspecs import Offer, hookimpl
from stackcore.protocols import PlanKind

if TYPE_CHECKING:
    from stackcore.protocols import Executor


class LocalOptions(Options):
    """What can be set on the local executor."""

    workers: int | None = Field(None, ge=1, le=256, description="Threads at work; as many as there are cores if unset.")
    plan: PlanKind = Field("fold", description="fold: one state takes all frames; tree: one per slab, joined in pairs.")


def _build(options: LocalOptions) -> Executor:
    from stackcore_plugins.executor_local.executor import LocalExecutor

    return LocalExecutor(options)


@hookimpl
def stackcore_executors() -> Iterable[Offer[Executor]]:
    """Offer the local executor."""
    return [
        Offer(
            name="local",
            summary="Threads on this machine, frames in order, memory independent of their number.",
            options=LocalOptions,
            build=_build,
            capabilities=("fold", "tree"),
        )
    ]
