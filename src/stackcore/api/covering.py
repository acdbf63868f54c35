"""What a run says of missing slices: from the survey, or from the closer look that a report takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from stackcore.events import Warned

if TYPE_CHECKING:
    from stackcore.api.work import Work
    from stackcore.report.advice import Finding
    from stackcore.report.coverage import Coverage
    from stackcore.stacking.survey import Survey


def warn(work: Work, found: Survey, covered: Coverage | None) -> list[Finding]:
    """Warn of what `covered` says is missing; returns all that is to be said."""
    from stackcore.report.advice import findings

    said = findings(covered, [frame.index for frame in found.used])
    for finding in said:
        if finding.level == "warning":
            work.run.emit(
                Warned(code=finding.code, message=f"{finding.title}. {finding.text} {finding.advice}".strip())
            )
    return said


def warn_at_a_glance(work: Work, found: Survey) -> None:
    """Warn of what the survey alone can tell; reads nothing, and says nothing of frames that were not measured."""
    from stackcore.report.glancing import coverage_at_a_glance

    if found.cells is not None:
        warn(work, found, coverage_at_a_glance(found, found.crop if work.options.crop else found.whole))


def closely(work: Work, found: Survey) -> dict[str, Any] | None:
    """Judge with a look at three frames at full size, warn, and return what a `result` says of it.

    None for frames that were not measured.
    """
    from stackcore.report.glancing import coverage_at_a_glance
    from stackcore.report.sampling import full_size_halfway

    if found.cells is None:
        return None
    canvas = found.crop if work.options.crop else found.whole
    covered = coverage_at_a_glance(found, canvas)
    if covered is not None:
        covered = coverage_at_a_glance(found, canvas, full_size_halfway(work.reader, found, canvas, covered.peak))
    return _told(covered, warn(work, found, covered))


def _told(covered: Coverage | None, said: Sequence[Finding]) -> dict[str, Any]:
    figures = {} if covered is None else {"first_share": covered.first_share, "last_share": covered.last_share}
    halfway = None if covered is None else covered.halfway
    return {
        **{name: round(share, 4) for name, share in figures.items()},
        **({} if halfway is None else {"halfway": round(halfway, 4)}),
        "findings": [asdict(finding) for finding in said],
    }
