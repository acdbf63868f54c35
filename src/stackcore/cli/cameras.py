"""`stackcore cameras`: what can be given to `--camera` now, and whose bodies can be driven."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from stackcore.cli.columns import columns_of, fitted, is_narrow

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

    from stackcore.api.cameras import ProviderListing
    from stackcore.protocols import DriveProfile


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("cameras")(cameras)


def cameras(json: Annotated[bool, typer.Option("--json", help="One JSON document, for machines.")] = False) -> None:
    """List the cameras that are there, simulated ones, and the makers whose focus can be driven."""
    from stackcore.api.cameras import list_cameras

    listings = list_cameras()
    if json:
        from json import dumps

        document = {
            "schema": "stackcore.cameras/1",
            "providers": [{**asdict(listing), "addresses": listing.addresses} for listing in listings],
        }
        typer.echo(dumps(document, indent=2, ensure_ascii=False))
    else:
        _show(listings)


_VERIFIED = "verified: body = on a real one, wire = with the driver against a responder, source = read only"


def _print_known(console: Console, profiles: Iterable[DriveProfile]) -> None:
    """Makers where a table would have columns of some letters."""
    from rich.markup import escape

    console.print("\nfocus can be driven on")
    for profile in profiles:
        returns = "returns exactly" if profile.returns_exactly else "returns about"
        console.print(f"[bold]{escape(profile.maker)}[/] ({profile.verified}, {returns})", highlight=False)
        for line in fitted(profile.note, console.width - 2):
            console.print(f"  {escape(line)}", highlight=False)
    console.print(_VERIFIED)


def _show(listings: list[ProviderListing]) -> None:
    from rich.markup import escape
    from rich.table import Table

    from stackcore.cli.plugins import wide_console

    console = wide_console()
    there = Table("--camera", "model", "style", box=None, pad_edge=False, header_style="bold")
    for listing in listings:
        models = ["SIMULATED"] if listing.simulated else [camera.model for camera in listing.found]
        for address, model in zip(listing.addresses, models, strict=True):
            there.add_row(escape(address), escape(model), listing.style or "")
    console.print(there)
    for listing in listings:
        if listing.problem:
            console.print(f"\n[bold]{escape(listing.name)}[/]: {escape(listing.problem)}")
        elif not listing.addresses:
            console.print(f"\n[bold]{escape(listing.name)}[/]: no camera found; {escape(listing.summary)}")
    profiles = {profile.maker: profile for listing in listings for profile in listing.profiles}
    if not profiles:
        return
    if is_narrow(columns_of()):
        _print_known(console, profiles.values())
        return
    known = Table(
        "maker", "verified", "returns", "what its drive can do", box=None, pad_edge=False, header_style="bold"
    )
    known.title, known.title_justify = "\nfocus can be driven on", "left"
    for profile in profiles.values():
        returns = "exactly" if profile.returns_exactly else "about"
        known.add_row(escape(profile.maker), profile.verified, returns, escape(profile.note))
    console.print(known)
    console.print(_VERIFIED)
