"""The page on metadata names every tag that stays behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from stackcore.metadata import tags

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "metadata.md").read_text("utf-8")


@pytest.mark.parametrize("listed", ["LAYOUT", "OUTDATED", "XMP_OUTDATED", "REWRITTEN"])
def test_every_tag_has_its_reason_on_the_page(listed):
    for tag, reason in getattr(tags, listed).items():
        assert any(f"`{tag}`" in line and reason in line for line in PAGE.splitlines()), tag


def test_what_is_carried_of_a_tiff_is_on_the_page():
    for tag in (*tags.DESCRIBING, *(key.split(".")[2] for key in tags.MOVED)):
        assert f"`{tag}`" in PAGE
