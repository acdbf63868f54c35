"""Each fault, as libgphoto2 tells it to its caller."""

from __future__ import annotations

from typing import Any

import pytest

from stackcore.testing.ptpip import Responder
from stackcore.testing.ptpip.codes import Answer

PICTURES = {"preview.jpg": b"\xff\xd8 seen \xff\xd9", "a.jpg": b"\xff\xd8 a still \xff\xd9" * 5000}

DRIVE_TWICE = """
host.ready()
tell(first=host.put("manualfocusdrive", 40.0), second=host.put("manualfocusdrive", 40.0))
"""


def drives(body: Responder) -> list[tuple[int, int]]:
    """Answer and true movement of each drive command."""
    return [(arrival.answer, arrival.about.get("moved", 0)) for arrival in body.commands("drive")]


def test_movements_go_wrong_in_six_ways_and_the_lens_goes_on(talk: Any) -> None:
    wrong = ["end-of-range@2", "end-of-range=7@3", "busy=2@4", "busy-at-once@5", "lens-cannot-move@6x1", "lens-jams@7"]
    with Responder(pictures=PICTURES, faults=wrong) as body:
        told = talk(
            body,
            """
            host.ready()
            tell(said=[host.put("manualfocusdrive", 40.0) for _ in range(8)])
            """,
        )
        assert drives(body) == [
            (Answer.OK, 40),
            (Answer.OK, 20),
            (Answer.OK, 7),
            (Answer.OK, 40),
            (Answer.DEVICE_BUSY, 0),
            (Answer.NIKON_INVALID_STATUS, 0),
            (Answer.OK, 0),
            (Answer.OK, 40),
        ]
    assert [code for code, _ in told["said"]] == [0, -113, -113, 0, -110, -1, -1, 0]
    assert [words for _, words in told["said"]][1:3] == ["Nikon manual focus at limit."] * 2


def test_a_lens_stops_at_both_ends_and_refuses_small_steps(talk: Any) -> None:
    with Responder("z6", pictures=PICTURES, near_stop=-10, far_stop=25, faults=["step-too-small=4"]) as body:
        told = talk(
            body,
            """
            host.ready()
            tell(said=[host.put("manualfocusdrive", float(units)) for units in (20, 20, -3, -60, 35)])
            """,
        )
        assert drives(body) == [(Answer.OK, 20), (Answer.OK, 5), (Answer.OK, 0), (Answer.OK, -35), (Answer.OK, 35)]
        assert body.position == 25
    assert [code for code, _ in told["said"]] == [0, -113, -113, -113, 0]
    assert "at limit" in told["said"][1][1]
    assert "stepping too small" in told["said"][2][1]
    assert "at limit" in told["said"][3][1]


def test_a_lens_that_moves_for_long_is_given_up_while_it_moves(talk: Any) -> None:
    with Responder(pictures=PICTURES, faults=["busy=60"]) as body:
        told = talk(body, DRIVE_TWICE)
        assert drives(body)[0] == (Answer.OK, 40)
    assert told["first"][0] == -110


@pytest.mark.parametrize(
    ("reason", "words"), [("battery", "Battery exhausted"), ("temperature", "Temperature too high")]
)
def test_live_view_is_refused_with_its_reason(reason: str, words: str, talk: Any) -> None:
    with Responder(pictures=PICTURES, faults=[f"live-view-prohibited={reason}"]) as body:
        told = talk(
            body,
            """tell(live=host.ready(), why=host.read("liveviewprohibit"), seen=host.code(host.preview))""",
        )
    assert told["live"][0] == -1
    assert words.casefold() in told["live"][1].casefold()
    assert words.casefold() in told["why"].casefold()
    assert told["seen"] == -1


def test_a_body_without_focus_drive_lists_none(talk: Any) -> None:
    with Responder(faults=["no-focus-drive"]) as body:
        told = talk(
            body,
            """
            names = [name for name, _ in host.camera.list_config().items()]
            tell(names=names, drive=host.put("manualfocusdrive", 5.0))
            """,
        )
    assert "viewfinder" in told["names"]
    assert "manualfocusdrive" not in told["names"]
    assert told["drive"][0] == -2


def test_a_refused_still_leaves_the_next_one_alone(talk: Any) -> None:
    with Responder(pictures=PICTURES, faults=["refused"]) as body:
        told = talk(
            body,
            "host.ready(live_view=False); tell(first=host.code(host.still), second=len(host.still()))",
        )
        assert [s.answer for s in body.commands("still")] == [Answer.NIKON_OUT_OF_FOCUS, Answer.OK]
    assert told == {"first": -1, "second": 1}


def test_a_body_does_things_of_its_own_accord(talk: Any) -> None:
    wrong = ["busy:preview=25@2", "shutter-button", "live-view-drops@2", "still-lost@2"]
    with Responder(pictures=PICTURES, faults=wrong) as body:
        told = talk(
            body,
            """
            def look():
                file = host.camera.capture_preview()
                return len(memoryview(file.get_data_and_size()))

            host.ready()
            looks = [look() for _ in range(4)]
            drives = [host.put("manualfocusdrive", 5.0)]
            stray = [host.camera.wait_for_event(100) for _ in range(2)]
            drives += [host.put("manualfocusdrive", 5.0) for _ in range(2)]
            host.put("viewfinder", 0)
            stills = [len(host.still())]
            host.camera.trigger_capture()
            heard = [host.camera.wait_for_event(20)[0] for _ in range(3)]
            tell(looks=looks, stray=[[kind, data.name if kind == 2 else ""] for kind, data in stray], drives=drives,
                 stills=stills, heard=heard)
            """,
        )
        assert drives(body) == [(Answer.OK, 5), (Answer.OK, 5), (Answer.NIKON_NOT_IN_LIVE_VIEW, 0)]
    size = len(PICTURES["preview.jpg"])
    assert told["looks"] == [size, size, 0, size]  # the driver gives up and calls nothing a success
    assert told["stray"][0] == [2, "DSC_0001.JPG"]
    assert [code for code, _ in told["drives"]] == [0, 0, -1]
    assert told["stills"] == [1]
    assert 2 not in told["heard"]


def test_a_connection_cut_in_a_transfer_is_lost_and_comes_back(talk: Any) -> None:
    with Responder(pictures=PICTURES, faults=["cut=5000"]) as body:
        told = talk(
            body,
            """
            host.ready()
            host.put("manualfocusdrive", 30.0)
            cut = host.code(host.still)
            dead = host.code(host.camera.wait_for_event, 1)
            host.code(host.camera.exit)
            host.camera.init()
            tell(cut=cut, dead=dead, live=host.ready(), files=host.still())
            """,
        )
        log = body.log()
    assert told["cut"] < 0
    assert told["dead"] < 0
    assert told["live"] == [0, ""]
    assert len(told["files"]) == 1
    assert [arrival.what for arrival in log if arrival.what != "command"][:3] == [
        "connected",
        "disconnected",
        "connected",
    ]
    assert log[-1].position == 30  # the lens stays where it was


def test_an_unplugged_body_does_not_come_back(talk: Any) -> None:
    with Responder(pictures=PICTURES, faults=["unplug:drive@2"]) as body:
        told = talk(
            body,
            """
            host.ready()
            said = [host.put("manualfocusdrive", 30.0)[0] for _ in range(2)]
            host.code(host.camera.exit)
            tell(said=said, again=host.code(host.camera.init))
            """,
        )
        assert [d.fate for d in body.commands("drive")] == ["answered", "unplug"]
        assert body.position == 60  # it had moved before it went
    assert told["said"][0] == 0
    assert told["said"][1] < 0
    assert told["again"] == -7


def test_a_body_that_does_not_answer_may_have_moved(talk: Any) -> None:
    with Responder(pictures=PICTURES, faults=["no-answer"]) as body:
        told = talk(body, DRIVE_TWICE)
        assert [d.fate for d in body.commands("drive")] == ["silent", "answered"]
        assert body.position == 80
    assert told["first"][0] in (-7, -10)
    assert told["second"] == [0, ""]
