"""Where stackcore keeps what it remembers: profiles, the calibration library, counters and runs."""

from __future__ import annotations

import os
from pathlib import Path

CONFIG_VARIABLE = "STACKCORE_CONFIG_DIR"
"""Environment variable that replaces the user's configuration folder."""

DATA_VARIABLE = "STACKCORE_DATA_DIR"
"""Environment variable that replaces the user's data folder."""

STATE_VARIABLE = "STACKCORE_STATE_DIR"
"""Environment variable that replaces the user's state folder."""


def config_folder() -> Path:
    """Folder of profiles and user presets; it need not exist yet."""
    return _chosen(CONFIG_VARIABLE, "user_config_path")


def data_folder() -> Path:
    """Folder of the calibration library; it need not exist yet."""
    return _chosen(DATA_VARIABLE, "user_data_path")


def state_folder() -> Path:
    """Folder of counters and of manifests that have no frames to lie beside; it need not exist yet."""
    return _chosen(STATE_VARIABLE, "user_state_path")


def _chosen(variable: str, standard: str) -> Path:
    given = os.environ.get(variable)
    if given:
        return Path(given).expanduser().absolute()
    import platformdirs  # only where no variable decides

    folder: Path = getattr(platformdirs, standard)("stackcore", appauthor=False)
    return folder
