"""A signed movement becomes commands."""

from __future__ import annotations

import pytest

from stackcore.errors import NotReadyError
from stackcore_plugins.camera_gphoto2.drive import commands
from stackcore_plugins.camera_gphoto2.vendors import VENDORS, Absolute, Amount, Classes

SIZES = (("N1", "F1"), ("N2", "F2"))


def values(table, steps, **given):
    settings = {"largest": None, "size": 1, "position": None, **given}
    return [command.value for command in commands(table, steps, **settings)]


def test_amounts_are_split_at_what_the_body_takes_or_the_user_wants():
    assert values(Amount("x", 7), 7) == [7.0]
    assert values(Amount("x", 7), -15) == [-7.0, -7.0, -1.0]
    assert values(Amount("x", 100), 50, largest=20) == [20.0, 20.0, 10.0]
    assert values(Amount("x", 7), 10, largest=20) == [7.0, 3.0]


def test_nothing_is_sent_for_nothing():
    """Nikon bodies move one unit for 0, Sony bodies hold their focus."""
    for table in (Amount("x", 7), Classes("x", SIZES), Absolute("x")):
        assert values(table, 0, position=5) == []


def test_sizes_are_repeated_and_armed_again():
    table = Classes("x", SIZES, rearm="None", pause_s=0.1)
    assert values(table, 3) == ["None", "F1", "None", "F1", "None", "F1"]
    assert values(table, -1) == ["None", "N1"]
    assert values(Classes("x", SIZES), 2, size=2) == ["F2", "F2"]
    assert values(Classes("x", SIZES), 2, size=3) == ["F2", "F2"]  # the coarsest there is
    assert [c.pause_s for c in commands(table, 2, largest=None, size=1, position=None)] == [0.0, 0.1, 0.0, 0.1]


def test_positions_count_on_from_where_the_drive_stands():
    assert values(Absolute("x"), -40, position=100) == [60.0]
    assert values(Absolute("x"), 50, position=100, largest=20) == [120.0, 140.0, 150.0]
    with pytest.raises(NotReadyError, match="does not tell where it stands"):
        values(Absolute("x"), 50)


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda v: v.name)
@pytest.mark.parametrize("steps", [1, 2, -3, 50, -999])
def test_units_add_up_to_the_movement(vendor, steps):
    plan = commands(vendor.drive, steps, largest=None, size=1, position=2000)
    assert sum(command.units for command in plan) == steps
    assert all(command.value != 0 for command in plan)
