"""Recordings as the field makes them: broken headers, odd names and folders, replaced and renamed files."""

from __future__ import annotations

import io
import json
import os
import random
import re
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from tests.fixture_types import Cli

from covey import open as open_covey
from covey._base.errors import CoveyError
from covey._base.progress import Progress, Step
from covey._base.run_lock import hold_run_lock
from covey.data.images import ImageFolder
from covey.sound.conversion import convert_recordings, images_of
from covey.sound.conversion_report import ConversionReport
from covey.sound.decoder import Decoder
from covey.sound.recordings import Stamp
from covey.sound.spectrograms import Recipe

Sound = NDArray[np.floating[Any]]
RATE = 24000
SECONDS = 3.0
SCHEDULE = 1_682_917_200 * 10**9


def noise(seconds: float = SECONDS, channels: int = 1, seed: int = 0) -> Sound:
    return 0.1 * np.random.default_rng(seed).standard_normal((round(seconds * RATE), channels))


def encode(kind: str, sound: Sound | None = None, subtype: str | None = None) -> bytearray:
    buffer = io.BytesIO()
    soundfile.write(buffer, noise() if sound is None else sound, RATE, format=kind, subtype=subtype)
    return bytearray(buffer.getvalue())


def write(path: Path, sound: Sound | None = None, **how: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, noise() if sound is None else sound, RATE, **how)
    return path


def patched(content: bytearray, *patches: tuple[bytes, int, bytes]) -> bytes:
    """Put bytes at a distance behind the first occurrence of a chunk's name."""
    for chunk, distance, patch in patches:
        start = content.index(chunk) + distance
        content[start : start + len(patch)] = patch
    return bytes(content)


def sizes(data: int, riff: int = 0) -> list[tuple[bytes, int, bytes]]:
    return [(b"RIFF", 4, struct.pack("<I", riff)), (b"data", 4, struct.pack("<I", data))]


def with_chunk(content: bytearray, name: bytes) -> bytearray:
    """Insert a chunk of somebody's before the sound."""
    at = content.index(b"data")
    return content[:at] + name + struct.pack("<I", 50) + b"x" * 50 + content[at:]


def without_total(content: bytearray) -> bytes:
    """Take the number of samples out of a FLAC header, as in one that was never finished."""
    content[21] &= 0xF0
    content[22:26] = bytes(4)
    return bytes(content)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "recordings"
    folder.mkdir()
    return folder


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return tmp_path / "dataset"


def names(report: ConversionReport) -> list[str]:
    return ImageFolder(report.folder).names()


def stubs(report: ConversionReport) -> set[str]:
    return {name.partition("_segm_")[0] for name in names(report)}


def problem_of(report: ConversionReport, name: str) -> str:
    (problem,) = [shortfall.problem for shortfall in report.shortfalls if shortfall.name == name]
    return problem


def contents(report: ConversionReport, stub: str) -> list[bytes]:
    return [(report.folder / name).read_bytes() for name in names(report) if name.startswith(f"{stub}_segm_")]


UNFINISHED: dict[str, Callable[[], bytes]] = {
    "nothing written.wav": lambda: patched(encode("WAV"), *sizes(0)),
    "size of an empty file.wav": lambda: patched(encode("WAV"), *sizes(0, riff=36)),
    "closed by libsndfile.wav": lambda: patched(encode("WAV"), *sizes(0, riff=8)),
    "only data.wav": lambda: patched(encode("WAV"), sizes(0)[1]),
    "only RIFF.wav": lambda: patched(encode("WAV"), sizes(0)[0]),
    "endless.wav": lambda: patched(encode("WAV"), *sizes(0xFFFFFFFF, 0xFFFFFFFF)),
    "endless data.wav": lambda: patched(encode("WAV"), *sizes(0xFFFFFFFF)),
    "two gigabytes.wav": lambda: patched(encode("WAV"), *sizes(0x7FFFFFFF, 0x7FFFFFFF)),
    "another chunk before.wav": lambda: patched(with_chunk(encode("WAV"), b"guan"), *sizes(0)),
    "24 bit.wav": lambda: patched(encode("WAV", subtype="PCM_24"), *sizes(0)),
    "float.wav": lambda: patched(encode("WAV", subtype="FLOAT"), *sizes(0)),
    "stereo.wav": lambda: patched(encode("WAV", noise(channels=2)), *sizes(0)),
    "extensible.wav": lambda: patched(encode("WAVEX"), *sizes(0)),
    "rf64.wav": lambda: patched(encode("RF64"), (b"ds64", 8, bytes(24))),
    "rf64 without sizes.wav": lambda: patched(encode("RF64"), (b"ds64", 8, bytes(24)), (b"data", 4, bytes(4))),
    "w64.w64": lambda: patched(encode("W64"), (b"data", 16, bytes(8)), (b"riff", 16, bytes(8))),
    "aiff.aiff": lambda: patched(encode("AIFF"), (b"SSND", 4, struct.pack(">I", 8)), (b"FORM", 4, bytes(4))),
    "aiff of size 0.aif": lambda: patched(encode("AIFF"), (b"SSND", 4, bytes(4)), (b"COMM", 10, bytes(4))),
    "caf.caf": lambda: patched(encode("CAF"), (b"data", 4, bytes(8))),
    "endless.caf": lambda: patched(encode("CAF"), (b"data", 4, b"\xff" * 8)),
    "au.au": lambda: patched(encode("AU"), (b".snd", 8, bytes(4))),
    "flac.flac": lambda: without_total(encode("FLAC")),
}


@pytest.mark.parametrize("name", UNFINISHED)
def test_a_header_that_was_never_finished_costs_nothing(source: Path, dataset: Path, name: str) -> None:
    (source / name).write_bytes(UNFINISHED[name]())
    report = convert_recordings(source, dataset)
    assert len(names(report)) == 9
    assert problem_of(report, name) == "header not finished: 3.0 s read"


CUT_OFF = {
    "a.wav": ("WAV", None),
    "b.wav": ("WAVEX", "PCM_24"),
    "c.wav": ("RF64", None),
    "d.w64": ("W64", None),
    "e.aiff": ("AIFF", None),
    "f.au": ("AU", None),
    "g.flac": ("FLAC", None),
    "h.mp3": ("MP3", None),
    "i.ogg": ("OGG", "VORBIS"),
    "j.opus": ("OGG", "OPUS"),
    "k.wav": ("WAV", "IMA_ADPCM"),
}


@pytest.mark.parametrize("name", CUT_OFF)
def test_what_is_there_of_a_recording_that_is_cut_off_is_used(source: Path, dataset: Path, name: str) -> None:
    content = encode(CUT_OFF[name][0], noise(6), CUT_OFF[name][1])
    (source / name).write_bytes(content[: len(content) // 2 + 1])
    report = convert_recordings(source, dataset)
    assert 6 <= len(names(report)) <= 10
    assert problem_of(report, name).startswith("it is truncated")
    assert report.problems[0].count("could be read") == 1


def test_a_caf_file_that_is_cut_off_is_used(source: Path, dataset: Path) -> None:
    content = encode("CAF", noise(6))
    (source / "a.caf").write_bytes(content[: len(content) // 2])
    report = convert_recordings(source, dataset)
    assert len(names(report)) == 9
    assert problem_of(report, "a.caf") == "header not finished: 3.0 s read"


def test_an_mp3_file_that_does_not_say_how_long_it_is_is_whole(source: Path, dataset: Path) -> None:
    buffer = io.BytesIO()
    sound = np.concatenate([0 * noise(15), noise(15)])
    soundfile.write(buffer, sound, RATE, format="MP3", bitrate_mode="VARIABLE", compression_level=0.5)
    content = buffer.getvalue()
    (source / "a.mp3").write_bytes(content[content.index(content[:2], 4) :])
    (source / "b.mp3").write_bytes(b"ID3\x04\0\0\0\0\x02\0" + bytes(256) + content[: len(content) // 2])
    report = convert_recordings(source, dataset)
    assert [shortfall.name for shortfall in report.shortfalls] == ["b.mp3"]
    assert "of 30.0 s could be read" in problem_of(report, "b.mp3")


def test_sound_before_the_cut_is_what_it_was(source: Path, dataset: Path) -> None:
    for kind in ("WAV", "FLAC"):
        content = encode(kind, noise(6), "PCM_16")
        (source / f"whole.{kind.lower()}").write_bytes(content)
        (source / f"half.{kind.lower()}").write_bytes(content[: len(content) // 2])
        whole, half = (
            np.concatenate(list(Decoder(path=source / f"{stub}.{kind.lower()}", rate=RATE).blocks()))
            for stub in ("whole", "half")
        )
        assert 2.8 * RATE < len(half) < 3.1 * RATE
        assert (whole[: len(half)] == half).all()


@pytest.mark.parametrize("extra", [b"", b"LIST\x1a\0\0\0INFOICMT\x0e\0\0\0no sound today"])
def test_a_finished_header_of_a_file_without_sound_is_believed(source: Path, dataset: Path, extra: bytes) -> None:
    (source / "empty.wav").write_bytes(encode("WAV", noise(0)) + extra)
    write(source / "good.wav")
    report = convert_recordings(source, dataset)
    assert problem_of(report, "empty.wav") == "it holds no sound"
    assert stubs(report) == {"good"}


@pytest.mark.parametrize("length", [4, 12, 20, 43, 44])
def test_a_header_alone_is_no_recording(source: Path, dataset: Path, length: int) -> None:
    (source / "torn.wav").write_bytes(encode("WAV")[:length])
    write(source / "good.wav")
    assert stubs(convert_recordings(source, dataset)) == {"good"}


def test_a_cut_after_the_sound_is_no_problem(source: Path, dataset: Path) -> None:
    (source / "a.wav").write_bytes(encode("WAV") + b"guan" + struct.pack("<I", 50) + b"x" * 20)
    report = convert_recordings(source, dataset)
    assert not report.problems
    assert len(names(report)) == 9


def test_segments_with_values_that_are_no_numbers_cost_only_themselves(source: Path, dataset: Path) -> None:
    for name, odd in {"nan": np.nan, "inf": np.inf, "huge": 1e30}.items():
        sound = noise()
        sound[30000:30010] = odd
        write(source / f"{name}.wav", sound, subtype="FLOAT")
    report = convert_recordings(source, dataset)
    assert len(names(report)) == 3 * 8
    for name in ("nan.wav", "inf.wav", "huge.wav"):
        assert problem_of(report, name) == "it holds values that are no numbers: 1 of 9 segments"


def test_nothing_but_covey_writes_to_the_terminal(source: Path, dataset: Path) -> None:
    content = encode("MP3", noise(6))
    (source / "noisy.mp3").write_bytes(content[: len(content) // 2] + content[len(content) // 3 :])
    sound = noise()
    sound[30000:30010] = np.inf
    write(source / "inf.wav", sound, subtype="FLOAT")
    command = [sys.executable, "-m", "covey.commands", "spectrograms", str(source), str(dataset)]
    code = "from covey.commands.main import main; main()"
    command[1:3] = ["-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = [re.sub(r"\d+", "n", line) for line in done.stderr.splitlines()]
    assert lines == [
        "Looking at the recordings: n recordings",
        "Making spectrograms: n recordings",
        "Looking at the images: n images",
        "Looking at the recordings: n recordings",
    ]
    assert "mpg123" not in done.stdout


def tone(frequency: float, level: float) -> Sound:
    return level * np.sin(2 * np.pi * frequency * np.arange(round(SECONDS * RATE)) / RATE) + 0.001 * noise()[:, 0]


def brightest_row(report: ConversionReport) -> int:
    image = ImageFolder(report.folder).pixels(names(report)[0])[:, :, 0].astype(int)
    return int(image.sum(axis=1).argmax())


@pytest.mark.parametrize(("channel", "frequency"), [("left", 3000), ("right", 9000), ("loudest", 9000), ("1", 3000)])
def test_the_channel_is_chosen(source: Path, dataset: Path, channel: str, frequency: int) -> None:
    write(source / "a.wav", np.stack([tone(3000, 0.1), tone(9000, 0.3)], axis=1))
    report = convert_recordings(source, dataset, Recipe(channel=channel, noise="none", colormap="gray"))
    assert abs((127 - brightest_row(report)) * RATE / 256 - frequency) < 100


def test_a_channel_that_is_not_there_is_named(source: Path, dataset: Path) -> None:
    write(source / "mono.wav")
    write(source / "stereo.wav", noise(channels=2))
    report = convert_recordings(source, dataset, Recipe(channel="right"))
    assert stubs(report) == {"stereo"}
    assert problem_of(report, "mono.wav") == "it has no channel right: channels 1"


@pytest.mark.parametrize("channel", ["0", "-1", "up", "1.5", "", "middle"])
def test_a_channel_that_cannot_be_is_refused(channel: str) -> None:
    with pytest.raises(CoveyError, match="mean, left, right, loudest or a number from 1"):
        Recipe(channel=channel)


def test_channels_that_cancel_each_other_are_recognised(source: Path, dataset: Path) -> None:
    mono, offset = noise()[:, 0], noise(seed=1)[:, 0]
    write(source / "opposite.wav", np.stack([mono, -mono], axis=1))
    write(source / "nearly.wav", np.stack([mono, -0.9 * mono], axis=1))
    write(source / "unlike.wav", np.stack([mono, offset], axis=1))
    write(source / "dead.wav", np.stack([mono, 0 * mono], axis=1))
    write(source / "equal.wav", np.stack([mono, mono], axis=1))
    report = convert_recordings(source, dataset)
    cancelled = {shortfall.name for shortfall in report.shortfalls if "cancel each other" in shortfall.problem}
    assert cancelled == {"opposite.wav", "nearly.wav"}
    assert "25 dB quieter than each; the channel left or loudest" in problem_of(report, "nearly.wav")
    assert not convert_recordings(source, dataset.with_name("left"), Recipe(channel="left")).problems


@pytest.mark.parametrize(("step", "rest"), [(1.0, 0.95), (0.5, 0.45), (1.5, 0.45)])
def test_what_no_image_shows_at_the_end_is_counted(source: Path, dataset: Path, step: float, rest: float) -> None:
    write(source / "a.wav", noise(1.95))
    report = convert_recordings(source, dataset, Recipe(segment=1, step=step))
    assert report.used[0].rest == pytest.approx(rest, abs=0.001)
    assert any(f"{rest:.1f} s at the end of 1 recording in no image" in line for line in report.lines())
    assert convert_recordings(source, dataset, Recipe(segment=1, step=step)).used[0].rest == report.used[0].rest


def test_the_last_piece_is_padded_on_demand(source: Path, dataset: Path) -> None:
    write(source / "a.wav", noise(1.75))
    write(source / "exact.wav", noise(2))
    write(source / "short.wav", noise(0.3))
    write(source / "tiny.wav", noise(0.005))
    dropped = convert_recordings(source, dataset, Recipe(segment=1, step=1))
    padded = convert_recordings(source, dataset.with_name("padded"), Recipe(segment=1, step=1, last="pad"))
    assert names(dropped) == ["a_segm_0000.000.png", "exact_segm_0000.000.png", "exact_segm_0001.000.png"]
    assert set(names(padded)) - set(names(dropped)) == {"a_segm_0001.000.png", "short_segm_0000.000.png"}
    assert "shorter than a segment" in problem_of(padded, "tiny.wav")
    assert contents(padded, "exact") == contents(dropped, "exact")
    image = ImageFolder(padded.folder).pixels("a_segm_0001.000.png")
    assert image.shape == ImageFolder(padded.folder).pixels("a_segm_0000.000.png").shape
    empty = (image == image[0, -1]).all(axis=(0, 2))
    assert empty.mean() == pytest.approx(0.25, abs=0.02)
    assert not any("in no image" in line for line in padded.lines())


BAD_NAMES = {
    "back\\slash.wav": "backslash",
    "A: first.wav": "drive",
    "new\nline.wav": "control characters",
    "x" * 240 + ".wav": "too long: shorten it by 3 bytes",
    "鳥" * 80 + ".wav": "too long: shorten it by 3 bytes",
    "bad\udcff.wav": "no valid UTF-8",
    "song.m4a": "covey cannot read .m4a files: convert it",
    "call.wac": "covey cannot read .wac files: convert it",
}


@pytest.mark.skipif(os.name == "nt" or sys.platform == "darwin", reason="the file system refuses such names")
def test_one_bad_name_stops_no_other(covey: Cli, source: Path, dataset: Path) -> None:
    for name in ["good", *BAD_NAMES]:
        write(source / "good.wav").rename(source / name)
    write(source / "good.wav")
    (source / "good").unlink()
    write(source / ("x" * 237 + ".wav"))
    write(source / ("鳥" * 79 + ".wav"))
    report = convert_recordings(source, dataset)
    assert stubs(report) == {"good", "x" * 237, "鳥" * 79}
    for name, problem in BAD_NAMES.items():
        assert problem in problem_of(report, name)
    done = covey("spectrograms", source, dataset)
    assert "Of 11 recordings 3 used" in done.output
    assert all(name in {path.name for path in source.iterdir()} for name in BAD_NAMES)


def test_the_names_of_all_images_of_a_long_recording_must_fit(source: Path, dataset: Path) -> None:
    write(source / "good.wav")
    clicks = np.tile([[0.1], [-0.1]], (505_000, 1))
    soundfile.write(source / f"{'x' * 237}.wav", clicks, 100, subtype="PCM_U8")
    report = convert_recordings(source, dataset, Recipe(band="full"))
    assert "too long: shorten it by 1 byte." in report.problems[0]
    assert stubs(report) == {"good"}


def test_files_that_are_no_files_are_named(source: Path, dataset: Path) -> None:
    write(source / "good.wav")
    os.mkfifo(source / "pipe.wav")
    (source / "nowhere.wav").symlink_to(source / "gone.wav")
    (source / "circle.wav").symlink_to(source / "circle.wav")
    (source / "folder.wav").mkdir()
    report = convert_recordings(source, dataset)
    assert problem_of(report, "pipe.wav") == "it is no regular file"
    assert problem_of(report, "nowhere.wav").startswith("it is a link that leads nowhere")
    assert problem_of(report, "circle.wav")
    assert stubs(report) == {"good"}


def test_links_to_folders_are_followed_once(source: Path, dataset: Path, tmp_path: Path) -> None:
    write(tmp_path / "card" / "far.wav")
    write(source / "site" / "near.wav")
    (source / "a link").symlink_to(source / "site")
    (source / "card 1").symlink_to(tmp_path / "card")
    (source / "card 2").symlink_to(tmp_path / "card")
    (source / "site" / "loop").symlink_to(source)
    (tmp_path / "card" / "loop").symlink_to(tmp_path / "card")
    report = convert_recordings(source, dataset)
    assert stubs(report) == {"site/near", "card 1/far"}
    links = {shortfall.name for shortfall in report.shortfalls}
    assert links == {"a link", "card 2", "site/loop", "card 1/loop"}
    assert report.files.outside == [source / "card 1" / "far.wav"]
    assert "1 recording outside the folder, behind links in it: card 1/far.wav" in report.lines()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="needs a user whom permissions bind")
def test_a_folder_without_permission_is_named(source: Path, dataset: Path) -> None:
    write(source / "good.wav")
    write(source / "closed" / "a.wav")
    (source / "closed").chmod(0)
    try:
        report = convert_recordings(source, dataset)
    finally:
        (source / "closed").chmod(0o700)
    assert problem_of(report, "closed") == "the folder cannot be read: Permission denied"
    assert stubs(report) == {"good"}


def test_every_kind_of_recording_is_used_and_other_files_are_counted(covey: Cli, source: Path, dataset: Path) -> None:
    kinds = {"w64": "W64", "caf": "CAF", "aiff": "AIFF", "au": "AU", "voc": "VOC", "rf64": "RF64", "sph": "NIST"}
    for number, (suffix, kind) in enumerate(kinds.items()):
        (source / f"r{number}.{suffix}").write_bytes(encode(kind))
    (source / "UPPER.W64").write_bytes(encode("W64"))
    for name in ("notes.txt", "more.TXT", "map.kml", ".hidden.wav", "README"):
        (source / name).write_text("no sound")
    report = convert_recordings(source, dataset)
    assert len(stubs(report)) == 8
    assert not report.problems
    done = covey("spectrograms", source, dataset)
    assert "4 files of other kinds left alone: .kml, .txt, without an ending" in done.output
    assert "Of 8 recordings 8 used\n" in done.output


def test_many_of_one_kind_are_summed_up_and_named_in_the_log(covey: Cli, source: Path, dataset: Path) -> None:
    for number in range(9):
        write(source / f"silent{number}.wav", 0 * noise())
    write(source / "good.wav")
    short = covey("spectrograms", source, dataset).output
    assert "silent2.wav" in short
    assert "silent3.wav" not in short
    assert "Not used: 6 more: it is silent." in short
    assert "Of 10 recordings 1 used; not used: 9 (it is silent)" in short
    assert "silent8.wav" in covey("spectrograms", source, dataset, "--verbose").output
    assert "silent8.wav" in (dataset / ".covey" / "spectrograms.log").read_text()


def replace(path: Path, sound: Sound) -> None:
    """Put another sound in place of a file, with the same size and time."""
    before = path.stat()
    write(path, sound)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size


def test_a_recording_replaced_by_another_of_the_same_size_and_time_gets_new_images(source: Path, dataset: Path) -> None:
    write(source / "20230501_050000.WAV")
    write(source / "same.wav")
    first = convert_recordings(source, dataset)
    before = contents(first, "20230501_050000")
    replace(source / "20230501_050000.WAV", noise(seed=1))
    second = convert_recordings(source, dataset)
    assert second.replaced == ["20230501_050000.WAV"]
    assert (second.new, second.images) == (9, 18)
    assert not set(before) & set(contents(second, "20230501_050000"))


def test_a_recording_on_a_card_is_read_again(source: Path, dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """FAT has neither fine times nor times of its own: the whole stamp of another card's file can be the same."""
    path = write(source / "a.wav")
    convert_recordings(source, dataset)
    stamp = Stamp(path.stat().st_size, SCHEDULE, SCHEDULE, 7)
    monkeypatch.setattr("covey.sound.recordings._read_stamp", lambda _: stamp)
    assert convert_recordings(source, dataset).new == 0
    write(path, noise(seed=1))
    assert convert_recordings(source, dataset).replaced == ["a.wav"]


def test_check_reads_everything(source: Path, dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(source / "a.wav")
    convert_recordings(source, dataset)
    ledger = dataset / "images" / "_recordings.jsonl"
    status = path.stat()
    write(path, noise(seed=1))
    now = path.stat()
    forged = ledger.read_text()
    for old, new in [(status.st_mtime_ns, now.st_mtime_ns), (status.st_ctime_ns, now.st_ctime_ns)]:
        forged = forged.replace(str(old), str(new))
    ledger.write_text(forged)
    assert convert_recordings(source, dataset).new == 0
    assert convert_recordings(source, dataset, check=True).replaced == ["a.wav"]


def test_a_copy_or_a_touch_changes_nothing(source: Path, dataset: Path) -> None:
    path = write(source / "a.wav")
    convert_recordings(source, dataset)
    path.write_bytes(path.read_bytes())
    report = convert_recordings(source, dataset)
    assert (report.new, report.replaced, report.images) == (0, [], 9)


def test_a_renamed_recording_takes_its_images_along(covey: Cli, source: Path, dataset: Path) -> None:
    write(source / "a.wav", noise(seed=1))
    write(source / "b.wav", noise(seed=2))
    first = convert_recordings(source, dataset)
    before = contents(first, "a")
    inode = (first.folder / "a_segm_0000.000.png").stat().st_ino
    (source / "site 1").mkdir()
    (source / "a.wav").rename(source / "site 1" / "morning.wav")
    second = convert_recordings(source, dataset)
    assert stubs(second) == {"site 1/morning", "b"}
    assert second.renamed == [("a.wav", "site 1/morning.wav")]
    assert (second.new, second.images, second.orphans) == (0, 18, [])
    assert contents(second, "site 1/morning") == before
    assert (second.folder / "site 1" / "morning_segm_0000.000.png").stat().st_ino == inode
    assert "Of 2 recordings 2 used\n" in covey("spectrograms", source, dataset).output


def test_labels_follow_a_renamed_recording(covey: Cli, source: Path, dataset: Path) -> None:
    write(source / "a.wav", noise(seed=1))
    write(source / "b.wav", noise(seed=2))
    covey("spectrograms", source, dataset)
    labels = open_covey(str(dataset)).labels
    labels.add(["a_segm_0000.000.png", "a_segm_0000.315.png", "b_segm_0000.000.png"], "wren")
    labels.add(["a_segm_0000.000.png"], "robin")
    (source / "a.wav").rename(source / "morning.wav")
    assert "3 labels moved to the new names of their images" in covey("spectrograms", source, dataset).output
    assert labels.by_image() == {
        "b_segm_0000.000.png": ("wren",),
        "morning_segm_0000.000.png": ("wren", "robin"),
        "morning_segm_0000.315.png": ("wren",),
    }
    labels.undo()
    assert set(labels.by_image()) == {"a_segm_0000.000.png", "a_segm_0000.315.png", "b_segm_0000.000.png"}


def test_labels_of_a_replaced_recording_are_named(covey: Cli, source: Path, dataset: Path) -> None:
    write(source / "a.wav", noise(seed=1))
    write(source / "b.wav", noise(seed=2))
    covey("spectrograms", source, dataset)
    labels = open_covey(str(dataset)).labels
    labels.add(["a_segm_0000.000.png", "b_segm_0000.000.png"], "wren")
    replace(source / "a.wav", noise(seed=3))
    message = "1 image with labels that were given to the recording replaced since: a_segm_0000.000.png"
    assert message in covey("spectrograms", source, dataset).output
    assert "with labels" not in covey("spectrograms", source, dataset).output


def test_labels_that_cannot_be_read_cost_no_image(covey: Cli, source: Path, dataset: Path) -> None:
    write(source / "a.wav")
    covey("spectrograms", source, dataset)
    (dataset / "labels.sqlite").write_text("no database at all")
    (source / "a.wav").rename(source / "b.wav")
    done = covey("spectrograms", source, dataset)
    assert done.exit_code == 0
    assert "Labels were neither moved nor checked" in done.output
    assert "9 images of 1 recording" in done.output


def test_names_that_change_places_get_the_right_images(source: Path, dataset: Path) -> None:
    for seed, name in enumerate("abc"):
        write(source / f"{name}.wav", noise(seed=seed))
    first = convert_recordings(source, dataset)
    before = {name: contents(first, name) for name in "abc"}
    (source / "c.wav").rename(source / "d.wav")
    (source / "b.wav").rename(source / "c.wav")
    (source / "a.wav").rename(source / "b.wav")
    second = convert_recordings(source, dataset, remove_orphans=True)
    assert {stub: contents(second, stub) for stub in stubs(second)} == {
        "b": before["a"],
        "c": before["b"],
        "d": before["c"],
    }


@pytest.mark.parametrize("moves", [[("c", "d"), ("b", "c"), ("a", "b")], [("b", "x"), ("a", "b"), ("x", "a")]])
def test_labels_follow_recordings_whose_names_move_on(
    covey: Cli, source: Path, dataset: Path, moves: list[tuple[str, str]]
) -> None:
    for seed, name in enumerate("abc"):
        write(source / f"{name}.wav", noise(seed=seed))
    before = convert_recordings(source, dataset)
    old = {name: contents(before, name) for name in "abc"}
    labels = open_covey(str(dataset)).labels
    for name in "abc":
        labels.add([f"{name}_segm_0000.000.png"], f"bird {name}")
    for first, second in moves:
        (source / f"{first}.wav").rename(source / f"{second}.wav")
    assert "renamed, the images too" in covey("spectrograms", source, dataset).output
    after = {
        name: contents(convert_recordings(source, dataset), name) for name in stubs(convert_recordings(source, dataset))
    }
    by_image = open_covey(str(dataset)).labels.by_image()
    assert len(by_image) == 3
    assert set(images_of(dataset / "images")) == set(after)
    for image, (label,) in by_image.items():
        assert after[image[0]] == old[label[-1]]


def test_a_copy_is_no_renamed_recording(source: Path, dataset: Path) -> None:
    path = write(source / "a.wav")
    assert not any("is a copy of" in line for line in convert_recordings(source, dataset).lines())
    (source / "b.wav").write_bytes(path.read_bytes())
    report = convert_recordings(source, dataset)
    assert (stubs(report), report.renamed) == ({"a", "b"}, [])
    assert "1 recording the same as another: b.wav is a copy of a.wav" in report.lines()


def test_recordings_moved_as_a_whole_keep_their_images(source: Path, dataset: Path, tmp_path: Path) -> None:
    write(source / "a.wav")
    convert_recordings(source, dataset)
    moved = source.rename(tmp_path / "elsewhere")
    report = convert_recordings(moved, dataset)
    assert (report.new, report.orphans, report.renamed) == (0, [], [])
    last = json.loads((dataset / "images" / "_recordings.jsonl").read_text().splitlines()[-1])
    assert last["recording"] == "../../elsewhere/a.wav"


def test_images_of_recordings_that_are_gone_are_named_and_removed_on_demand(
    covey: Cli, source: Path, dataset: Path
) -> None:
    for name in ("a", "b"):
        write(source / f"{name}.wav", noise(seed=ord(name)))
    convert_recordings(source, dataset)
    (source / "b.wav").unlink()
    report = convert_recordings(source, dataset)
    assert len(report.orphans) == 9
    assert stubs(report) == {"a", "b"}
    done = covey("spectrograms", source, dataset)
    assert "9 images of recordings that are gone: they stay (b_segm_0000.000.png" in done.output
    assert "--remove-orphans removes the images of recordings that are gone." in done.output
    done = covey("spectrograms", source, dataset, "--remove-orphans")
    assert "9 images of recordings that are gone: removed" in done.output
    assert stubs(report) == {"a"}
    assert "gone" not in covey("spectrograms", source, dataset).output


def test_images_of_another_folder_of_recordings_are_no_orphans(source: Path, dataset: Path, tmp_path: Path) -> None:
    write(source / "a.wav")
    write(tmp_path / "second card" / "b.wav")
    convert_recordings(source, dataset)
    report = convert_recordings(tmp_path / "second card", dataset, remove_orphans=True)
    assert stubs(report) == {"a", "b"}
    assert report.orphans == []


def test_images_of_a_recording_that_is_broken_now_are_no_longer_its_images(source: Path, dataset: Path) -> None:
    write(source / "a.wav")
    write(source / "b.wav")
    convert_recordings(source, dataset)
    (source / "b.wav").write_text("no sound any more")
    assert {name.partition("_")[0] for name in convert_recordings(source, dataset).orphans} == {"b"}


class _Interrupted(Progress):
    """Ends the work after the first recording."""

    @contextmanager
    def step(self, title: str, total: int, unit: str) -> Iterator[Step]:
        yield _Stop() if title == "Making spectrograms" else Step()


class _Stop(Step):
    def advance(self, count: int = 1) -> None:
        raise KeyboardInterrupt


def test_images_of_a_recording_that_was_interrupted_and_renamed_are_no_longer_its_images(
    source: Path, dataset: Path
) -> None:
    write(source / "a.wav")
    convert_recordings(source, dataset)
    ledger = dataset / "images" / "_recordings.jsonl"
    started, _ = ledger.read_text().splitlines()
    ledger.write_text(started + "\n" + started[:40])
    (dataset / "images" / "a_segm_0000.000.png").unlink()
    (source / "a.wav").rename(source / "b.wav")
    report = convert_recordings(source, dataset, remove_orphans=True)
    assert stubs(report) == {"b"}
    assert len(report.orphans) == 8
    assert convert_recordings(source, dataset).new == 0


def test_a_recording_that_was_interrupted_before_its_first_image_is_made(source: Path, dataset: Path) -> None:
    write(source / "a.wav")
    report = convert_recordings(source, dataset)
    ledger = dataset / "images" / "_recordings.jsonl"
    ledger.write_text(ledger.read_text().splitlines()[0] + "\n")
    for name in names(report):
        (report.folder / name).unlink()
    assert convert_recordings(source, dataset).new == 9


def test_an_interruption_costs_nothing_that_is_done(source: Path, dataset: Path) -> None:
    for name in "abcdefghijklmnopqrstuvwxyz":
        write(source / f"{name}.wav", noise(0.4))
    with pytest.raises(KeyboardInterrupt):
        convert_recordings(source, dataset, progress=_Interrupted())
    report = convert_recordings(source, dataset)
    assert report.new < 26
    assert report.images == 26


def as_before(dataset: Path) -> None:
    """Make a dataset what an earlier version wrote: no hashes, no options channel and last."""
    ledger = dataset / "images" / "_recordings.jsonl"
    fields = ("name", "recording", "bytes", "time", "images", "silent", "problem")
    entries = [json.loads(line) for line in ledger.read_text().splitlines()]
    ledger.write_text("".join(json.dumps({key: e[key] for key in fields}) + "\n" for e in entries if e["done"]))
    parameters = dataset / "images" / "_feature_extraction_parameters.json"
    document = json.loads(parameters.read_text())
    del document["covey"]["options"]["channel"], document["covey"]["options"]["last"]
    parameters.write_text(json.dumps(document))


def test_a_dataset_of_an_earlier_version_goes_on_working(source: Path, dataset: Path) -> None:
    write(source / "a.wav")
    write(source / "b.wav", noise(seed=1))
    convert_recordings(source, dataset)
    as_before(dataset)
    report = convert_recordings(source, dataset)
    assert (report.new, report.images, sorted(report.assumed)) == (0, 18, ["a.wav", "b.wav"])
    assert convert_recordings(source, dataset).assumed == []
    (source / "b.wav").rename(source / "c.wav")
    assert convert_recordings(source, dataset).renamed == [("b.wav", "c.wav")]
    with pytest.raises(CoveyError, match="last drop there, pad here"):
        convert_recordings(source, dataset, Recipe(last="pad"))


def test_what_an_earlier_version_gave_up_is_tried_again(source: Path, dataset: Path) -> None:
    content = encode("FLAC")
    (source / "a.flac").write_bytes(content[: len(content) // 2])
    write(source / "b.wav")
    report = convert_recordings(source, dataset)
    as_before(dataset)
    count = len(contents(report, "a"))
    (report.folder / "a_segm_0000.000.png").unlink()
    ledger = report.folder / "_recordings.jsonl"
    ledger.write_text(ledger.read_text().replace(f'"images": {count}', f'"images": {count - 1}'))
    assert len(contents(convert_recordings(source, dataset), "a")) == count


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[1]",
        "null",
        '"a"',
        '{"name": 5}',
        '{"name": "", "recording": "", "bytes": 1, "time": 1}',
        "\x00",
        "[" * 99999,
    ],
)
def test_odd_lines_in_the_ledger_are_left_out(source: Path, dataset: Path, line: str) -> None:
    write(source / "a.wav")
    convert_recordings(source, dataset)
    with (dataset / "images" / "_recordings.jsonl").open("a") as file:
        file.write(line)
    assert convert_recordings(source, dataset).new == 0
    write(source / "b.wav")
    assert convert_recordings(source, dataset).new == 9
    assert convert_recordings(source, dataset).new == 0
    *_, started, done = (dataset / "images" / "_recordings.jsonl").read_text().splitlines()
    assert (json.loads(started)["done"], json.loads(done)["done"]) == (False, True)


def test_a_log_that_leads_elsewhere_is_refused(source: Path, dataset: Path, tmp_path: Path) -> None:
    write(source / "a.wav")
    (tmp_path / "thesis.txt").write_text("mine")
    (dataset / ".covey").mkdir(parents=True)
    (dataset / ".covey" / "spectrograms.log").symlink_to(tmp_path / "thesis.txt")
    with pytest.raises(CoveyError, match=r"spectrograms\.log is a link or no regular file"):
        convert_recordings(source, dataset)
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_a_ledger_that_leads_elsewhere_is_refused(source: Path, dataset: Path, tmp_path: Path) -> None:
    write(source / "a.wav")
    convert_recordings(source, dataset)
    ledger = dataset / "images" / "_recordings.jsonl"
    (tmp_path / "thesis.txt").write_text("mine")
    ledger.unlink()
    ledger.symlink_to(tmp_path / "thesis.txt")
    with pytest.raises(CoveyError, match="is a link"):
        convert_recordings(source, dataset)
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def changed(rng: random.Random, content: bytes) -> bytes:
    """Change a sound file at a few places, mostly in its header."""
    damaged = bytearray(content)
    for _ in range(rng.choice([1, 1, 2, 8])):
        at = rng.randrange(len(damaged) if rng.random() < 0.3 else min(len(damaged), 128))
        patch = rng.choice([rng.randbytes(1), bytes(4), b"\xff" * 4, b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f"])
        damaged[at : at + len(patch)] = patch
    return bytes(damaged[: rng.choice([len(damaged), rng.randrange(1, len(damaged))])])


def test_damaged_recordings_stop_no_other(source: Path, dataset: Path) -> None:
    rng = random.Random(0)
    kinds = {"wav": "WAV", "flac": "FLAC", "mp3": "MP3", "ogg": "OGG", "aiff": "AIFF", "caf": "CAF", "w64": "W64"}
    whole = {suffix: bytes(encode(kind, noise(0.6))) for suffix, kind in kinds.items()}
    for number in range(600):
        suffix = rng.choice(list(whole))
        (source / f"r{number}.{suffix}").write_bytes(changed(rng, whole[suffix]))
    write(source / "good.wav", noise(0.6))
    report = convert_recordings(source, dataset, Recipe(band="full"))
    assert len(contents(report, "good")) == 1
    assert {entry.name for entry in report.used} | {shortfall.name for shortfall in report.shortfalls} == {
        path.name for path in source.iterdir()
    }
    assert sum(entry.images for entry in report.entries) == len(names(report))


@pytest.mark.parametrize("seed", range(12))
def test_whatever_happens_to_recordings_their_images_are_those_of_a_fresh_dataset(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    source, dataset = tmp_path / "recordings", tmp_path / "dataset"
    for number in range(4):
        write(source / f"r{number}.wav", noise(0.8, seed=number))
    for _ in range(4):
        convert_recordings(source, dataset)
        for _ in range(rng.randrange(1, 4)):
            happen(rng, source)
    report = convert_recordings(source, dataset, remove_orphans=True)
    fresh = convert_recordings(source, tmp_path / "fresh")
    assert {name: (report.folder / name).read_bytes() for name in names(report)} == {
        name: (fresh.folder / name).read_bytes() for name in names(fresh)
    }
    assert convert_recordings(source, dataset).new == 0


def happen(rng: random.Random, source: Path) -> None:
    """Rename, exchange, copy, remove, replace or damage one recording."""
    paths = sorted(source.rglob("*.wav"))
    path, target = rng.choice(paths), source / rng.choice(["", "site"]) / f"r{rng.randrange(6)}.wav"
    target.parent.mkdir(exist_ok=True)
    match rng.choice(["rename", "exchange", "copy", "remove", "replace", "damage"]):
        case "rename":
            path.rename(target)
        case "exchange":
            first, second = path, rng.choice(paths)
            contents_of_first = first.read_bytes()
            first.write_bytes(second.read_bytes())
            second.write_bytes(contents_of_first)
        case "copy":
            target.write_bytes(path.read_bytes())
        case "remove" if len(paths) > 2:
            path.unlink()
        case "damage":
            path.write_bytes(path.read_bytes()[: rng.randrange(1, 9000)])
        case _:
            write(path, noise(0.8, seed=rng.randrange(100)))


def test_a_recording_of_another_rate_that_comes_later_stops_no_other(source: Path, dataset: Path) -> None:
    write(source / "a.wav")
    convert_recordings(source, dataset)
    write(source / "b.wav", noise(seed=1))
    for rate in (16000, 48000):
        soundfile.write(source / f"r{rate}.wav", noise(), rate)
    report = convert_recordings(source, dataset)
    assert stubs(report) == {"a", "b"}
    assert problem_of(report, "r48000.wav") == (
        "its rate is 48000 Hz, and the images that are there show sound of 24000 Hz: put it into a dataset of its own,"
        " or set band to full"
    )
    assert "r16000.wav" in {shortfall.name for shortfall in report.shortfalls}
    assert stubs(convert_recordings(source, dataset, Recipe(band="full"))) == {"a", "b", "r16000", "r48000"}


def test_images_go_on_in_their_band_when_the_recording_that_limited_it_is_gone(source: Path, dataset: Path) -> None:
    write(source / "a.wav")
    soundfile.write(source / "low.wav", noise(), 16000)
    convert_recordings(source, dataset)
    (source / "low.wav").unlink()
    soundfile.write(source / "high.wav", noise(), 48000)
    report = convert_recordings(source, dataset)
    assert stubs(report) == {"a", "low", "high"}
    assert not report.problems


def test_a_killed_conversion_goes_on_where_it_was(source: Path, dataset: Path, tmp_path: Path) -> None:
    for number in range(40):
        write(source / f"r{number}.wav", noise(seed=number))
    code = "from covey.commands.main import main; main()"
    command = [sys.executable, "-c", code, "spectrograms", str(source), str(dataset)]
    for images in (1, 40, 150):
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            while process.poll() is None and len(list((dataset / "images").glob("*.png"))) < images:
                time.sleep(0.005)
            process.kill()
    report = convert_recordings(source, dataset)
    fresh = convert_recordings(source, tmp_path / "fresh")
    assert names(report) == names(fresh)
    assert all((report.folder / name).read_bytes() == (fresh.folder / name).read_bytes() for name in names(fresh))
    assert convert_recordings(source, dataset).new == 0


def test_images_that_cannot_be_written_stop_no_other_recording_and_are_tried_again(source: Path, dataset: Path) -> None:
    write(source / "good.wav")
    write(source / "site" / "a.wav", noise(seed=1))
    (dataset / "images").mkdir(parents=True)
    (dataset / "images" / "site").write_text("a file, where a folder should be")
    report = convert_recordings(source, dataset)
    assert stubs(report) == {"good"}
    assert "its images cannot be written" in problem_of(report, "site/a.wav")
    (dataset / "images" / "site").unlink()
    assert stubs(convert_recordings(source, dataset)) == {"good", "site/a"}


@pytest.mark.skipif(os.name == "nt", reason="needs a limit on the size of files")
def test_a_full_disk_stops_the_work_with_one_sentence(source: Path, dataset: Path) -> None:
    write(source / "a.wav")
    convert_recordings(source, dataset)
    write(source / "b.wav")
    ledger = dataset / "images" / "_recordings.jsonl"
    limit = ledger.stat().st_size + 1
    code = (
        "import resource, signal, sys\n"
        "from pathlib import Path\n"
        "from covey.sound.conversion import convert_recordings\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), int(sys.argv[3])))\n"
        "convert_recordings(Path(sys.argv[1]), Path(sys.argv[2]))\n"
    )
    command = [sys.executable, "-c", code, str(source), str(dataset), str(limit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "_recordings.jsonl could not be written" in done.stderr.splitlines()[-1]
    assert convert_recordings(source, dataset).new == 9


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "null",
        '{"covey": 5}',
        '{"covey": {"version": 1}}',
        '{"covey": {"version": 1, "options": []}}',
        "[" * 99999,
        "",
    ],
)
def test_odd_parameters_beside_the_images_are_refused(source: Path, dataset: Path, text: str) -> None:
    write(source / "a.wav")
    convert_recordings(source, dataset)
    (dataset / "images" / "_feature_extraction_parameters.json").write_text(text)
    with pytest.raises(CoveyError, match=r"choose another dataset folder|made by another tool or version"):
        convert_recordings(source, dataset)


def test_two_conversions_in_one_folder_are_one_too_many(source: Path, dataset: Path) -> None:
    write(source / "a.wav")
    convert_recordings(source, dataset)
    with hold_run_lock(dataset / ".covey" / "spectrograms.lock"), pytest.raises(CoveyError, match="Another run"):
        convert_recordings(source, dataset)
