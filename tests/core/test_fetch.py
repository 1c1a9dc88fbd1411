"""covey find, fetch and keys: recordings come whole, once, verified and credited, whatever happens on the way."""

from __future__ import annotations

import csv
import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path

import pytest
from tests import sound_server
from tests.fixture_types import Cli, Distribution
from tests.sound_server import SoundServer, make_wav, serve_sounds

from covey.authoring import FoundRecording
from covey.sources.folder_source import Folder
from covey.sources.recording_names import name_recording

KEY = "s3cret-0123456789"
SOURCE = '''
import json
from collections.abc import Iterator
from covey import component, hookimpl, option
from covey.authoring import (Annotation, FoundRecording, RecordingDownload, Resume, ServiceKey, Source, WebClient,
    read_key)


@component
class Aviary(Source):
    """Recordings of an invented service."""

    name = "aviary"
    prefix = "AV"
    id_pattern = r"[0-9]{1,9}"
    key = ServiceKey(variable="AVIARY_KEY", how="Everybody has one.", other_variables=("AVIARY_TOKEN",))
    terms = "The terms ask not to fetch so many at once."
    pace: float = option(default=0.01, ge=0, help="Seconds between two requests. More are kinder.")

    @property
    def client(self) -> WebClient:
        return WebClient(address="https://aviary.example.org", moved_by="AVIARY_URL", seconds_between=self.pace,
            most_bytes=400_000)

    def find(self, query: str) -> Iterator[FoundRecording]:
        page, pages = 1, 1
        while page <= pages:
            params = {"query": query, "page": str(page)}
            answer = self.client.get_json("/api", params, secret_params={"key": read_key(Aviary)})
            pages, page = answer["pages"], page + 1
            for each in answer["recordings"]:
                annotations = tuple(Annotation(**annotation) for annotation in each.pop("annotations", ()))
                yield FoundRecording(**{"name": f"AV{each['id']} bird.mp3", **each}, annotations=annotations)

    def open(self, recording: FoundRecording, resume: Resume | None = None) -> RecordingDownload:
        return self.client.download(f"/sounds/{recording.id}", resume)


@hookimpl
def covey_sources():
    yield Aviary
'''
LICENCE = "//creativecommons.org/licenses/by-nc-sa/4.0/"


@pytest.fixture
def aviary(distribution: Distribution, monkeypatch: pytest.MonkeyPatch) -> Iterator[SoundServer]:
    """A service with three recordings, whose source is installed, and whose key is set."""
    distribution("covey-aviary", {"aviary": "covey_aviary"}, covey_aviary=SOURCE)
    with serve_sounds() as sounds:
        monkeypatch.setenv("AVIARY_URL", sounds.url)
        monkeypatch.setenv("AVIARY_KEY", KEY)
        offer(sounds, [describe(number) for number in (1, 2, 3)])
        yield sounds


def describe(number: int, **fields: object) -> dict[str, object]:
    shared = {"species": "Inventa prima", "licence": LICENCE, "recordist": "Ann Example", "duration_s": 0.5}
    return {"id": str(number), **shared, "metadata": {"q": "A", "file-name": f"AV{number} bird.mp3"}, **fields}


def offer(sounds: SoundServer, recordings: list[dict[str, object]], per_page: int = 2) -> None:
    """Let a server find these recordings, page by page, and have their sounds."""

    def answer(query: Mapping[str, str]) -> tuple[int, object]:
        if query.get("key") != KEY:
            return 401, {"error": "client_error", "message": f"The key {query.get('key')} is wrong."}
        if ":" not in query["query"]:
            return 400, {"error": {"code": "no_tags", "message": "only accepts queries using tags"}}
        start = (int(query["page"]) - 1) * per_page
        pages = -(-len(recordings) // per_page)
        return 200, {"pages": pages, "recordings": recordings[start : start + per_page]}

    sounds.answers["/api"] = answer
    for recording in recordings:
        sounds.files.setdefault(f"/sounds/{recording['id']}", make_wav(len(sounds.files)))


def read_table(folder: Path) -> dict[str, dict[str, str]]:
    with (folder / "metadata.csv").open(encoding="utf-8", newline="") as file:
        return {row["file_name_stub"]: row for row in csv.DictReader(file)}


def read_folder(folder: Path) -> dict[str, bytes]:
    paths = [folder / "metadata.csv", *(folder / "recordings").iterdir()]
    return {path.name: path.read_bytes() for path in sorted(paths)}


def test_find_counts_and_fetches_nothing(covey: Cli, aviary: SoundServer, monkeypatch: pytest.MonkeyPatch) -> None:
    nd = "https://creativecommons.org/licenses/by-nc-nd/4.0/"
    offer(aviary, [
        describe(1), describe(2, licence=nd), describe(3, withheld="of a restricted species", species="Inventa rara"),
        describe(4, licence=""), describe(1), describe(5, duration_s=7200.0, species="Sonus longus"),
        describe(6, licence="All rights reserved"), describe(7, id="../7"),
    ])  # fmt: skip
    monkeypatch.setenv("COLUMNS", "160")
    result = covey("find", "aviary", "gen:Inventa", "--longest", 60)
    assert result.exit_code == 0, result.output
    lines = {" ".join(line.split()) for line in result.stdout.splitlines()}
    for row in (
        "found 7 3 2.00 CC BY-NC-SA 4.0 (4), CC BY-NC-ND 4.0 (1), without a licence (1), All rights reserved (1)",
        "to fetch 1 1 0.00 CC BY-NC-SA 4.0 (1)",
        "with a licence that excludes derivatives 1 2",
        "of a restricted species 1 3",
        "without a licence 1 4",
        "found more than once 1 1",
        "longer than 60 s 1 5",
        "with an unknown licence 1 6",
        "with an odd id 1 ../7",
    ):
        assert row in lines, result.stdout
    assert not [request for request in aviary.requests if request.path.startswith("/sounds")]


def test_recordings_come_with_names_metadata_and_balance(covey: Cli, aviary: SoundServer, tmp_path: Path) -> None:
    result = covey("fetch", "aviary", "gen:Inventa", tmp_path / "birds")
    assert result.exit_code == 0, result.output
    recordings = tmp_path / "birds" / "recordings"
    assert {path.name: path.read_bytes() for path in recordings.iterdir()} == {
        f"AV{number}.wav": aviary.files[f"/sounds/{number}"] for number in (1, 2, 3)
    }
    row = read_table(tmp_path / "birds")["AV2"]
    shared = {"full_spec_name": "Inventa prima", "rec": "Ann Example", "lic": LICENCE, "length": "0:00", "smp": "8000"}
    assert row.items() >= {**shared, "q": "A", "source": "aviary"}.items()
    assert len(row["sha256"]) == 64
    assert "Of 3 recordings 3 there." in result.stdout
    assert f"Next: covey spectrograms {recordings} {tmp_path / 'birds'}" in result.stdout
    assert list((tmp_path / "birds" / ".covey" / "fetching").iterdir()) == []


def test_queries_add_up_and_nothing_is_fetched_twice(covey: Cli, aviary: SoundServer, tmp_path: Path) -> None:
    assert covey("fetch", "aviary", "gen:Inventa", tmp_path, "--most", 1).exit_code == 0
    offer(aviary, [describe(number) for number in (3, 2, 1, 4)])
    result = covey("fetch", "aviary", "gen:Inventa", "cnt:Nowhere", tmp_path)
    assert "Of 4 recordings 4 there." in result.stdout
    assert "3 recordings fetched now" in result.stdout
    assert sorted(read_table(tmp_path)) == ["AV1", "AV2", "AV3", "AV4"]
    assert [len(aviary.requests_for(f"/sounds/{number}")) for number in (1, 2, 3, 4)] == [1, 1, 1, 1]


@pytest.mark.parametrize(
    ("flags", "numbers"),
    [
        (["--most", 2], [1, 2]),
        (["--per-species", 1], [1, 3]),
        (["--licence", "open"], [4]),
        (["--licence", "any"], [1, 2, 3, 4, 5]),
    ],
)
def test_people_say_which_recordings_they_want(
    covey: Cli, aviary: SoundServer, tmp_path: Path, flags: list[object], numbers: list[int]
) -> None:
    open_licence = {"licence": "CC BY 4.0", "species": "Inventa tertia"} if flags[0] == "--licence" else {}
    offer(aviary, [
        describe(1), describe(2), describe(3, species="Inventa secunda"), describe(4, **open_licence),
        describe(5, licence=""),
    ])  # fmt: skip
    assert covey("fetch", "aviary", "gen:Inventa", tmp_path, *flags).exit_code == 0
    assert list(read_table(tmp_path)) == [f"AV{number}" for number in numbers]


def test_a_dry_run_writes_nothing(covey: Cli, aviary: SoundServer, tmp_path: Path) -> None:
    assert "to fetch" in covey("fetch", "aviary", "gen:Inventa", tmp_path / "birds", "--dry-run").stdout
    assert not (tmp_path / "birds").exists()


FAULTS: dict[str, list[sound_server.Fault]] = {
    "cut": [sound_server.cut(3000), sound_server.cut(2000)],
    "too long": [sound_server.wrong_length(500)],
    "too short": [sound_server.wrong_length(-500)],
    "429": [sound_server.busy(429, "0")],
    "503": [sound_server.busy()],
    "html": [sound_server.web_page()],
    "ignored range": [sound_server.cut(3000), sound_server.ignored_range()],
    "wrong range": [sound_server.cut(3000), sound_server.wrong_range(1000)],
    "later range": [sound_server.cut(3000), sound_server.wrong_range(5000)],
    "416": [sound_server.cut(3000), sound_server.unsatisfiable()],
    "packed": [sound_server.packed()],
    "packed rest": [sound_server.cut(3000), sound_server.packed()],
    "silence": [sound_server.silence(0)],
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_recording_comes_whole_after_a_fault(covey: Cli, aviary: SoundServer, tmp_path: Path, fault: str) -> None:
    aviary.fail("/sounds/2", *FAULTS[fault])
    result = covey("fetch", "aviary", "gen:Inventa", tmp_path)
    assert result.exit_code == 0, result.output
    assert "Of 3 recordings 3 there." in result.stdout
    assert (tmp_path / "recordings" / "AV2.wav").read_bytes() == aviary.files["/sounds/2"]


def test_a_file_that_changed_meanwhile_starts_over(covey: Cli, aviary: SoundServer, tmp_path: Path) -> None:
    def change(handler: sound_server.Handler, content: bytes) -> None:
        sound_server.cut(3000)(handler, content)
        aviary.files["/sounds/2"] = make_wav(77)

    aviary.fail("/sounds/2", change)
    assert covey("fetch", "aviary", "gen:Inventa", tmp_path).exit_code == 0
    assert (tmp_path / "recordings" / "AV2.wav").read_bytes() == make_wav(77)
    assert [request.range for request in aviary.requests_for("/sounds/2")] == ["", "bytes=3000-"]


def test_what_is_no_whole_sound_is_left_out_by_name(covey: Cli, aviary: SoundServer, tmp_path: Path) -> None:
    aviary.files["/sounds/1"] = b"no sound at all" * 100
    aviary.files["/sounds/2"] = make_wav(5)[:-2000]
    offer(aviary, [describe(1), describe(2), describe(3), {**describe(4), "sha256": "0" * 64}, describe(5)])
    del aviary.files["/sounds/3"]
    aviary.redirects["/sounds/5"] = "https://elsewhere.example.com/5"
    aviary.files.pop("/sounds/5")
    result = covey("fetch", "aviary", "gen:Inventa", tmp_path)
    for sentence in ("it is no sound that can be read", "it is truncated or damaged", "it is not what the source says"):
        assert f"not fetched: {sentence}" in result.stdout
    assert "which is none of its own addresses (5)" in result.stdout
    assert "not fetched: aviary.example.org has nothing at this address: 404 Not Found (3)" in result.stdout
    assert "Of 5 recordings 0 there" in result.stdout
    assert "Next:" not in result.stdout
    assert list((tmp_path / "recordings").iterdir()) == []


def test_one_file_that_the_service_cannot_send_stops_no_other(covey: Cli, aviary: SoundServer, tmp_path: Path) -> None:
    aviary.fail("/sounds/2", *[sound_server.busy(500)] * 8)
    result = covey("fetch", "aviary", "gen:Inventa", tmp_path, "--set", "pace=0")
    assert result.exit_code == 0, result.stderr
    assert "Of 3 recordings 2 there; 1 not fetched: it answered 500 Internal Server Error (2)" in result.stdout


def test_of_a_file_that_is_too_large_nothing_stays(covey: Cli, aviary: SoundServer, tmp_path: Path) -> None:
    aviary.files["/sounds/2"] = bytes(500_000)
    aviary.fail("/sounds/2", sound_server.packed())
    result = covey("fetch", "aviary", "gen:Inventa", tmp_path)
    assert "1 not fetched: it is larger than 0 MB (2)" in result.stdout
    assert not list((tmp_path / ".covey" / "fetching").iterdir())


def test_the_ending_is_decided_by_the_contents_and_the_name_by_the_id(
    covey: Cli, aviary: SoundServer, tmp_path: Path
) -> None:
    import io

    import numpy as np
    import soundfile

    for number, format in ((1, "FLAC"), (2, "OGG"), (3, "MP3")):
        buffer = io.BytesIO()
        soundfile.write(buffer, np.random.default_rng(0).uniform(-0.1, 0.1, 16000), 16000, format=format)
        aviary.files[f"/sounds/{number}"] = buffer.getvalue()
    offer(aviary, [describe(number, name="../../evil.exe") for number in (1, 2, 3)])
    assert covey("fetch", "aviary", "gen:Inventa", tmp_path).exit_code == 0
    assert sorted(path.name for path in (tmp_path / "recordings").iterdir()) == ["AV1.flac", "AV2.ogg", "AV3.mp3"]


def test_a_second_fetch_into_one_folder_is_refused(covey: Cli, aviary: SoundServer, tmp_path: Path) -> None:
    aviary.fail("/sounds/1", sound_server.silence(3))
    first = threading.Thread(target=covey, args=("fetch", "aviary", "gen:Inventa", tmp_path))
    first.start()
    while not aviary.requests_for("/sounds/1"):
        time.sleep(0.01)
    result = covey("fetch", "aviary", "gen:Inventa", tmp_path)
    first.join()
    assert result.exit_code == 2
    assert "Another run is at work there" in result.output
    assert len(read_table(tmp_path)) == 3


def test_a_service_that_is_gone_stops_and_keeps_what_is_done(covey: Cli, aviary: SoundServer, tmp_path: Path) -> None:
    aviary.fail("/sounds/2", *[sound_server.busy()] * 8)
    result = covey("fetch", "aviary", "gen:Inventa", tmp_path)
    assert result.exit_code == 2
    assert "Of 3 recordings 1 there; 2 not yet fetched (2, 3)." in result.stdout
    assert (
        "aviary.example.org failed 8 times in a row (the service asks to slow down: 503 Service Unavailable)"
        in result.stderr
    )
    assert list(read_table(tmp_path)) == ["AV1"]
    assert covey("fetch", "aviary", "gen:Inventa", tmp_path).exit_code == 0
    assert list(read_table(tmp_path)) == ["AV1", "AV2", "AV3"]


@pytest.mark.skipif(os.name == "nt", reason="needs the limits of POSIX")
def test_a_full_disk_stops_with_one_sentence_and_loses_nothing(
    aviary: SoundServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    aviary.files["/sounds/2"] = make_wav(9, seconds=20)  # 320 kB
    limited = start_fetch(tmp_path / "birds", tmp_path, limit=100_000)
    assert limited.wait() == 2
    stdout, stderr = (tmp_path / "stdout").read_text(), (tmp_path / "stderr").read_text()
    assert "Of 3 recordings 1 there; 2 not yet fetched (2, 3)." in stdout
    assert "could not be written: File too large. What was fetched is kept: make room, and start again." in stderr
    assert start_fetch(tmp_path / "birds", tmp_path).wait() == 0
    assert sorted(read_table(tmp_path / "birds")) == ["AV1", "AV2", "AV3"]
    assert aviary.requests_for("/sounds/2")[-1].range == "bytes=100000-"


def start_fetch(folder: Path, tmp_path: Path, limit: int | None = None) -> subprocess.Popen[bytes]:
    """Run covey fetch in a process of its own, with a limit for the size of files."""
    code = (
        "import sys\n"
        + (f"import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n" if limit else "")
        + "import signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "from covey.commands.main import main\nmain(sys.argv[1:])"
    )
    command = [sys.executable, "-c", code, "fetch", "aviary", "gen:Inventa", str(folder)]
    paths = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with (tmp_path / "stdout").open("wb") as stdout, (tmp_path / "stderr").open("wb") as stderr:
        return subprocess.Popen(command, env=paths, stdout=stdout, stderr=stderr)


def hold(handler: sound_server.Handler, content: bytes) -> None:
    """Send 3,000 bytes, and nothing more for a while."""
    handler.send(200, content[:3000], {"ETag": sound_server.tag_of(content)}, len(content))
    time.sleep(20)


@pytest.mark.skipif(os.name == "nt", reason="needs the signals of POSIX")
def test_a_killed_fetch_goes_on_and_ends_in_the_same_folder(covey: Cli, aviary: SoundServer, tmp_path: Path) -> None:
    offer(aviary, [describe(number) for number in range(1, 41)], per_page=40)
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert covey("fetch", "aviary", "gen:Inventa", whole).exit_code == 0
    for stopped_at in (7, 23):
        aviary.fail(f"/sounds/{stopped_at}", hold)
        process = start_fetch(killed, tmp_path)
        part = killed / ".covey" / "fetching" / f"AV{stopped_at}.part"
        while not (part.exists() and part.stat().st_size == 3000):
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert covey("fetch", "aviary", "gen:Inventa", killed).exit_code == 0
    assert read_folder(killed) == read_folder(whole)
    assert list((killed / ".covey" / "fetching").iterdir()) == []
    assert aviary.requests_for("/sounds/23")[-1].range == "bytes=3000-"


@pytest.mark.skipif(os.name == "nt", reason="needs the signals of POSIX")
def test_ctrl_c_ends_with_the_balance_of_what_is_done(aviary: SoundServer, tmp_path: Path) -> None:
    aviary.fail("/sounds/2", hold)
    process = start_fetch(tmp_path / "birds", tmp_path)
    part = tmp_path / "birds" / ".covey" / "fetching" / "AV2.part"
    while not (part.exists() and part.stat().st_size == 3000):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    assert process.wait() == 130
    assert "Of 3 recordings 1 there; 2 not yet fetched (2, 3)." in (tmp_path / "stdout").read_text()
    assert "the same command goes on from there" in (tmp_path / "stderr").read_text()
    assert list(read_table(tmp_path / "birds")) == ["AV1"]


@pytest.mark.parametrize("missing", ["journal", "file"])
def test_what_a_power_cut_left_is_mended(covey: Cli, aviary: SoundServer, tmp_path: Path, missing: str) -> None:
    assert covey("fetch", "aviary", "gen:Inventa", tmp_path).exit_code == 0
    rows = read_folder(tmp_path)
    if missing == "file":
        (tmp_path / "recordings" / "AV2.wav").write_bytes(b"half")
    else:
        lines = (tmp_path / "metadata.csv").read_bytes().splitlines(keepends=True)
        (tmp_path / "metadata.csv").write_bytes(b"".join(lines[:3]))
        torn = json.dumps({"file_name_stub": "AV3", "q": "A"})[:-5]
        (tmp_path / ".covey" / "fetched.jsonl").write_text(torn)
    assert covey("fetch", "aviary", "gen:Inventa", tmp_path).exit_code == 0
    assert read_folder(tmp_path) == rows


def test_check_finds_recordings_that_are_not_what_was_fetched(covey: Cli, aviary: SoundServer, tmp_path: Path) -> None:
    assert covey("fetch", "aviary", "gen:Inventa", tmp_path).exit_code == 0
    assert "Of 3 fetched recordings 3 unchanged." in covey("info", tmp_path, "--check").stdout
    damaged = tmp_path / "recordings" / "AV2.wav"
    content = damaged.read_bytes()
    damaged.write_bytes(content[:-50] + bytes(50))
    (tmp_path / "recordings" / "AV3.wav").unlink()
    assert "fetched recordings" not in covey("info", tmp_path).stdout
    done = covey("info", tmp_path, "--check")
    assert (
        "Of 3 fetched recordings 1 unchanged; 1 changed since: delete them, and fetch them again (AV2);"
        " 1 not there (AV3)." in done.stdout
    )
    damaged.unlink()
    assert covey("fetch", "aviary", "gen:Inventa", tmp_path).exit_code == 0
    assert damaged.read_bytes() == content
    assert "Of 3 fetched recordings 3 unchanged." in covey("info", tmp_path, "--check").stdout


def test_rows_and_columns_of_others_stay(covey: Cli, aviary: SoundServer, tmp_path: Path) -> None:
    (tmp_path / "metadata.csv").write_text("file_name_stub;mood\nmine;wild\nmine;calm\n", "utf-8")
    assert covey("fetch", "aviary", "gen:Inventa", tmp_path).exit_code == 0
    rows = read_table(tmp_path)
    assert rows["mine"]["mood"] == "calm"
    assert list(rows) == ["mine", "AV1", "AV2", "AV3"]
    assert "mine,wild," in (tmp_path / "metadata.csv").read_text("utf-8")


def test_nothing_in_a_table_is_a_formula(covey: Cli, aviary: SoundServer, tmp_path: Path) -> None:
    offer(aviary, [describe(1, recordist='=HYPERLINK("x")', metadata={"=1+1": "<script>\n\0x"})])
    assert covey("fetch", "aviary", "gen:Inventa", tmp_path).exit_code == 0
    assert read_table(tmp_path)["AV1"].items() >= {"rec": '\'=HYPERLINK("x")', "'=1+1": "<script>\nx"}.items()


def test_texts_that_no_file_can_hold_stop_nothing(covey: Cli, aviary: SoundServer, tmp_path: Path) -> None:
    odd = "\ud800" + "x" * 200_000
    call = {"start_s": 0.0, "end_s": 0.2, "label": "\ud800"}
    fields = {"recordist": odd, "licence": odd, "species": odd, "metadata": {odd: odd}, "annotations": [call]}
    offer(aviary, [describe(1, **fields), describe(2)])
    flags = ["--annotations", "--licence", "any"]
    for _ in range(2):
        result = covey("fetch", "aviary", "gen:Inventa", tmp_path, *flags)
        assert result.exit_code == 0, result.output
    assert "Of 2 recordings 2 there." in result.stdout
    assert read_table(tmp_path)["AV1"]["rec"].startswith("\\ud800xxx")


@pytest.mark.parametrize(
    ("id", "beginning"),
    [("144-a_b", "144-a_b"), ("Ab", "Ab-"), ("nul", "nul-"), ("com1", "com1-"), ("../x y.wav", "___x_y_wav-")],
)
def test_a_name_is_one_on_every_system(id: str, beginning: str) -> None:
    stub = name_recording(Folder(), FoundRecording(id=id, name="any.wav"))
    in_capitals = name_recording(Folder(), FoundRecording(id=id.upper(), name="any.wav"))
    assert stub.startswith(beginning)
    assert stub.lower() != in_capitals.lower()
    assert len(stub) == len(beginning) + 8 * beginning.endswith("-")


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
@pytest.mark.parametrize("name", ["recordings", ".covey", "metadata.csv"])
def test_nothing_is_written_through_a_link(covey: Cli, aviary: SoundServer, tmp_path: Path, name: str) -> None:
    outside = tmp_path / "outside"
    (outside / "folder").mkdir(parents=True)
    (outside / "file").write_text("file_name_stub\nmine\n")
    (tmp_path / "birds").mkdir()
    (tmp_path / "birds" / name).symlink_to(outside / ("file" if name == "metadata.csv" else "folder"))
    result = covey("fetch", "aviary", "gen:Inventa", tmp_path / "birds")
    assert (result.exit_code, "link" in result.output) == ((0, False) if name == "metadata.csv" else (2, True))
    assert list((outside / "folder").iterdir()) == []
    assert (outside / "file").read_text() == "file_name_stub\nmine\n"


def test_the_original_layout_has_its_folder_and_names(covey: Cli, aviary: SoundServer, tmp_path: Path) -> None:
    offer(aviary, [describe(1, name="AV1-Mésange bleue, chant du matin.mp3"), describe(2, name="../x.mp3")])
    result = covey("fetch", "aviary", "gen:Inventa", tmp_path, "--layout", "original")
    assert result.exit_code == 0, result.output
    names = sorted(path.name for path in (tmp_path / "downloaded_data_orig").iterdir())
    assert names == ["AV1_Mesange_bleue_chant_du_mat.wav", "AV2.wav"]
    assert sorted(read_table(tmp_path)) == ["AV1_Mesange_bleue_chant_du_mat", "AV2"]


def test_spectrograms_know_the_metadata_and_annotations_become_labels(
    covey: Cli, aviary: SoundServer, tmp_path: Path
) -> None:
    song = {"start_s": 1.0, "end_s": 2.0, "label": "song", "low_hz": 2000.0, "author": "Bob Example"}
    aviary.files["/sounds/1"] = make_wav(3, seconds=3, rate=24000)
    offer(aviary, [describe(1, annotations=[song])])
    result = covey("fetch", "aviary", "gen:Inventa", tmp_path, "--annotations")
    tables = tmp_path / "annotations"
    assert f"by: covey import raven {tmp_path} {tables}" in result.stdout
    assert covey("spectrograms", tmp_path / "recordings", tmp_path).exit_code == 0
    assert "Of 1 selection in 1 table 1 used." in covey("import", "raven", tmp_path, tables).stdout
    again = covey("fetch", "aviary", "gen:Inventa", tmp_path, "--annotations")
    assert "Of 1 selection in 1 table 1 used." in again.stdout
    information = covey("info", tmp_path).stdout
    assert "song (3)" in information
    assert "Metadata: 1 row for 9 of 9 images" in information


def test_many_recordings_come_with_a_sentence_from_the_terms(covey: Cli, aviary: SoundServer) -> None:
    aviary.files.update({f"/sounds/{number}": b"" for number in range(501)})
    offer(aviary, [describe(number) for number in range(501)], per_page=501)
    assert "The terms ask not to fetch so many at once." in covey("find", "aviary", "gen:Inventa").stdout
    assert "The terms" not in covey("find", "aviary", "gen:Inventa", "--most", 500).stdout


def test_nothing_found_is_no_error(covey: Cli, aviary: SoundServer, tmp_path: Path) -> None:
    offer(aviary, [])
    result = covey("fetch", "aviary", "gen:Inventa", tmp_path / "birds")
    assert result.exit_code == 0
    assert not (tmp_path / "birds").exists()


def test_a_wrong_query_is_refused_in_the_words_of_the_service(covey: Cli, aviary: SoundServer, tmp_path: Path) -> None:
    result = covey("fetch", "aviary", "robin", tmp_path / "birds")
    assert (result.exit_code, "only accepts queries using tags" in result.stderr) == (2, True)
    assert "needs a query and a folder" in covey("fetch", "aviary", "robin").stderr


def test_the_source_folder_fetches_too(covey: Cli, tmp_path: Path) -> None:
    (tmp_path / "card" / "dawn").mkdir(parents=True)
    (tmp_path / "card" / "dawn" / "Robin 1.wav").write_bytes(make_wav(1))
    (tmp_path / "card" / "Robin 1.wav").write_bytes(make_wav(2))
    flags = ["--set", f"source.root={tmp_path / 'card'}", "--licence", "any"]
    result = covey("fetch", "folder", "*.wav", tmp_path / "birds", *flags)
    assert result.exit_code == 0, result.output
    names = sorted(path.name for path in (tmp_path / "birds" / "recordings").iterdir())
    assert [name[:-13] for name in names] == ["Robin_1_wav", "dawn_Robin_1_wav"]
    assert "2 recordings fetched now" in result.stdout
    assert "0 recordings fetched now" in covey("fetch", "folder", "*.wav", tmp_path / "birds", *flags).stdout


def test_five_recordings_at_the_real_pace_are_a_second_apart(covey: Cli, aviary: SoundServer, tmp_path: Path) -> None:
    offer(aviary, [describe(number) for number in range(1, 5)], per_page=4)
    assert covey("fetch", "aviary", "gen:Inventa", tmp_path, "--set", "source.pace=1.0").exit_code == 0
    pauses = sorted(later - earlier for earlier, later in pairwise(request.time for request in aviary.requests))
    assert len(pauses) == 4
    assert pauses[0] >= 0.5  # on a busy machine one request may be long on its way, and the next one is then early
    assert pauses[1] >= 0.9


class TestKeys:
    """covey keys: stored with the user, never shown."""

    @pytest.fixture(autouse=True)
    def home(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setenv("COVEY_HOME", str(tmp_path / "home"))
        return tmp_path / "home"

    def test_a_stored_key_is_used_listed_and_removed(
        self, covey: Cli, aviary: SoundServer, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("AVIARY_KEY")
        missing = covey("find", "aviary", "gen:Inventa")
        assert missing.exit_code == 2
        assert "aviary needs a key. Everybody has one. Then store it once on the page Start" in missing.stderr
        assert "of the dashboard or by `covey keys set aviary`" in missing.stderr
        assert run_keys("set", "aviary", typed=KEY + "\n") == "The key of aviary is stored.\n"
        if os.name != "nt":
            assert stat.S_IMODE((home / "keys.json").stat().st_mode) == 0o600
        assert covey("find", "aviary", "gen:Inventa").exit_code == 0
        listing = covey("keys", "list").stdout
        assert "aviary stored AVIARY_KEY" in " ".join(listing.split())
        assert KEY not in listing
        assert covey("keys", "remove", "aviary").exit_code == 0
        assert covey("find", "aviary", "gen:Inventa").exit_code == 2
        assert covey("keys", "remove", "aviary").exit_code == 2

    def test_the_environment_wins(self, covey: Cli, aviary: SoundServer, monkeypatch: pytest.MonkeyPatch) -> None:
        run_keys("set", "aviary", typed="another\n")
        assert covey("find", "aviary", "gen:Inventa").exit_code == 0
        assert "in AVIARY_KEY" in covey("keys", "list").stdout
        monkeypatch.delenv("AVIARY_KEY")
        refused = covey("find", "aviary", "gen:Inventa")
        assert "aviary.example.org refuses: The key *** is wrong." in refused.stderr
        monkeypatch.setenv("AVIARY_TOKEN", KEY)
        assert covey("find", "aviary", "gen:Inventa").exit_code == 0

    def test_what_is_no_key_is_refused(self, covey: Cli, aviary: SoundServer, home: Path) -> None:
        assert "No key was given" in run_keys("set", "aviary", typed="\n")
        assert "A key has no blanks" in run_keys("set", "aviary", typed="two words\n")
        assert "folder needs no key" in run_keys("set", "folder", typed=KEY)
        assert not (home / "keys.json").exists()

    def test_a_key_is_nowhere_after_a_fetch(self, covey: Cli, aviary: SoundServer, tmp_path: Path) -> None:
        aviary.fail("/sounds/2", sound_server.redirect(f"https://elsewhere.example.com/{KEY}"))
        result = covey("--traceback", "fetch", "aviary", "gen:Inventa", tmp_path / "birds")
        assert result.exit_code == 0
        assert KEY not in result.output
        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert files
        assert not [path for path in files if KEY.encode() in path.read_bytes()]


def run_keys(*words: str, typed: str) -> str:
    """Run covey keys with standard input that is no terminal, and return what it printed."""
    from click.testing import CliRunner

    from covey.commands.main import main

    return CliRunner().invoke(main, ["keys", *words], input=typed).output
