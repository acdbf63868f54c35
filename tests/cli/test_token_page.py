"""The list of path tokens, and the reference page that is made from it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from stackcore.api.tokens import list_tokens
from stackcore.cli.token_page import token_page
from stackcore.config import NoOptions
from stackcore.hookspecs import Offer, hookimpl

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "path-tokens.md"

STANDARD = """
    @GRP @UGRP @GCTn @PCTn @D1 @DT1 @MCT @EXT @JOB @BID @BD1 @BD2 @BD3 @BD4 @BD5 @BD6 @UD1 @UDT1 @ASK:label
    @SLICE @STEP @FOCUS @CAM @SERIAL @LENS @PROFILE @MODE
"""


def test_every_standard_token_is_a_plugin_that_says_where_it_is_known_from() -> None:
    tokens = {token.written: token for token in list_tokens() if token.distribution == "stackcore"}
    assert tokens.keys() == set(STANDARD.split())
    for token in tokens.values():
        assert token.result
        assert token.summary
        assert any("our own" in word or "the workflow" in word or "capture workflow" in word for word in token.about)
    assert "from the capture workflow" in tokens["@GRP"].about
    assert "our own" in tokens["@SLICE"].about


def test_the_reference_page_is_made_from_the_offers() -> None:
    made = token_page([token for token in list_tokens() if token.distribution == "stackcore"])
    assert PAGE.read_text(encoding="utf-8") == made, "run: stackcore path tokens --markdown > docs/reference/..."


def test_the_list_shows_tokens_with_examples(stackcore: Any) -> None:
    out = stackcore("path", "tokens").out
    assert "@GCTn" in out
    assert "0042" in out
    [group] = [t for t in json.loads(stackcore("path", "tokens", "--json").out)["tokens"] if t["written"] == "@GRP"]
    assert (group["example"], group["result"]) == ("@GRP", "20261122-181500-042")
    assert stackcore("path", "tokens", "--markdown").out.startswith("# Path tokens")


def test_a_token_that_cannot_be_built_harms_no_other(stackcore: Any, fake_plugins: Any) -> None:
    def fail(options: Any) -> Any:
        raise RuntimeError("no")

    class Here:
        takes_digits, counter = False, None

        def expand(self, context: Any, digits: Any) -> str:
            return "a|b"

    offers = [
        Offer(name=name, summary=name, options=NoOptions, build=build)
        for name, build in (("BAD", fail), ("GOOD", lambda options: Here()))
    ]
    fake_plugins.add("tokens", stackcore_tokens=hookimpl(lambda: offers))
    out = stackcore("path", "tokens").out
    assert "@GOOD" in out
    assert "@BAD" not in out
    assert "a\\|b" in stackcore("path", "tokens", "--markdown").out
