"""Beginning a plugin: a package of its own, complete and tested, from a kind and a name."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from stackcore import __version__
from stackcore.errors import PluginError
from stackcore.hookspecs import Kind
from stackcore.registry import Registry
from stackcore.scaffolding.names import Names, names_of
from stackcore.scaffolding.rendering import rendered
from stackcore.scaffolding.writing import write_folder


@dataclass(frozen=True, kw_only=True)
class NewPlugin:
    """What was written: `files` in `folder`, and the `names` that follow from the one given."""

    folder: Path
    files: tuple[Path, ...]
    names: Names


def new_plugin(
    kind: Kind,
    name: str,
    folder: Path | None = None,
    *,
    taken: Collection[str] = (),
    registry: Registry | None = None,
) -> NewPlugin:
    """Write a package that offers a plugin, installs, and keeps the contract of its kind.

    Parameters
    ----------
    kind, name
        What it is, and what people will choose it by: lower-case words with hyphens, for a token upper-case letters.
    folder
        Where its folder (`stackcore-KIND-NAME`) is made; the present one where it is None.
    taken
        Names that are taken beside those of installed plugins.

    Raises
    ------
    UsageError
        For a name that will not do.
    PluginError
        For a name that another plugin of this kind has.
    OutputError
        When a folder of that name is there, or none can be made. Nothing is written then.

    Examples
    --------
    >>> import stackcore
    >>> made = stackcore.new_plugin("fuser", "median")
    >>> made.folder.name, (made.folder / "pyproject.toml").is_file()
    ('stackcore-fuser-median', True)
    """
    names = names_of(kind, name)
    _refuse_taken(names, taken, registry or Registry.discover())
    target = (folder or Path()) / names.distribution
    files = write_folder(target, rendered(names, __version__))
    return NewPlugin(folder=target, files=tuple(files), names=names)


def _refuse_taken(names: Names, taken: Collection[str], registry: Registry) -> None:
    owners = [
        record.origin for record in registry.records() if (record.kind, record.name) == (names.kind, names.name)
    ] + [record.origin for record in registry.records() if record.kind is None and record.name == names.entry_point]
    if names.name in taken:
        owners.append("stackcore itself")
    if owners:
        raise PluginError(
            f'There is a {names.kind} called "{names.name}" already.',
            f"{owners[0]} has it, and two plugins of one name cannot be told apart.",
            "choose another name, or uninstall that package first.",
        )
