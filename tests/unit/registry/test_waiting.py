"""A plugin that hangs is given up or told of, and hangs nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from types import ModuleType

import pytest

from stackcore.hookspecs import hookimpl
from stackcore.registry import Registry
from stackcore.registry.waiting import Lookout, Worker, within

from .conftest import fusers, offer


@pytest.fixture
def over():
    """An event that ends what hangs when the test is over."""
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def hanging_hook(fake_plugins, over):
    @hookimpl
    def stackcore_fusers():
        over.wait(60)
        return [offer("late")]

    fake_plugins.add("fuser-hangs", distribution="acme-hangs", stackcore_fusers=stackcore_fusers)
    for name in ("fuser-a", "fuser-z"):
        fake_plugins.add(name, stackcore_fusers=fusers(offer(name[-1])))


def test_a_hook_that_hangs_is_given_up_and_the_rest_is_asked(hanging_hook):
    registry = Registry.discover(limit_s=0.2)
    assert registry.names("fuser") == ["a", "z"]
    (hung,) = [record for record in registry.records() if record.state != "ok"]
    assert (hung.distribution, hung.state) == ("acme-hangs", "broken")
    assert "was not done within 0.2 s" in hung.reason
    assert "--disable-plugin acme-hangs:fuser-hangs" in hung.fix


@pytest.mark.parametrize("name", ["acme-hangs:fuser-hangs", "fuser-hangs"])
def test_one_that_is_disabled_by_its_entry_point_is_not_even_asked(hanging_hook, name):
    registry = Registry.discover([name], limit_s=60)
    (hung,) = [record for record in registry.records() if record.distribution == "acme-hangs"]
    assert hung.state == "disabled"
    assert registry.names("fuser") == ["a", "z"]


def test_a_module_that_hangs_while_it_is_imported_is_given_up(fake_plugins, over, tmp_path, monkeypatch):
    waited_for = ModuleType("acme_waited_for")
    waited_for.wait = over.wait
    monkeypatch.setitem(sys.modules, "acme_waited_for", waited_for)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "acme_hanging.py").write_text("import acme_waited_for\nacme_waited_for.wait(60)\n")
    fake_plugins.add_entry_point("fuser-hangs", "acme_hanging")
    fake_plugins.add("fuser-z", stackcore_fusers=fusers(offer("z")))
    registry = Registry.discover(limit_s=0.2)
    assert {record.name: record.state for record in registry.records()} == {"fuser-hangs": "broken", "z": "ok"}


def test_a_process_ends_though_a_plugin_hangs(tmp_path):
    (tmp_path / "acme_hanging.py").write_text("import threading\nthreading.Event().wait()\n")
    facts = tmp_path / "acme_hanging-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-hanging\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text("[stackcore]\nfuser-hangs = acme_hanging\n")
    program = (
        "from stackcore.registry import Registry\n"
        "print(*[r.reason for r in Registry.discover(limit_s=0.2).records() if r.state != 'ok'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "was not done within 0.2 s" in done.stdout


def test_what_is_waited_for_is_told_while_plugins_are_asked(over, caplog):
    worker = Worker()
    with pytest.raises(TimeoutError):
        worker.do(lambda: over.wait(60), 0.05, "acme 1.2 to say what it offers", tell_after_s=0.01)
    assert caplog.messages == ["stackcore is waiting for acme 1.2 to say what it offers."]


def test_what_answers_at_once_is_not_told(caplog):
    assert within(60, "acme", lambda: 7) == 7
    assert caplog.messages == []


def test_what_it_raises_comes_through():
    with pytest.raises(KeyboardInterrupt):
        within(60, "acme", lambda: (_ for _ in ()).throw(KeyboardInterrupt))


def test_a_build_that_takes_long_is_told_once(caplog):
    told = threading.Event()
    caplog.handler.emit, emit = lambda record: (emit(record), told.set()), caplog.handler.emit
    lookout = Lookout(after_s=0.01)
    with lookout.over('acme 1.2 to build the fuser "x"'):
        assert told.wait(30)
        assert not threading.Event().wait(0.05)  # several more looks
    assert caplog.messages == ['stackcore is waiting for acme 1.2 to build the fuser "x".']


def test_the_lookout_goes_home_and_comes_back(caplog):
    lookout = Lookout(after_s=0.01)
    for _ in range(2):
        before = {*threading.enumerate()}
        with lookout.over("a quick one"):
            (watcher,) = {*threading.enumerate()} - before
        watcher.join(30)
        assert not watcher.is_alive()
    assert caplog.messages == []
