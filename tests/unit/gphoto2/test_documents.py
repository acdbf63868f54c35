"""The table of makers in the documents says what the code does."""

from __future__ import annotations

from pathlib import Path

from stackcore_plugins.camera_gphoto2.vendors import VENDORS, Absolute, Amount, Classes

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "cameras.md"


def test_every_row_is_documented_as_it_is():
    rows = [
        [cell.strip() for cell in line.strip("|\n").split("|")] for line in PAGE.read_text().splitlines() if "|" in line
    ]
    shown = {row[0]: row[1:] for row in rows if len(row) == 5}
    for vendor in VENDORS:
        verified, returns, drive, mode = shown.pop(vendor.name)
        assert (verified, returns) == (vendor.verified, "exactly" if vendor.exact else "about")
        match vendor.drive:
            case Amount(_, largest):
                assert f"at most {largest} a command" in drive
            case Classes(_, sizes):
                assert str(len(sizes)) in drive
            case Absolute():
                assert drive == "positions"
        assert vendor.focus_mode is not None
        word = "advised" if vendor.focus_mode.rule == "warn" else "required"
        assert mode.startswith(f"{vendor.focus_mode.better} {word}")
    assert set(shown) == {"maker", "---"}
