"""The bodies that can be impersonated: what each lists as its operations and properties. Data only.

Which real body lists which operation was not checked; the lists are those with which the driver of libgphoto2 goes
its ways (first and second list of events, with and without application mode, first and second capture command).
"""

from __future__ import annotations

from dataclasses import dataclass

from stackcore.testing.ptpip.codes import Event, Format, Operation, Property
from stackcore.testing.ptpip.datasets import PropertySpec, Type

NIKON = 0x0000000A
"""Vendor extension of Nikon in the list of the PTP standard."""


@dataclass(frozen=True, kw_only=True)
class Identity:
    """A body: who it says it is, and what it lists."""

    manufacturer: str
    model: str
    version: str
    serial: str
    operations: tuple[int, ...]
    properties: tuple[PropertySpec, ...]
    header_bytes: int
    """How many bytes of its own the body puts before each live-view picture."""

    folder: str
    """Name of the folder on the card."""

    events: tuple[int, ...] = tuple(Event)
    formats: tuple[int, ...] = (Format.JPEG, Format.RAW, Format.FOLDER)


_OPERATIONS = (
    Operation.GET_DEVICE_INFO,
    Operation.OPEN_SESSION,
    Operation.CLOSE_SESSION,
    Operation.GET_STORAGE_IDS,
    Operation.GET_STORAGE_INFO,
    Operation.GET_NUM_OBJECTS,
    Operation.GET_OBJECT_HANDLES,
    Operation.GET_OBJECT_INFO,
    Operation.GET_OBJECT,
    Operation.GET_THUMB,
    Operation.DELETE_OBJECT,
    Operation.GET_PROPERTY_DESCRIPTION,
    Operation.GET_PROPERTY_VALUE,
    Operation.SET_PROPERTY_VALUE,
    Operation.GET_PARTIAL_OBJECT,
    Operation.NIKON_SET_CONTROL_MODE,
    Operation.NIKON_GET_EVENTS,
    Operation.NIKON_DEVICE_READY,
    Operation.NIKON_GET_VENDOR_PROPERTIES,
    Operation.NIKON_START_LIVE_VIEW,
    Operation.NIKON_END_LIVE_VIEW,
    Operation.NIKON_GET_LIVE_VIEW_IMAGE,
    Operation.NIKON_DRIVE_FOCUS,
    Operation.NIKON_CAPTURE,
)

_FIRST_OPERATIONS = (
    *(operation for operation in _OPERATIONS if operation != Operation.NIKON_CAPTURE),
    Operation.NIKON_CAPTURE_IN_SDRAM,
    Operation.NIKON_AF_CAPTURE_IN_SDRAM,
)
"""Of bodies that take pictures for the host into their memory only."""

_UNIFIED_OPERATIONS = (
    Operation.NIKON_GET_EVENTS_EX,
    Operation.NIKON_GET_OBJECT_SIZE,
    Operation.NIKON_GET_LIVE_VIEW_IMAGE_EX,
    Operation.NIKON_GET_PARTIAL_OBJECT_EX,
    Operation.NIKON_CHANGE_APPLICATION_MODE,
)

_APERTURES = (280, 320, 350, 400, 450, 500, 560, 630, 710, 800, 900, 1000, 1100, 1300, 1400, 1600, 1800, 2000, 2200)
"""F-number times 100."""

_TIMES = (1, 5, 10, 20, 40, 80, 125, 166, 333, 666, 1250, 2500, 5000, 10000, 20000, 50000, 100000, 300000)
"""Shutter time in tenths of a millisecond."""

_FOCUS_MODES = (1, 0x8010, 0x8011, 0x8013)
"""Manual, single, continuous, full-time."""

_PROPERTIES = (
    PropertySpec(code=Property.BATTERY_LEVEL, type=Type.UINT8, value=80, span=(0, 100, 1)),
    PropertySpec(
        code=Property.IMAGE_SIZE,
        type=Type.TEXT,
        value="8256x5504",
        writable=True,
        choices=("8256x5504", "6192x4128", "4128x2752"),
    ),
    PropertySpec(code=Property.COMPRESSION, type=Type.UINT8, value=2, writable=True, choices=tuple(range(8))),
    PropertySpec(code=Property.WHITE_BALANCE, type=Type.UINT16, value=4, writable=True, choices=(2, 4, 5, 6, 7)),
    PropertySpec(code=Property.F_NUMBER, type=Type.UINT16, value=560, writable=True, choices=_APERTURES),
    PropertySpec(code=Property.FOCUS_MODE, type=Type.UINT16, value=0x8010, choices=_FOCUS_MODES),
    PropertySpec(code=Property.FLASH_MODE, type=Type.UINT16, value=2, choices=(2, 4)),
    PropertySpec(code=Property.EXPOSURE_TIME, type=Type.UINT32, value=80, writable=True, choices=_TIMES),
    PropertySpec(code=Property.EXPOSURE_PROGRAM, type=Type.UINT16, value=1, choices=(1, 2, 3, 4)),
    PropertySpec(
        code=Property.EXPOSURE_INDEX, type=Type.UINT16, value=100, writable=True, choices=(64, 100, 200, 400, 800)
    ),
    PropertySpec(code=Property.EXPOSURE_BIAS, type=Type.INT16, value=0, writable=True, choices=(-1000, 0, 1000)),
    PropertySpec(code=Property.STILL_CAPTURE_MODE, type=Type.UINT16, value=1, writable=True, choices=(1, 2, 0x8011)),
    PropertySpec(code=Property.BURST_NUMBER, type=Type.UINT16, value=1, writable=True, span=(1, 100, 1)),
    PropertySpec(code=Property.NIKON_LIVE_VIEW_AF_FOCUS, type=Type.UINT8, value=0, writable=True, choices=(0, 2, 4)),
    PropertySpec(code=Property.NIKON_EXPOSURE_TIME, type=Type.UINT32, value=(1 << 16) | 125),
    PropertySpec(code=Property.NIKON_RECORDING_MEDIA, type=Type.UINT8, value=0, writable=True, choices=(0, 1)),
    PropertySpec(code=Property.NIKON_AUTOFOCUS_MODE, type=Type.UINT8, value=0, choices=(0, 1, 2, 3, 4)),
    PropertySpec(code=Property.NIKON_LIVE_VIEW_STATUS, type=Type.UINT8, value=0, choices=(0, 1)),
    PropertySpec(code=Property.NIKON_LIVE_VIEW_PROHIBITED, type=Type.UINT32, value=0),
    PropertySpec(code=Property.NIKON_LIVE_VIEW_SIZE, type=Type.UINT8, value=2, writable=True, choices=(1, 2, 3)),
    PropertySpec(code=Property.NIKON_FLASH_CHARGED, type=Type.UINT8, value=1, choices=(0, 1)),
)

_UNIFIED_PROPERTIES = (
    PropertySpec(
        code=Property.NIKON_EXTERNAL_RECORDING_CONTROL, type=Type.UINT8, value=0, writable=True, choices=(0, 1)
    ),
    PropertySpec(code=Property.NIKON_APPLICATION_MODE, type=Type.UINT8, value=0, writable=True, choices=(0, 1)),
)

IDENTITIES: dict[str, Identity] = {
    "d850": Identity(
        manufacturer="Nikon Corporation",
        model="D850",
        version="V1.30",
        serial="8500017",
        operations=_OPERATIONS,
        properties=_PROPERTIES,
        header_bytes=384,
        folder="100ND850",
    ),
    "d300": Identity(
        manufacturer="Nikon Corporation",
        model="D300",
        version="V1.11",
        serial="3000003",
        operations=_FIRST_OPERATIONS,
        properties=_PROPERTIES,
        header_bytes=64,
        folder="100ND300",
    ),
    "z6": Identity(
        manufacturer="Nikon Corporation",
        model="Z 6",
        version="V3.60",
        serial="6000042",
        operations=_OPERATIONS + _UNIFIED_OPERATIONS,
        properties=_PROPERTIES + _UNIFIED_PROPERTIES,
        header_bytes=1024,
        folder="100NCZ_6",
    ),
}
"""By the name that is given on the command line."""
