"""`stackcore plugins check`: what it says of plugins that are right, wrong in one way each, or that hang or die."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

WRONG = Path(__file__).with_name("wrong_plugins.py")

RAISES = """
from stackcore.hookspecs import hookimpl

@hookimpl
def stackcore_fusers():
    raise LookupError("no licence")
"""

NO_OFFER = """
from stackcore.hookspecs import hookimpl

@hookimpl
def stackcore_fusers():
    return ["sharpest"]
"""

Stackcore = Callable[..., Any]


def install(folder: Path, distribution: str, module: str, entry: str) -> None:
    """What an installer leaves behind: a module, and beside it who brought it."""
    metadata = folder / f"{distribution.replace('-', '_')}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[stackcore]\n{entry} = {module}\n")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of modules that processes of this one find, too; with the wrong plugins in it."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.syspath_prepend(tmp_path)
    shutil.copy(WRONG, tmp_path / "acme_wrong.py")
    install(tmp_path, "acme-wrong", "acme_wrong", "wrong")
    yield tmp_path
    for name in ("acme_wrong", "acme_hook"):
        sys.modules.pop(name, None)


def broken(text: str) -> dict[str, tuple[str, str]]:
    """Promises that a verdict calls broken, with what was expected and what happened."""
    found = re.findall(r"^BROKEN (.*)\n +expected: (.*)\n +happened: (.*)$", text, re.MULTILINE)
    assert len(found) == len(re.findall("^BROKEN", text, re.MULTILINE)), text
    return {title: (expected, happened) for title, expected, happened in found}


def test_a_plugin_that_keeps_its_promises(stackcore: Stackcore) -> None:
    done = stackcore("plugins", "check", "mode:full")
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0].startswith("full (mode) from stackcore ")
    assert "kept   it arrives at every slice in order" in lines
    assert lines[-1] == "full (mode): 11 promises kept, none broken, 0 not applicable."


@pytest.mark.parametrize(
    ("name", "caught"),
    [
        (
            "changes-right",
            {"merge leaves the right state alone": "merge changed its right argument for 96x64 uint8 frames"},
        ),
        (
            "by-order",
            {
                "every cut and order gives the same picture": "cut as ((0, 1, 2), (3, 4)) differs by",
                "add is a merge with a stack of one": "add and merge differ by",
                "equal frames give that frame": "equal frames of 96x64 uint8 frames differ by",
                "the sharper frame wins": "no better than one of its frames",
            },
        ),
        (
            "forgetful",
            {
                "after a cancel focus is back or the loss is told": "a cancel during call 4 (drive_focus) focus stands "
                "+50 drive units from its start, and the run says +0",
                "a movement ends where it says": "a movement of +50 and back ended +50 from its start",
            },
        ),
        (
            "eight-bits",
            {
                "probe and read agree": "uint16.png: probe says 98x62 uint16, read gives 98x62 uint8",
                "numbers of a picture are kept": "uint16.png holds uint16 and comes out as uint8",
            },
        ),
    ],
)
def test_each_wrong_plugin_is_caught_by_the_right_promise(
    stackcore: Stackcore, site: Path, name: str, caught: dict[str, str]
) -> None:
    done = stackcore("plugins", "check", name)
    assert done.code == 4
    found = broken(done.out)
    for title, happened in caught.items():
        assert happened in found[title][1]
    assert done.out.splitlines()[-1].count(f" {len(found)} broken,") == 1


def test_one_that_hangs_is_stopped_and_told_where(stackcore: Stackcore, site: Path) -> None:
    done = stackcore("plugins", "check", "hangs", "--time-limit", "0.2")
    assert done.code == 4
    [(title, (expected, happened))] = broken(done.out).items()
    assert title == "build gives what the kind needs"
    assert "`build` needs no device and no file" in expected
    assert happened.startswith("it had not ended after 0.2 s, and was stopped (threading.py:")
    assert "-      start is neutral (it could not be built)" in done.out


def test_one_that_dies_is_told_and_the_rest_is_tried(stackcore: Stackcore, site: Path) -> None:
    done = stackcore("plugins", "check", "DIES")
    assert done.code == 4
    assert broken(done.out)["hostile values do not break it"][1] == "the process died (exit code 3)."
    assert "kept   its answer is fit for a name" in done.out
    assert "-      it asks in words (it asks nothing)" in done.out


def test_a_build_that_fails(stackcore: Stackcore, site: Path) -> None:
    done = stackcore("plugins", "check", "fails")
    assert done.code == 4
    happened = broken(done.out)["build gives what the kind needs"][1]
    assert happened.startswith("ZeroDivisionError: nothing to divide by (acme_wrong.py:")
    assert happened.endswith(", in _fail)")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (RAISES, "its hook stackcore_fusers failed: LookupError: no licence"),
        (NO_OFFER, "of type str where an Offer is wanted"),
    ],
)
def test_a_hook_that_raises_or_returns_no_offer(stackcore: Stackcore, site: Path, code: str, reason: str) -> None:
    (site / "acme_hook.py").write_text(code)
    install(site, "acme-hook", "acme_hook", "fuser-hook")
    done = stackcore("plugins", "check", "fuser-hook")
    assert done.code == 4
    assert reason in done.err
    assert "pip install --force-reinstall acme-hook" in done.err


def test_a_build_that_gives_something_else_as_json(stackcore: Stackcore, site: Path) -> None:
    done = stackcore("plugins", "check", "fuser:gives-nothing", "--json")
    assert done.code == 4
    document = json.loads(done.out)
    about = {key: document[key] for key in ("schema", "kind", "name", "distribution", "version", "kept")}
    assert about == {
        "schema": "stackcore.check/1",
        "kind": "fuser",
        "name": "gives-nothing",
        "distribution": "acme-wrong",
        "version": "1.0",
        "kept": False,
    }
    first, *rest = document["promises"]
    assert (first["title"], first["state"]) == ("build gives what the kind needs", "broken")
    assert first["happened"].startswith("`build` gave nothing (None) without tolerance, start, add, merge, finish,")
    assert {promise["state"] for promise in rest} == {"not applicable"}


def test_quiet_is_one_line(stackcore: Stackcore) -> None:
    done = stackcore("plugins", "check", "MODE", "--quiet")
    assert done.out == "MODE (token): 8 promises kept, none broken, 2 not applicable.\n"


def test_a_real_camera_is_left_alone_and_verbose_tells_what_is_expected(stackcore: Stackcore) -> None:
    pytest.importorskip("gphoto2")
    done = stackcore("plugins", "check", "gphoto2-unified", "--verbose")
    assert done.code == 0
    assert (
        "-      a still is whole files (it would connect to a real camera, which `--connect` allows)\n"
        "         expected: Each with its bytes and its type: lower case, without a dot.\n"
    ) in done.out


def test_options_and_samples_reach_the_plugin(stackcore: Stackcore, stack_folder: Path) -> None:
    sample = stack_folder / "img8.tif"
    done = stackcore(
        "plugins", "check", "image", "--set", "developer.max_megapixels=1", "--sample", str(sample), "--json"
    )
    assert done.code == 0
    assert sample.exists()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["fusor:blend"], 4, "There is no fusor"),
        (["fuser:blendd"], 4, 'did you mean "blend"?'),
        (["blend", "--sample", __file__], 2, '--sample is for developers. why: "blend" is a fuser.'),
        (["blend", "--connect"], 2, "--connect is for cameras."),
        (["image", "--sample", "nowhere.tif"], 2, "nowhere.tif is no sample."),
        (["blend", "--set", "fuser.levls=3"], 3, 'The fuser "blend" has no option "levls".'),
        (["blend", "--set", "camera.port=3"], 3, 'Nothing here is called "camera".'),
    ],
)
def test_what_cannot_be_checked(stackcore: Stackcore, arguments: list[str], code: int, message: str) -> None:
    done = stackcore("plugins", "check", *arguments)
    assert done.code == code
    assert message in " ".join(done.err.replace("\n  ", " ").split())


def test_a_name_of_two_kinds_must_be_told_apart(stackcore: Stackcore, fake_plugins: Any) -> None:
    from stackcore.config import NoOptions
    from stackcore.hookspecs import Offer, hookimpl

    @hookimpl
    def offers() -> list[Offer[Any]]:
        return [Offer(name="sharp", summary="Both.", options=NoOptions, build=lambda options: None)]

    fake_plugins.add("both", stackcore_fusers=offers, stackcore_sharpeners=offers)
    done = stackcore("plugins", "check", "sharp")
    assert done.code == 2
    assert "say `fuser:sharp` or `sharpener:sharp`." in done.err
