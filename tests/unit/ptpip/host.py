"""The host's side, imported by the child processes of these tests: the real libgphoto2, nothing in between."""

import hashlib
import json
import os

import gphoto2 as gp


class Host:
    """A connected camera; what libgphoto2 refuses comes back as its code and its words."""

    def __init__(self, address=None, connect=True):
        ports = gp.PortInfoList()
        ports.load()
        models = gp.CameraAbilitiesList()
        models.load()
        self.camera = gp.Camera()
        self.camera.set_port_info(ports[ports.lookup_path(address or os.environ["PTPIP_ADDRESS"])])
        self.camera.set_abilities(models[models.lookup_model("PTP/IP Camera")])
        if connect:
            self.camera.init()

    def put(self, name, value):
        context, said = gp.Context(), []
        keep = context.set_error_func(lambda _context, words, _data: said.append(words.decode()), None)
        try:
            widget = self.camera.get_single_config(name)
            widget.set_value(value)
            self.camera.set_single_config(name, widget, context)
        except gp.GPhoto2Error as error:
            return [error.code, said[-1] if said else ""]
        finally:
            del keep
        return [0, ""]

    def read(self, name):
        return self.camera.get_single_config(name).get_value()

    def ready(self, target="Internal RAM", live_view=True):
        self.put("capturetarget", target)
        self.put("autofocus", "Off")
        return self.put("viewfinder", 1) if live_view else [0, ""]

    def preview(self):
        return sha256(self.camera.capture_preview())

    def still(self):
        """Trigger, then collect files until the body says that it is done: name and hash of each."""
        self.camera.trigger_capture()
        files = []
        for _ in range(50):
            kind, data = self.camera.wait_for_event(500)
            if kind == gp.GP_EVENT_FILE_ADDED:
                files.append([data.name, self.fetch(data.folder, data.name)])
            elif kind == gp.GP_EVENT_CAPTURE_COMPLETE:
                break
        return files

    def fetch(self, folder, name):
        return sha256(self.camera.file_get(folder, name, gp.GP_FILE_TYPE_NORMAL))

    def code(self, call, *arguments):
        try:
            call(*arguments)
        except gp.GPhoto2Error as error:
            return error.code
        return 0


def sha256(file):
    return hashlib.sha256(memoryview(file.get_data_and_size())).hexdigest()


def tell(**facts):
    print("\n" + json.dumps(facts))
