"""What can still be done with a run that ended early: `resume_capture` and `return_focus`."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from stackcore.api.addressing import ADDRESS_OPTION
from stackcore.api.preparing import CaptureRequest, Settings, prepare
from stackcore.api.shooting import CaptureResult, as_data, as_result
from stackcore.capturing.clock import Clock
from stackcore.capturing.going_on import GoingOn, start_position
from stackcore.capturing.journal import AnyRecord, Journal, broken_journal_path, journal_path, read_journal
from stackcore.capturing.live_view import ShowFrame
from stackcore.capturing.manifest import Manifest, ManifestFileWriter, ManifestWarning, State, read_manifest
from stackcore.capturing.plan import BATCH_FIELDS, CaptureSettings
from stackcore.capturing.recovery import Recovered, drop_unsaved, first_left, recover, require_certain
from stackcore.capturing.run_log import RunLog
from stackcore.capturing.session import Shoot, shoot
from stackcore.errors import CameraError, UnreadableFrame, UsageError
from stackcore.events import Listener, Result, Warned
from stackcore.registry import Registry
from stackcore.runs import Run, run_scope

__all__ = ["resume_capture", "return_focus"]


def resume_capture(
    manifest: Path,
    *,
    focus_offset: int | None = None,
    camera: str | None = None,
    settings: Settings | None = None,
    start_live_view: bool = True,
    show: ShowFrame | None = None,
    listeners: Sequence[Listener] = (),
    cancel: threading.Event | None = None,
    registry: Registry | None = None,
    clock: Clock | None = None,
) -> CaptureResult:
    """Go on with a run from its first slice that is not saved, then return focus.

    Frames join those of the run, in the same manifest and under the same group timestamp.

    Parameters
    ----------
    manifest
        The run's `.stackcore.json`; its journal is looked for beside it.
    focus_offset
        Where focus stands, in drive units from the start of the run (+ is farther), for whoever knows better.
    camera, settings
        Another provider or port, other options of camera and mode than those of the run.
    start_live_view, show, listeners, cancel, registry, clock
        As for `capture`.

    Raises
    ------
    UnreadableFrame
        Manifest or journal cannot be read.
    OutputError
        The run is still under way in a living process.
    UsageError
        Every slice of it is saved.
    CameraError
        Where focus stands is not certain, or camera or lens are not as the run left them; nothing was moved.

    Examples
    --------
    >>> import stackcore, threading
    >>> from pathlib import Path
    >>> cancel, small = threading.Event(), {"camera": {"width_px": 96, "height_px": 64}}
    >>> def stop_early(event):
    ...     if event.kind == "saved":
    ...         cancel.set()
    >>> asked = dict(slices=3, step=50, delay_ms=0, path="early/@MCT", save_profile=False, settings=small)
    >>> try:
    ...     stackcore.capture(**asked, listeners=[stop_early], cancel=cancel)
    ... except stackcore.StackcoreError:
    ...     [manifest] = Path("early").glob("*.stackcore.json")
    >>> stackcore.resume_capture(manifest).slices_done
    3
    """
    changes: dict[str, Any] = {"camera": camera, "settings": settings or {}, "start_live_view": start_live_view}
    changes["show"] = show
    asked = {"manifest": str(manifest), **_given(focus_offset, camera)}
    log = RunLog()
    with run_scope("capture resume", asked, [*listeners, log], cancel) as run:
        changes.update(registry=registry, clock=clock, log=log)
        return _go_on(run, manifest, focus_offset, changes, shoots=True)


def return_focus(
    manifest: Path,
    *,
    focus_offset: int | None = None,
    camera: str | None = None,
    settings: Settings | None = None,
    start_live_view: bool = True,
    listeners: Sequence[Listener] = (),
    cancel: threading.Event | None = None,
    registry: Registry | None = None,
    clock: Clock | None = None,
) -> CaptureResult:
    """Drive focus back to where a run started; nothing moves when it is there already.

    The parameters and errors are those of `resume_capture`; `CameraError` also when focus could not be returned.

    Examples
    --------
    >>> import stackcore
    >>> small = {"camera": {"width_px": 96, "height_px": 64}}
    >>> asked = dict(slices=2, step=50, delay_ms=0, path="there/@MCT", save_profile=False, settings=small)
    >>> stackcore.return_focus(stackcore.capture(**asked).manifest).focus.is_back  # it was back: nothing moves
    True
    """
    changes: dict[str, Any] = {"camera": camera, "settings": settings or {}, "start_live_view": start_live_view}
    asked = {"manifest": str(manifest), **_given(focus_offset, camera)}
    log = RunLog()
    with run_scope("capture return-focus", asked, [*listeners, log], cancel) as run:
        changes.update(registry=registry, clock=clock, log=log)
        result = _go_on(run, manifest, focus_offset, changes, shoots=False)
        if not result.focus.is_back:
            why = next((warning.message for warning in run.warnings if warning.code.startswith("focus_")), "see above")
            raise CameraError("Focus was not returned.", f"{why}.", "do what the reason asks for, then try again.")
        return result


def _given(focus_offset: int | None, camera: str | None) -> dict[str, Any]:
    values = {"focus_offset": focus_offset, "camera": camera}
    return {name: value for name, value in values.items() if value is not None}


def _go_on(run: Run, path: Path, stated: int | None, changes: Mapping[str, Any], *, shoots: bool) -> CaptureResult:
    path = path.absolute()
    journal = Journal(journal_path(path, read_manifest(path).run_id))
    try:
        what = _prepare(run, path, journal, stated, changes, shoots=shoots)
        report = shoot(run, what)
    except BaseException:
        _let_go(journal)
        raise
    result = as_result(run, what, report)
    run.emit(Result(data=as_data(result)))
    if report.error is not None:
        raise report.error
    return result


def _let_go(journal: Journal) -> None:
    """Leave the journal as it was found: one that tells nothing was made by our looking for it."""
    if journal.path.exists() and journal.path.stat().st_size == 0:
        journal.remove()
    journal.close()


def _prepare(
    run: Run, path: Path, journal: Journal, stated: int | None, changes: Mapping[str, Any], *, shoots: bool
) -> Shoot:
    """Everything that can be wrong before the camera is touched."""
    # Read again now that the journal is held: whoever held it before may have written since.
    manifest = read_manifest(path)
    broken = _readable(broken_journal_path(path, manifest.run_id))
    records = journal.read() if stated is None else _readable(journal.path)
    found = recover(manifest, path.parent, records, broken)
    manifest = found.manifest
    request = _request(manifest, changes)
    what = prepare(request, run)
    first = first_left(manifest, what.settings.slices, what.mode.saves)
    if shoots and first is None:
        _tell(run, found, stated)
        if found.notes:
            ManifestFileWriter.of(manifest, path.parent).write()
        raise _nothing_left(path, found)
    if start_position(manifest) is None:  # nobody can settle what is open, so the camera need not be touched
        require_certain(found.focus, stated)
    _tell(run, found, stated)
    images = sum(bool(entry.files) for entry in manifest.slices)
    if shoots:
        drop_unsaved(manifest, what.mode.saves)
    started = manifest.started or what.clock.now()
    killed_as: State = "completed" if first is None else "failed"
    ended_as = killed_as if manifest.state == "running" else manifest.state
    if manifest.state == "running":
        message = "the run ended without a word, as when its process is killed or the power goes"
        manifest.warnings.append(ManifestWarning(code="run_killed", message=message))
    going_on = GoingOn(
        manifest=manifest,
        folder=path.parent,
        journal=journal,
        started=started,
        focus=found.focus,
        stated=stated,
        first_slice=first if shoots else None,
        images=images,
        ended_as=ended_as,
    )
    return replace(what, going_on=going_on, on_ready=lambda: None, log=changes["log"])


def _nothing_left(path: Path, found: Recovered) -> UsageError:
    is_back = found.focus.certain and found.focus.low == 0
    fix = f"stack them with `stackcore stack {path}`" + ("" if is_back else ", and use `capture return-focus`")
    return UsageError("There is nothing left to shoot.", f"every slice of {found.manifest.run_id} is there.", f"{fix}.")


def _readable(journal: Path) -> list[AnyRecord]:
    """What a journal tells that may be damaged or missing."""
    try:
        return read_journal(journal)
    except UnreadableFrame:
        return []


def _request(manifest: Manifest, changes: Mapping[str, Any]) -> CaptureRequest:
    """The request of the run, as its manifest remembers it, with what was asked for now."""
    stored = manifest.settings
    names = (name for name in CaptureSettings.model_fields if name not in BATCH_FIELDS)
    chosen = {name: stored[name] for name in names if name in stored}
    own: dict[str, dict[str, Any]] = stored.get("given_options") or {}
    if changes["camera"] is not None:  # another address takes the place of the old one, another provider of all options
        same = str(changes["camera"]).partition(":")[0] == str(stored.get("camera", "")).partition(":")[0]
        kept = own.get("camera", {}) if same else {}
        own = {**own, "camera": {name: value for name, value in kept.items() if name != ADDRESS_OPTION}}
        chosen["camera"] = changes["camera"]
    given: Settings = changes["settings"]
    joined = {**given, **{kind: {**options, **given.get(kind, {})} for kind, options in own.items()}}
    base = stored.get("base")
    return CaptureRequest(
        **chosen,
        fields={name: str(stored.get(name, "")) for name in BATCH_FIELDS},  # or those of today's profile would be used
        answers=stored.get("answers") or {},
        profile=str(stored.get("profile", "default")),
        base=Path(base) if base else None,
        save_profile=False,
        sharpness=bool(stored.get("sharpness", True)),
        settings=joined,
        start_live_view=changes["start_live_view"],
        show=changes.get("show"),
        registry=changes["registry"],
        clock=changes["clock"],
    )


def _tell(run: Run, found: Recovered, stated: int | None) -> None:
    for note in found.notes:
        run.emit(Warned(code="recovered", message=note))
    if stated is not None and not (found.focus.certain and found.focus.low == stated):
        message = f"focus stands {found.focus} by the journal; {stated:+d} was stated, and is believed"
        run.emit(Warned(code="focus_stated", message=message))
