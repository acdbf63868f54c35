from __future__ import annotations

import struct

import pytest

from stackcore.testing.ptpip import datasets
from stackcore.testing.ptpip.datasets import DeviceInfo, ObjectInfo, PropertySpec, StorageInfo, Type, Value
from stackcore.testing.ptpip.identity import IDENTITIES


@pytest.mark.parametrize(
    ("kind", "value", "written"),
    [
        (Type.UINT8, 255, "ff"),
        (Type.INT8, -1, "ff"),
        (Type.UINT16, 0x8010, "1080"),
        (Type.INT16, -1000, "18fc"),
        (Type.UINT32, 0xFFFFFFFF, "ffffffff"),
        (Type.INT32, -2, "feffffff"),
        (Type.TEXT, "Z 6", "04 5a00 2000 3600 0000"),
        (Type.TEXT, "", "00"),
    ],
)
def test_a_value_survives_the_way_over_the_wire(kind: Type, value: Value, written: str) -> None:
    assert datasets.pack_value(kind, value) == bytes.fromhex(written)
    assert datasets.unpack_value(kind, bytes.fromhex(written)) == value


@pytest.mark.parametrize(("kind", "value"), [(Type.UINT8, 256), (Type.UINT16, -1), (Type.UINT8, "x")])
def test_a_value_that_does_not_fit_is_refused(kind: Type, value: Value) -> None:
    with pytest.raises(ValueError, match=r"is no u?int"):
        datasets.pack_value(kind, value)


@pytest.mark.parametrize(
    ("kind", "data"), [(Type.UINT16, b"\0"), (Type.UINT16, b"\0\0\0"), (Type.TEXT, b"\2\0\0"), (Type.TEXT, b"")]
)
def test_bytes_of_another_length_are_no_value(kind: Type, data: bytes) -> None:
    with pytest.raises(ValueError, match="bytes are no"):
        datasets.unpack_value(kind, data)


def test_a_string_has_room_for_254_characters() -> None:
    assert datasets.text("x" * 254)[0] == 255
    with pytest.raises(ValueError, match="255 characters"):
        datasets.text("x" * 255)


def test_a_property_tells_its_list_or_its_span() -> None:
    listed = PropertySpec(code=0x5013, type=Type.UINT16, value=1, writable=True, choices=(1, 2))
    assert listed.describe(2) == bytes.fromhex("1350 0400 01 0100 0200 02 0200 0100 0200")
    assert [listed.accepts(value) for value in (1, 2, 3)] == [True, True, False]
    spanned = PropertySpec(code=0x5001, type=Type.UINT8, value=80, span=(0, 100, 20))
    assert spanned.describe(60) == bytes.fromhex("0150 0200 00 50 3c 01 00 64 14")
    assert [spanned.accepts(value) for value in (0, 60, 61, 120)] == [True, True, False, False]
    anything = PropertySpec(code=0xD1A4, type=Type.UINT32, value=0)
    assert anything.describe(256) == bytes.fromhex("a4d1 0600 00 00000000 00010000 00")
    assert anything.accepts(77)


def test_the_fixed_part_of_a_file_record_has_52_bytes() -> None:
    record = ObjectInfo(
        storage=0x10001,
        format=0x3801,
        thumb_format=0x3808,
        size=1234,
        name="A.JPG",
        captured="20260101T120000",
        parent=7,
    ).encode()
    assert record[52] == len("A.JPG") + 1
    assert struct.unpack_from("<IHHIH", record) == (0x10001, 0x3801, 0, 1234, 0x3808)
    assert struct.unpack_from("<I", record, 38) == (7,)


def test_a_card_record_tells_room_in_bytes_and_pictures() -> None:
    record = StorageInfo(capacity=1 << 40, free=1 << 33, free_images=55, label="CARD").encode()
    assert struct.unpack_from("<HHHQQI", record) == (4, 3, 0, 1 << 40, 1 << 33, 55)


def test_who_a_body_is_starts_with_its_vendor_and_lists_what_it_can() -> None:
    record = DeviceInfo(
        vendor_extension=10,
        operations=(0x1001, 0x9204),
        events=(),
        properties=(),
        image_formats=(),
        manufacturer="Nikon Corporation",
        model="D850",
        version="1",
        serial="2",
    ).encode()
    assert struct.unpack_from("<HIH", record) == (100, 10, 100)
    assert record[11:].startswith(struct.pack("<I2H", 2, 0x1001, 0x9204))
    assert record.endswith(datasets.text("D850") + datasets.text("1") + datasets.text("2"))


def test_events_of_both_kinds_are_counted() -> None:
    told = [(0xC101, 0xFFFF0001), (0xC102, 0)]
    assert datasets.events_old(told) == bytes.fromhex("0200 01c1 0100ffff 02c1 00000000")
    assert datasets.events_new(told) == bytes.fromhex("0200 0000 01c1 0100 0100ffff 02c1 0100 00000000")


@pytest.mark.parametrize("name", IDENTITIES)
def test_the_values_of_an_identity_are_among_those_it_lists(name: str) -> None:
    """A driver of libgphoto2 crashes on some properties whose value is not."""
    identity = IDENTITIES[name]
    for spec in identity.properties:
        assert spec.accepts(spec.value), hex(spec.code)
        assert spec.describe(spec.value)
    assert len({spec.code for spec in identity.properties}) == len(identity.properties)
    assert len(set(identity.operations)) == len(identity.operations)
