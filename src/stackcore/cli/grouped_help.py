"""Help in groups: fifty options in one list are read by nobody."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from typer.core import TyperCommand

if TYPE_CHECKING:
    _Base = TyperCommand
else:
    _Base = object

OPTIONS = {
    "Shooting": ("camera", "slices", "step", "delay_ms", "mode", "live_view_start", "sharpness", "watch"),
    "Names of saved frames": (
        *("path", "profile", "job", "batch_id", "bd1", "bd2", "bd3", "bd4", "bd5", "bd6", "ask", "mirror", "no_save"),
    ),
    "Finding stacks": ("recursive", "pattern", "split", "gap"),
    "The result": (
        *("output", "file_type", "compression", "tiled", "quality", "depth_map", "depth_maps", "report", "reports"),
        *("matrices", "keep_aligned", "keep_slabs", "overwrite", "skip_existing", "resume"),
    ),
    "Settings": ("preset", "like", "no_presets", "setting"),
    "Fusion and sharpening": ("fuser", "sharpener", "sharpen", "strength"),
    "Alignment": ("align", "aligner", "model", "transforms", "on_unaligned", "match_exposure", "crop"),
    "Raw files": (
        *("white_balance", "darks", "flat", "first_is_dark", "last_is_greycard", "demosaic"),
        *("colour_space", "exposure", "highlights", "hot_pixels", "linear"),
    ),
    "How the work is done": ("executor", "workers", "memory", "slabs", "slab_size", "slab_overlap", "dry_run"),
    "What is shown": ("json", "quiet", "verbose", "help"),
}
"""Names of parameters by group; an option that is in none is listed first."""

COMMANDS = {
    "From camera to picture": ("demo", "run", "capture", "stack", "batch"),
    "One step at a time": ("develop", "survey", "align", "fuse", "sharpen"),
    "Calibration": ("darks", "greycard", "library"),
    "Settings": ("presets", "profiles", "path"),
    "What there is": ("cameras", "plugins", "doctor"),
}
"""Commands by group; those of other packages come last."""

_GROUPED_FROM = 8
"""Options; a shorter list needs no headings."""


class Grouped(_Base):
    """Mixed into a command or group: its options under headings."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write arguments, then options group by group."""
        arguments: list[tuple[str, tuple[str, str]]] = []
        options: list[tuple[str, tuple[str, str]]] = []
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                is_option = parameter.param_type_name == "option"
                (options if is_option else arguments).append((parameter.name, record))
        if arguments:
            _section(formatter, "Arguments", [record for _, record in arguments])
        names = [name for name, _ in options]
        records = dict(options)
        if len(options) < _GROUPED_FROM:
            _section(formatter, "Options", records.values())
        else:
            for title, members in in_groups(names, OPTIONS, "Options"):
                _section(formatter, title, [records[name] for name in members])
        commands = getattr(self, "format_commands", None)  # of a group, which lists them after its options
        if commands is not None:
            commands(ctx, formatter)


class GroupedCommand(Grouped, TyperCommand):
    """A command with its options under headings."""


def in_groups(
    names: Iterable[str], groups: dict[str, tuple[str, ...]], rest: str, *, rest_last: bool = False
) -> list[tuple[str, list[str]]]:
    """Headings with those of `names` that belong under them, in the order of `groups`; empty ones are left out.

    Examples
    --------
    >>> in_groups(["x", "fuser", "align"], OPTIONS, "Options")
    [('Options', ['x']), ('Fusion and sharpening', ['fuser']), ('Alignment', ['align'])]
    """
    left = list(names)
    found = []
    for title, members in groups.items():
        mine = [name for name in members if name in left]
        found.append((title, mine))
        left = [name for name in left if name not in mine]
    found.insert(len(found) if rest_last else 0, (rest, left))
    return [(title, mine) for title, mine in found if mine]


def _section(formatter: Any, title: str, records: Iterable[tuple[str, str]]) -> None:
    with formatter.section(title):
        formatter.write_dl(list(records))
