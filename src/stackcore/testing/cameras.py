"""The contract of camera providers: derive from `CameraContract`, say how yours is made, and let pytest collect it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, get_args

from stackcore.actions import CameraTraits, SdkStyle
from stackcore.errors import CameraError, Cancelled, NotReadyError
from stackcore.hookspecs import Kind
from stackcore.protocols import CameraInfo, CameraProvider, CapturedFile, Check, Need
from stackcore.testing.contract import Contract, DoesNotApply, let_go
from stackcore.testing.rehearsal import Rehearsal, rehearse, told

_NEEDS: frozenset[Need] = frozenset(get_args(Need))
_JPEG = b"\xff\xd8\xff"
_STRIKES = ("open", "preflight", "expose", "drive_focus", "restore")
_LOSSES = {"focus_not_returned", "focus_uncertain"}


class CameraContract(Contract):
    """What every camera provider owes the engine. Override `make`; with a real camera it moves and takes pictures.

    Attributes
    ----------
    slices, step
        The run that it is tried with.
    connects
        Whether a camera that is not simulated may be opened, moved and released at all.

    Examples
    --------
    >>> class TestMine(CameraContract):
    ...     def make(self):
    ...         return MyCamera()
    """

    kind: ClassVar[Kind] = "camera"
    protocol: ClassVar[type | None] = CameraProvider
    slices: ClassVar[int] = 3
    step: ClassVar[int] = 50
    connects: bool = True

    _seen: Sequence[tuple[str, Rehearsal]] | None = None
    _drives: bool | None = None

    def make(self) -> CameraProvider:
        """Return the provider under test, not connected."""
        camera: CameraProvider = super().make()
        return camera

    def make_faulty(self) -> Mapping[str, CameraProvider]:
        """Return cameras that fail during a run of `slices`, by what goes wrong; none unless overridden."""
        return {}

    def position(self, camera: CameraProvider) -> int | None:
        """Return where focus really stands; the default believes `focus_position`."""
        return camera.focus_position()

    def test_traits_are_known_before_it_is_opened(self) -> None:
        """A known style, at least one drive unit a command, and times that are not below 0."""
        traits = self.make().traits
        assert isinstance(traits, CameraTraits), f"its traits are {traits!r}"
        assert traits.style in get_args(SdkStyle), f"its style is {traits.style!r}"
        assert traits.max_drive >= 1, f"its drive accepts {traits.max_drive} units a command"
        for name in ("still_s", "move_s", "preview_s", "shutter_s", "ready_timeout_s", "busy_pause_s"):
            assert getattr(traits, name) >= 0, f"{name} is {getattr(traits, name)}"
        assert traits.busy_retries >= 0, f"busy_retries is {traits.busy_retries}"

    def test_close_may_be_called_at_any_time(self) -> None:
        """Before `open`, and twice: the end of every run calls it, whatever happened before."""
        camera = self.make()
        camera.close()
        camera.close()
        with self._opened() as (camera, _):
            camera.close()

    def test_open_says_who_it_is(self) -> None:
        """With a model; `simulated` as its traits say. It can be opened again after it was closed."""
        with self._opened() as (camera, info):
            for about in (info, _reopened(camera)):
                assert isinstance(about, CameraInfo), f"open gave {about!r}"
                assert about.model.strip(), "it gives no model"
                assert about.simulated is camera.traits.simulated, (
                    f"it says simulated={about.simulated}, and its traits {camera.traits.simulated}"
                )

    def test_preflight_looks_and_moves_nothing(self) -> None:
        """A `Check` for whatever it looked at, with what to do about each that is not ok; for any set of needs."""
        with self._opened() as (camera, _):
            before = self.position(camera)
            for needs in (frozenset[Need](), frozenset[Need]({"focus_drive"}), _NEEDS):
                checks = camera.preflight(needs, start_live_view=True)
                for check in checks:
                    assert isinstance(check, Check), f"preflight gave {check!r}"
                    assert check.name, "a check has no name"
                    assert check.ok or check.fix.strip(), f"{check.name} is not ok, and it says nothing to do"
            assert self.position(camera) == before, "preflight moved focus"
            camera.restore()

    def test_restore_needs_no_preflight(self) -> None:
        """A run that fails before it restores, too; twice does no harm."""
        with self._opened() as (camera, _):
            camera.restore()
            camera.restore()

    def test_a_movement_ends_where_it_says(self) -> None:
        """By so many drive units, away from the camera for +; and back again."""
        if not self._drives_focus():
            raise DoesNotApply("its preflight says that it drives no focus")
        with self._ready() as camera:
            began = self._known_position(camera)
            step = min(self.step, camera.traits.max_drive)
            camera.drive_focus(step)
            after = self._known_position(camera)
            assert after - began == step, f"a movement of {step:+d} moved focus by {after - began:+d}"
            camera.drive_focus(-step)
            back = self._known_position(camera)
            assert back == began, f"a movement of {step:+d} and back ended {back - began:+d} from its start"

    def test_a_still_is_whole_files(self) -> None:
        """Each with its bytes and its type: lower case, without a dot."""
        with self._ready() as camera:
            files = camera.expose()
            assert isinstance(files, Sequence), f"expose gave {files!r}"
            for file in files:
                _check_file(file)

    def test_live_view_is_a_jpeg(self) -> None:
        """One frame; a provider without live view says so with a `CameraError`."""
        with self._ready() as camera:
            try:
                file = camera.preview_frame()
            except CameraError as error:
                raise DoesNotApply(f"it has no live view: {error.what}") from error
            _check_file(file)
            assert file.extension in ("jpg", "jpeg"), f"a live-view frame comes as .{file.extension}"
            assert file.data.startswith(_JPEG), f"a live-view frame begins with {file.data[:4]!r}, as no JPEG does"

    def test_it_can_be_waited_for(self) -> None:
        """`wait_ready` answers true or false, true for a camera that does nothing."""
        with self._ready() as camera:
            ready = camera.wait_ready(camera.traits.timeout_s)
            assert ready is True, f"an idle camera answers {ready!r}"

    def test_its_position_is_a_number_or_none(self) -> None:
        """A whole number of drive units where the body can tell, else None, never a guess."""
        with self._opened() as (camera, _):
            position = camera.focus_position()
            assert position is None or type(position) is int, f"focus_position gave {position!r}"

    def test_a_run_comes_to_its_end(self) -> None:
        """Every slice is shot and saved, focus is back, and the last event says so."""
        with self._opened():
            pass
        seen = self._run(self.make())
        assert seen.error is None, f"a run of {self.slices} slices ended with {told(seen.error)}"
        assert seen.report is not None
        assert seen.report.slices_done == self.slices, f"{seen.report.slices_done} of {self.slices} slices are done"
        assert len(seen.report.files) >= self.slices, f"{self.slices} slices gave {len(seen.report.files)} files"
        self._check_end(seen, "a whole run")

    def test_a_cancel_at_any_call_ends_the_run(self) -> None:
        """As cancelled, with `run_finished` last and once, in whichever verb the cancel arrives."""
        for words, seen in self._cancelled():
            ended = seen.error is None or isinstance(seen.error, Cancelled)
            assert ended, f"a cancel during {words} ended the run with {told(seen.error)}"
            _check_last_event(seen, f"a cancel during {words}")

    def test_after_a_cancel_focus_is_back_or_the_loss_is_told(self) -> None:
        """Where the lens stands and where the run says it stands are the same, in whichever verb the cancel arrives."""
        for words, seen in self._cancelled():
            self._check_focus(seen, f"a cancel during {words}")

    def test_a_fault_ends_the_run_with_a_camera_error(self) -> None:
        """Never with an error of a library; every file that was taken is saved, and `run_finished` comes last."""
        for words, seen in self._faulty():
            error = seen.error
            assert isinstance(error, CameraError | None), f"{words} ended the run with {told(error)}, no CameraError"
            _check_last_event(seen, words)
            for path in seen.report.files if seen.report else ():
                assert path.stat().st_size > 0, f"{words} left {path.name} empty"

    def test_after_a_fault_focus_is_back_or_the_loss_is_told(self) -> None:
        """`FocusDriveError.confirmed` is how far the drive really came, or None where nobody knows."""
        for words, seen in self._faulty():
            self._check_focus(seen, words)

    @contextmanager
    def _opened(self) -> Iterator[tuple[CameraProvider, CameraInfo]]:
        camera = self.make()
        if not (self.connects or camera.traits.simulated):
            raise DoesNotApply("it would connect to a real camera, which `--connect` allows")
        try:
            info = camera.open()
        except NotReadyError as error:
            let_go(camera)
            raise DoesNotApply(f"no camera is there: {error.what} {error.why}") from error
        try:
            yield camera, info
        finally:
            camera.close()

    @contextmanager
    def _ready(self) -> Iterator[CameraProvider]:
        """A camera that passed preflight, for all that it can do."""
        needs = _NEEDS if self._drives_focus() else frozenset[Need]({"still"})
        with self._opened() as (camera, _):
            failed = [c for c in camera.preflight(needs, start_live_view=True) if not c.ok and c.fatal]
            try:
                if failed:
                    raise DoesNotApply(f"the camera is not ready: {failed[0].name}: {failed[0].detail or 'no'}")
                yield camera
            finally:
                camera.restore()

    def _drives_focus(self) -> bool:
        """Whether its preflight lets a run move focus; a camera that does not is tried with stills alone."""
        if self._drives is None:
            with self._opened() as (camera, _):
                checks = camera.preflight(frozenset[Need]({"focus_drive"}), start_live_view=True)
                camera.restore()
            self._drives = all(check.ok or not check.fatal for check in checks)
        return self._drives

    def _known_position(self, camera: CameraProvider) -> int:
        position = self.position(camera)
        if position is None:
            raise DoesNotApply("it does not tell where focus stands")
        return position

    def _run(self, camera: CameraProvider, **options: Any) -> Rehearsal:
        step = min(self.step, camera.traits.max_drive)
        options.setdefault("drives_focus", self._drives_focus())
        return rehearse(camera, self.folder(), slices=self.slices, step=step, position=self.position, **options)

    def _cancelled(self) -> Iterator[tuple[str, Rehearsal]]:
        """A run for each call of a camera's verbs, with a cancel that arrives while it is under way; shot once."""
        if self._seen is None:
            self._seen = list(self._shot_and_cancelled())
        yield from self._seen

    def _shot_and_cancelled(self) -> Iterator[tuple[str, Rehearsal]]:
        with self._opened():
            pass
        calls = self._run(self.make()).calls
        for at, verb in enumerate(calls):
            if verb not in _STRIKES:
                continue
            cancel = threading.Event()

            def strike(_: str, before: int, at: int = at, cancel: threading.Event = cancel) -> None:
                if before == at:
                    cancel.set()

            yield f"call {at + 1} ({verb})", self._run(self.make(), on_call=strike, cancel=cancel)

    def _faulty(self) -> Iterator[tuple[str, Rehearsal]]:
        cameras = self.make_faulty()
        if not cameras:
            raise DoesNotApply("no camera with a fault: `make_faulty` is not overridden")
        for words, camera in cameras.items():
            yield f"the fault {words}", self._run(camera)

    def _check_end(self, seen: Rehearsal, words: str) -> None:
        _check_last_event(seen, words)
        if seen.began is not None:
            self._check_focus(seen, words)

    def _check_focus(self, seen: Rehearsal, words: str) -> None:
        if seen.report is None:  # it never came to a movement
            return
        if seen.began is None:
            raise DoesNotApply("it does not tell where focus stands")
        focus = seen.report.focus
        if not focus.certain or focus.now != 0:
            assert _LOSSES & set(seen.warnings), f"after {words} focus is not back, and no warning says so"
        if seen.ended is not None and focus.certain:
            off = seen.ended - seen.began
            assert off == focus.now, (
                f"after {words} focus stands {off:+d} drive units from its start, and the run says {focus.now:+d}"
            )


def _check_last_event(seen: Rehearsal, words: str) -> None:
    assert seen.kinds.count("run_finished") == 1, f"after {words} run_finished came {seen.kinds.count('run_finished')}x"
    assert seen.kinds[-1] == "run_finished", f"after {words} the last event is {seen.kinds[-1]}"


def _check_file(file: object) -> None:
    assert isinstance(file, CapturedFile), f"it delivered {file!r}, no CapturedFile"
    assert isinstance(file.data, bytes), f"it delivered {type(file.data).__name__}, not bytes"
    assert file.data, "it delivered a file without a byte"
    well = file.extension and file.extension == file.extension.lower() and not file.extension.startswith(".")
    assert well, f"the type of a file is {file.extension!r}"


def _reopened(camera: CameraProvider) -> CameraInfo:
    camera.close()
    return camera.open()
