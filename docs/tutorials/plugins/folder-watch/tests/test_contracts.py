"""Camera and run mode keep the contracts of their kinds."""

from __future__ import annotations

from collections.abc import Sequence

from stackcore.protocols import CapturedFile
from stackcore.testing import CameraContract, ModeContract
from stackcore_folder_watch.camera import FolderCamera
from stackcore_folder_watch.plugin import FolderWatchOptions, stackcore_cameras, stackcore_run_modes

from .test_folder_watch import jpeg


class Tethered(FolderCamera):
    """A folder into which somebody drops the next frame as soon as it is asked for."""

    dropped = 0

    def expose(self) -> Sequence[CapturedFile]:
        folder = self._options.folder
        assert folder is not None
        self.dropped += 1
        (folder / f"IMG_{self.dropped}.jpg").write_bytes(jpeg(self.dropped))
        return super().expose()


class TestFolderCamera(CameraContract):
    (offer,) = stackcore_cameras()

    def make(self) -> FolderCamera:
        return Tethered(FolderWatchOptions(folder=self.folder(), settle_s=0, poll_s=0.01))


class TestStillsMode(ModeContract):
    (offer,) = stackcore_run_modes()
