"""Sphinx extension: writes the pages of the reference that come from the code, before the site is built.

They are made anew for each build and kept out of the repository: they cannot be out of date.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, get_args

import typer
from typer.main import get_command

from stackcore import errors, events, runs
from stackcore.cli.app import make_app
from stackcore.cli.plugins import limits_text
from stackcore.config import describe_options
from stackcore.hookspecs import API_VERSION, HOOK_OF_KIND, Hooks
from stackcore.registry import Registry
from stackcore.registry.describing import describe_hooks
from stackcore.testing import Contract, contract_of
from stackcore.testing.contract import Promise

FOLDER = Path(__file__).parents[1] / "reference" / "generated"


def setup(app: Any) -> dict[str, bool]:
    """Tell Sphinx when to write the pages."""
    app.connect("builder-inited", lambda _: write_pages(FOLDER))
    return {"parallel_read_safe": True}


def write_pages(folder: Path) -> None:
    """Write each page into `folder`, unless it stands there already just so."""
    folder.mkdir(exist_ok=True)
    pages = {
        "command-line": command_line(),
        "plugins": plugins(Registry.discover()),
        "hooks": hooks(),
        "promises": promises(),
        "events": event_kinds(),
        "exit-codes": exit_codes(),
    }
    for name, lines in pages.items():
        path, text = folder / f"{name}.md", "\n".join(lines) + "\n"
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")


def command_line() -> Iterator[str]:
    """Every command with its arguments and options."""
    yield "# The command line\n"
    yield "What `stackcore COMMAND --help` shows, for all commands, those of built-in plugins among them.\n"
    group: Any = get_command(make_app())
    context = typer.Context(group, info_name="stackcore")
    yield from _parameters(group)
    for name in group.list_commands(context):
        _, command, _ = group.resolve_command(context, [name])
        yield from _command(f"stackcore {name}", command, context)


def _command(title: str, command: Any, context: Any) -> Iterator[str]:
    yield f"\n## {title}\n"
    yield _with_code(inspect.cleandoc(command.help or ""))
    if hasattr(command, "list_commands"):
        for name in command.list_commands(context):
            yield f"\n### {title} {name}\n"
            inner = command.get_command(context, name)
            yield _with_code(inspect.cleandoc(inner.help or ""))
            yield from _parameters(inner)
    else:
        yield from _parameters(command)


def _with_code(text: str) -> str:
    """A help text as Markdown: a paragraph that is a command becomes code."""
    paragraphs = text.split("\n\n")
    return "\n\n".join(f"`{part}`" if part.startswith("stackcore ") else part for part in paragraphs)


def _parameters(command: Any) -> Iterator[str]:
    rows = []
    for parameter in command.params:
        if getattr(parameter, "hidden", False) or parameter.name == "help":
            continue
        is_option = parameter.param_type_name == "option"
        name = (
            ", ".join(f"`{name}`" for name in parameter.opts)
            if is_option
            else f"`{parameter.metavar or parameter.name.upper()}`"
        )
        metavar = f" `{parameter.metavar}`" if is_option and parameter.metavar else ""
        default = parameter.default
        shown = "" if default in (None, False, "") or callable(default) or parameter.required else f"`{default}`"
        rows.append((name + metavar, "required" if parameter.required else shown, getattr(parameter, "help", "") or ""))
    yield from _table(("option", "if left out", "what it does"), rows)


def plugins(registry: Registry) -> Iterator[str]:
    """Every built-in plugin, with its options."""
    yield "# Plugins and their options\n"
    yield (
        "What comes with stackcore, by kind. An option is set with `--set KIND.OPTION=VALUE`, "
        "for example `--set fuser.levels=6`. `stackcore plugins list` shows those of other packages as well.\n"
    )
    for kind in HOOK_OF_KIND:
        offers = registry.offers(kind)
        if not offers:
            continue
        yield f"\n## {kind}\n"
        for offer in sorted(offers, key=lambda offer: offer.name):
            yield f"\n### {offer.name}\n"
            yield f"{offer.summary}\n"
            if offer.capabilities:
                yield "Can do: " + ", ".join(f"`{word}`" for word in offer.capabilities) + ".\n"
            rows = [
                (
                    f"`{row['name']}`",
                    row["type"],
                    _default(row["default"]),
                    limits_text(row["limits"]),
                    row["description"],
                )
                for row in describe_options(offer.options)
            ]
            yield from _table(("option", "type", "if left out", "limits", "what it does"), rows)


def _default(value: Any) -> str:
    """A default as it is typed; "" and None are nothing."""
    return "" if value in (None, "") else f"`{value}`"


def hooks() -> Iterator[str]:
    """Every hook: signature, since when, what holds, and what must be built for it."""
    yield "# Hooks\n"
    yield f"Version {API_VERSION} of the hooks.\n"
    yield (inspect.getdoc(Hooks) or "") + "\n"
    yield "A package marks what implements them with `stackcore.hookspecs.hookimpl`, in a module that it declares"
    yield 'as an entry point of the group `stackcore`. `stackcore_api = "1.0"` in that module says for which version'
    yield "of the hooks it was written; the first number must be ours, the second not above ours.\n"
    for hook in describe_hooks():
        yield f"\n## {hook.name}\n"
        yield f"`{hook.signature}` · kind `{hook.facts.kind}` · since version {hook.facts.since}\n"
        if hook.facts.deprecated:
            gone = hook.facts.deprecated
            yield f"**Deprecated** since version {gone.since}: use `{gone.use}`. It goes with {gone.goes_with}.\n"
        yield hook.about + "\n"
        for protocol, members in hook.asks.items():
            role = "What is built is" if protocol == hook.facts.protocol else "It may also be"
            yield f"{role} a `{protocol}`:"
            rows = [(f"`{member.signature}`", member.about) for member in members]
            yield from _table(("has", "which"), rows)


def promises() -> Iterator[str]:
    """What every plugin of a kind promises: the contracts that `stackcore plugins check` tries."""
    yield "# What plugins promise\n"
    yield (
        "`stackcore plugins check NAME` tries an installed plugin against the contract of its kind; a class derived "
        "from `stackcore.testing.FuserContract` and its like does the same in a test. See "
        "[Check a plugin](../../how-to/check-a-plugin.md).\n"
    )
    yield "\n## Every kind\n"
    yield from _promises(Contract.promises())
    common = {promise.method for promise in Contract.promises()}
    for kind in HOOK_OF_KIND:
        contract = contract_of(kind)
        yield f"\n## {kind}\n"
        yield f"`stackcore.testing.{contract.__name__}`: {_first_sentence(contract)}\n"
        yield from _promises(promise for promise in contract.promises() if promise.method not in common)


def _promises(found: Iterable[Promise]) -> Iterator[str]:
    rows = [(promise.title, " ".join(promise.expected.split())) for promise in found]
    yield from _table(("promise", "what is expected"), rows)


def _first_sentence(contract: type[Contract]) -> str:
    """What the contract is about, in a sentence."""
    return (inspect.getdoc(contract) or "").split(".")[0] + "."


def event_kinds() -> Iterator[str]:
    """Every event of the stream, with its fields."""
    yield "# Events\n"
    yield (
        "What a run tells its listeners, and `--json` prints: one event a line, the last one always `run_finished`. "
        "Fields without a value are left out.\n"
    )
    yield "\n## Every event\n"
    yield from _fields(events.BaseEvent, ())
    union = get_args(events.Event)[0]
    for model in get_args(union):
        yield f"\n## {model.model_fields['kind'].default}\n"
        yield (inspect.getdoc(model) or "") + "\n"
        yield from _fields(model, (*events.BaseEvent.model_fields, "kind"))


def _fields(model: Any, left_out: Sequence[str]) -> Iterator[str]:
    rows = [
        (f"`{name}`", _type(field.annotation), "required" if field.is_required() else "")
        for name, field in model.model_fields.items()
        if name not in left_out
    ]
    yield from _table(("field", "type", ""), rows)


def _type(annotation: Any) -> str:
    return f"`{annotation.__name__ if isinstance(annotation, type) else annotation}`".replace("typing.", "")


def exit_codes() -> Iterator[str]:
    """Every exit code, with the errors that end in it."""
    yield "# Exit codes\n"
    meaning: dict[int, list[str]] = {
        0: ["All went well."],
        runs.BUG_EXIT: ["A bug: please report it with the traceback that `--verbose` shows."],
    }
    for error in _all_errors(errors.StackcoreError):
        text = (inspect.getdoc(error) or "").split("\n\n")[0].replace("\n", " ")
        meaning.setdefault(error.exit_code, []).append(f"{text} (`{error.__name__}`)")
    rows = [(str(code), "<br>".join(texts)) for code, texts in sorted(meaning.items())]
    yield from _table(("code", "meaning"), rows)


def _all_errors(base: type[errors.StackcoreError]) -> Iterator[type[errors.StackcoreError]]:
    for error in base.__subclasses__():
        if error.__module__ == errors.__name__:
            yield error
            yield from _all_errors(error)


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A Markdown table, or nothing without rows."""
    if not rows:
        return
    yield ""
    yield "| " + " | ".join(headings) + " |"
    yield "|" + " --- |" * len(headings)
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |"
    yield ""
