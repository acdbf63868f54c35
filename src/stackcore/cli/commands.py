"""Commands that plugins bring: listed by their offer alone, built when they are invoked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from stackcore.cli.absent import pass_over_absent
from stackcore.cli.grouped_help import COMMANDS, in_groups
from stackcore.errors import PluginError, StackcoreError

if TYPE_CHECKING:
    from stackcore.hookspecs import Kind
    from stackcore.registry import Registry


class PluginCommands(TyperGroup):
    """The top-level group: the core's commands, then those of plugins.

    A plugin that is broken is left out of the help and explains itself when it is invoked. A command of the core
    cannot be replaced by a plugin.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the options that hold for every command."""
        pass_over_absent(self.get_params(ctx))
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: Any) -> list[str]:
        """Names of all commands that work."""
        self._join(self._registry(ctx, "command"))
        return list(super().list_commands(ctx))

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the commands group by group, each with the first sentence of its help."""
        commands: dict[str, Any] = {name: self.get_command(ctx, name) for name in self.list_commands(ctx)}
        width = max(len(name) for name in commands)
        for title, names in in_groups(commands, COMMANDS, "From other packages", rest_last=True):
            with formatter.section(title):
                texts = [(name, commands[name].get_short_help_str(formatter.width - 6 - width)) for name in names]
                formatter.write_dl([(f"{name:<{width}}", text) for name, text in texts])

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Find the command that `args` name, and build it if a plugin brings it."""
        name = args[0]
        for kind in ("command", None):  # of all plugins only when no entry point says that it brings commands
            if name not in self.commands:
                self._join(self._registry(ctx, kind))
        if isinstance(self.commands.get(name), _Placeholder):
            registry = self._registry(ctx, "command")
            known = name in registry.names("command")
            self.commands[name] = _build(registry if known else self._registry(ctx, None), name)
        elif name not in self.commands:
            _explain_unusable(self._registry(ctx, None), name)
        said, command, rest = super().resolve_command(ctx, args)
        if command is not None:
            pass_over_absent(command.get_params(ctx))
        return said, command, rest

    def _registry(self, ctx: Any, kind: Kind | None) -> Registry:
        """Return the plugins that are sure to bring commands, or all of them: those load pydantic, too."""
        from stackcore.registry import Registry

        key = f"stackcore.registry.{kind}"
        if key not in ctx.meta:
            ctx.meta[key] = Registry.discover(kind=kind)
        registry: Registry = ctx.meta[key]
        return registry

    def _join(self, registry: Registry) -> None:
        for offer in registry.offers("command"):
            if offer.name not in self.commands:
                self.commands[offer.name] = _Placeholder(name=offer.name, help=offer.summary)


class _Placeholder(TyperCommand):
    """Stands in the help for a command that is not built."""


def _build(registry: Registry, name: str) -> Any:
    function = registry.build("command", name)
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    try:
        app.command(name)(function)
        return get_command(app)
    except Exception as error:
        raise PluginError(
            f'The command "{name}" cannot be used.',
            f"its function does not fit a command line: {type(error).__name__}: {error}",
            "tell its author, and see `stackcore plugins show` for where it comes from.",
        ) from error


def _explain_unusable(registry: Registry, name: str) -> None:
    """Raise `PluginError` for a command that a plugin would bring if it worked; pass over any other name."""
    candidates = [r for r in registry.records() if r.state != "ok" and r.kind in (None, "command")]
    if any(name in (record.name, record.name.removeprefix("command-")) for record in candidates):
        try:
            registry.offer("command", name)
        except StackcoreError as error:
            raise error from None
