"""`stackcore plugins new`."""

from __future__ import annotations

import json


def test_it_tells_what_it_wrote_and_what_to_do_next(stackcore, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = stackcore("plugins", "new", "fuser", "own")
    assert done.code == 0, done.err
    first, *rest = done.out.splitlines()
    assert first == "stackcore-fuser-own"
    assert "  src/stackcore_fuser_own/plugin.py" in rest
    assert "  pip install -e './stackcore-fuser-own[test]'" in rest
    assert (tmp_path / "stackcore-fuser-own" / "pyproject.toml").is_file()


def test_the_same_as_json(stackcore, tmp_path):
    done = stackcore("plugins", "new", "token", "MOON", "--dir", str(tmp_path), "--json")
    document = json.loads(done.out)
    assert document["schema"] == "stackcore.new-plugin/1"
    assert document["folder"] == str(tmp_path / "stackcore-token-moon")
    assert all((tmp_path / "stackcore-token-moon" / file).is_file() for file in document["files"])


def test_bad_names_folders_and_kinds_have_their_exit_codes(stackcore, tmp_path):
    (tmp_path / "stackcore-fuser-there").mkdir()
    for arguments, code, told in (
        (("fusor", "own"), 2, 'did you mean "fuser"?'),
        (("fuser", "My_Own"), 2, '"my-own"'),
        (("fuser", "weighted"), 4, "stackcore"),
        (("command", "stack"), 4, "stackcore itself"),
        (("command", "doctor"), 4, "command_doctor"),
        (("fuser", "there"), 7, "it is there already"),
    ):
        done = stackcore("plugins", "new", *arguments, "--dir", str(tmp_path))
        assert done.code == code, arguments
        assert told in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["stackcore-fuser-there"]
