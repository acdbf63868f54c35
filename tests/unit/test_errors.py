from __future__ import annotations

import pickle

import pytest

from stackcore import errors as er

TREE = {
    er.UsageError: 2,
    er.ConfigError: 3,
    er.PluginError: 4,
    er.CameraError: 5,
    er.NotReadyError: 5,
    er.CameraBusyError: 5,
    er.FocusDriveError: 5,
    er.FrameError: 6,
    er.UnreadableFrame: 6,
    er.FrameMismatch: 6,
    er.AlignmentFailed: 6,
    er.OutputError: 7,
    er.BatchFailed: 8,
    er.Cancelled: 130,
}


def subclasses(cls: type) -> set[type]:
    return {sub for direct in cls.__subclasses__() for sub in {direct, *subclasses(direct)}}


def test_the_tree_is_complete():
    own = {cls for cls in subclasses(er.StackcoreError) if cls.__module__ == "stackcore.errors"}
    assert own == set(TREE)


@pytest.mark.parametrize(("cls", "code"), TREE.items(), ids=lambda value: getattr(value, "__name__", str(value)))
def test_exit_codes(cls, code):
    assert cls("a", "b", "c").exit_code == code


@pytest.mark.parametrize("cls", TREE, ids=lambda cls: cls.__name__)
def test_errors_travel_to_a_worker_and_back(cls):
    error = pickle.loads(pickle.dumps(cls("Frame 17 is bad.", "it is short.", "shoot it again.")))
    assert type(error) is cls
    assert (error.what, error.why, error.fix) == ("Frame 17 is bad.", "it is short.", "shoot it again.")
    assert str(error) == "Frame 17 is bad. why: it is short. try: shoot it again."


@pytest.mark.parametrize("confirmed", [None, 0, -12])
def test_what_the_drive_confirmed_travels_too(confirmed):
    error = pickle.loads(pickle.dumps(er.FocusDriveError("a", "b", "c", confirmed)))
    assert error.confirmed == confirmed


@pytest.mark.parametrize(
    ("name", "known", "advice"),
    [
        ("Pyramid", ["pyramid", "max"], 'did you mean "pyramid"? valid: max, pyramid.'),
        ("zzz", ["b", "a", "a"], "valid: a, b."),
        ("zzz", [], "none is available."),
    ],
)
def test_nearest_names(name, known, advice):
    assert er.did_you_mean(name, known) == advice
