"""Readers, aligned frames and runs of links that are pickled, and read their files where they arrive."""

from __future__ import annotations

import pickle
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from stackcore.protocols import Link, ReadsFiles, RemoteExecutor
from stackcore.stacking.glance import Looks
from stackcore.stacking.mending import Blemish
from stackcore.stacking.registering import RunOfLinks, runs_of
from stackcore.stacking.source import AlignedFrames
from stackcore.stacking.survey import run_survey, untouched


@pytest.fixture
def reader(stack_folder, open_stack):
    return open_stack(sorted(stack_folder.iterdir(), key=lambda path: int(path.stem[3:])))


@pytest.fixture
def moved(stack_folder, tmp_path):
    """The frames under another name, and what finds them there, which remembers what it was asked for."""
    shutil.copytree(stack_folder, tmp_path / "elsewhere")
    asked: list[str] = []

    @contextmanager
    def fetch(path: Path) -> Iterator[Path]:
        asked.append(path.name)
        yield tmp_path / "elsewhere" / path.name

    return fetch, asked


def sent(thing):
    return pickle.loads(pickle.dumps(thing))


def test_a_reader_that_was_sent_reads_the_same_pixels_elsewhere(reader, moved):
    fetch, asked = moved
    reader.mend([Blemish(100, 80, (2, 2, 2))])
    reader.decode_at_once(1)
    arrived = sent(reader)
    arrived.open_through(fetch)
    assert asked == [], "nothing is read before it is known where"
    np.testing.assert_array_equal(arrived.read(2).pixels, reader.read(2).pixels)
    np.testing.assert_array_equal(arrived.reduced(2, 200).pixels, reader.reduced(2, 200).pixels)
    assert asked == ["img11.tif", "img10.tif", "img10.tif"], "the reference once, for how frames are developed"
    assert arrived.info == reader.info
    assert isinstance(arrived, ReadsFiles)


def test_only_the_developers_that_are_needed_travel(reader):
    assert set(sent(reader)._developers) == {".tif"}


def test_aligned_frames_travel_with_their_geometry(reader, moved):
    fetch, _ = moved
    survey = untouched(reader)
    frames = AlignedFrames(reader, survey, survey.whole)
    arrived = sent(frames)
    arrived.open_through(fetch)
    np.testing.assert_array_equal(arrived.open(1).rows(10, 20).pixels, frames.open(1).rows(10, 20).pixels)
    assert [path.name for path in frames.files] == [f"img{n}.tif" for n in range(8, 14)]
    assert arrived.info == frames.info


class Here:
    """Where the rest is done."""

    def map(self, function, items, cancel):
        return map(function, items)


class Elsewhere:
    """An executor whose `map` sends everything through a pickle, to itself."""

    workers = threads = 1
    worker_bytes = None

    def __init__(self, fetch) -> None:
        self._fetch = fetch
        self.items: list[list[Link]] = []
        self.nearby = Here()

    def map(self, function, items, cancel):
        for item in items:
            self.items.append(item)
            arrived = sent(function)
            arrived.open_through(self._fetch)
            yield sent(arrived(sent(item)))

    def spread(self, function, items, cancel, heard):
        raise NotImplementedError


def test_a_survey_by_runs_of_links_is_that_of_one_place(reader, registry, moved):
    executor = Elsewhere(moved[0])
    assert isinstance(executor, RemoteExecutor)
    told = []
    there = run_survey(reader, registry.build("aligner", "ecc"), executor, told.append, threading.Event())
    local = registry.build("executor", "local", {"workers": 1})
    here = run_survey(reader, registry.build("aligner", "ecc"), local, told.append, threading.Event())
    local.close()
    for one, other in zip(there.frames, here.frames, strict=True):
        np.testing.assert_array_equal(one.transform.matrix, other.transform.matrix)
        assert one.gain == other.gain
    np.testing.assert_array_equal(there.sharpness, here.sharpness)
    assert there.crop == here.crop
    assert len(executor.items) > 1


def test_runs_hold_every_link_once_and_in_order():
    links = [Link(i, i + 1) for i in range(50)]
    for workers in (1, 3, 100):
        runs = runs_of(links, workers)
        assert [link for run in runs for link in run] == links
        assert len(runs) <= max(4 * workers, 1)
    assert runs_of([], 3) == []


def test_a_run_reads_each_of_its_frames_once(reader, registry, moved):
    fetch, asked = moved
    run = sent(RunOfLinks(reader, registry.build("aligner", "ecc")))
    run.open_through(fetch)
    found = run([Link(3, 2), Link(2, 1)])
    assert [r.link for r in found.registrations] == [Link(3, 2), Link(2, 1)]
    assert sorted(asked) == ["img10.tif", "img11.tif", "img11.tif", "img9.tif"]
    assert set(found.looks.digests) == {1, 2, 3}
    whole = Looks()
    whole.take(found.looks)
    assert whole == found.looks
