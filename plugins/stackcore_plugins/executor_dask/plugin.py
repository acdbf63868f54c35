"""The offer of the Dask executor."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from pydantic import Field, field_validator

from stackcore.config import Options
from stackcore.hookspecs import Offer, hookimpl

if TYPE_CHECKING:
    from stackcore.protocols import Executor


class DaskOptions(Options):
    """What can be set on the Dask executor."""

    address: str | None = Field(
        None, description="Of a running scheduler, such as tcp://host:8786; a cluster of this machine if unset."
    )
    workers: int | None = Field(
        None,
        ge=1,
        le=10_000,
        description="Worker processes of the local cluster, one per core if unset; or to wait for.",
    )
    worker_memory: str | None = Field(
        None, description="Memory limit of each local worker, such as 4GiB; its share of the machine if unset."
    )
    folder: str | None = Field(
        None, description="Where the workers find the folder of the frames: a path, or an fsspec address (s3://...)."
    )
    timeout_s: float = Field(10.0, gt=0, le=3600, description="How long to wait for a scheduler or a worker, seconds.")
    allow_versions: bool = Field(False, description="Work with workers of other versions; bytes may differ then.")
    plan: Literal["tree"] = Field("tree", description="Slabs are fused apart, and joined in pairs.")

    @field_validator("worker_memory")
    @classmethod
    def _is_a_size(cls, text: str | None) -> str | None:
        if text is not None and not re.fullmatch(r"\s*[0-9]*\.?[0-9]+\s*([kMGT]i?)?B\s*", text):
            raise ValueError("a number and a unit are needed, for example 4GiB")
        return text


def _build(options: DaskOptions) -> Executor:
    from stackcore_plugins.executor_dask.executor import DaskExecutor

    return DaskExecutor(options)


@hookimpl
def stackcore_executors() -> Iterable[Offer[Executor]]:
    """Offer the Dask executor."""
    return [
        Offer(
            name="dask",
            summary="Workers of Dask, on this machine or on many: slabs fused apart, then joined.",
            options=DaskOptions,
            build=_build,
            capabilities=("tree", "remote"),
            needs=("distributed",),
            extra="dask",
        )
    ]
