"""The simulated camera that `stackcore.testing` gives to tests of others."""

from __future__ import annotations

import pytest

from stackcore.errors import CameraError, ConfigError
from stackcore.testing.simulated import simulated_camera


def test_it_fails_on_request_and_works_otherwise() -> None:
    camera = simulated_camera("still-fails@2", name="simulator-legacy")
    assert camera.traits.style == "legacy"
    camera.open()
    assert [file.extension for file in camera.expose()] == ["jpg"]
    with pytest.raises(CameraError, match="shutter did not fire"):
        camera.expose()
    camera.drive_focus(40)
    assert camera.focus_position() == 40
    camera.close()


def test_other_options_replace_the_quick_ones() -> None:
    camera = simulated_camera(tells_position=False, format="tiff16")
    camera.open()
    assert camera.focus_position() is None
    assert [file.extension for file in camera.expose()] == ["tif"]
    camera.close()


def test_an_unknown_fault_is_refused() -> None:
    with pytest.raises(ConfigError, match='"explodes" is no fault'):
        simulated_camera("explodes@1")
