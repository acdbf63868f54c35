"""What the numbers of the picture transfer protocol (PTP, ISO 15740) and of Nikon's extension mean."""

from __future__ import annotations

from enum import IntEnum
from typing import Literal

Act = Literal["live_view", "preview", "drive", "still", "ready", "events", "download", "delete", "setting", "other"]
"""What a command is about; faults and tests speak in these, whatever the code."""


class Operation(IntEnum):
    """What the host asks for."""

    GET_DEVICE_INFO = 0x1001
    OPEN_SESSION = 0x1002
    CLOSE_SESSION = 0x1003
    GET_STORAGE_IDS = 0x1004
    GET_STORAGE_INFO = 0x1005
    GET_NUM_OBJECTS = 0x1006
    GET_OBJECT_HANDLES = 0x1007
    GET_OBJECT_INFO = 0x1008
    GET_OBJECT = 0x1009
    GET_THUMB = 0x100A
    DELETE_OBJECT = 0x100B
    INITIATE_CAPTURE = 0x100E
    GET_PROPERTY_DESCRIPTION = 0x1014
    GET_PROPERTY_VALUE = 0x1015
    SET_PROPERTY_VALUE = 0x1016
    GET_PARTIAL_OBJECT = 0x101B
    NIKON_CAPTURE_IN_SDRAM = 0x90C0
    NIKON_SET_CONTROL_MODE = 0x90C2
    NIKON_GET_EVENTS = 0x90C7
    NIKON_DEVICE_READY = 0x90C8
    NIKON_GET_VENDOR_PROPERTIES = 0x90CA
    NIKON_AF_CAPTURE_IN_SDRAM = 0x90CB
    NIKON_START_LIVE_VIEW = 0x9201
    NIKON_END_LIVE_VIEW = 0x9202
    NIKON_GET_LIVE_VIEW_IMAGE = 0x9203
    NIKON_DRIVE_FOCUS = 0x9204
    NIKON_CAPTURE = 0x9207
    NIKON_GET_EVENTS_EX = 0x941C
    NIKON_GET_OBJECT_SIZE = 0x9421
    NIKON_GET_LIVE_VIEW_IMAGE_EX = 0x9428
    NIKON_GET_PARTIAL_OBJECT_EX = 0x9431
    NIKON_CHANGE_APPLICATION_MODE = 0x9435


class Answer(IntEnum):
    """What the body says to it."""

    OK = 0x2001
    GENERAL_ERROR = 0x2002
    SESSION_NOT_OPEN = 0x2003
    OPERATION_NOT_SUPPORTED = 0x2005
    INVALID_STORAGE_ID = 0x2008
    INVALID_OBJECT_HANDLE = 0x2009
    PROPERTY_NOT_SUPPORTED = 0x200A
    STORE_FULL = 0x200C
    ACCESS_DENIED = 0x200F
    NO_THUMBNAIL = 0x2010
    STORE_NOT_AVAILABLE = 0x2013
    DEVICE_BUSY = 0x2019
    INVALID_PROPERTY_VALUE = 0x201C
    INVALID_PARAMETER = 0x201D
    SESSION_ALREADY_OPEN = 0x201E
    NIKON_OUT_OF_FOCUS = 0xA002
    NIKON_INVALID_STATUS = 0xA004
    NIKON_NOT_IN_LIVE_VIEW = 0xA00B
    NIKON_DRIVE_AT_END = 0xA00C
    NIKON_DRIVE_STEP_TOO_SMALL = 0xA00E


class Event(IntEnum):
    """What the body tells by itself."""

    OBJECT_ADDED = 0x4002
    PROPERTY_CHANGED = 0x4006
    CAPTURE_COMPLETE = 0x400D
    NIKON_OBJECT_ADDED_IN_SDRAM = 0xC101
    NIKON_CAPTURE_COMPLETE_IN_SDRAM = 0xC102


class Property(IntEnum):
    """A setting or reading of the body."""

    BATTERY_LEVEL = 0x5001
    IMAGE_SIZE = 0x5003
    COMPRESSION = 0x5004
    WHITE_BALANCE = 0x5005
    F_NUMBER = 0x5007
    FOCUS_MODE = 0x500A
    FLASH_MODE = 0x500C
    EXPOSURE_TIME = 0x500D
    EXPOSURE_PROGRAM = 0x500E
    EXPOSURE_INDEX = 0x500F
    EXPOSURE_BIAS = 0x5010
    STILL_CAPTURE_MODE = 0x5013
    BURST_NUMBER = 0x5018
    NIKON_LIVE_VIEW_AF_FOCUS = 0xD061
    NIKON_EXPOSURE_TIME = 0xD100
    NIKON_RECORDING_MEDIA = 0xD10B
    NIKON_AUTOFOCUS_MODE = 0xD161
    NIKON_LIVE_VIEW_STATUS = 0xD1A2
    NIKON_LIVE_VIEW_PROHIBITED = 0xD1A4
    NIKON_LIVE_VIEW_SIZE = 0xD1AC
    NIKON_FLASH_CHARGED = 0xD1C1
    NIKON_EXTERNAL_RECORDING_CONTROL = 0xD1DE
    NIKON_APPLICATION_MODE = 0xD1F0


class Format(IntEnum):
    """What an object is."""

    RAW = 0x3000
    FOLDER = 0x3001
    JPEG = 0x3801
    JFIF = 0x3808


_ACTS: dict[int, Act] = {
    Operation.NIKON_START_LIVE_VIEW: "live_view",
    Operation.NIKON_GET_LIVE_VIEW_IMAGE: "preview",
    Operation.NIKON_DRIVE_FOCUS: "drive",
    Operation.NIKON_CAPTURE: "still",
    Operation.NIKON_CAPTURE_IN_SDRAM: "still",
    Operation.NIKON_AF_CAPTURE_IN_SDRAM: "still",
    Operation.INITIATE_CAPTURE: "still",
    Operation.NIKON_DEVICE_READY: "ready",
    Operation.NIKON_GET_EVENTS: "events",
    Operation.NIKON_GET_EVENTS_EX: "events",
    Operation.GET_OBJECT: "download",
    Operation.GET_PARTIAL_OBJECT: "download",
    Operation.NIKON_GET_PARTIAL_OBJECT_EX: "download",
    Operation.DELETE_OBJECT: "delete",
    Operation.SET_PROPERTY_VALUE: "setting",
}


def act_of(operation: int) -> Act:
    """Return what a command is about."""
    return _ACTS.get(operation, "other")


def name_of(operation: int) -> str:
    """Return the readable name of an operation, else its code in hexadecimal digits.

    Examples
    --------
    >>> name_of(0x9204), name_of(0x9999)
    ('NIKON_DRIVE_FOCUS', '0x9999')
    """
    try:
        return Operation(operation).name
    except ValueError:
        return f"0x{operation:04X}"
