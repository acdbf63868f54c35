"""What the documents tell people to type exists, and their links lead somewhere."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\(([^)#]+)[^)]*\)")


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def typed(path: Path) -> list[str]:
    """Every `stackcore` command in the console blocks of a document."""
    blocks = re.findall(r"^```console\n(.*?)^```", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ stackcore ")]


def programs(path: Path) -> list[str]:
    """Every Python block of a document."""
    return re.findall(r"^```python\n(.*?)^```", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


COMMANDS = sorted({command for document in DOCUMENTS for command in typed(document)})


def test_the_documents_show_commands():
    assert len(COMMANDS) > 5


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_and_option_exists(stackcore, command):
    arguments = shlex.split(command)[1:]
    done = stackcore(*arguments, "--help")  # parses all of it, then shows the help instead of running
    assert done.code == 0, done.err
    assert done.out.startswith("Usage:")


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_links_lead_somewhere(document):
    for target in LINK.findall(document.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (document.parent / target).exists(), f"{name(document)} links to {target}"


SMALL = ["--set", "camera.width_px=192", "--set", "camera.height_px=128"]


@pytest.mark.parametrize("document", [d for d in DOCUMENTS if typed(d)], ids=name)
def test_the_commands_of_a_document_work_one_after_the_other(stackcore, document, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for command in typed(document):
        arguments = shlex.split(command)[1:]
        done = stackcore(*arguments, *(SMALL if arguments[0] == "capture" else []))
        assert done.code == 0, f"{command}: {done.err}"


@pytest.mark.parametrize("document", [d for d in DOCUMENTS if programs(d)], ids=name)
def test_the_programs_of_a_document_work(document, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for program in programs(document):
        assert "step=50" in program
        small = 'step=50, settings={"camera": {"width_px": 192, "height_px": 128}}'
        exec(compile(program.replace("step=50", small), name(document), "exec"), {})
    assert list(tmp_path.glob("*.tif"))


def test_the_readme_has_both_commands_for_the_continuous_run():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    marked = re.findall(r"^<!-- ci: (\w+) -->\n```bash\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert [label for label, _ in marked] == ["demo", "tests"]
    for _, script in marked:
        *first, last = script.splitlines()
        assert all(line.endswith(" &&") for line in first)  # one command, which stops at the first failure
        assert not last.endswith("&&")
