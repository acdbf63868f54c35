"""The simplest model that explains what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from stackcore.protocols import Registration
from stackcore.terms import Transform
from stackcore_plugins.aligner_ecc.joint import Solution, solve_jointly
from stackcore_plugins.aligner_ecc.models import Project, member_of
from stackcore_plugins.aligner_ecc.plugin import Model

_MODELS: tuple[Model, ...] = ("shift", "rigid", "similarity", "affine")
_NOISE = 1.6
"""A model whose links disagree by so many times what those of the freest do is taken for as good."""
_NOTHING = 1e-4
"""Nor is one refused for less than this share of the longer side. Blur that differs from place to place bends what is
measured: similar frames, measured as affine, disagree with a similarity by up to 0.7e-4."""
_NOTHING_PX = 0.08
"""Nor for less than this, pixels, which matters for small frames alone."""


def choose_model(
    found: Sequence[Registration], frames: int, reference: int, size: tuple[int, int]
) -> tuple[Model, Solution]:
    """The first of shift, rigid, similarity and affine that explains links measured as affine, and its solution.

    A model explains them if they disagree with the frames it places by no more than with those that an affine
    solution places, but for noise: the measurements differ from any model by what blur and noise do to them.
    """
    freest = solve_jointly(found, frames, reference, size, "affine")
    kept = [registration for k, registration in enumerate(found) if k not in freest.wrong]
    enough = max(_NOISE * freest.apart_px, _NOTHING * max(size), _NOTHING_PX)
    for model in _MODELS[:-1]:
        member = member_of(model, size)
        if solve_jointly(kept, frames, reference, size, model).apart_px <= enough:
            measured = [_within(registration, member) for registration in found]
            return model, solve_jointly(measured, frames, reference, size, model)
    return "affine", freest


def _within(registration: Registration, member: Project) -> Registration:
    if registration.transform is None:
        return registration
    return replace(registration, transform=Transform(member(registration.transform.matrix)))
