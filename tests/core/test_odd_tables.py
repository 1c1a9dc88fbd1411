"""Odd and hostile tables of Raven, BirdNET and Audacity: what can be read is, the rest is named, nothing is lost."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import attrs
import pytest
from tests.core.test_selections import HEADS, ROW, dataset_of, labels
from tests.fixture_types import Cli

from covey.data.segment_names import image_name
from covey.labelling import open_labels

BIRDNET = "Start (s),End (s),Scientific name,Common name,Confidence\n"
MEGABYTES = 10_000_000
LONGEST_MESSAGE = 2000


@attrs.frozen
class Case:
    """A file, and what is right: the class of each second of the recording b, and words of the message."""

    form: str
    content: str | bytes
    says: str
    classes: Mapping[int, str] = attrs.field(factory=dict)
    exit_code: int = 0
    absences: int = 0


def raven(*rows: str, heads: str = "Species", end: str = "\n") -> str:
    return end.join([f"{HEADS}\t{heads}", *rows]) + end


def row(begin: object, end: object, *cells: str) -> str:
    return "\t".join([ROW, str(begin), str(end), "0", "9000", *cells])


WREN, OWL, TIT = row(1, 2, "wren"), row(3, 4, "owl"), row(1, 2, "Mésange")
TWO, ALL = {1: "wren", 3: "owl"}, "Of 2 selections in 1 table 2 used. 2 labels: 2 new."
ONE_OF_TWO = "Of 2 selections in 1 table 1 used; 1 "
DETECTIONS = f"{BIRDNET}1,2,x,wren,1\n3,4,x,owl,1\n"
TRACK = "1\t2\twren\n3\t4\towl\n"
BAD_TIMES = ("nan", "inf", "-inf", "-1", "1e999", "", "1 s", "0x1", "0_1")
BEGIN = "'Begin Time (s)'"

CASES = {
    "raven, empty": Case("raven", b"", f"have no column {BEGIN}. There is: nothing.", exit_code=2),
    "raven, heads alone": Case("raven", raven(), "Looked at, nothing there: 6 images: 6 new.", absences=6),
    "raven, odd times": Case(
        "raven", raven(*[row(begin, 2, "owl") for begin in BAD_TIMES], row("1,0", "2.0", "wren")),
        "Of 10 selections in 1 table 1 used; 9 without times (b.txt line 2: 'nan' to '2' are no times", {1: "wren"},
    ),
    "raven, end before begin": Case("raven", raven(row(3, 2, "owl"), WREN), f"{ONE_OF_TWO}without times", {1: "wren"}),
    "raven, far away": Case(
        "raven", raven(row("1e300", "1e301", "owl"), WREN), f"{ONE_OF_TWO}beyond the end of the images", {1: "wren"}
    ),
    "raven, to the end of time": Case("raven", raven(row(4, "1e300", "owl")), "2 labels: 2 new.", {4: "owl", 5: "owl"}),
    "raven, no column": Case("raven", "Begin Time (s)\tSpecies\n1\tx\n", "have no column 'End Time (s)'", exit_code=2),
    "raven, few cells": Case(
        "raven", raven("1\tx\t1\t1", row(1, 2), WREN), "1 used; 1 without times (b.txt line 2: '1' to None", {1: "wren"}
    ),
    "raven, tab in a text": Case(
        "raven", raven(row(3, 4, "a", "b", "owl"), row(1, 2, "", "wren", ""), heads="Notes\tSpecies"),
        f"{ONE_OF_TWO}with more cells than the table has columns (b.txt line 2).", {1: "wren"},
    ),
    "raven, two class columns": Case(
        "raven", raven(row(1, 2, "wren", "owl"), heads="Species\tspecies"), "several columns 'Species'", exit_code=2
    ),
    "raven, two begins": Case(
        "raven", raven(row(1, 2, "3", "wren"), heads="Begin time (s)\tSpecies"), f"several columns {BEGIN}", exit_code=2
    ),
    "raven, other columns twice": Case("raven", raven(row(1, 2, "wren", "", ""), row(3, 4, "owl"),
                                                      heads="Species\tNotes\tNotes"), ALL, TWO),
    "raven, spaces in heads": Case(
        "raven", raven(WREN, OWL, heads=" common  NAME ").replace("Begin Time", "begin  TIME"), ALL, TWO
    ),
    "raven, UTF-16": Case("raven", raven(TIT).encode("utf-16"), "1 label: 1 new.", {1: "Mésange"}),
    "raven, UTF-16 without its mark": Case("raven", raven(TIT).encode("utf-16-le"), f"no column {BEGIN}", exit_code=2),
    "raven, UTF-8 with a mark": Case("raven", raven(TIT).encode("utf-8-sig"), "1 label: 1 new.", {1: "Mésange"}),
    "raven, Latin-1": Case("raven", raven(TIT).encode("latin-1"), "1 label: 1 new.", {1: "Mésange"}),
    "raven, CRLF": Case("raven", raven(WREN, OWL, end="\r\n"), ALL, TWO),
    "raven, CR": Case("raven", raven(WREN, OWL, end="\r"), ALL, TWO),
    "raven, NUL in a class": Case(
        "raven", raven(row(1, 2, "w\0ren"), OWL), f"{ONE_OF_TWO}with a class name that cannot be used", {3: "owl"}
    ),
    "raven, other line ends in a class": Case(
        "raven", raven(row(1, 2, "wren\u2028x"), row(2, 3, "a\x0bb"), OWL), "1 used; 2 with a class name", {3: "owl"}
    ),
    "raven, a name of 300 letters": Case(
        "raven", raven(row(1, 2, "b" * 300 + ".wav", "wren"), row(1, 2, "b.wav", "owl"), heads="Begin File\tSpecies"),
        f"{ONE_OF_TWO}in recordings of which there are no images ({'b' * 300}.wav).", {1: "owl"},
    ),
    "raven, a class of 300 letters": Case("raven", raven(row(1, 2, "w" * 300)), "1 label: 1 new.", {1: "w" * 300}),
    "raven, formula": Case("raven", raven(row(1, 2, "=cmd|'/c calc'!A1")), "1 new.", {1: "=cmd|'/c calc'!A1"}),
    "raven, apostrophe": Case("raven", raven(row(1, 2, "'=x")), "1 new.", {1: "'=x"}),
    "raven, path and file of two recordings": Case(
        "raven", raven(row(1, 2, "/d/a.wav", "b.wav", "wren"), row(3, 4, "D:\\x\\B.WAV", "b.wav", "owl"),
                       heads="Begin Path\tBegin File\tSpecies"),
        f"{ONE_OF_TWO}whose 'Begin Path' and 'Begin File' name different files (b.txt line 2: /d/a.wav and b.wav).",
        {3: "owl"},
    ),
    "raven, one line": Case("raven", "x" * MEGABYTES, f"have no column {BEGIN}", exit_code=2),
    "raven, a million columns": Case("raven", raven(WREN, OWL, heads="Species" + "\tx" * 1_000_000), ALL, TWO),
    "raven, a huge class": Case(
        "raven", raven(row(1, 2, "w" * MEGABYTES), OWL), f"{ONE_OF_TWO}with a class name that cannot", {3: "owl"}
    ),
    "raven, a huge time": Case(
        "raven", raven(row("x" * MEGABYTES, 2, "wren"), OWL), f"{ONE_OF_TWO}without times (b.txt line 2", {3: "owl"}
    ),
    "raven, a huge path": Case(
        "raven", raven(row(1, 2, "x" * MEGABYTES, "wren"), row(1, 2, "b.wav", "owl"), heads="Begin File\tSpecies"),
        f"{ONE_OF_TWO}in recordings of which", {1: "owl"},
    ),
    "birdnet, empty": Case("birdnet", b"", f"have no column {BEGIN}", exit_code=2),
    "birdnet, heads alone": Case("birdnet", BIRDNET, "1 table without detections (b.csv): nothing is stored"),
    "birdnet, odd times": Case(
        "birdnet", DETECTIONS + "".join(f"{begin},2,x,tit,1\n" for begin in BAD_TIMES), "9 without times", TWO
    ),
    "birdnet, decimal commas": Case(
        "birdnet", DETECTIONS.replace(",", ";").replace("1;2", "1,0;2,0"), ALL, TWO
    ),
    "birdnet, quotes": Case("birdnet", f'{BIRDNET}1,2,x,"a, ""b""",1\n', "1 new.", {1: 'a, "b"'}),
    "birdnet, a quote that stays open": Case(
        "birdnet", f'{BIRDNET}1,2,x,"wren,1\n3,4,x,owl,1\n', "cannot be read: unexpected end of data", exit_code=2
    ),
    "birdnet, comma in a text": Case(
        "birdnet", f"{BIRDNET}1,2,x,wren, song,1\n3,4,x,owl,1\n", f"{ONE_OF_TWO}with more cells", {3: "owl"}
    ),
    "birdnet, CR": Case("birdnet", DETECTIONS.replace("\n", "\r"), ALL, TWO),
    "birdnet, CRLF and UTF-16": Case("birdnet", DETECTIONS.replace("\n", "\r\n").encode("utf-16"), ALL, TWO),
    "birdnet, Latin-1": Case("birdnet", f"{BIRDNET}1,2,x,Mésange,1\n".encode("latin-1"), "1 new.", {1: "Mésange"}),
    "birdnet, NUL": Case("birdnet", DETECTIONS.replace("wren", "w\0ren"), f"{ONE_OF_TWO}with a class name", {3: "owl"}),
    "birdnet, capitals": Case("birdnet", DETECTIONS.replace(BIRDNET, BIRDNET.upper()), ALL, TWO),
    "birdnet, a column twice": Case(
        "birdnet", f"{BIRDNET.strip()},Common name\n1,2,x,wren,1,owl\n", "several columns 'Common name'", exit_code=2
    ),
    "birdnet, guarded formula": Case("birdnet", f"{BIRDNET}1,2,x,'=A1,1\n", "1 new.", {1: "=A1"}),
    "birdnet, one line": Case("birdnet", "x" * MEGABYTES, "field larger than field limit", exit_code=2),
    "audacity, empty": Case("audacity", b"", "Looked at, nothing there: 6 images: 6 new.", absences=6),
    "audacity, odd times": Case(
        "audacity", TRACK + "".join(f"{begin}\t2\ttit\n" for begin in BAD_TIMES), "9 without times (b.txt line 3", TWO
    ),
    "audacity, end before begin": Case("audacity", f"{TRACK}4\t1\ttit\n", "2 used; 1 without times", TWO),
    "audacity, far away": Case("audacity", f"{TRACK}1e300\t1e301\ttit\n", "2 used; 1 beyond the end", TWO),
    "audacity, no text": Case("audacity", f"{TRACK}0\t1\n1\t2\t\n", "2 used; 2 without a class (b.txt line 3", TWO),
    "audacity, a fourth cell, which Audacity ignores": Case("audacity", TRACK.replace("wren", "wren\tsong"), ALL, TWO),
    "audacity, CRLF and UTF-16": Case("audacity", TRACK.replace("\n", "\r\n").encode("utf-16"), ALL, TWO),
    "audacity, CR and Latin-1": Case("audacity", "1\t2\tMésange\r".encode("latin-1"), "1 new.", {1: "Mésange"}),
    "audacity, mark": Case("audacity", TRACK.encode("utf-8-sig"), ALL, TWO),
    "audacity, NUL": Case("audacity", TRACK.replace("wren", "w\0ren"), f"{ONE_OF_TWO}with a class name", {3: "owl"}),
    "audacity, decimal commas and quotes": Case("audacity", '1,0\t2,0\t"wren"\n', "1 new.", {1: '"wren"'}),
    "audacity, formula": Case("audacity", "1\t2\t=A1\n", "1 new.", {1: "=A1"}),
    "audacity, one line": Case("audacity", "x" * MEGABYTES, "is no label track of Audacity", exit_code=2),
    "audacity, a huge class": Case(
        "audacity", f"{TRACK}4\t5\t{'x' * MEGABYTES}\n", "2 used; 1 with a class name that cannot be used", TWO
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_odd_tables_give_what_is_right(covey: Cli, tmp_path: Path, name: str) -> None:
    case, dataset = CASES[name], dataset_of(tmp_path / "birds", ["b"])
    path = tmp_path / ("b.csv" if case.form == "birdnet" else "b.txt")
    path.write_bytes(case.content if isinstance(case.content, bytes) else case.content.encode())
    done = covey("import", case.form, dataset.home, path, "--segment", 1)
    assert done.exit_code == case.exit_code, done.output
    message = done.stdout + done.stderr
    assert case.says in message
    assert len(message) < LONGEST_MESSAGE
    assert labels(dataset) == {image_name("b", second): (label,) for second, label in case.classes.items()}
    assert len(open_labels(dataset).absences()) == case.absences
