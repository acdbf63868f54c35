"""Offers the `doctor` command."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from stackcore.hookspecs import Offer, hookimpl

if TYPE_CHECKING:  # pydantic; every `stackcore --help` loads this module
    from stackcore.config import Options


def _build(options: Options) -> Callable[..., None]:
    from stackcore.protocols import with_python
    from stackcore_plugins.command_doctor.checks import all_findings
    from stackcore_plugins.command_doctor.command import doctor

    return with_python(doctor, all_findings)


@hookimpl
def stackcore_commands() -> Iterable[Offer[Callable[..., None]]]:
    """Offer `stackcore doctor`."""
    offer: Offer[Any] = Offer(
        name="doctor",
        summary="Check libraries, plugins, cameras and folders, and say how to mend what is wrong.",
        build=_build,
    )
    return (offer,)
