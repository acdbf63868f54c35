"""The connection to the workers: those of a running scheduler, or processes of this machine."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from distributed import Client, LocalCluster

from stackcore.errors import ConfigError
from stackcore_plugins.executor_dask.plugin import DaskOptions


class Cluster:
    """A client, and the cluster behind it where that was started here.

    Raises
    ------
    ConfigError
        Nobody answers at the address in time, or no worker is there.
    """

    def __init__(self, options: DaskOptions) -> None:
        self._options = options
        self._own: Any = None
        self.client: Any = self._connected() if options.address else self._started()
        try:
            self._await_workers()
        except BaseException:
            self.close()
            raise

    def workers(self) -> Mapping[str, Mapping[str, Any]]:
        """What the scheduler knows of each worker, by address."""
        found: Mapping[str, Mapping[str, Any]] = self.client.scheduler_info(n_workers=-1)["workers"]
        return found

    def close(self) -> None:
        """Leave; what was started here is stopped."""
        with suppress(Exception):  # it may be gone already
            self.client.close(timeout=self._options.timeout_s)
        if self._own is not None:
            self._own.close()

    def _connected(self) -> Any:
        address = self._options.address
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # versions are compared, and refused, by `job`
                return Client(address, timeout=self._options.timeout_s, set_as_default=False)
        except (OSError, ValueError, TypeError, ImportError) as error:
            raise ConfigError(
                f'No scheduler answers at "{address}".',
                f"waited {self._options.timeout_s:g} s: {error}.",
                "check the address that `dask scheduler` printed (tcp://host:8786) and the firewall between, or leave "
                "out executor.address for workers on this machine.",
            ) from error

    def _started(self) -> Any:
        options = self._options
        count = options.workers or _cores()
        try:
            self._own = LocalCluster(
                n_workers=count,
                threads_per_worker=1,
                processes=True,
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",  # any free port, and for nobody outside
                memory_limit=options.worker_memory or "auto",
                silence_logs=logging.CRITICAL,
                preload=["stackcore_plugins.executor_dask.deaf"],
            )
        except RuntimeError as error:
            raise ConfigError(
                "The workers of this machine did not start.",
                f"{error.__cause__ or error}.",
                'in a script of your own, call stackcore below `if __name__ == "__main__":`, since workers import the '
                "script; else look at what they have printed above.",
            ) from error
        return Client(self._own, timeout=options.timeout_s, set_as_default=False)

    def _await_workers(self) -> None:
        wanted = self._options.workers or 1
        try:
            self.client.wait_for_workers(wanted, timeout=self._options.timeout_s)
        except TimeoutError as error:
            raise ConfigError(
                "The scheduler has too few workers.",
                f"{len(self.workers())} of {wanted} came within {self._options.timeout_s:g} s.",
                "start some with `dask worker ADDRESS`, ask for fewer with `--workers`, or wait longer with "
                "`--set executor.timeout_s=...`.",
            ) from error


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
