"""The source `folder`: recordings of a folder are found by a query and handed over from any byte on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from covey import CoveyError, component, option
from covey.components.source_contract import FoundRecording, RecordingDownload, Resume, Source
from covey.sources.folder_source import Folder
from covey.testing import check_source


@pytest.fixture
def recordings(tmp_path: Path) -> Folder:
    """Three recordings, a text, and a recording outside the folder."""
    for name in ("dawn/Robin 1.wav", "dawn/wren.flac", "robin.mp3", "notes.txt"):
        path = tmp_path / "birds" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode() * 3)
    (tmp_path / "secret.wav").write_bytes(b"secret")
    return Folder(root=str(tmp_path / "birds"))


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("", ["dawn/Robin 1.wav", "dawn/wren.flac", "robin.mp3"]),
        ("robin", ["dawn/Robin 1.wav", "robin.mp3"]),
        ("dawn/*", ["dawn/Robin 1.wav", "dawn/wren.flac"]),
        ("owl", []),
    ],
)
def test_a_query_is_a_part_of_the_path_or_a_pattern(recordings: Folder, query: str, ids: list[str]) -> None:
    assert [recording.id for recording in recordings.find(query)] == ids


def test_a_recording_is_handed_over_from_any_byte_on(recordings: Folder) -> None:
    (wren,) = recordings.find("wren")
    assert (wren.name, wren.bytes) == ("wren.flac", 42)
    download = recordings.open(wren)
    assert b"".join(download.blocks) == b"dawn/wren.flac" * 3
    resumed = recordings.open(wren, Resume(40, download.version))
    assert (resumed.offset, resumed.size, b"".join(resumed.blocks)) == (40, 42, b"ac")


def test_a_recording_that_was_written_anew_starts_over(recordings: Folder) -> None:
    (wren,) = recordings.find("wren")
    version = recordings.open(wren).version
    (Path(recordings.root) / wren.id).write_bytes(b"another wren")
    resumed = recordings.open(wren, Resume(4, version))
    assert (resumed.offset, b"".join(resumed.blocks)) == (0, b"another wren")


def test_nothing_outside_the_folder_is_found_or_opened(recordings: Folder, tmp_path: Path) -> None:
    if os.name != "nt":
        (tmp_path / "birds" / "link.wav").symlink_to(tmp_path / "secret.wav")
    assert "link.wav" not in [recording.id for recording in recordings.find("")]
    for id in ("../secret.wav", str(tmp_path / "secret.wav"), "link.wav", "gone.wav"):
        with pytest.raises(CoveyError, match="There is no recording"):
            recordings.open(FoundRecording(id=id, name="secret.wav"))


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CoveyError, match=r"There is no folder .*gone: check the option root of the source folder"):
        list(Folder(root=str(tmp_path / "gone")).find(""))


@component
class Broken(Source):
    """Two recordings in memory, and one fault."""

    name = "broken"
    fault: str = option(default="", help="What is wrong.")

    def find(self, query: str) -> Iterator[FoundRecording]:
        names = ["robin", "robin" if self.fault == "ids" else "wren"]
        if self.fault == "order":
            FINDS.append(query)
            names = names[:: (-1) ** len(FINDS)]
        recordings = [
            FoundRecording(
                id={"id": "", "pattern": f"../{name}"}.get(self.fault, name),
                name=name,
                bytes=5 if self.fault == "size" else None,
                sha256="0" * 64 if self.fault == "hash" else "",
            )
            for name in names
        ]
        return cast(Iterator[FoundRecording], recordings) if self.fault == "list" else iter(recordings)

    def open(self, recording: FoundRecording, resume: Resume | None = None) -> RecordingDownload:
        if recording.id not in ("robin", "wren") and self.fault != "unknown":
            raise CoveyError("There is no such recording.")
        if self.fault == "prints":
            print("fetching")
        content = b"" if self.fault == "empty" else recording.id.encode() * 9
        knows = resume is not None and (resume.version == "1" or self.fault == "version")
        offset = resume.offset if resume and knows else 0
        size = 7 if self.fault == "length" else None
        blocks = iter([content if self.fault == "offset" else content[offset:]])
        return RecordingDownload(blocks=blocks, offset=offset, version="1", size=size)


FINDS: list[str] = []


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("ids", "no two recordings may have the same id"),
        ("id", "every recording needs an id and a name"),
        ("pattern", "the id ['../robin'] does not match id_pattern, [A-Za-z0-9_-]{1,64}"),
        ("list", "find must return an iterator, not list"),
        ("order", "the same query must find the same recordings in the same order"),
        ("size", "'robin' has 45 bytes, but find says 5"),
        ("hash", "'robin' has another SHA-256 than find says"),
        ("empty", "'robin' has no bytes"),
        ("length", "'robin' has 45 bytes, but open says 7"),
        ("offset", "with 22 bytes there, open must give the bytes of 'robin' from its offset on"),
        ("version", "with bytes of another version there, open must start 'robin' over, at offset 0"),
        ("unknown", "opening a recording that there is not must raise CoveyError"),
        ("prints", "nothing may be printed to standard output, not 'fetching'"),
    ],
)
def test_a_broken_source_is_reported(fault: str, sentence: str) -> None:
    with pytest.raises(AssertionError) as caught:
        check_source(Broken, fault=fault)
    assert sentence in str(caught.value)


def test_a_query_that_finds_nothing_checks_nothing(recordings: Folder) -> None:
    with pytest.raises(AssertionError, match="the query 'owl' finds nothing: check with one that finds recordings"):
        check_source(Folder, query="owl", root=recordings.root)
