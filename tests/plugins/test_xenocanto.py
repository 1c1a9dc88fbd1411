"""The source `xeno-canto`: covey asks a xeno-canto on loopback, which fails on demand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs
import pytest
from tests.invented_recordings import SAMPLE, InventedRecordings, Record
from tests.xenocanto_server import KEY, Fault, XenoCantoServer

from covey import CoveyError
from covey.authoring import FoundRecording
from covey_xenocanto import XenoCanto

SOURCE = XenoCanto(pace=0)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[XenoCantoServer]:
    """A server, and a user who has a key for it."""
    server = XenoCantoServer()
    for name in ("XC_API_KEY", "XCKEY"):
        monkeypatch.delenv(name, raising=False)
    for name, text in server.environment.items():
        monkeypatch.setenv(name, text)
    yield server
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


def test_only_a_server_on_this_machine_takes_the_place_of_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XENO_CANTO_API_KEY", KEY)
    monkeypatch.setenv("COVEY_XENOCANTO_URL", "http://192.0.2.1:8000")
    with pytest.raises(CoveyError, match="COVEY_XENOCANTO_URL may only lead to this machine"):
        list(SOURCE.find("gen:Inventa"))
    monkeypatch.delenv("COVEY_XENOCANTO_URL")
    with pytest.raises(CoveyError, match=r"xeno-canto\.org is asked once in 1 s at most: choose a slower pace"):
        list(SOURCE.find("gen:Inventa"))
