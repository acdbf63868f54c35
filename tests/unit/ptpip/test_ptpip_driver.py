"""The unmodified libgphoto2 takes the responder for a camera: connects, looks, focuses, photographs, fetches."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from stackcore.testing.ptpip import Responder
from stackcore.testing.ptpip.codes import Answer

PREVIEWS = {f"preview{n}.jpg": b"\xff\xd8" + b" what the lens sees %d" % n * 900 + b"\xff\xd9" for n in (1, 2, 3)}
STILLS = {"a.jpg": b"\xff\xd8 a still \xff\xd9" * 5000, "a.nef": b"II*\0 a raw file" * 150_000}
PICTURES = PREVIEWS | STILLS


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def operations(body: Responder) -> list[str]:
    return [arrival.name for arrival in body.log() if arrival.what == "command"]


@pytest.mark.parametrize(("identity", "model"), [("d850", "D850"), ("z6", "Z 6")])
def test_a_body_is_connected_to_and_used(identity: str, model: str, talk: Any) -> None:
    with Responder(identity, pictures=PICTURES, files=("jpg", "nef")) as body:
        told = talk(
            body,
            """
            names = [name for name, _ in host.camera.list_config().items()]
            facts = dict(
                summary=str(host.camera.get_summary()), names=names, said=host.ready(),
                prohibited=host.read("liveviewprohibit"), focus_mode=host.read("500a"), aperture=host.read("5007"),
                previews=[host.preview(), host.preview()],
                driven=[host.put("manualfocusdrive", 50.0), host.put("manualfocusdrive", -20.0)],
                files=host.still(), again=host.put("manualfocusdrive", 7.0), live=host.read("viewfinder"),
                off=host.put("viewfinder", 0), not_live=host.put("manualfocusdrive", 3.0),
            )
            host.camera.exit()
            host.camera.init()
            tell(back=host.ready(), **facts)
            host.camera.exit()
            """,
        )
        log = body.log()
        position = body.position
    assert f"Model: {model}" in told["summary"]
    assert {"manualfocusdrive", "viewfinder", "capturetarget", "autofocus"} <= set(told["names"])
    assert ("externalrecordingcontrol" in told["names"]) == (identity == "z6")
    assert told["prohibited"] == "Liveview should not be prohibited"
    assert told["focus_mode"] == str(0x8010)
    assert told["aperture"] == "560"
    assert told["said"] == told["off"] == told["back"] == [0, ""]
    served = [arrival.about["sha256"] for arrival in log if arrival.act == "preview"]
    assert told["previews"] == served[-2:]  # the driver drops the first one after live view has started
    assert served == [sha256(PREVIEWS[f"preview{n}.jpg"]) for n in (1, 2, 3)][: len(served)]
    assert told["driven"] == [[0, ""], [0, ""]]
    assert told["again"] == [0, ""]
    assert told["not_live"][0] == -1
    drives = [arrival for arrival in log if arrival.act == "drive"]
    assert [(d.parameters, d.position, d.answer) for d in drives] == [
        ((2, 50), 50, Answer.OK),
        ((1, 20), 30, Answer.OK),
        ((2, 7), 37, Answer.OK),
        ((2, 3), 37, Answer.NIKON_NOT_IN_LIVE_VIEW),
    ]
    assert position == 37
    assert [name.rpartition(".")[2] for name, _ in told["files"]] == ["jpg", "nef"]
    assert [digest for _, digest in told["files"]] == [sha256(STILLS["a.jpg"]), sha256(STILLS["a.nef"])]
    (still,) = [arrival for arrival in log if arrival.act == "still"]
    assert [file["sha256"] for file in still.about["files"]] == [digest for _, digest in told["files"]]
    assert (still.about["on_card"], still.about["autofocus"]) == (False, False)
    listens = {arrival.name for arrival in log if arrival.act == "events"}
    assert listens == {"NIKON_GET_EVENTS_EX" if identity == "z6" else "NIKON_GET_EVENTS"}
    assert [arrival.what for arrival in log if arrival.what != "command"] == ["connected", "disconnected"] * 2
    times = [arrival.at_s for arrival in log]
    assert times == sorted(times)


def test_stills_on_the_card_are_fetched_in_pieces_and_deleted(talk: Any) -> None:
    with Responder(pictures=STILLS, faults=["card-full=3"], files=("jpg", "nef")) as body:
        told = talk(
            body,
            """
            host.ready("Memory card", live_view=False)
            before = host.camera.get_storageinfo()[0].freeimages
            files = host.still()
            after = host.camera.get_storageinfo()[0].freeimages
            full = host.code(host.camera.capture, gp.GP_CAPTURE_IMAGE)
            folder = "/store_00010001/DCIM/100ND850"
            listed = [name for name, _ in host.camera.folder_list_files(folder).items()]
            for name, _ in files:
                host.camera.file_delete(folder, name)
            gone = host.code(host.camera.file_delete, folder, files[0][0])
            tell(before=before, files=files, after=after, full=full, listed=listed, gone=gone,
                 free=host.camera.get_storageinfo()[0].freeimages)
            """,
        )
        stills, pieces = body.commands("still"), body.commands("download")
    assert (told["before"], told["after"], told["free"]) == (3, 1, 3)
    assert [digest for _, digest in told["files"]] == [sha256(STILLS["a.jpg"]), sha256(STILLS["a.nef"])]
    assert told["full"] == -1
    assert [s.answer for s in stills] == [Answer.OK, Answer.STORE_FULL]
    assert sorted(told["listed"]) == sorted(name for name, _ in told["files"])
    assert told["gone"] == -108
    assert len(pieces) >= 4  # 2.4 MB in pieces of 1 MiB, after the JPEG
    assert sum(piece.sent_bytes for piece in pieces) == len(STILLS["a.jpg"]) + len(STILLS["a.nef"])


def test_without_a_card_the_memory_still_takes_stills(talk: Any) -> None:
    with Responder(pictures=STILLS, faults=["no-card"]) as body:
        told = talk(
            body,
            """
            host.ready(live_view=False)
            files = host.still()
            host.ready("Memory card", live_view=False)
            tell(files=files, stores=len(host.camera.get_storageinfo()),
                 card=host.code(host.camera.capture, gp.GP_CAPTURE_IMAGE))
            """,
        )
    assert told["stores"] == 0
    assert [digest for _, digest in told["files"]] == [sha256(STILLS["a.jpg"])]
    assert told["card"] == -1


def test_an_old_body_takes_stills_into_its_memory(talk: Any) -> None:
    with Responder("d300", pictures=STILLS) as body:
        told = talk(
            body,
            """
            host.ready()
            files = host.still()
            host.ready("Memory card")
            tell(files=files, card=host.code(host.camera.capture, gp.GP_CAPTURE_IMAGE))
            """,
        )
        assert [still.name for still in body.commands("still")] == ["NIKON_CAPTURE_IN_SDRAM"]
        assert [digest for _, digest in told["files"]] == [file["sha256"] for file in body.files()]
    assert told["card"] == -6


def test_a_body_that_is_in_use_refuses_a_second_host(talk: Any) -> None:
    with Responder() as body:
        told = talk(body, "tell(second=Host(connect=False).code(Host)); host.camera.exit()")
        log = body.log()
    assert told["second"] == -1
    assert [arrival.what for arrival in log if arrival.what != "command"][:2] == ["connected", "refused"]
