"""What a path template asks the user for, once a run, and whether all of it was answered."""

from __future__ import annotations

from collections.abc import Mapping

from stackcore.errors import UsageError, did_you_mean
from stackcore.paths.template import Template
from stackcore.protocols import AskingToken, Token


def questions(template: Template, tokens: Mapping[str, Token]) -> dict[str, str]:
    """Return what is asked for in words, by label, in the order of the template; each label once."""
    asked: dict[str, str] = {}
    for use in template.uses:
        token = tokens[use.name]
        if isinstance(token, AskingToken):
            asked.setdefault(use.label, token.question(use.label))
    return asked


def check_answers(template: Template, tokens: Mapping[str, Token], given: Mapping[str, str]) -> dict[str, str]:
    """Return the answers to everything that `template` asks for.

    Raises `UsageError` for an answer that is missing, that nobody asked for, or that is no text.
    """
    asked = questions(template, tokens)
    for label, answer in given.items():
        if label not in asked:
            raise UsageError(
                f'The path template does not ask for "{label}".',
                f'its text is "{template}".',
                did_you_mean(label, asked) if asked else "leave it out, or put @ASK:label into the template.",
            )
        _refuse_undecodable(label, answer)
    for use in template.uses:
        if use.label in asked and use.label not in given:
            raise UsageError(
                f'The path template asks for "{use.label}", and nobody answered.',
                f"it holds {use}, and there is no terminal to ask on.",
                f'give it: --ask {use.label}="...".',
            )
    return dict(given)


def parse_answers(assignments: list[str]) -> dict[str, str]:
    """Read `label=answer`; `UsageError` for anything else.

    Examples
    --------
    >>> parse_answers(["subject=Carabus auratus", "note=a=b"])
    {'subject': 'Carabus auratus', 'note': 'a=b'}
    """
    answers: dict[str, str] = {}
    for assignment in assignments:
        label, equals, answer = assignment.partition("=")
        if not (label and equals):
            raise UsageError(
                f'"{assignment}" answers nothing.',
                "an answer has the form LABEL=VALUE.",
                'for example `--ask subject="Carabus auratus"`.',
            )
        answers[label] = answer
    return answers


def _refuse_undecodable(label: str, answer: str) -> None:
    """Refuse what a shell passed on although it is no UTF-8: no manifest could show it."""
    try:
        answer.encode()
    except UnicodeEncodeError as error:
        raise UsageError(
            f'The answer to "{label}" is no text.',
            f"character {error.start + 1} is not valid UTF-8.",
            "type it in a terminal that uses UTF-8.",
        ) from error
