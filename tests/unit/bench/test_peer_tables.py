"""The table tells who is best, and where the default fuser is not."""

from __future__ import annotations

import json
from dataclasses import asdict

from peer_tables import Row, behind, report, table
from process_tree import Cost


def row(program: str, stack: str = "beetle", *, failure: str = "", **scores: float | None) -> Row:
    ours = program in ("blend", "weighted")
    return Row(stack, 10, 2.0, program, ours, "1.0", Cost(4.0, 3.0, 2**30, failure), scores, f"{program}.tif")


def test_the_best_of_each_column_is_bold() -> None:
    text = table([row("blend", psnr=33.0, halo=0.5, detail=0.9), row("other", psnr=31.0, halo=0.2, detail=1.3)])
    head, _, ours, other = text.splitlines()
    assert head == "| program | PSNR | detail | halo | CPU s | wall s | wall ms/MP-frame | peak MiB |"
    assert ours == "| `blend` | **33.00** | **0.900** | 0.50 | 4.0 | 3.0 | 150 | 1024 |"
    assert other == "| other | 31.00 | 1.300 | **0.20** | 4.0 | 3.0 | 150 | 1024 |"


def test_a_failure_stands_in_its_row() -> None:
    text = table([row("blend", psnr=33.0), row("other", failure="stopped at 8.0 GiB")])
    assert "| other, stopped at 8.0 GiB |  | 4.0 |" in text


def test_costs_of_a_busy_machine_may_be_left_out() -> None:
    text = table([row("blend", psnr=33.0), row("other", psnr=32.0)], costs=False)
    assert text.splitlines()[2] == "| `blend` | **33.00** |"
    assert "| `blend` | **33.00** |\n" in report([row("blend", psnr=33.0)], {}, costs=False)


def test_what_others_do_better_is_listed() -> None:
    rows = [
        row("blend", psnr=33.0, ssim=0.95, halo=0.5, noise=0.3, detail=0.9),
        row("weighted", psnr=33.5, ssim=0.951, halo=0.8, noise=None, detail=0.95),
        row("other", psnr=30.0, ssim=0.94, halo=0.2, noise=0.3, detail=1.02),
        row("blend", "leaf", psnr=30.0),
        row("other", "leaf", psnr=29.0),
    ]
    found = {place.measure: place for place in behind(rows)}
    assert sorted(found) == ["detail", "halo", "psnr", "ssim"]
    assert (found["psnr"].value, found["psnr"].best, found["psnr"].program) == (33.0, 33.5, "weighted")
    assert found["detail"].program == "other"
    assert not found["ssim"].matters
    text = report(rows, {"machine": "slow"})
    assert "- machine: slow" in text
    assert "| beetle | halo | 0.50 | 0.20 | other |" in text
    assert "| beetle | SSIM |" not in text
    assert text.index("## beetle") < text.index("## leaf") < text.index("## Where `blend` is not first")


def test_first_everywhere_is_told() -> None:
    assert "Nowhere" in report([row("blend", psnr=33.0), row("other", psnr=32.0)], {})


def test_a_row_survives_the_disk() -> None:
    kept = row("blend", psnr=33.0, noise=None)
    assert Row.from_json(json.loads(json.dumps(asdict(kept)))) == kept
