"""What plugins add to the command line, called from Python; and plugins themselves."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from typing import Any

import pytest

import stackcore
from stackcore.cli.app import main
from stackcore.config import NoOptions
from stackcore.errors import Cancelled, OutputError, PluginError, UsageError
from stackcore.hookspecs import Offer, hookimpl


def test_the_doctor_says_what_its_command_says_and_finds_what_is_wrong(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    place = tmp_path / "file" / "folder"
    with pytest.raises(SystemExit):
        main(["doctor", "--folder", str(place), "--json"])
    told = json.loads(capsys.readouterr().out)["checks"]
    findings = stackcore.doctor(place)
    assert capsys.readouterr() == ("", "")
    assert [(f.name, f.state, f.fix) for f in findings] == [(c["name"], c["state"], c["fix"]) for c in told]
    failed = [finding for finding in findings if finding.state == "failed"]
    assert "output folder" in [finding.name for finding in failed]
    assert all(finding.fix for finding in failed)


def test_the_demo_can_be_cancelled_and_cannot_write_anywhere(tmp_path, ear):
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        stackcore.demo(tmp_path, listeners=[ear], cancel=cancel)
    assert (ear.events[0].command, ear.events[-1].outcome) == ("demo", "cancelled")
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        stackcore.demo(tmp_path / "file" / "out")


def offer(name: str, built: Any) -> Offer[Any]:
    return Offer[Any](name=name, summary="Something.", options=NoOptions, build=lambda options: built)


def test_a_command_for_the_command_line_alone_says_so(fake_plugins):
    def silent() -> None:
        """Do nothing."""

    fake_plugins.add("silent", stackcore_commands=hookimpl(lambda: [offer("silent", silent)]))
    with pytest.raises(PluginError, match=r"cannot be called from Python\. .* these can be called: none"):
        stackcore.command("silent")
    with pytest.raises(PluginError, match='no command called "doctr"'):
        stackcore.command("doctr")


def test_plugins_are_listed_with_what_can_be_set():
    names = [plugin.name for plugin in stackcore.list_plugins("fuser") if plugin.state == "ok"]
    assert {"blend", "weighted", "pyramid"} <= set(names)
    assert len(stackcore.list_plugins()) > len(names)
    options = {option["name"]: option for option in stackcore.plugin_options("fuser", "weighted")}
    assert options["exponent"]["limits"]
    with pytest.raises(UsageError, match='did you mean "fuser"'):
        stackcore.list_plugins("fusr")  # type: ignore[arg-type]
    with pytest.raises(PluginError, match="weighted"):
        stackcore.plugin_options("fuser", "weihgted")


def test_arrays_do_not_travel(small_stack):
    def build(options: Any) -> Any:
        raise AssertionError("a cluster would have been started")

    found = stackcore.list_plugins()
    here = next(plugin for plugin in found if plugin.kind == "executor" and plugin.name == "local")
    far = Offer[Any](name="far", summary="Far.", options=NoOptions, build=build, capabilities=("remote",))
    registry = stackcore.Registry([*found, replace(here, name="far", offer=far, capabilities=far.capabilities)])
    for work in (stackcore.fuse, stackcore.align):
        with pytest.raises(UsageError, match="Arrays cannot be fused elsewhere"):
            work(small_stack.frames, executor="far", registry=registry)
