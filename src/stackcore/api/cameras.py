"""Which cameras can be used now: every provider, what it finds, and whose bodies it drives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stackcore.actions import SdkStyle
from stackcore.errors import CameraError, PluginError
from stackcore.protocols import CameraCatalogue, CameraFinder, CameraProvider, DetectedCamera, DriveProfile
from stackcore.registry import ANSWER_LIMIT_S, PluginRecord, Registry


@dataclass(frozen=True, kw_only=True)
class ProviderListing:
    """One provider.

    `problem` says why it cannot be used or could not look for cameras, with the cure; `style` is None where it cannot
    be used. A simulated camera is always there; it has no entry in `found`.
    """

    name: str
    summary: str
    style: SdkStyle | None = None
    simulated: bool = False
    found: Sequence[DetectedCamera] = ()
    profiles: Sequence[DriveProfile] = ()
    problem: str = ""

    @property
    def addresses(self) -> list[str]:
        """What to type after `--camera` for each camera found; the name alone for a simulated one."""
        if self.simulated:
            return [self.name]
        return [f"{self.name}:{camera.address}" if camera.address else self.name for camera in self.found]


def list_cameras(registry: Registry | None = None) -> list[ProviderListing]:
    """Look at every camera provider that is installed; connects to no camera and raises for none that fails.

    Examples
    --------
    >>> import stackcore
    >>> [provider.addresses for provider in stackcore.list_cameras() if provider.name == "simulator"]
    [['simulator']]
    """
    registry = registry or Registry.discover()
    return [_listing(registry, record) for record in registry.records("camera")]


def _listing(registry: Registry, record: PluginRecord) -> ProviderListing:
    if record.state != "ok":
        problem = f"{record.reason} try: {record.fix}"
        return ProviderListing(name=record.name, summary=record.summary, problem=problem)
    try:
        provider: CameraProvider = registry.build("camera", record.name, limit_s=ANSWER_LIMIT_S)
    except PluginError as error:
        return ProviderListing(name=record.name, summary=record.summary, problem=str(error))
    found, problem = _look(provider)
    return ProviderListing(
        name=record.name,
        summary=record.summary,
        style=provider.traits.style,
        simulated=provider.traits.simulated,
        found=found,
        profiles=tuple(provider.drive_profiles()) if isinstance(provider, CameraCatalogue) else (),
        problem=problem,
    )


def _look(provider: CameraProvider) -> tuple[Sequence[DetectedCamera], str]:
    if not isinstance(provider, CameraFinder):
        return (), ""
    try:
        return tuple(provider.detect()), ""
    except CameraError as error:
        return (), str(error)
