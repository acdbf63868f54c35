"""The few questions from whose answers `stackcore presets new` writes a preset."""

from __future__ import annotations

from typing import Any

import typer

from stackcore.api.preset_new import CHOICES, USUAL, Answers

_QUESTIONS = {
    "name": "Name of the preset",
    "subject": "Subject",
    "magnification": "Magnification (size on the sensor : size of the subject, for example 1 or 5)",
    "camera": "Camera (see `stackcore cameras`)",
    "aim": "What matters more",
    "format": "Type of the results",
}


def answered(*, asks: bool, **given: Any) -> Answers:
    """Return the answers: those given, and the rest asked for on the terminal, or as usual where nothing is asked."""
    values: dict[str, Any] = {}
    for key, value in given.items():
        usual = USUAL[key]
        if value is None and asks:
            words = f" ({', '.join(CHOICES[key])})" if key in CHOICES else ""
            kind = float if key == "magnification" else str
            value = typer.prompt(f"{_QUESTIONS[key]}{words}", default=usual, type=kind, err=True)
        values[key] = usual if value is None else value
    return Answers(**values)
