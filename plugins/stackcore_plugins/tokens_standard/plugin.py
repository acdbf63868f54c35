"""The offers of the standard path tokens. Each is a name and a function of what is known about the file."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Literal

from stackcore.config import NoOptions
from stackcore.hookspecs import Offer, hookimpl
from stackcore.protocols import Token, TokenContext
from stackcore_plugins.tokens_standard.token import (
    AskToken,
    StandardToken,
    counter_text,
    slice_text,
    to_the_millisecond,
)

WORKFLOW = "from the capture workflow"
OLDER = "from an older version of the workflow"
OURS = "our own"
"""Where a token is known from: a word of its capabilities, which the reference page shows."""

RUN, IMAGE = "one value a run", "one value an image"


@hookimpl
def stackcore_tokens() -> Iterable[Offer[Token]]:
    """Offer the standard tokens."""
    return [*_times(), *_counters(), *_batch(), *_slices(), *_camera()]


def _times() -> list[Offer[Token]]:
    def token(moment: Callable[[TokenContext], datetime], pattern: Callable[[datetime], str]) -> StandardToken:
        return StandardToken(lambda context, _: pattern(moment(context)))

    def date(moment: datetime) -> str:
        return f"{moment:%Y%m%d}"

    started: Callable[[TokenContext], datetime] = lambda context: context.run_started  # noqa: E731
    taken: Callable[[TokenContext], datetime] = lambda context: context.taken_at  # noqa: E731
    return [
        _offer(
            "GRP",
            "Start of the run in local time, equal for all its images.",
            token(started, to_the_millisecond),
            (RUN, WORKFLOW),
        ),
        _offer(
            "UGRP",
            "As @GRP, in UTC.",
            token(lambda context: started(context).astimezone(UTC), to_the_millisecond),
            (RUN, WORKFLOW),
        ),
        _offer("D1", "Date of the image, YYYYMMDD, in local time.", token(taken, date), (IMAGE, OLDER)),
        _offer(
            "DT1",
            "Date and time of the image to the millisecond, in local time; different for each image.",
            token(taken, to_the_millisecond),
            (IMAGE, OLDER),
        ),
        _offer(
            "UD1",
            "As @D1, in UTC.",
            token(lambda context: taken(context).astimezone(UTC), date),
            (IMAGE, OURS),
        ),
        _offer(
            "UDT1",
            "As @DT1, in UTC.",
            token(lambda context: taken(context).astimezone(UTC), to_the_millisecond),
            (IMAGE, OURS),
        ),
    ]


def _counters() -> list[Offer[Token]]:
    def lasting(counter: Literal["global", "profile"]) -> StandardToken:
        return StandardToken(counter_text, takes_digits=True, counter=counter)

    return [
        _offer(
            "GCT",
            "Global counter with n digits; advances with each saved image and never repeats.",
            lasting("global"),
            (IMAGE, WORKFLOW),
        ),
        _offer(
            "PCT",
            "Counter of the profile with n digits; advances with each saved image and never repeats.",
            lasting("profile"),
            (IMAGE, "family known from the workflow, name our own"),
        ),
        _offer(
            "MCT",
            "Number of the image within its run, from 1.",
            StandardToken(lambda context, _: str(context.image_in_run)),
            (IMAGE, "from an older version of the workflow, meaning our own"),
        ),
    ]


def _batch() -> list[Offer[Token]]:
    fields = {
        "JOB": ("job", "Job name, from --job or the profile."),
        "BID": ("batch_id", "Batch id, from --batch-id or the profile."),
        **{f"BD{n}": (f"bd{n}", f"Batch field {n}, from --bd{n} or the profile.") for n in range(1, 7)},
    }

    def token(field: str) -> StandardToken:
        return StandardToken(lambda context, _: context.fields.get(field, ""))

    return [
        *(_offer(name, summary, token(field), (RUN, OLDER)) for name, (field, summary) in fields.items()),
        _offer(
            "ASK",
            "Asked under its label at the start of the run, or given as --ask label=value.",
            AskToken(),
            (RUN, "family known from the workflow, form our own"),
        ),
    ]


def _slices() -> list[Offer[Token]]:
    return [
        _offer(
            "SLICE",
            "Number of the slice from 1, the nearest, as wide as that of the last.",
            StandardToken(lambda context, _: slice_text(context)),
            (IMAGE, OURS),
        ),
        _offer(
            "STEP",
            "Focus drive units between slices.",
            StandardToken(lambda context, _: str(context.step)),
            (RUN, OURS),
        ),
        _offer(
            "FOCUS",
            "Focus drive units from the start of the run to the image; more is farther.",
            StandardToken(lambda context, _: str(context.focus_offset)),
            (IMAGE, OURS),
        ),
        _offer("MODE", "Run mode.", StandardToken(lambda context, _: context.mode), (RUN, OURS)),
        _offer("PROFILE", "Profile of the run.", StandardToken(lambda context, _: context.profile), (RUN, OURS)),
    ]


def _camera() -> list[Offer[Token]]:
    return [
        _offer(
            "EXT",
            "Type of the file, jpg or nef; as a folder it keeps the types apart.",
            StandardToken(lambda context, _: context.extension),
            ("one value a file", OLDER),
        ),
        _offer(
            "CAM",
            "Model of the camera, as it calls itself.",
            StandardToken(lambda context, _: context.camera.model),
            (RUN, OURS),
        ),
        _offer(
            "SERIAL",
            "Serial number of the camera.",
            StandardToken(lambda context, _: context.camera.serial),
            (RUN, OURS),
        ),
        _offer(
            "LENS",
            "Lens, as the camera reports it.",
            StandardToken(lambda context, _: context.camera.lens),
            (RUN, OURS),
        ),
    ]


def _offer(name: str, summary: str, token: Token, capabilities: tuple[str, ...]) -> Offer[Token]:
    return Offer(name=name, summary=summary, options=NoOptions, build=lambda options: token, capabilities=capabilities)
