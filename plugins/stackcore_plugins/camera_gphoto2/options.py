"""What can be set on a camera that libgphoto2 drives."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from stackcore.config import Options


class Gphoto2Options(Options):
    """Which camera, where its stills go, how its focus drive is commanded, how long it may take."""

    port: str = Field(
        "", description="Address: usb:BUS,DEVICE or ptpip:IP:PORT:PORT; empty takes the only camera there is."
    )
    model: str = Field("", description="Model as libgphoto2 names it; empty lets the camera say it.")
    target: Literal["ram", "card"] = Field(
        "ram", description="Where the body keeps a still until it is fetched; a card keeps it afterwards as well."
    )
    max_command: int | None = Field(
        None, ge=1, le=32_767, description="Largest single focus command, drive units; smaller is slower and gentler."
    )
    focus_class: int = Field(
        1, ge=1, le=3, description="Size of a drive unit on bodies that know sizes only: 1 fine to 3 coarse."
    )
    still_timeout_s: float = Field(
        15, ge=1, le=600, description="A still may take this long and twice its shutter time, seconds."
    )
    busy_timeout_s: float = Field(5, ge=0, le=600, description="How long a busy body is asked again, seconds.")
    answer_timeout_s: float = Field(
        20, ge=1, le=600, description="The driver is given up after this long without a sign of life, seconds."
    )
    still_mib: int = Field(60, ge=1, le=2000, description="Room to keep for a still with all its files, MiB.")
