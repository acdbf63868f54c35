"""What a new plugin may be called, and what follows from it."""

from __future__ import annotations

import pytest

from stackcore.errors import UsageError
from stackcore.scaffolding.names import LONGEST, names_of


def test_everything_follows_from_kind_and_name():
    names = names_of("fuser", "by-variance2")
    assert names.distribution == "stackcore-fuser-by-variance2"
    assert names.package == "stackcore_fuser_by_variance2"
    assert names.entry_point == "fuser-by-variance2"
    assert names.identifier == "by_variance2"
    assert names.class_name == "ByVariance2Fuser"
    assert (names.hook, names.contract) == ("stackcore_fusers", "FuserContract")


def test_tokens_are_upper_case_where_people_type_them():
    names = names_of("token", "MOON2")
    assert (names.distribution, names.package) == ("stackcore-token-moon2", "stackcore_token_moon2")
    assert names.class_name == "Moon2Token"


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("ByVariance", '"by-variance"'),
        ("by_variance", '"by-variance"'),
        ("by variance", '"by-variance"'),
        ("-variance-", '"variance"'),
        ("by--variance", '"by-variance"'),
        ("3d", '"d"'),
        ("../etc", '"etc"'),
        ("a/b", '"a-b"'),
        ("über", '"ber"'),
        ("", "a letter"),
        ("42", "a letter"),
        ("蝶", "a letter"),
    ],
)
def test_a_bad_name_is_refused_with_one_that_will_do(name, advice):
    with pytest.raises(UsageError, match="lower-case letters, digits and single hyphens") as caught:
        names_of("fuser", name)
    assert advice in caught.value.fix


@pytest.mark.parametrize(("name", "advice"), [("moon", '"MOON"'), ("NEW-MOON", '"NEWMOON"'), ("4TH", '"TH"')])
def test_a_bad_name_of_a_token_too(name, advice):
    with pytest.raises(UsageError, match="upper-case letters and digits") as caught:
        names_of("token", name)
    assert advice in caught.value.fix


@pytest.mark.parametrize("name", ["class", "import", "match", "none", "auto", "help", "stackcore"])
def test_words_that_mean_something_else_are_refused(name):
    with pytest.raises(UsageError, match="means something else"):
        names_of("command", name)


def test_long_names_are_refused():
    assert names_of("fuser", "a" * LONGEST).name == "a" * LONGEST
    with pytest.raises(UsageError, match=f"{LONGEST + 1} characters"):
        names_of("fuser", "a" * (LONGEST + 1))
