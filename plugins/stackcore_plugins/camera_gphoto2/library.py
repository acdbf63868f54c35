"""libgphoto2 itself: finds cameras, connects to one, and shows it as a `Body`. The only module that imports gphoto2."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from typing import Any, TypeVar

import gphoto2 as gp

from stackcore.errors import NotReadyError
from stackcore_plugins.camera_gphoto2.body import DriverError, Happening, Setting, Value
from stackcore_plugins.camera_gphoto2.holders import advice

_NETWORK_MODEL = "PTP/IP Camera"
_HELD = (gp.GP_ERROR_IO_USB_CLAIM, gp.GP_ERROR_IO_LOCK)
_KINDS = {gp.GP_EVENT_FILE_ADDED: "file", gp.GP_EVENT_CAPTURE_COMPLETE: "done", gp.GP_EVENT_TIMEOUT: "nothing"}
_WITH_CHOICES = (gp.GP_WIDGET_RADIO, gp.GP_WIDGET_MENU)
_T = TypeVar("_T")


def detect() -> tuple[tuple[str, str], ...]:
    """Model and port of every camera that announces itself; those on a network do not."""
    return tuple((model, port) for model, port in gp.Camera.autodetect().items())


def connect(port: str, model: str, lock: Callable[[str], object]) -> tuple[GphotoBody, str, str]:
    """Connect to a camera; return it, its port, and the model as the driver calls it.

    Parameters
    ----------
    port, model
        Address and model; empty where the only camera there is shall be taken, and where it says its model itself.
    lock
        Called with the port before anything is sent; may refuse by raising.

    Raises
    ------
    NotReadyError
        No such camera, several of them, or it is in use or does not answer.
    """
    if not port.startswith("ptpip:"):
        model, port = _choose(detect(), port, model)
    lock(port)
    camera = gp.Camera()
    try:
        ports = gp.PortInfoList()
        ports.load()
        camera.set_port_info(ports[ports.lookup_path(port)])
        models = gp.CameraAbilitiesList()
        models.load()
        camera.set_abilities(models[models.lookup_model(model or _NETWORK_MODEL)])
        camera.init()
    except gp.GPhoto2Error as error:
        raise _unreachable(error, port) from error
    return GphotoBody(camera), port, model


def _choose(found: tuple[tuple[str, str], ...], port: str, model: str) -> tuple[str, str]:
    fitting = [(m, p) for m, p in found if port in ("", p) and (not model or model == m)]
    listed = ", ".join(f"{m} at {p}" for m, p in found) or "none"
    if not fitting and port and model:
        return model, port  # one that is not announced, and is fully described
    if not fitting:
        raise NotReadyError(
            "There is no such camera." if found else "There is no camera.",
            f"libgphoto2 finds {listed}.",
            "connect it by USB and switch it on, with PTP in its USB menu; `stackcore cameras` lists what is there.",
        )
    if len(fitting) > 1:
        raise NotReadyError(
            "There is more than one camera.",
            f"libgphoto2 finds {listed}.",
            f"say which one, for example --camera gphoto2-unified:{fitting[0][1]}",
        )
    return fitting[0]


def _unreachable(error: Any, port: str) -> NotReadyError:
    if error.code in _HELD:
        return NotReadyError("The camera is in use.", f"another program holds {port}; {error}.", advice(port))
    return NotReadyError(
        "The camera does not answer.",
        f"{port}: {error}.",
        "switch it on, check cable or network and the address; `stackcore cameras` lists what is there.",
    )


class GphotoBody:
    """A connected `gphoto2.Camera`; every call comes from one thread."""

    def __init__(self, camera: Any) -> None:
        self._camera = camera
        self._context = gp.Context()
        self._told: list[str] = []
        self._hold = self._context.set_error_func(self._hear, None)

    def names(self) -> frozenset[str]:
        """Names of all settings."""
        return frozenset(name for name, _ in self._do(self._camera.list_config, self._context).items())

    def read(self, name: str) -> Setting:
        """A setting as it stands."""
        widget = self._do(self._camera.get_single_config, name, self._context)
        kind = widget.get_type()
        choices = tuple(str(c) for c in widget.get_choices()) if kind in _WITH_CHOICES else ()
        low, high = widget.get_range()[:2] if kind == gp.GP_WIDGET_RANGE else (None, None)
        return Setting(self._do(widget.get_value), choices, low, high)

    def write(self, name: str, value: Value) -> None:
        """Give a setting a value, always sent."""
        widget = self._do(self._camera.get_single_config, name, self._context)
        self._do(widget.set_value, value)
        self._do(self._camera.set_single_config, name, widget, self._context)

    def preview(self) -> bytes:
        """A live-view frame; empty while the body is busy."""
        file = gp.CameraFile()
        self._do(self._camera.capture_preview, file, self._context)
        return self._content(file)

    def trigger(self) -> None:
        """Begin a still."""
        self._do(self._camera.trigger_capture, self._context)

    def wait_event(self, timeout_ms: int) -> Happening:
        """The next thing that the body tells."""
        kind, data = self._do(self._camera.wait_for_event, timeout_ms, self._context)
        known: Any = _KINDS.get(kind, "other")
        return Happening(known, data.folder, data.name) if known == "file" else Happening(known)

    def fetch(self, folder: str, name: str) -> bytes:
        """Content of a file on the body."""
        file = gp.CameraFile()
        self._do(self._camera.file_get, folder, name, gp.GP_FILE_TYPE_NORMAL, file, self._context)
        return self._content(file)

    def delete(self, folder: str, name: str) -> None:
        """Remove a file."""
        self._do(self._camera.file_delete, folder, name, self._context)

    def free_frames(self) -> int | None:
        """How many more stills fit on the card."""
        stores = self._do(self._camera.get_storageinfo, self._context)
        counts = [s.freeimages for s in stores if s.fields & gp.GP_STORAGEINFO_FREESPACEIMAGES]
        full = stores and all(s.fields & gp.GP_STORAGEINFO_FREESPACEKBYTES and not s.freekbytes for s in stores)
        return max(counts) if counts else 0 if full else None

    def close(self) -> None:
        """Disconnect; then make sure that file descriptor 0 is there, which the network driver closes with its own."""
        try:
            self._do(self._camera.exit, self._context)
        finally:
            hold_stdin()

    def _content(self, file: Any) -> bytes:
        return bytes(memoryview(self._do(file.get_data_and_size)))

    def _hear(self, _context: Any, text: Any, _data: Any = None) -> None:
        self._told.append(text.decode(errors="replace") if isinstance(text, bytes) else str(text))

    def _do(self, call: Callable[..., _T], *arguments: Any) -> _T:
        self._told.clear()
        try:
            return call(*arguments)
        except gp.GPhoto2Error as error:
            raise DriverError(error.code, self._told[-1] if self._told else error.string) from error


def hold_stdin() -> None:
    """Keep file descriptor 0 in use: the next file opened would get it, and the next disconnect would close that."""
    try:
        os.fstat(0)
    except OSError:
        null = os.open(os.devnull, os.O_RDWR)
        if null != 0:
            os.dup2(null, 0)
            with contextlib.suppress(OSError):
                os.close(null)
