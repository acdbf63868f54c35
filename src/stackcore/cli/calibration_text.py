"""Darks, grey cards and the calibration library in words and small tables."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from stackcore.calibration.agreement import written_settings
from stackcore.calibration.entries import DarkEntry, Entry, WhiteBalanceEntry

Row = Sequence[object]

_FIGURE = re.compile(r"[\d.,%]+")


def dark_tables(data: Mapping[str, Any]) -> list[str]:
    """Return the clipping, pass by pass, and what was found in each channel, from the `result` of `darks`."""
    clipping: list[Row] = [("channel", "pass", "photosites", "median", "sigma", "3 sigma above", "removed")]
    for one in data["iterations"]:
        figures = (f"{one['median']:.2f}", f"{one['sigma']:.3f}", f"{one['threshold']:.2f}")
        clipping.append((one["channel"], one["iteration"], f"{one['photosites']:,}", *figures, f"{one['removed']:,}"))
    return ["", *table(clipping), "", *found_table(data["channels"], data["sigma_factor"])]


def found_table(channels: Sequence[Mapping[str, Any]], factor: float) -> list[str]:
    """Return what was found in each channel of a dark."""
    rows: list[Row] = [("channel", "median", "sigma", f"hot above (N = {factor:g})", "hot", "dead")]
    for one in channels:
        figures = (f"{one['median']:.2f}", f"{one['sigma']:.3f}", f"{one['threshold']:.2f}")
        rows.append((one["channel"], *figures, f"{one['hot']:,}", f"{one['dead']:,}"))
    if len(channels) > 1:
        hot, dead = (sum(one[kind] for one in channels) for kind in ("hot", "dead"))
        rows.append(("all", "", "", "", f"{hot:,}", f"{dead:,}"))
    return table(rows)


def card_lines(data: Mapping[str, Any]) -> list[str]:
    """Return the multipliers and how certain they are, from the `result` of `greycard`."""
    rows: list[Row] = [
        ("", "red", "green", "blue", "green 2"),
        ("multiplier", *(f"{value:.4f}" for value in data["multipliers"])),
        ("uncertain by", *(f"{value:.3%}" for value in data["standard_error"])),
        ("spread", *(f"{value:.2%}" for value in data["spread"])),
    ]
    return ["", *table(rows), "", *multiplier_line(data)]


def multiplier_line(data: Mapping[str, Any]) -> list[str]:
    """Return the multipliers r g b g as `--white-balance` takes them."""
    return [" ".join(f"{value:.4f}" for value in data["multipliers"])]


def library_tables(darks: Sequence[DarkEntry], balances: Sequence[WhiteBalanceEntry]) -> list[str]:
    """Return the darks, then the white balances of the library."""
    lines: list[str] = []
    if darks:
        rows: list[Row] = [("dark", "camera", "taken at", "size", "frames", "hot", "dead")]
        for dark in darks:
            counts = (str(dark.frames), f"{len(dark.hot):,}", f"{len(dark.dead):,}")
            taken = written_settings(dark.shot)
            rows.append((dark.name, str(dark.camera), taken, f"{dark.width}x{dark.height}", *counts))
        lines += table(rows)
    if balances:
        rows = [("white balance", "r g b g", "camera", "made")]
        for one in balances:
            made = f"{one.created.astimezone():%Y-%m-%d %H:%M}"
            rows.append((one.name, *multiplier_line({"multipliers": one.multipliers}), str(one.camera), made))
        lines += [*([""] if lines else []), *table(rows)]
    return lines


def dark_entry(dark: DarkEntry) -> list[str]:
    """Return everything about a dark but its lists of photosites."""
    return [
        f"dark      {dark.name}",
        *_origin(dark),
        f"size      {dark.width}x{dark.height}",
        f"averaged  {dark.frames}: {', '.join(dark.sources[:3])}{' ...' if dark.frames > 3 else ''}",
        *(f"warning   {warning.message}" for warning in dark.warnings),
        *found_table([channel.model_dump() for channel in dark.channels], dark.sigma_factor),
    ]


def white_balance_entry(balance: WhiteBalanceEntry) -> list[str]:
    """Return everything about a white balance."""
    x, y, width, height = balance.patch
    return [
        f"white balance  {balance.name}",
        *_origin(balance),
        f"picture   {balance.source}, {width}x{height} from {x}, {y}",
        f"clipped   {balance.clipped:.2%}",
        f"uneven    {balance.unevenness:.1%} in brightness, {balance.colour_unevenness:.1%} in colour",
        f"dark      {balance.darks or 'none'}",
        *(f"warning   {warning.message}" for warning in balance.warnings),
        *card_lines(balance.model_dump()),
    ]


def _origin(entry: Entry) -> list[str]:
    return [
        f"camera    {entry.camera}",
        f"taken at  {written_settings(entry.shot)}",
        f"made      {entry.created.astimezone():%Y-%m-%d %H:%M} by {entry.software}",
    ]


def table(rows: Sequence[Row]) -> list[str]:
    """Lay out rows in columns, below a heading: figures to the right, words to the left.

    Examples
    --------
    >>> print(*table([("a", "n"), ("red", 12)]), sep="|")
    a     n|red  12
    """
    columns = [_aligned([str(cell) for cell in column]) for column in zip(*rows, strict=True)]
    return ["  ".join(cells).rstrip() for cells in zip(*columns, strict=True)]


def _aligned(cells: list[str]) -> list[str]:
    width = max(map(len, cells))
    figures = all(not cell or _FIGURE.fullmatch(cell) for cell in cells[1:])
    return [cell.rjust(width) if figures else cell.ljust(width) for cell in cells]
