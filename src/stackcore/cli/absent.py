"""Parameters that were not typed: nothing is converted for them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def pass_over_absent(parameters: Iterable[Any]) -> None:
    """Let those of typer's `parameters` that are not typed and have no default stay None.

    Typer loads pydantic, 0.1 s, to convert even what is not there; a help text shall not wait for that. What is
    required is still missed, and a callback still called.
    """
    for parameter in parameters:
        parameter.process_value = _converter(parameter)


def _converter(parameter: Any) -> Any:
    convert, callback = parameter.process_value, parameter.callback

    def process_value(ctx: Any, value: Any) -> Any:
        if value is not None or parameter.required:
            return convert(ctx, value)
        return None if callback is None else callback(ctx, parameter, None)

    return process_value
