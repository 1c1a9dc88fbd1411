"""The source `inaturalist`, asked on this machine: pages, licences, names, and files of sounds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from tests.fixture_types import Cli
from tests.sound_server import SoundServer, make_wav, serve_sounds

from covey import CoveyError
from covey.authoring import FoundRecording
from covey.testing import check_source
from covey_inaturalist import INaturalist


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[SoundServer]:
    with serve_sounds() as sounds:
        monkeypatch.setenv("COVEY_INATURALIST_URL", sounds.url)
        observations: list[dict[str, object]] = [
            observe(11, [sound(1), sound(2, license_code="cc-by-nc-nd")]),
            observe(
                12, [sound(3, license_code=None), sound(4, file_url="https://static.inaturalist.org/sounds/4.m4a")]
            ),
            observe(13, [sound(5, file_url=None), sound(6)], user={"login": "ann"}, taxon=None),
            {"id": "odd", "sounds": "none"},
        ]
        sounds.answers["/v1/observations"] = lambda query: (200, {"results": select(observations, query)})
        for number in (1, 6):
            sounds.files[f"/sounds/{number}.wav"] = make_wav(number)
        yield sounds


def observe(number: int, sounds: list[dict[str, object]], **fields: object) -> dict[str, object]:
    person, taxon = {"login": "ann", "name": "Ann Example"}, {"name": "Inventa rana", "preferred_common_name": "Frog"}
    shared = {"user": person, "taxon": taxon, "observed_on": "2024-05-01", "place_guess": "Bern\nNowhere"}
    return {"id": number, "sounds": sounds, **shared, **fields}


def sound(number: int, **fields: object) -> dict[str, object]:
    address = f"https://static.inaturalist.org/sounds/{number}.wav?1700000000"
    return {"id": number, "license_code": "cc-by-nc", "attribution": "(c) Ann", "file_url": address, **fields}


def select(observations: list[dict[str, object]], query: Mapping[str, str]) -> list[dict[str, object]]:
    """Return two observations a page, as those above an id."""
    assert (query["sounds"], query["order_by"], query["order"]) == ("true", "id", "asc")
    numbered = [document for document in observations if str(document["id"]).isdecimal()]
    later = [document for document in numbered if int(str(document["id"])) > int(query["id_above"])]
    return later[:2] if later else [observations[-1]]


def test_all_pages_are_read_and_every_sound_has_its_licence(server: SoundServer) -> None:
    recordings = list(INaturalist(pace=0).find("Inventa rana"))
    assert [recording.id for recording in recordings] == ["1", "2", "3", "4", "5", "6"]
    assert recordings[0] == FoundRecording(
        id="1",
        name="Inventa rana 1.wav",
        species="Inventa rana",
        licence="cc-by-nc",
        recordist="Ann Example",
        url="https://www.inaturalist.org/observations/11",
        metadata={
            "observed_on": "2024-05-01",
            "place_guess": "Bern Nowhere",
            "attribution": "(c) Ann",
            "observation_id": "11",
            "sound_url": "https://static.inaturalist.org/sounds/1.wav?1700000000",
            "common_name": "Frog",
        },
    )
    assert [recording.withheld for recording in recordings[2:5]] == [
        "",
        "as M4A files, which covey cannot read",
        "without a file",
    ]
    assert (recordings[5].recordist, recordings[5].species) == ("ann", "")
    assert "taxon_name=Inventa+rana" in server.requests[0].path


def test_parameters_are_passed_on(server: SoundServer) -> None:
    list(INaturalist(pace=0).find("taxon_name=Inventa&place_id=7&sounds=false"))
    assert server.requests[0].path.startswith("/v1/observations?taxon_name=Inventa&place_id=7&sounds=true&")


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("", "The query is empty"),
        (" ", "The query is empty"),
        ("taxon_name=", "The query is empty"),
        ("Hyla arborea&quality_grade=research", "has a part that is no parameter"),
        ("taxon_id=1&taxon_id=2", "A parameter stands twice in"),
    ],
)
def test_a_query_of_which_a_part_would_be_lost_is_not_sent(server: SoundServer, query: str, problem: str) -> None:
    with pytest.raises(CoveyError, match=problem):
        list(INaturalist(pace=0).find(query))
    assert server.requests == []


@pytest.mark.parametrize(("suffix", "withheld"), [
    ("mpga", ""), ("WAV", ""), ("opus", ""), ("3gp", "as 3GP files, which covey cannot read"),
])  # fmt: skip
def test_what_covey_can_read_is_fetched_whatever_its_ending(server: SoundServer, suffix: str, withheld: str) -> None:
    document = observe(11, [sound(1, file_url=f"https://static.inaturalist.org/sounds/1.{suffix}?17")])
    server.answers["/v1/observations"] = lambda query: (
        200, {"results": [document] if query["id_above"] == "0" else []}
    )  # fmt: skip
    assert [recording.withheld for recording in INaturalist(pace=0).find("Inventa")] == [withheld]


def test_sounds_are_fetched(covey: Cli, server: SoundServer, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("frogs")
    result = covey("fetch", "inaturalist", "Inventa", folder, "--set", "source.pace=0")
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in (folder / "recordings").iterdir()) == ["INAT1.wav", "INAT6.wav"]
    assert "Of 2 recordings 2 there." in result.stdout


def test_a_refusal_is_told_in_the_words_of_the_service(server: SoundServer) -> None:
    server.answers["/v1/observations"] = lambda query: (422, {"error": "Unknown place_id x", "status": 422})
    with pytest.raises(CoveyError, match=r"api\.inaturalist\.org refuses: Unknown place_id x"):
        list(INaturalist(pace=0).find("place_id=x"))


def test_the_contract(server: SoundServer) -> None:
    server.answers["/v1/observations"] = lambda query: (
        200,
        {"results": [observe(11, [sound(1)])] if query["id_above"] == "0" else []},
    )
    check_source(INaturalist, pace=0.0, query="Inventa")
