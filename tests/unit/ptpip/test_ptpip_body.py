from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import get_args

import pytest

from stackcore.errors import UsageError
from stackcore.testing.ptpip.body import Body
from stackcore.testing.ptpip.codes import Act, Answer, Operation, Property, act_of, name_of
from stackcore.testing.ptpip.faults import FAULT_NAMES, Fault, Setup, Watch, with_fault
from stackcore.testing.ptpip.identity import IDENTITIES
from stackcore.testing.ptpip.store import CARD, ROOT


class Seen:
    def preview(self, position: int) -> bytes:
        return b"seen at %d" % position

    def still(self, position: int, suffix: str) -> bytes:
        return b"%s at %d" % (suffix.encode(), position)


def body(*faults: str, live: bool = True, **setup: object) -> Body:
    made = Setup(**setup)  # type: ignore[arg-type]
    for fault in faults:
        made = with_fault(made, fault)
    camera = Body(made, Seen())
    camera.handle(Operation.OPEN_SESSION, (1,))
    if live:
        assert camera.handle(Operation.NIKON_START_LIVE_VIEW, ()).code == Answer.OK
    return camera


def drive(camera: Body, units: int) -> list[int]:
    """Answer, and what the polls say until it is not busy."""
    reply = camera.handle(Operation.NIKON_DRIVE_FOCUS, (2, units) if units > 0 else (1, -units))
    said = [reply.code]
    while reply.code == Answer.OK and said[-1] in (Answer.DEVICE_BUSY, reply.code):
        said.append(camera.handle(Operation.NIKON_DEVICE_READY, ()).code)
        if said[-1] == Answer.OK:
            break
    return said


def test_nothing_but_who_it_is_is_told_outside_a_session() -> None:
    camera = Body(Setup(), Seen())
    assert camera.handle(Operation.GET_DEVICE_INFO, ()).code == Answer.OK
    assert camera.handle(Operation.GET_STORAGE_IDS, ()).code == Answer.SESSION_NOT_OPEN
    assert camera.handle(Operation.OPEN_SESSION, (1,)).code == Answer.OK
    assert camera.handle(Operation.OPEN_SESSION, (1,)).code == Answer.SESSION_ALREADY_OPEN
    assert camera.handle(0x9999, ()).code == Answer.OPERATION_NOT_SUPPORTED


@pytest.mark.parametrize("identity", IDENTITIES)
def test_every_listed_operation_is_answered(identity: str) -> None:
    for operation in IDENTITIES[identity].operations:
        assert body(identity=identity).handle(operation, (1, 1), b"").code != Answer.OPERATION_NOT_SUPPORTED


def test_focus_needs_live_view_a_direction_and_an_amount() -> None:
    assert drive(body(live=False), 5) == [Answer.NIKON_NOT_IN_LIVE_VIEW]
    for wrong in ((), (2,), (3, 5), (0, 5), (2, 0), (2, 0x8000)):
        assert body().handle(Operation.NIKON_DRIVE_FOCUS, wrong).code == Answer.INVALID_PARAMETER


def test_a_lens_goes_to_its_stops_and_not_beyond() -> None:
    camera = body(position=90, far_stop=100, near_stop=0)
    assert drive(camera, 10) == [Answer.OK, Answer.OK]
    assert drive(camera, 1) == [Answer.OK, Answer.NIKON_DRIVE_AT_END]
    assert drive(camera, -101) == [Answer.OK, Answer.NIKON_DRIVE_AT_END]
    assert camera.lens.position == 0


def test_what_an_action_led_to_is_told_once() -> None:
    camera = body(near_stop=0)
    assert drive(camera, -1)[-1] == Answer.NIKON_DRIVE_AT_END
    assert camera.handle(Operation.NIKON_DEVICE_READY, ()).code == Answer.OK


def test_a_busy_body_refuses_everything_that_moves_and_comes_free_by_being_asked() -> None:
    camera = body("busy=3")
    assert camera.handle(Operation.NIKON_DRIVE_FOCUS, (2, 5)).code == Answer.OK
    for operation in (Operation.NIKON_DRIVE_FOCUS, Operation.NIKON_CAPTURE, Operation.NIKON_GET_LIVE_VIEW_IMAGE):
        assert camera.handle(operation, (2, 5)).code == Answer.DEVICE_BUSY
    assert drive(camera, 5) == [Answer.OK, Answer.OK]
    assert camera.lens.position == 10


def test_the_result_of_a_slow_movement_comes_last() -> None:
    camera = body("slow=2", live=False, near_stop=0)
    camera.handle(Operation.NIKON_START_LIVE_VIEW, ())
    assert [camera.handle(Operation.NIKON_DEVICE_READY, ()).code for _ in range(3)] == [
        Answer.DEVICE_BUSY,
        Answer.DEVICE_BUSY,
        Answer.OK,
    ]
    assert drive(camera, -4) == [Answer.OK, Answer.DEVICE_BUSY, Answer.DEVICE_BUSY, Answer.NIKON_DRIVE_AT_END]


def test_news_of_a_still_wait_until_it_is_done() -> None:
    camera = body("busy:still=1", files=("jpg", "nef"))
    camera.handle(Operation.NIKON_CAPTURE, (0xFFFFFFFF, 1))
    assert camera.handle(Operation.NIKON_GET_EVENTS, ()).data == b"\0\0"
    events = camera.handle(Operation.NIKON_GET_EVENTS, ())
    assert events.data is not None
    assert struct.unpack_from("<HHIHIHI", events.data) == (3, 0xC101, 0xFFFF0001, 0xC101, 0xFFFF0002, 0xC102, 0)
    assert camera.handle(Operation.NIKON_GET_EVENTS, ()).data == b"\0\0"


def test_a_file_is_fetched_whole_and_in_pieces() -> None:
    camera = body(files=("nef",), position=12)
    still = camera.handle(Operation.NIKON_CAPTURE, (0xFFFFFFFE, 1))
    assert still.about["autofocus"]
    (told,) = still.about["files"]
    handle = told["handle"]
    whole = camera.handle(Operation.GET_OBJECT, (handle,))
    assert whole.data == b"nef at 12"
    assert whole.about["sha256"] == told["sha256"]
    assert camera.handle(Operation.GET_PARTIAL_OBJECT, (handle, 4, 3)).data == b"at "
    assert camera.handle(Operation.GET_PARTIAL_OBJECT, (handle, 99, 3)).data == b""
    assert camera.handle(Operation.DELETE_OBJECT, (handle,)).code == Answer.OK
    for operation in (Operation.GET_OBJECT, Operation.GET_OBJECT_INFO, Operation.DELETE_OBJECT):
        assert camera.handle(operation, (handle,)).code == Answer.INVALID_OBJECT_HANDLE


def test_the_second_way_to_fetch_reaches_beyond_32_bits() -> None:
    camera = body(identity="z6", files=("nef",))
    handle = camera.handle(Operation.NIKON_CAPTURE, (0, 1)).about["files"][0]["handle"]
    assert camera.handle(Operation.NIKON_GET_OBJECT_SIZE, (handle,)).data == struct.pack("<Q", len(b"nef at 0"))
    assert camera.handle(Operation.NIKON_GET_OBJECT_SIZE, (99,)).code == Answer.INVALID_OBJECT_HANDLE
    assert camera.handle(Operation.NIKON_GET_PARTIAL_OBJECT_EX, (handle, 4, 0, 2, 0)).data == b"at"
    assert camera.handle(Operation.NIKON_GET_PARTIAL_OBJECT_EX, (handle, 0, 1, 2, 0)).data == b""
    assert camera.handle(Operation.NIKON_GET_PARTIAL_OBJECT_EX, (handle, 0, 0, 0, 1)).data == b"nef at 0"


def test_properties_are_listed_where_they_belong() -> None:
    camera = body()
    info = camera.handle(Operation.GET_DEVICE_INFO, ()).data
    vendor = camera.handle(Operation.NIKON_GET_VENDOR_PROPERTIES, ()).data
    assert info is not None
    assert vendor is not None
    (count,) = struct.unpack_from("<I", vendor)
    vendors = struct.unpack_from(f"<{count}H", vendor, 4)
    codes = [spec.code for spec in IDENTITIES["d850"].properties]
    assert vendors == tuple(code for code in codes if code >= 0xD000)
    standard = [code for code in codes if code < 0xD000]
    assert struct.pack(f"<I{len(standard)}H", len(standard), *standard) in info


def test_a_card_has_folders_and_room() -> None:
    camera = body("card-full=1")

    def listed(parent: int) -> Sequence[int]:
        data = camera.handle(Operation.GET_OBJECT_HANDLES, (CARD, 0, parent)).data
        assert data is not None
        return struct.unpack(f"<{len(data) // 4}I", data)[1:]

    assert camera.handle(Operation.NIKON_CAPTURE, (0, 0)).code == Answer.OK
    assert camera.handle(Operation.NIKON_CAPTURE, (0, 0)).code == Answer.STORE_FULL
    assert camera.handle(Operation.NIKON_CAPTURE, (0, 1)).code == Answer.OK
    (top,) = listed(ROOT)
    (folder,) = listed(top)
    (file,) = listed(folder)
    assert sorted(listed(0)) == sorted((top, folder, file))
    camera.handle(Operation.DELETE_OBJECT, (file,))
    assert camera.handle(Operation.NIKON_CAPTURE, (0, 0)).code == Answer.OK
    assert body("no-card").handle(Operation.NIKON_CAPTURE, (0, 0)).code == Answer.STORE_NOT_AVAILABLE


def test_a_host_that_leaves_takes_live_view_and_the_memory_with_it() -> None:
    camera = body(position=3)
    drive(camera, 4)
    handle = camera.handle(Operation.NIKON_CAPTURE, (0, 1)).about["files"][0]["handle"]
    camera.disconnected()
    camera.handle(Operation.OPEN_SESSION, (1,))
    assert drive(camera, 1) == [Answer.NIKON_NOT_IN_LIVE_VIEW]
    assert camera.handle(Operation.GET_OBJECT, (handle,)).code == Answer.INVALID_OBJECT_HANDLE
    assert camera.lens.position == 7


def test_a_setting_is_kept_if_it_may_be_made() -> None:
    camera = body()

    def put(code: int, value: bytes) -> int:
        return camera.handle(Operation.SET_PROPERTY_VALUE, (code,), value).code

    assert put(Property.F_NUMBER, struct.pack("<H", 800)) == Answer.OK
    assert camera.handle(Operation.GET_PROPERTY_VALUE, (Property.F_NUMBER,)).data == struct.pack("<H", 800)
    assert put(Property.F_NUMBER, struct.pack("<H", 801)) == Answer.INVALID_PROPERTY_VALUE
    assert put(Property.F_NUMBER, b"\0") == Answer.INVALID_PROPERTY_VALUE
    assert put(Property.FOCUS_MODE, struct.pack("<H", 1)) == Answer.ACCESS_DENIED
    assert put(0x5FFF, b"\0") == Answer.PROPERTY_NOT_SUPPORTED


@pytest.mark.parametrize(
    ("fault", "code", "value"),
    [
        ("focus-mode", Property.FOCUS_MODE, 1),
        ("battery=3", Property.BATTERY_LEVEL, 3),
        ("flash-charged", Property.NIKON_FLASH_CHARGED, 0),
        ("live-view-prohibited=temperature", Property.NIKON_LIVE_VIEW_PROHIBITED, 1 << 17),
    ],
)
def test_a_body_can_read_otherwise(fault: str, code: int, value: int) -> None:
    data = body(fault, live=False).handle(Operation.GET_PROPERTY_VALUE, (code,)).data
    assert data is not None
    assert int.from_bytes(data, "little") == value


def test_live_view_that_is_prohibited_or_ended_is_off() -> None:
    camera = body("live-view-prohibited", live=False)
    assert camera.handle(Operation.NIKON_START_LIVE_VIEW, ()).code == Answer.NIKON_INVALID_STATUS
    camera = body("still-ends-live-view")
    assert camera.handle(Operation.NIKON_GET_LIVE_VIEW_IMAGE, ()).data == bytes(384) + b"seen at 0"
    camera.handle(Operation.NIKON_CAPTURE, (0, 1))
    assert camera.handle(Operation.NIKON_GET_LIVE_VIEW_IMAGE, ()).code == Answer.NIKON_NOT_IN_LIVE_VIEW
    camera = body("no-live-view", live=False)
    assert camera.handle(Operation.NIKON_START_LIVE_VIEW, ()).code == Answer.OPERATION_NOT_SUPPORTED


def test_what_is_never_answered_has_happened_all_the_same() -> None:
    camera = body("no-answer@2", "cut:still=5")
    assert [camera.handle(Operation.NIKON_DRIVE_FOCUS, (2, 5)).fate for _ in range(3)] == [
        "answered",
        "silent",
        "answered",
    ]
    assert camera.lens.position == 15
    cut = camera.handle(Operation.NIKON_CAPTURE, (0, 1))
    assert (cut.fate, cut.cut_after_bytes) == ("cut", 5)


@pytest.mark.parametrize(
    ("spec", "fault"),
    [
        ("busy", Fault(effect="busy", on="drive", value=3)),
        ("busy:still=60@2x4", Fault(effect="busy", on="still", value=60, first=2, times=4)),
        ("refused=0x2019x*", Fault(effect="answer", on="still", value=0x2019, times=0)),
        ("refused:drive=store-full", Fault(effect="answer", on="drive", value=0x200C)),
        ("no-answer:any@9", Fault(effect="silent", on="any", first=9)),
    ],
)
def test_a_fault_is_asked_for_in_words(spec: str, fault: Fault) -> None:
    assert with_fault(Setup(), spec).faults == (fault,)


@pytest.mark.parametrize(
    ("spec", "hint"),
    [
        ("bussy", 'did you mean "busy"'),
        ("busy@0", "NAME"),
        ("busy=many", "no number"),
        ("busy:lens", "no act"),
        ("no-card=3", "write `no-card`"),
        ("card-full@2", "write `card-full=0`"),
        ("", "NAME"),
    ],
)
def test_a_fault_that_is_none_is_refused_with_advice(spec: str, hint: str) -> None:
    with pytest.raises(UsageError) as refused:
        with_fault(Setup(), spec)
    assert hint in str(refused.value)


@pytest.mark.parametrize("name", FAULT_NAMES)
def test_every_fault_changes_the_setup(name: str) -> None:
    assert with_fault(Setup(), name) != Setup()


def test_a_fault_strikes_from_its_first_as_often_as_asked() -> None:
    watch = Watch((Fault(effect="silent", on="drive", first=2, times=2), Fault(effect="busy", on="any", first=4)))
    acts: list[Act] = ["drive", "still", "drive", "drive", "drive"]
    assert [[fault.effect for fault in watch.due(act)] for act in acts] == [[], [], ["silent"], ["silent", "busy"], []]


def test_codes_have_names_and_acts() -> None:
    assert name_of(0x9204) == "NIKON_DRIVE_FOCUS"
    assert name_of(0x9999) == "0x9999"
    assert {act_of(operation) for operation in Operation} == set(get_args(Act))
