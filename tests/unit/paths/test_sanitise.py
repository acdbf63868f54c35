from __future__ import annotations

import pytest

from stackcore.paths.sanitise import sanitise


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("plain name", "plain name"),
        (".hidden", ".hidden"),
        ("Käfer 甲虫", "Käfer 甲虫"),
        ('<>:"|?*', "_______"),
        ("a/b\\c", "a_b_c"),
        ("tab\tnul\0", "tab_nul_"),
        ("half\ud800", "half_"),
        ("dots...", "dots___"),
        ("blank ", "blank_"),
        ("..", "__"),
        (".", "_"),
        ("", "_"),
        ("CON", "___"),
        ("nul.2026", "___.2026"),
        ("com1", "____"),
        ("LPT²", "____"),
        ("CONSOLE", "CONSOLE"),
        ("COM10", "COM10"),
    ],
)
def test_unsafe_parts_become_underscores(name: str, safe: str) -> None:
    result, reasons = sanitise(name)
    assert result == safe
    assert bool(reasons) == (name != safe)


def test_a_long_name_is_cut_between_characters() -> None:
    result, _ = sanitise("€" * 100)
    assert result == "€" * 84 + "_"
    assert sanitise("a" * 255) == ("a" * 255, [])
    assert sanitise("a" * 256)[0] == "a" * 254 + "_"
