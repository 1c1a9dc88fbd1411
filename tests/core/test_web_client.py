"""The web client: polite, safe, and silent about keys."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from itertools import pairwise

import pytest
from tests import sound_server
from tests.sound_server import SoundServer, serve_sounds

from covey import CoveyError
from covey.authoring import Interrupted, RecordingDownload, Resume, StopFetching, WebClient

KEY = "s3cret+key/0123456789"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[SoundServer]:
    with serve_sounds() as sounds:
        monkeypatch.setenv("COVEY_TEST_URL", sounds.url)
        sounds.files["/a"] = bytes(range(256)) * 400
        yield sounds


def make_client(seconds_between: float = 0.01, patience_s: float = 5.0, most_bytes: int = 10**6) -> WebClient:
    return WebClient(
        address="https://sounds.example.org",
        hosts=("files.example.org",),
        moved_by="COVEY_TEST_URL",
        seconds_between=seconds_between,
        patience_s=patience_s,
        most_bytes=most_bytes,
    )


def read(download: RecordingDownload) -> bytes:
    return b"".join(download.blocks)


def test_a_file_comes_with_size_and_version(server: SoundServer) -> None:
    download = make_client().download("https://files.example.org/a")
    assert (download.offset, download.size) == (0, 102400)
    assert download.version == sound_server.tag_of(server.files["/a"])
    assert read(download) == server.files["/a"]
    assert server.requests[0].headers["user-agent"].startswith("covey/")


def test_a_file_is_resumed_where_it_stopped(server: SoundServer) -> None:
    version = make_client().download("/a").version
    resumed = make_client().download("/a", Resume(1000, version))
    assert (resumed.offset, resumed.size, read(resumed)) == (1000, 102400, server.files["/a"][1000:])
    assert server.requests[-1].range == "bytes=1000-"


@pytest.mark.parametrize("fault", [sound_server.ignored_range(), sound_server.unsatisfiable()])
@pytest.mark.parametrize("version", ["current", "another", ""])
def test_what_cannot_be_resumed_starts_over(server: SoundServer, version: str, fault: sound_server.Fault) -> None:
    current = make_client().download("/a").version
    if version == "current":
        server.fail("/a", fault)
    started = make_client().download("/a", Resume(1000, current if version == "current" else version))
    assert (started.offset, read(started)) == (0, server.files["/a"])


def test_another_part_than_was_asked_for_is_used_from_its_true_beginning(server: SoundServer) -> None:
    version = make_client().download("/a").version
    server.fail("/a", sound_server.wrong_range(400))
    early = make_client().download("/a", Resume(1000, version))
    assert (early.offset, read(early)) == (400, server.files["/a"][400:])
    server.fail("/a", sound_server.wrong_range(4000))
    late = make_client().download("/a", Resume(1000, version))
    assert (late.offset, read(late)) == (0, server.files["/a"])


def test_a_file_that_is_whole_already_needs_no_more_bytes(server: SoundServer) -> None:
    version = make_client().download("/a").version
    rest = make_client().download("/a", Resume(102400, version))
    assert (rest.offset, rest.size, read(rest)) == (102400, 102400, b"")


def test_a_packed_file_is_unpacked_and_has_no_version(server: SoundServer) -> None:
    server.fail("/a", sound_server.packed())
    download = make_client().download("/a")
    assert (download.size, download.version, read(download)) == (None, "", server.files["/a"])


@pytest.mark.parametrize("fault", [sound_server.cut(5000), sound_server.wrong_length(99)])
def test_a_cut_is_an_interruption(server: SoundServer, fault: sound_server.Fault) -> None:
    server.fail("/a", fault)
    with pytest.raises(Interrupted, match=r"the connection to sounds\.example\.org was cut"):
        read(make_client().download("/a"))


def test_a_drip_is_an_interruption(server: SoundServer) -> None:
    server.fail("/a", sound_server.drip(0.1))
    with pytest.raises(Interrupted, match="sends next to nothing any more"):
        read(make_client(patience_s=0.4).download("/a"))


def test_what_is_busy_silent_or_a_web_page_is_asked_again(server: SoundServer) -> None:
    faults = [
        sound_server.busy(429, "1"),
        sound_server.busy(503),
        sound_server.web_page(),
        sound_server.silence(0.6),
    ]
    server.fail("/a", *faults)
    assert read(make_client(patience_s=0.3).download("/a")) == server.files["/a"]
    times = [request.time for request in server.requests]
    assert len(times) == 5
    assert times[1] - times[0] >= 1.0  # Retry-After


def test_pauses_double(server: SoundServer) -> None:
    server.fail("/a", *[sound_server.busy()] * 5)
    read(make_client(seconds_between=0.05).download("/a"))
    times = [request.time for request in server.requests]
    pauses = [later - earlier for earlier, later in pairwise(times)]
    assert all(pause >= least for pause, least in zip(pauses, (0.05, 0.1, 0.2, 0.4, 0.8), strict=True))


def test_a_service_that_fails_eight_times_stops_everything(server: SoundServer) -> None:
    server.fail("/a", *[sound_server.busy()] * 8)
    with pytest.raises(
        StopFetching, match=r"failed 8 times in a row \(the service asks to slow down: 503 Service Unavailable\)"
    ):
        make_client().download("/a")
    assert len(server.requests) == 8


def test_a_service_that_asks_to_wait_for_hours_stops_everything(server: SoundServer) -> None:
    server.fail("/a", sound_server.busy(429, "7200"))
    with pytest.raises(StopFetching, match="asks to wait 120 minutes"):
        make_client().download("/a")


@pytest.mark.parametrize("status", [400, 401])
@pytest.mark.parametrize(
    "document",
    [
        {"error": "client_error", "message": "No query specified."},
        {"error": {"code": "missing_parameter", "message": "No query specified."}},
        {"error": "No query specified."},
    ],
)
def test_a_refusal_stops_at_once_with_the_words_of_the_service(
    server: SoundServer, status: int, document: object
) -> None:
    server.answers["/api"] = lambda query: (status, document)
    with pytest.raises(StopFetching, match=r"sounds\.example\.org refuses: No query specified\."):
        make_client().get_json("/api")
    assert len(server.requests) == 1


def test_what_is_not_there_is_no_reason_to_stop(server: SoundServer) -> None:
    with pytest.raises(CoveyError, match="404 Not Found") as caught:
        make_client().download("/gone")
    assert not isinstance(caught.value, StopFetching)


def test_a_web_page_in_place_of_json_is_asked_for_again(server: SoundServer) -> None:
    server.answers["/api"] = lambda query: (200, {"query": query})
    server.fail("/api", sound_server.web_page())
    assert make_client().get_json("/api", {"q": 'gen:Parus cnt:"United Kingdom" &'}) == {
        "query": {"q": 'gen:Parus cnt:"United Kingdom" &'}
    }


def test_a_file_that_is_too_large_is_refused(server: SoundServer) -> None:
    with pytest.raises(CoveyError, match="larger than 0 MB"):
        make_client(most_bytes=1000).download("/a")
    server.fail("/a", sound_server.packed())
    with pytest.raises(CoveyError, match="larger than 0 MB"):
        read(make_client(most_bytes=1000).download("/a"))


def test_five_redirects_are_followed_and_no_more(server: SoundServer) -> None:
    for number in range(5):
        server.redirects[f"/r{number}"] = f"https://files.example.org/r{number + 1}"
    server.redirects["/r5"] = "/a"
    assert read(make_client().download("/r1")) == server.files["/a"]
    with pytest.raises(CoveyError, match="more than 5 times"):
        make_client().download("/r0")


@pytest.mark.parametrize(
    "address",
    [
        "https://elsewhere.example.com/a",
        "http://127.0.0.1:1/a",
        "file:///etc/passwd",
        "https://sounds.example.org@elsewhere.example.com/a",
        "https://user:word@sounds.example.org/a",
        "https://sounds.example.org:8443/a",
        "https://sounds.example.org.elsewhere.example.com/a",
        "//elsewhere.example.com/a",
        "https://[/a",
    ],
)
def test_no_other_host_is_ever_asked(server: SoundServer, address: str) -> None:
    with pytest.raises(CoveyError, match=r"none of its own addresses|an address that is none"):
        make_client().download(address)
    server.fail("/a", sound_server.redirect(address))
    with pytest.raises(CoveyError, match=r"none of its own addresses|an address that is none"):
        make_client().download("/a")
    assert len(server.requests) == 1


def test_a_service_can_only_be_moved_to_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for address in ("http://192.0.2.1", "https://elsewhere.example.com", "ftp://127.0.0.1"):
        monkeypatch.setenv("COVEY_TEST_URL", address)
        with pytest.raises(CoveyError, match="COVEY_TEST_URL may only lead to this machine"):
            make_client().download("/a")


def test_elsewhere_nothing_is_faster_than_one_request_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COVEY_TEST_URL", raising=False)
    with pytest.raises(CoveyError, match="once in 1 s at most"):
        make_client(seconds_between=0.5).download("/a")


@pytest.mark.usefixtures("virtual_clock")
def test_requests_keep_their_pace_across_clients(server: SoundServer) -> None:
    for _ in range(4):
        read(make_client(seconds_between=0.2).download("/a"))
    times = [request.time for request in server.requests]
    assert [later - earlier for earlier, later in pairwise(times)] == pytest.approx([0.2] * 3)


def test_a_service_that_was_never_there_is_given_up_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve_sounds() as sounds:
        monkeypatch.setenv("COVEY_TEST_URL", sounds.url)
    with pytest.raises(StopFetching, match=r"cannot be reached \(no connection\): check the network"):
        make_client().download("/a")


@pytest.mark.parametrize("fault", ["refused", "gone", "busy", "elsewhere"])
def test_a_key_is_never_shown(server: SoundServer, fault: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server.answers["/api"] = lambda query: (401, {"message": f"The key {query['key']} is wrong."})
    faults = {
        "gone": [sound_server.silence(0)] * 8,
        "busy": [sound_server.busy()] * 8,
        "elsewhere": [sound_server.redirect(f"https://elsewhere.example.com/?key={KEY}")],
    }
    server.fail("/api", *faults.get(fault, []))
    with pytest.raises(CoveyError) as caught:
        make_client().get_json("/api", {"q": "robin"}, secret_params={"key": KEY})
    assert "key=s3cret%2Bkey%2F" in server.requests[0].path
    shown = "".join(traceback.format_exception(caught.value)) + caplog.text
    assert "s3cret" not in shown
    if fault == "refused":
        assert "The key *** is wrong." in str(caught.value)
