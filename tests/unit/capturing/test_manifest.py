from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from stackcore.capturing.manifest import ManifestFile, ManifestFileWriter, ManifestSlice, read_manifest
from stackcore.errors import UnreadableFrame


def test_a_manifest_is_read_as_it_was_written(tmp_path: Path) -> None:
    writer = ManifestFileWriter("run-1", tmp_path / "state", {"slices": 2}, {"model": "Fake"}, simulated=True)
    assert writer.path == tmp_path / "state" / "run-1.stackcore.json"
    writer.settle_beside(tmp_path / "day1" / "1.jpg")
    writer.settle_beside(tmp_path / "day2" / "2.jpg")
    files = [ManifestFile(path=writer.relative(tmp_path / f"day{n}" / f"{n}.jpg"), sha256="", bytes=0) for n in (1, 2)]
    assert [file.path for file in files] == ["1.jpg", "../day2/2.jpg"]
    time = datetime(2026, 11, 22, tzinfo=UTC)
    writer.data.slices.append(ManifestSlice(index=0, offset=0, time=time, files=files))
    writer.write()
    found = read_manifest(tmp_path / "day1" / "run-1.stackcore.json")
    assert found == writer.data
    assert [path.resolve() for path in found.file_paths(tmp_path / "day1")] == [
        tmp_path.resolve() / "day1" / "1.jpg",
        tmp_path.resolve() / "day2" / "2.jpg",
    ]


@pytest.mark.parametrize("text", ["", "{}", '{"schema": "stackcore.capture/2"}', "[1]"])
def test_what_is_no_manifest_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "m.json").write_text(text)
    with pytest.raises(UnreadableFrame, match=r"m\.json"):
        read_manifest(tmp_path / "m.json")
    with pytest.raises(UnreadableFrame, match="nowhere"):
        read_manifest(tmp_path / "nowhere")
