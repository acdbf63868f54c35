"""The files of a new plugin, made from the templates of its kind."""

from __future__ import annotations

from typing import Any

from stackcore.hookspecs import API_VERSION, Kind
from stackcore.scaffolding.names import Names

_SUMMARIES: dict[Kind, str] = {
    "camera": "A camera on a pretended rail.",
    "mode": "Several stills at each slice.",
    "token": "The day of the year.",
    "developer": "Frames in files of NumPy.",
    "aligner": "Each frame with its neighbour, by correlation.",
    "fuser": "A mean weighted by how sharp each frame is.",
    "sharpener": "One unsharp mask.",
    "executor": "Threads of this machine.",
    "command": "Count the files of a folder by their type.",
}

_USES: dict[Kind, str] = {
    "camera": "`stackcore capture --camera {name}` shoots with it.",
    "mode": "`stackcore capture --mode {name}` runs it.",
    "token": "`stackcore path preview @{name}` shows what it gives.",
    "developer": "Files that end in `.npy` are read by it: `stackcore stack FOLDER -o sharp.tif`.",
    "aligner": "`stackcore stack FOLDER -o sharp.tif --aligner {name}` uses it.",
    "fuser": "`stackcore stack FOLDER -o sharp.tif --fuser {name}` uses it.",
    "sharpener": "`stackcore stack FOLDER -o sharp.tif --sharpener {name} --sharpen 1` uses it.",
    "executor": "`stackcore stack FOLDER -o sharp.tif --executor {name}` works with it.",
    "command": "`stackcore {name}` runs it.",
}


def rendered(names: Names, version: str) -> dict[str, str]:
    """Return the text of each file by its path in the new folder, with `/` between its parts.

    `version` is the oldest of stackcore that the plugin shall work with.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    kind, package = names.kind, f"src/{names.package}"
    sources = {
        "pyproject.toml": ["common/pyproject.toml.j2"],
        "README.md": ["common/README.md.j2"],
        ".gitignore": ["common/gitignore.j2"],
        f"{package}/__init__.py": ["common/init.py.j2"],
        f"{package}/py.typed": ["common/py.typed.j2"],
        f"{package}/plugin.py": [f"{kind}/plugin.py.j2"],
        f"{package}/{kind}.py": [f"{kind}/{kind}.py.j2"],
        f"tests/test_{kind}_{names.identifier}.py": [f"{kind}/test_contract.py.j2", "common/test_contract.py.j2"],
    }
    # Python and Markdown, not HTML: nothing is to be escaped.
    templates = Environment(
        loader=PackageLoader("stackcore.scaffolding"),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,
    )
    values = _values(names, version)
    return {path: templates.select_template(source).render(values) for path, source in sources.items()}


def _values(names: Names, version: str) -> dict[str, Any]:
    words = ("kind", "name", "distribution", "package", "entry_point", "identifier", "class_name", "hook", "contract")
    return {
        **{word: getattr(names, word) for word in words},
        "part": names.kind,
        "summary": _SUMMARIES[names.kind],
        "use": _USES[names.kind].format(name=names.name),
        "api": API_VERSION,
        "needs_version": version,
    }
