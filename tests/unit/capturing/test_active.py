from __future__ import annotations

from pathlib import Path

import pytest

from stackcore.capturing.active import ActiveProfile, active_profile, use_profile
from stackcore.errors import ConfigError, UsageError


def test_who_chooses_the_profile_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert active_profile(tmp_path) == ActiveProfile("default", "default")
    use_profile(tmp_path, "used")
    assert active_profile(tmp_path) == ActiveProfile("used", "use")
    monkeypatch.setenv("STACKCORE_PROFILE", "from-env")
    assert active_profile(tmp_path) == ActiveProfile("from-env", "environment")
    assert active_profile(tmp_path, "given") == ActiveProfile("given", "command")
    monkeypatch.setenv("STACKCORE_PROFILE", "")
    assert active_profile(tmp_path).name == "used"


def test_a_name_that_is_none_is_told_by_where_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError):
        active_profile(tmp_path, "../x")
    with pytest.raises(UsageError):
        use_profile(tmp_path, "../x")
    (tmp_path / "active-profile").write_text("a/b\n")
    with pytest.raises(ConfigError, match="active-profile"):
        active_profile(tmp_path)
    (tmp_path / "active-profile").write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="cannot be read"):
        active_profile(tmp_path)
    monkeypatch.setenv("STACKCORE_PROFILE", "..")
    with pytest.raises(ConfigError, match="STACKCORE_PROFILE"):
        active_profile(tmp_path)
