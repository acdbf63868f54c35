"""The report beside a result: whether it can be written, and making it once the work is done."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from stackcore.api import covering
from stackcore.api.depth_maps import CAPABILITY
from stackcore.api.memory import peak_memory_bytes
from stackcore.api.recording import SOFTWARE, usual_profile
from stackcore.errors import Cancelled, OutputError, UsageError
from stackcore.events import Progress, StageStarted
from stackcore.metadata.carrying import Carried, collect
from stackcore.metadata.record import legible
from stackcore.metadata.shot import read_shot
from stackcore.stacking import output
from stackcore.stacking.survey import Survey
from stackcore.terms import Fused, Pixels

if TYPE_CHECKING:
    from stackcore.api.work import Work
    from stackcore.report.composing import Facts
    from stackcore.report.coverage import Coverage
    from stackcore.report.seeing import Seen

STAGE = "report"

_SUFFIXES = (".html", ".htm")


def files_of(path: Path) -> dict[str, Path]:
    """The page, and the same for machines beside it.

    Examples
    --------
    >>> [str(file) for file in files_of(Path("beetle.html")).values()]
    ['beetle.html', 'beetle.json']
    """
    return {"page": path, "data": path.with_suffix(".json")}


def check(work: Work, target: Path | None) -> None:
    """Refuse, before any work, a report that could not be written at its end; nothing if none is wanted."""
    options = work.options
    if options.report is None:
        return
    path = Path(options.report)
    check_names(path, overwrite=options.overwrite or work.goes_on)
    for file in files_of(path).values():
        output.refuse_input(file, work.reader.paths)
        for other in (target, options.transforms):
            if other is not None and file.resolve() == Path(other).resolve():
                raise OutputError(
                    f"{file} would be two files.", "another one has this name too.", "choose another name."
                )


def check_names(path: Path, *, overwrite: bool) -> None:
    """Refuse a report that could not be written, whatever it is about: `UsageError`, `OutputError`."""
    if path.suffix.lower() not in _SUFFIXES:
        raise UsageError(f"{path} is no name for a report.", "it is a page of HTML.", f"name it {path.stem}.html.")
    for file in files_of(path).values():
        output.check_place(file, overwrite=overwrite)


def attempt(
    work: Work, picture: Pixels, fused: Fused, target: Path | None, found: Survey, command: str
) -> Exception | None:
    """`write`, but give back what went wrong: a page that cannot be made shall not cost the picture.

    Whoever cancels the run is obeyed.
    """
    try:
        write(work, picture, fused, target, found, command)
    except Cancelled:
        raise
    except Exception as error:
        return error
    return None


def write(work: Work, picture: Pixels, fused: Fused, target: Path | None, found: Survey, command: str) -> None:
    """Make and write the report, each file complete or not at all; notes them in `work.report`.

    Reads reduced frames, one after the other; takes far less memory than fusing did.
    """
    if work.options.report is None:
        return
    from stackcore.report.making import make  # with matplotlib and jinja2, which nobody else needs

    files = files_of(Path(work.options.report))
    with work.timed(STAGE):
        seen = _look(work, found)
        covered = _judged(work, found, seen)
    carried = collect(work.reader.paths[found.reference])
    report, page = make(
        _facts(work, picture, target, found, command, carried),
        found,
        seen,
        covered,
        picture,
        fused,
        encoding=found.encoding,
        icc=work.reader.info.icc or usual_profile(carried, found.encoding),
        data_file=legible(files["data"].name),
        depth_fusers=work.tools.able("fuser", CAPABILITY),
    )
    texts = {"page": page, "data": report.to_json()}
    work.run.check_cancelled()
    for kind, file in files.items():
        output.write_text(texts[kind], file, overwrite=work.options.overwrite or work.goes_on)
    work.report = {kind: str(file) for kind, file in files.items()}
    covering.warn(work, found, covered)  # now, for the page tells it in a place of its own


def _look(work: Work, found: Survey) -> Seen:
    from stackcore.report.seeing import begin

    total = len(found.used)
    work.run.emit(StageStarted(stage=STAGE, total=total))
    canvas = found.crop if work.options.crop else found.whole
    seen = begin(found, canvas)
    for done, frame in enumerate(found.used, 1):
        seen.look(work.reader, found, canvas, frame)
        work.run.emit(Progress(stage=STAGE, done=done, total=total))
        work.run.check_cancelled()
    return seen


def _judged(work: Work, found: Survey, seen: Seen) -> Coverage | None:
    from stackcore.report.coverage import coverage
    from stackcore.report.sampling import full_size_halfway

    cells = seen.cells[[frame.index for frame in found.used]]
    first = coverage(cells)
    if first is None:
        return None
    canvas = found.crop if work.options.crop else found.whole
    return coverage(cells, full_size_halfway(work.reader, found, canvas, first.peak))


def _facts(work: Work, picture: Pixels, target: Path | None, found: Survey, command: str, carried: Carried) -> Facts:
    from stackcore.report.composing import Facts
    from stackcore.report.model import CameraEntry, MemoryEntry, PictureEntry

    crop = found.crop if work.options.crop else found.whole
    reference = work.reader.paths[found.reference]
    shot = read_shot(reference)
    named = work.depth_map or {}
    return Facts(
        software=SOFTWARE,
        command=command,
        made_at=f"{work.made_at:%Y-%m-%d %H:%M}",
        title=reference.parent.name if target is None else target.stem,
        names=[path.name for path in work.reader.paths],
        result=PictureEntry(
            file=None if target is None else legible(target.name),
            width=int(picture.shape[1]),
            height=int(picture.shape[0]),
            crop=(crop.x, crop.y, crop.width, crop.height),
            of_width=found.width,
            of_height=found.height,
        ),
        camera=CameraEntry(
            make=legible(shot.make),
            model=legible(shot.model),
            iso=shot.iso,
            exposure_s=shot.exposure_s,
            simulated=carried.simulated,
        ),
        plugins=work.all_used(reference),
        settings=work.all_settings(target),
        hot_pixels=None if work.hot_pixels is None else work.hot_pixels.summary(),
        warnings=work.run.warnings,
        seconds=work.seconds,
        memory=MemoryEntry(planned_bytes=work.memory_bytes, peak_bytes=peak_memory_bytes()),
        depth_files={
            kind: legible(Path(named[kind]).name) for kind in ("file", "colour", "confidence") if kind in named
        },
    )
