"""What a survey says of the slices that were shot: whether some are missing, and what to do about it."""

from __future__ import annotations

from stackcore.report.advice import Finding, findings
from stackcore.report.glancing import coverage_at_a_glance
from stackcore.stacking.survey import Survey


def judge_coverage(found: Survey, *, crop: bool = True) -> list[Finding]:
    """Return what is to be said of the slices of a stack, by what its survey measured; nothing is read for it.

    Parameters
    ----------
    found
        As `survey` or `align` returns it.
    crop
        Judge the area that all frames cover; else that of the reference.

    Returns
    -------
    Findings, never none: `code` (covered, unknown, first-gaining, last-gaining, gap, wide-steps), `level` (good, note,
    warning), and in words `title`, `text` and `advice`. A survey that did not measure sharpness tells `unknown`.

    Examples
    --------
    >>> import stackcore
    >>> [finding.code for finding in stackcore.judge_coverage(stackcore.survey("shoot"))]
    ['unknown']
    """
    return findings(
        coverage_at_a_glance(found, found.crop if crop else found.whole), [frame.index for frame in found.used]
    )
