"""The cameras that announce themselves, found without connecting to any and within a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

from stackcore.api.cameras import ProviderListing, list_cameras
from stackcore.registry import Registry
from stackcore_plugins.command_doctor.finding import Finding

WAIT_S = 10.0
"""Looking takes a second; a driver that hangs on a bad hub shall not keep the doctor."""


def cameras(registry: Registry, wait_s: float = WAIT_S) -> Iterator[Finding]:
    """What is connected, and one finding for each provider that could not look."""
    listings = _listed(registry, wait_s)
    if listings is None:
        yield Finding(
            name="cameras",
            state="warning",
            detail=f"looking for them took longer than {wait_s:g} s",
            fix="unplug what hangs, or switch it off and on again; then see `stackcore cameras`.",
        )
        return
    found = _found(listings)
    there = "; ".join(f"{model} ({', '.join(addresses)})" for model, addresses in found.items())
    yield Finding(
        name="cameras",
        state="ok",
        detail=there or "none is connected; the simulated ones always work",
        figures={"found": [{"model": model, "addresses": names} for model, names in found.items()]},
    )
    working = registry.names("camera")
    for listing in listings:
        if listing.problem and listing.name in working:  # the others are told as plugins
            what, _, fix = listing.problem.partition(" try: ")
            yield Finding(
                name=f"camera {listing.name}", state="warning", detail=what, fix=fix or "see `stackcore cameras`."
            )


def _listed(registry: Registry, wait_s: float) -> Sequence[ProviderListing] | None:
    """Look in a thread of its own: None when it does not come back in time. It ends with the process then."""
    answer: list[Sequence[ProviderListing]] = []
    looking = threading.Thread(target=lambda: answer.append(list_cameras(registry)), daemon=True)
    looking.start()
    looking.join(wait_s)
    return answer[0] if answer else None


def _found(listings: Sequence[ProviderListing]) -> dict[str, list[str]]:
    """Models with what to type after `--camera`; several providers may reach one camera."""
    found: dict[str, list[str]] = {}
    for listing in listings:
        for camera, address in zip(listing.found, listing.addresses, strict=False):
            found.setdefault(f"{camera.model} at {camera.address}" if camera.address else camera.model, []).append(
                address
            )
    return found
