"""The source `xeno-canto`: covey asks a xeno-canto on loopback, which fails on demand."""

from __future__ import annotations

import csv
import hashlib
import os
import re
import shlex
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import attrs
import pytest
from click.testing import CliRunner, Result
from tests.fixture_types import Cli
from tests.invented_recordings import SAMPLE, InventedRecordings, Record, encode_sound, invent, suffix_of
from tests.xenocanto_server import KEY, Fault, XenoCantoServer

from covey import CoveyError
from covey.authoring import FoundRecording, StopFetching
from covey.commands.main import main
from covey.data.folder import FolderDataset
from covey.data.legacy.pickles import read_frame
from covey_xenocanto import XenoCanto

SOURCE = XenoCanto(pace=0)
COMMAND = [sys.executable, "-c", "from covey.commands.main import main; main()"]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[XenoCantoServer]:
    """A server, and a user who has a key for it."""
    server = XenoCantoServer()
    for name in ("XC_API_KEY", "XCKEY"):
        monkeypatch.delenv(name, raising=False)
    for name, text in server.environment.items():
        monkeypatch.setenv(name, text)
    yield server
    server.gate.set()
    server.shutdown()
    server.server_close()


def find_changed(server: XenoCantoServer, **changes: Any) -> FoundRecording:
    """Return the first recording of the sample as it is found after fields of it were changed."""
    server.records = [SAMPLE[0] | {name.replace("_", "-"): value for name, value in changes.items()}]
    (recording,) = SOURCE.find("grp:birds")
    return recording


def test_a_recording_has_what_xeno_canto_says_of_it(server: XenoCantoServer) -> None:
    recording = find_changed(server)
    assert attrs.evolve(recording, metadata={}, annotations=()) == FoundRecording(
        id="9000001",
        name="XC9000001-Invented tit 1.mp3",
        species="Inventa prima",
        duration_s=6.0,
        licence="https://creativecommons.org/licenses/by-nc-sa/4.0/",
        recordist="Ann Example",
        url="https://xeno-canto.org/9000001",
    )
    fields = {"id": "9000001", "gen": "Inventa", "cnt": "Switzerland", "q": "A", "also": "Inventa secunda",
              "smp": "48000", "file-name": "XC9000001-Invented tit 1.mp3", "date": "2024-05-01"}  # fmt: skip
    assert fields.items() <= recording.metadata.items()
    (annotation,) = recording.annotations
    assert (annotation.start_s, annotation.end_s, annotation.label) == (0.5, 1.9, "song")
    assert (annotation.low_hz, annotation.high_hz, annotation.author) == (2500, 7800, "Bob Example")


@pytest.mark.parametrize(
    ("field", "content", "text"),
    [
        ("id", 9000001, "9000001"),
        ("id", 9000001.0, "9000001"),
        ("rec", "A. O&#039;R", "A. O'R"),
        ("loc", "Bois d&amp;#039;Aixe", "Bois d'Aixe"),
        ("loc", "<script>x</script>", "<script>x</script>"),
        ("rmk", "one\r\ntwo\x00\ud800three", "one two three"),
        ("rec", '=HYPERLINK("x")', '=HYPERLINK("x")'),
        ("lic", "//creativecommons.org/licenses/by/4.0/", "https://creativecommons.org/licenses/by/4.0/"),
        ("url", "//xeno-canto.org/9000001", "https://xeno-canto.org/9000001"),
        ("file", "//xeno-canto.org/9000001/download", "https://xeno-canto.org/9000001/download"),
        ("file", {"url": "https://xeno-canto.org/9000001/download"}, "https://xeno-canto.org/9000001/download"),
        ("lat", "91.5", ""),
        ("lat", "-46.9", "-46.9"),
        ("lon", "nan", ""),
        ("lon", "7,4", ""),
        ("alt", "?", ""),
        ("alt", "-", ""),
        ("time", "?", ""),
        ("time", "7.05", "7.05"),
        ("time", "morning", "morning"),
        ("date", "1998-06-00", "1998-06-00"),
        ("date", "0000-00-00", ""),
        ("q", "no score", "no score"),
        ("smp", 96000, "96000"),
        ("loc", None, ""),
        ("loc", "restricted_species", ""),
        ("loc", ["a", {"b": 1}], "a"),
        ("also", [], ""),
        ("auto", True, ""),
    ],
)
def test_a_field_is_text_whatever_it_holds(server: XenoCantoServer, field: str, content: object, text: str) -> None:
    assert find_changed(server, **{field: content}).metadata.get(field, "") == text


@pytest.mark.parametrize(
    ("length", "seconds"),
    [("0:06", 6), ("1:02:03", 3723), ("75:00", 4500), ("12:34:56:78", None), ("0:75", None), ("long", None), (6, None)],
)
def test_a_length_is_read_or_not_known(server: XenoCantoServer, length: object, seconds: float | None) -> None:
    assert find_changed(server, length=length).duration_s == seconds


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"file": None}, "without a file"),
        ({"file": ""}, "without a file"),
        ({"file": {"path": "x"}}, "without a file"),
        ({"file": "restricted_species"}, "of a restricted species"),
        ({"file": None, "_meta": {"redacted_fields": {"file": "restricted_species"}}}, "of a restricted species"),
        ({"file": None, "_meta": {"redacted_fields": {"file": "embargo"}}}, "withheld by xeno-canto: embargo"),
        ({"_meta": ["odd"]}, ""),
    ],
)
def test_a_recording_without_a_file_is_withheld(server: XenoCantoServer, changes: Record, reason: str) -> None:
    server.records = [SAMPLE[0] | changes]
    (recording,) = SOURCE.find("grp:birds")
    assert recording.withheld == reason


@pytest.mark.parametrize("number", ["../../etc/passwd", "12a", "0", "1234567890", "-5", "", None, True, {"n": 1}, "९"])
def test_what_is_no_number_of_a_recording_is_never_asked_for(server: XenoCantoServer, number: object) -> None:
    recording = find_changed(server, id=number)
    asked = len(server.requests)
    with pytest.raises(CoveyError, match="is no number of a recording at xeno-canto: find it again"):
        SOURCE.open(recording)
    assert len(server.requests) == asked


@pytest.mark.parametrize(
    "annotation_set",
    [
        None,
        "none",
        {"annotations": "none"},
        {"annotations": [None, {"start_time": "x", "end_time": 2, "sound_type": "song"}]},
        {"annotations": [{"start_time": 3, "end_time": 2, "sound_type": "song"}]},
        {"annotations": [{"start_time": -1, "end_time": 2, "sound_type": "song"}]},
        {"annotations": [{"start_time": 1, "end_time": float("inf"), "sound_type": "song"}]},
        {"annotations": [{"start_time": 1, "end_time": 2, "sound_type": None}]},
    ],
)
def test_an_annotation_that_says_nothing_is_left_out(server: XenoCantoServer, annotation_set: object) -> None:
    assert find_changed(server, annotation_set=annotation_set).annotations == ()


def test_an_annotation_without_a_kind_of_sound_names_the_species(server: XenoCantoServer) -> None:
    row = {"start_time": "0.5", "end_time": 1, "scientific_name": "Inventa prima", "sound_type": ""}
    (annotation,) = find_changed(server, annotation_set={"annotations": [row]}).annotations
    assert (annotation.label, annotation.low_hz, annotation.author) == ("Inventa prima", None, "")


def test_all_pages_are_asked_for(server: XenoCantoServer) -> None:
    server.records = InventedRecordings(1203)
    assert len({recording.id for recording in SOURCE.find("grp:birds")}) == 1203
    pages = [path for path in server.paths() if "per_page=500" in path]
    assert [path.rpartition("&page=")[2].partition("&")[0] for path in pages] == ["1", "2", "3"]


def test_a_page_is_asked_for_only_if_it_is_needed(server: XenoCantoServer) -> None:
    server.records = InventedRecordings(100_000)
    recordings = SOURCE.find("loc:anywhere")
    assert [next(recordings).id for _ in range(500)][-1] == "100499"
    assert len(server.requests) == 1
    assert next(recordings).id == "100500"
    assert len(server.requests) == 2


def test_a_query_without_results_finds_nothing(server: XenoCantoServer) -> None:
    assert list(SOURCE.find("gen:Nothing")) == []


def test_what_is_no_object_is_counted_as_a_recording_without_a_number(server: XenoCantoServer) -> None:
    server.records = [SAMPLE[0], "odd"]  # type: ignore[list-item]
    assert [recording.id for recording in SOURCE.find("loc:anywhere")] == ["9000001", ""]


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("", "The query is empty"),
        ("  ", "The query is empty"),
        ("great tit", "'great tit' in the query is no tag of xeno-canto"),
        ("gen:Parus great", "'great' in the query is no tag"),
        ("cnt:United Kingdom", "'Kingdom' in the query is no tag"),
        ('cnt:"United Kingdom', "'cnt:\"United Kingdom' in the query is no tag"),
        ("gen:", "'gen:' in the query is no tag"),
        (":Parus", "':Parus' in the query is no tag"),
    ],
)
def test_a_query_that_is_not_tags_is_not_sent(server: XenoCantoServer, query: str, problem: str) -> None:
    with pytest.raises(CoveyError) as caught:
        list(SOURCE.find(query))
    assert problem in str(caught.value)
    assert 'such as gen:Parus cnt:"United Kingdom" q:A len:5-20' in str(caught.value)
    assert server.requests == []


@pytest.mark.parametrize("query", [KEY, f"gen:Parus key:{KEY}", f"gen:Parus&key={KEY}"])
def test_a_key_in_the_query_is_neither_sent_nor_shown(server: XenoCantoServer, query: str) -> None:
    with pytest.raises(CoveyError, match="The key is no part of the query: it is stored by itself") as caught:
        list(SOURCE.find(query))
    assert KEY not in str(caught.value)
    assert server.requests == []


@pytest.mark.parametrize(
    "query", ['gen:Parus cnt:"United Kingdom" q:">C"', 'len:">4"len:"<8"', "nr:1-5 box:46,5,48,10"]
)
def test_tags_are_sent_as_they_are(server: XenoCantoServer, query: str) -> None:
    list(SOURCE.find(f" {query} "))
    assert server.paths()[0].startswith(f"/api/3/recordings?query={query}&page=1&")


def test_what_tags_mean_the_service_judges(server: XenoCantoServer) -> None:
    with pytest.raises(CoveyError, match=r"xeno-canto\.org refuses: Unknown tag: color"):
        list(SOURCE.find("color:blue"))


@pytest.mark.parametrize("fault", [Fault.BUSY, Fault.TOO_MANY, Fault.HTML, Fault.CUT])
def test_a_page_that_fails_is_asked_for_again(server: XenoCantoServer, fault: Fault) -> None:
    server.page_faults = [fault]
    assert len(list(SOURCE.find("gen:Inventa"))) == 4
    assert len(server.requests) == 2


def test_a_wrong_key_is_refused_in_the_words_of_the_service(
    server: XenoCantoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XENO_CANTO_API_KEY", "wrong-key")
    with pytest.raises(CoveyError, match=r"xeno-canto\.org refuses: Missing or invalid 'key' parameter") as caught:
        list(SOURCE.find("gen:Inventa"))
    assert "wrong-key" not in str(caught.value)
    assert len(server.requests) == 1


@pytest.mark.parametrize("variable", ["XC_API_KEY", "XCKEY"])
def test_the_variables_of_other_programs_hold_the_key_too(
    server: XenoCantoServer, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.delenv("XENO_CANTO_API_KEY")
    with pytest.raises(CoveyError, match="xeno-canto needs a key"):
        list(SOURCE.find("gen:Inventa"))
    monkeypatch.setenv(variable, KEY)
    assert len(list(SOURCE.find("gen:Inventa"))) == 4


def test_the_key_goes_to_the_search_alone(server: XenoCantoServer) -> None:
    recording = next(SOURCE.find("gen:Inventa"))
    assert b"".join(SOURCE.open(recording).blocks) == server.sound(9000001)
    assert [request.had_key for request in server.requests] == [True, False, False]
    assert all(request.agent.startswith("covey/") for request in server.requests)


def test_pages_in_place_of_one_recording_do_not_stop_the_others(server: XenoCantoServer) -> None:
    server.records = InventedRecordings(3)
    server.faults = {100_000: [Fault.HTML] * 8, 100_002: [Fault.HTML] * 16}
    first, second, third = SOURCE.find("loc:anywhere")
    for _ in range(2):
        with pytest.raises(CoveyError, match="it sent a web page in place of a recording") as caught:
            SOURCE.open(first if len(server.faults[100_000]) else third)
        assert not isinstance(caught.value, StopFetching)
        assert b"".join(SOURCE.open(second).blocks) == server.sound(100_001)
    server.faults[100_001] = [Fault.HTML] * 8
    with pytest.raises(CoveyError):
        SOURCE.open(third)
    with pytest.raises(StopFetching, match="failed 8 times in a row"):
        SOURCE.open(second)


def test_only_a_server_on_this_machine_takes_the_place_of_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XENO_CANTO_API_KEY", KEY)
    monkeypatch.setenv("COVEY_XENOCANTO_URL", "http://192.0.2.1:8000")
    with pytest.raises(CoveyError, match="COVEY_XENOCANTO_URL may only lead to this machine"):
        list(SOURCE.find("gen:Inventa"))
    monkeypatch.delenv("COVEY_XENOCANTO_URL")
    with pytest.raises(CoveyError, match=r"xeno-canto\.org is asked once in 1 s at most: choose a slower pace"):
        list(SOURCE.find("gen:Inventa"))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's folder of its own, in which no key is stored."""
    monkeypatch.setenv("COVEY_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def fetch(covey: Cli) -> Callable[..., Result]:
    """`covey fetch xeno-canto WORDS`, as fast as it goes."""
    return partial(covey, "fetch", "xeno-canto", "--set", "pace=0")


def recordings_in(folder: Path) -> dict[str, bytes]:
    """Return the recordings of a dataset by the names of their files."""
    return {path.name: path.read_bytes() for path in sorted((folder / "recordings").iterdir())}


def rows_of(folder: Path) -> dict[str, dict[str, str]]:
    """Return the metadata of a dataset by the names of recordings, as its cells are."""
    with (folder / "metadata.csv").open(encoding="utf-8", newline="") as file:
        return {row["file_name_stub"]: row for row in csv.DictReader(file)}


def sounds_of(server: XenoCantoServer) -> dict[str, bytes]:
    """Return what the recordings of a dataset must be when all were fetched."""
    return {f"XC{record['id']}{suffix_of(record)}": server.sound(int(record["id"])) for record in server.records}


def test_what_is_left_out_is_counted_by_reason(server: XenoCantoServer, covey: Cli, tmp_path: Path) -> None:
    done = covey("find", "xeno-canto", "nr:9000001-9000004", "--set", "pace=0")
    assert done.exit_code == 0, done.stderr
    counts = [re.split(r"  +", line)[:2] for line in done.stdout.splitlines()]
    for row in (
        ["found", "4"],
        ["to fetch", "1"],
        ["with a licence that excludes derivatives", "1"],
        ["of a restricted species", "1"],
        ["without a licence", "1"],
        ["found more than once", "1"],
    ):
        assert row in counts
    assert server.paths() == ["/api/3/recordings?query=nr:9000001-9000004&page=1&per_page=500"]


def test_one_recording_of_the_sample_is_fetched(
    server: XenoCantoServer, fetch: Callable[..., Result], tmp_path: Path, home: Path
) -> None:
    done = fetch("nr:9000001-9000004", tmp_path / "birds")
    assert done.exit_code == 0, done.stderr
    assert recordings_in(tmp_path / "birds") == {"XC9000001.mp3": server.sound(9000001)}
    row = rows_of(tmp_path / "birds")["XC9000001"]
    expected = {"id": "9000001", "full_spec_name": "Inventa prima", "rec": "Ann Example", "cnt": "Switzerland",
                "lic": "https://creativecommons.org/licenses/by-nc-sa/4.0/", "length": "0:06", "smp": "48000",
                "fetched": datetime.now(UTC).date().isoformat()}  # fmt: skip
    assert expected.items() <= row.items()
    assert "1 recording fetched now" in done.stdout
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert not [content for content in written if KEY.encode() in content]
    assert KEY not in done.stdout + done.stderr


def test_all_licences_on_request_and_text_stays_text(
    server: XenoCantoServer, fetch: Callable[..., Result], tmp_path: Path
) -> None:
    done = fetch("nr:9000001-9000004", tmp_path / "birds", "--licence", "any")
    assert done.exit_code == 0, done.stderr
    assert list(recordings_in(tmp_path / "birds")) == ["XC9000001.mp3", "XC9000002.wav", "XC9000004.flac"]
    rows = rows_of(tmp_path / "birds")
    assert (rows["XC9000002"]["rec"], rows["XC9000002"]["loc"]) == ("C. O'Sample & D. Sample", "Bois d'Exemple")
    assert rows["XC9000004"]["rec"] == '\'=HYPERLINK("x")'
    assert rows["XC9000004"]["file-name"] == "../../XC9000004.flac"
    assert not list(tmp_path.parent.glob("XC9*"))


def test_queries_add_up_and_nothing_is_fetched_twice(
    server: XenoCantoServer, fetch: Callable[..., Result], tmp_path: Path
) -> None:
    server.records = InventedRecordings(12)
    for query in ("cnt:Switzerland", "cnt:Switzerland", "cnt:Japan"):
        assert fetch(query, tmp_path, "--licence", "any").exit_code == 0
    assert len(recordings_in(tmp_path)) == len(rows_of(tmp_path)) == 10
    downloads = [path for path in server.paths() if path.endswith("/download")]
    assert len(downloads) == len(set(downloads)) == 10


def test_recordings_that_shift_onto_the_next_page_are_fetched_once(
    server: XenoCantoServer, fetch: Callable[..., Result], tmp_path: Path
) -> None:
    server.records, server.shift = InventedRecordings(502), 3
    done = fetch("loc:anywhere", tmp_path, "--licence", "any", "--dry-run")
    assert ["found more than once", "3"] in [re.split(r"  +", line)[:2] for line in done.stdout.splitlines()]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("faults", "problem"),
    [
        ([Fault.LOOP], "leads from one address to the next, more than 5 times"),
        ([Fault.OTHER_HOST], "leads to elsewhere.invalid, which is none of its own addresses"),
        ([Fault.GONE], "xeno-canto.org has nothing at this address: 404 Not Found"),
        ([Fault.HTML] * 8, "it sent a web page in place of a recording"),
    ],
    ids=["loop", "other host", "gone", "page"],
)
def test_a_recording_that_cannot_be_fetched_is_named_and_the_others_are_fetched(
    server: XenoCantoServer, fetch: Callable[..., Result], tmp_path: Path, faults: list[Fault], problem: str
) -> None:
    server.records = InventedRecordings(3)
    server.faults[100_001] = faults
    done = fetch("loc:anywhere", tmp_path, "--licence", "any", "--verbose")
    assert list(recordings_in(tmp_path)) == ["XC100000.wav", "XC100002.mp3"]
    assert "Of 3 recordings 2 there" in done.stdout
    assert "100001" in done.stdout
    assert problem in done.stdout


def test_the_terms_are_told_before_many_are_fetched(server: XenoCantoServer, covey: Cli) -> None:
    server.records = InventedRecordings(501)
    words = ("find", "xeno-canto", "loc:anywhere", "--licence", "any", "--set", "pace=0")
    assert "arrange larger transfers with its team" in covey(*words).stdout
    assert "arrange" not in covey(*words, "--most", "500").stdout


def test_no_results_are_no_error_and_make_no_folder(
    server: XenoCantoServer, fetch: Callable[..., Result], tmp_path: Path
) -> None:
    done = fetch("gen:Nothing", tmp_path / "birds")
    assert done.exit_code == 0
    assert re.search(r"found +0", done.stdout)
    assert not (tmp_path / "birds").exists()


def test_a_hundred_thousand_results_are_counted(server: XenoCantoServer, covey: Cli) -> None:
    server.records = InventedRecordings(100_000, is_brief=True)
    done = covey("find", "xeno-canto", "loc:anywhere", "--most", "100", "--set", "pace=0")
    assert re.search(r"found +100,000 +3 ", done.stdout), done.stderr
    assert re.search(r"to fetch +100 ", done.stdout)


@pytest.mark.parametrize(
    ("variables", "query", "problem"),
    [
        ({"XENO_CANTO_API_KEY": None}, "gen:Inventa", "xeno-canto needs a key. Every member"),
        ({"XENO_CANTO_API_KEY": "wrong-key"}, "gen:Inventa", "Missing or invalid 'key' parameter. Set another"),
        ({"XENO_CANTO_API_KEY": "a key with blanks"}, "gen:Inventa", "has blanks or odd characters"),
        ({"COVEY_XENOCANTO_URL": "http://127.0.0.1:9"}, "gen:Inventa", "xeno-canto.org cannot be reached"),
        ({"COVEY_XENOCANTO_URL": "https://example.org"}, "gen:Inventa", "may only lead to this machine"),
        ({}, "great tit", "'great tit' in the query is no tag of xeno-canto"),
        ({}, f"key:{KEY}", "The key is no part of the query"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_no_key(
    server: XenoCantoServer, fetch: Callable[..., Result], tmp_path: Path, home: Path,
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str | None], query: str, problem: str,
) -> None:  # fmt: skip
    for name, text in variables.items():
        monkeypatch.setenv(name, text or "")
    done = fetch(query, tmp_path / "birds")
    assert done.exit_code == 2
    assert problem in done.stderr
    assert not [key for key in (KEY, "wrong-key", "a key with blanks") if key in done.stdout + done.stderr]
    assert not (tmp_path / "birds").exists()


def test_a_stored_key_is_used_and_can_be_removed(
    server: XenoCantoServer, covey: Cli, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XENO_CANTO_API_KEY")
    stored = CliRunner().invoke(main, ["keys", "set", "xeno-canto"], input=f"{KEY}\n")
    assert (stored.exit_code, KEY in stored.output) == (0, False)
    assert "4" in covey("find", "xeno-canto", "gen:Inventa", "--set", "pace=0").stdout
    assert "stored" in covey("keys", "list").stdout
    assert KEY not in covey("keys", "list").stdout
    if os.name != "nt":
        assert [path.stat().st_mode & 0o077 for path in home.rglob("*") if path.is_file()] == [0]
    assert covey("keys", "remove", "xeno-canto").exit_code == 0
    assert "needs a key" in covey("find", "xeno-canto", "gen:Inventa", "--set", "pace=0").stderr


def test_a_key_as_an_argument_is_refused_and_not_shown(covey: Cli, home: Path) -> None:
    done = covey("keys", "set", "xeno-canto", KEY)
    assert (done.exit_code, KEY in done.stdout + done.stderr) == (2, False)
    assert "Type covey keys set xeno-canto alone" in done.stderr
    assert not home.exists()


@pytest.mark.parametrize("words", [("keys", "set"), ("keys", "remove")])
def test_a_key_in_the_place_of_a_source_is_not_shown(covey: Cli, home: Path, words: tuple[str, str]) -> None:
    done = covey(*words, KEY)
    assert (done.exit_code, KEY in done.stdout + done.stderr) == (2, False)
    assert "A key is no argument" in done.stderr


def test_a_forgotten_folder_or_quotation_mark_is_noticed(
    server: XenoCantoServer, fetch: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = fetch("gen:Inventa", "cnt:Switzerland")
    assert (done.exit_code, server.requests, list(tmp_path.iterdir())) == (2, [], [])
    assert "'cnt:Switzerland' looks like a query, and the last word is the folder" in done.stderr
    done = fetch("gen:Inventa", "cnt:Switzerland", "birds")
    assert "2 queries, which add up: gen:Inventa; cnt:Switzerland." in done.stderr


def test_files_of_others_in_the_place_of_recordings_are_kept(
    server: XenoCantoServer, fetch: Callable[..., Result], tmp_path: Path
) -> None:
    server.records = [invent(100_000 + number, 9) for number in range(4)]
    recordings = tmp_path / "recordings"
    (recordings / "XC100003.flac").mkdir(parents=True)
    (recordings / "XC100000.wav").write_text("my own notes")
    other = encode_sound(7, 0, 2, 8000, ".flac")
    (recordings / "XC100001.flac").write_bytes(other)
    (recordings / "XC100002.mp3").write_bytes(server.sound(100_002))
    done = fetch("loc:anywhere", tmp_path, "--licence", "any")
    assert done.exit_code == 0, done.stderr
    assert "Of 4 recordings 3 there; 1 not fetched: a folder lies in its place (XC100003.flac)" in done.stdout
    assert "kept under other names: XC100000.wav.old, XC100001.flac.old." in done.stdout
    assert "Not fetched by covey, and taken as they are: 100002." in done.stdout
    assert (recordings / "XC100000.wav.old").read_text() == "my own notes"
    assert (recordings / "XC100001.flac.old").read_bytes() == other
    assert {path.stem: path.read_bytes() for path in recordings.glob("XC10000[012].???*") if path.suffix != ".old"} == {
        f"XC{number}": server.sound(number) for number in (100_000, 100_001, 100_002)
    }


@pytest.mark.parametrize("missing", ["sha256", "source", "bytes"])
def test_a_column_that_somebody_removed_comes_back_once(
    server: XenoCantoServer, fetch: Callable[..., Result], tmp_path: Path, missing: str
) -> None:
    server.records = InventedRecordings(3)
    fetch("loc:anywhere", tmp_path, "--licence", "any")
    rows = [{**row, "mood": "wild"} for row in rows_of(tmp_path).values()]
    heads = [head for head in rows[0] if head != missing]
    with (tmp_path / "metadata.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, heads, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    assert "0 recordings fetched now" in fetch("loc:anywhere", tmp_path, "--licence", "any").stdout
    with (tmp_path / "metadata.csv").open(encoding="utf-8", newline="") as file:
        stubs = [row["file_name_stub"] for row in csv.DictReader(file)]
    assert stubs == ["XC100000", "XC100001", "XC100002"]
    assert {row["mood"] for row in rows_of(tmp_path).values()} == {"wild"}


def test_a_licence_that_changed_is_told(server: XenoCantoServer, fetch: Callable[..., Result], tmp_path: Path) -> None:
    server.records = list(InventedRecordings(2))
    fetch("loc:anywhere", tmp_path, "--licence", "any")
    before = rows_of(tmp_path)["XC100000"]["lic"]
    server.records = [{**server.records[0], "lic": "//creativecommons.org/licenses/by-nc-nd/4.0/"}, server.records[1]]
    done = fetch("loc:anywhere", tmp_path, "--licence", "any")
    assert "Fetched under another licence than the source names now: 100000." in done.stdout
    assert rows_of(tmp_path)["XC100000"]["lic"] == before


@pytest.mark.skipif("os.name == 'nt'", reason="needs a terminal")
def test_a_terminal_shows_why_nothing_happens(server: XenoCantoServer, tmp_path: Path) -> None:
    import fcntl
    import pty
    import termios

    server.records, server.retry_after = InventedRecordings(1), "2"
    server.faults[100_000] = [Fault.TOO_MANY]
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 150, 0, 0))
    command = [*COMMAND, "fetch", "xeno-canto", "loc:anywhere", str(tmp_path), "--set", "pace=0"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=follower)
    os.close(follower)
    shown = b""
    with suppress(OSError):  # how the other end says that it is over
        while block := os.read(leader, 4096):
            shown += block
    os.close(leader)
    assert process.wait() == 0
    assert b"Looking at xeno-canto: 1 recordings [" in shown
    assert b"waiting 2 s: the service asks to slow down: 429 Too Many Requests" in shown


def start_fetch(server: XenoCantoServer, folder: Path, *words: str) -> subprocess.Popen[str]:
    """Start `covey fetch` of everything in a process of its own."""
    command = [*COMMAND, "fetch", "xeno-canto", "loc:anywhere", str(folder)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen([*command, "--licence", "any", *words], env=environment, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip


def wait_for_downloads(server: XenoCantoServer, count: int) -> None:
    """Wait until so many recordings were asked for."""
    deadline = time.monotonic() + 120
    while sum("/sounds/" in path for path in server.paths()) < count and time.monotonic() < deadline:
        time.sleep(0.01)


@pytest.mark.skipif("os.name == 'nt'", reason="needs SIGKILL")
def test_a_fetch_that_is_killed_twice_ends_in_the_same_folder(
    server: XenoCantoServer, fetch: Callable[..., Result], tmp_path: Path
) -> None:
    server.records = InventedRecordings(40)
    server.spread_faults(seed=0, share=0.5)
    for downloads in (12, 35):
        process = start_fetch(server, tmp_path, "--set", "pace=0.01")
        wait_for_downloads(server, downloads)
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL
    done = fetch("loc:anywhere", tmp_path, "--licence", "any")
    assert "Of 40 recordings 40 there" in done.stdout, done.stderr
    assert recordings_in(tmp_path) == sounds_of(server)
    assert {row["sha256"] for row in rows_of(tmp_path).values()} == {
        hashlib.sha256(content).hexdigest() for content in sounds_of(server).values()
    }
    left = {path.name for path in (tmp_path / ".covey").rglob("*") if path.is_file()}
    assert left <= {"fetch.lock"}


def test_two_fetches_into_one_folder_do_not_mix(
    server: XenoCantoServer, fetch: Callable[..., Result], tmp_path: Path
) -> None:
    server.records = InventedRecordings(5)
    server.gate.clear()
    first = start_fetch(server, tmp_path, "--set", "pace=0")
    wait_for_downloads(server, 1)
    second = fetch("loc:anywhere", tmp_path, "--licence", "any")
    assert (second.exit_code, "Another" in second.stderr) == (2, True)
    server.gate.set()
    first.communicate(timeout=120)
    assert recordings_in(tmp_path) == sounds_of(server)


@pytest.mark.usefixtures("virtual_clock")
def test_the_real_pace_is_one_request_a_second(server: XenoCantoServer, covey: Cli, tmp_path: Path) -> None:
    server.records, server.pace = InventedRecordings(5), 0.95
    assert covey("fetch", "xeno-canto", "loc:anywhere", tmp_path, "--licence", "any").exit_code == 0
    times = [request.at for request in server.requests]
    assert [later - earlier for earlier, later in pairwise(times)] == pytest.approx([1.0] * 10)
    assert recordings_in(tmp_path) == sounds_of(server)


@pytest.mark.skipif("os.name == 'nt'", reason="needs a limit on the size of files")
def test_a_full_disk_keeps_what_is_there(server: XenoCantoServer, fetch: Callable[..., Result], tmp_path: Path) -> None:
    server.records = [*InventedRecordings(2), invent(100_009, seconds=30)]
    words = [*COMMAND, "fetch", "xeno-canto", "loc:anywhere", str(tmp_path), "--licence", "any", "--set", "pace=0"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = f"ulimit -f 64; exec {shlex.join(words)}"
    done = subprocess.run(["bash", "-c", command], env=environment, text=True, capture_output=True)
    assert done.returncode == 2
    assert "could not be written" in done.stderr
    assert "make room, and start again" in done.stderr
    assert len(recordings_in(tmp_path)) == len(rows_of(tmp_path)) == 2
    assert "Of 3 recordings 3 there" in fetch("loc:anywhere", tmp_path, "--licence", "any").stdout
    assert recordings_in(tmp_path) == sounds_of(server)


def test_annotations_become_labels(
    server: XenoCantoServer, fetch: Callable[..., Result], covey: Cli, tmp_path: Path
) -> None:
    done = fetch("nr:9000001", tmp_path, "--annotations")
    assert "1 recording with annotations" in done.stdout, done.stderr
    assert covey("spectrograms", tmp_path / "recordings", tmp_path, "--segment", "0.5").exit_code == 0
    done = covey("import", "raven", tmp_path, tmp_path / "annotations")
    assert done.exit_code == 0, done.stderr
    labelled = FolderDataset(tmp_path).labels.all_rows()
    assert {row.label for row in labelled} == {"song"}
    starts = {float(row.filename.rpartition("_")[2].removesuffix(".png")) for row in labelled}
    assert min(starts) > 0.2
    assert max(starts) < 1.9


def test_the_original_layout_is_that_of_the_original(
    server: XenoCantoServer, fetch: Callable[..., Result], covey: Cli, tmp_path: Path
) -> None:
    server.records = [
        SAMPLE[0],
        SAMPLE[0] | {"id": "9000005", "file-name": "XC9000005-Mésange été, très loin du nid.MP3"},
    ]
    for query in ("nr:9000001", "nr:9000005"):
        done = fetch(query, tmp_path, "--layout", "original")
        assert done.exit_code == 0, done.stderr
    stubs = ["XC9000001_Invented_tit_1", "XC9000005_Mesange_ete_tres_loin_du"[:30]]
    assert sorted(path.stem for path in (tmp_path / "downloaded_data_orig").iterdir()) == stubs
    frame = read_frame(tmp_path / "downloaded_data_meta.pkl")
    assert frame["file_name_stub"] == stubs
    assert frame["full_spec_name"] == ["Inventa prima"] * 2
    assert {"id", "gen", "sp", "cnt", "length", "smp", "rec", "lic", "q"} <= frame.keys()
    (tmp_path / "metadata.csv").unlink()  # as the original has it
    assert "0 recordings fetched now" in fetch("nr:9000005", tmp_path, "--layout", "original").stdout
    done = covey("spectrograms", tmp_path / "downloaded_data_orig", tmp_path)
    assert "Of 2 recordings 2 used" in done.stdout, done.stderr
