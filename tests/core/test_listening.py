"""Extractors that listen: which sound they take, what a row belongs to, and images without sound."""

from __future__ import annotations

import importlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import soundfile
from PIL import Image
from tests.core.test_contributing import EXAMPLE, PAGE
from tests.fixture_types import Cli, Distribution

from covey import (
    CoveyError,
    ExtractSound,
    FeatureExtractor,
    Floats,
    Runtime,
    component,
)
from covey._base.digests import hash_file
from covey._base.progress import Progress
from covey.data.folder import FolderDataset
from covey.data.provenance import Provenance
from covey.data.tables import Features
from covey.experiments.pipeline import Pipeline

RATE = 8000
STEPS = (0.1, 0.2, 0.4, 0.8)
"""How loud each second of a recording is."""
OCTAVES = next(example["text"] for example in EXAMPLE.finditer(PAGE.read_text("utf-8")) if "octaves" in example["name"])
STEPS_AFTER = ("--reducer", "pca", "--set", "reducer.sizes=2", "--clusterer", "dbscan")


@component
class Loudness(FeatureExtractor):
    """How loud each half second of two seconds is."""

    name = "loudness"
    inputs = "sound"
    rate = 4000
    seconds = 2.0
    batches: ClassVar[list[tuple[int, ...]]] = []
    loads: ClassVar[list[Runtime]] = []
    fail_at: ClassVar[int] = 0

    def load(self, runtime: Runtime) -> ExtractSound:
        self.loads.append(runtime)

        def extract(samples: Floats) -> list[Floats]:
            self.batches.append(samples.shape)
            if len(self.batches) == self.fail_at:
                raise KeyboardInterrupt
            return [
                np.stack([np.sqrt(2 * (part**2).mean(axis=1)) for part in np.array_split(samples, 4, axis=1)], axis=1)
            ]

        return extract


PUPIL = '''
"""Learns how loud the sounds are, for tests."""

import numpy as np
from covey import Epoch, FeatureExtractor, component, hookimpl

seen, fail_at = [], 0


@component
class Pupil(FeatureExtractor):
    """How loud a sound is for the mean of all."""

    name, inputs, rate, seconds = "pupil", "sound", 4000, 2.0

    def fit(self, clips, runtime, checkpoint):
        state = checkpoint or {"level": np.zeros(()), "epoch": np.zeros((), int)}
        for number in range(int(state["epoch"]) + 1, 4):
            if number == fail_at:
                raise KeyboardInterrupt
            seen[:] = [(clip.content, clip.recording, clip.samples) for clip in clips]
            level = (state["level"] + np.mean([np.abs(samples).mean() for _, _, samples in seen])) / 2
            state = {"level": np.asarray(level), "epoch": np.array(number)}
            yield Epoch(state=state, loss=1 / number, number=number, total=3)

    def load(self, runtime, state=None):
        level = np.float32(state["level"])
        return lambda samples: [np.abs(samples).reshape(len(samples), 4, -1).mean(axis=2) / level]


@hookimpl
def covey_feature_extractors():
    yield Pupil
'''


class Notes(Progress):
    """Remembers what a person is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def note(self, sentence: str) -> None:
        self.lines.append(sentence)


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    Loudness.batches.clear()
    Loudness.loads.clear()
    yield
    Loudness.fail_at = 0


@pytest.fixture
def birds(tmp_path: Path, covey: Cli) -> Path:
    """A dataset that covey made of two recordings, one that grows louder and one that grows softer, with 16 images."""
    birds = tmp_path / "birds"
    for number in range(2):
        record(birds / "recordings" / f"night_{number}.wav", 400, STEPS[:: 1 - 2 * number])
    done = covey("spectrograms", birds / "recordings", birds, "--segment", "0.5", "--step", "1")
    assert done.exit_code == 0, done.output
    return birds


def record(path: Path, hertz: float, steps: tuple[float, ...] = STEPS) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    seconds = np.arange(RATE * len(steps)) / RATE
    soundfile.write(path, np.repeat(steps, RATE) * np.sin(2 * np.pi * hertz * seconds), RATE)


def draw(birds: Path, name: str, colour: tuple[int, int, int] = (9, 9, 9)) -> None:
    path = birds / "images" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8), colour).save(path)


def list_clips(birds: Path, *rows: str) -> None:
    (birds / "clips.csv").write_text("\n".join(["filename,recording,start_s,duration_s", *rows]) + "\n")


def listen(birds: Path, notes: Notes | None = None) -> tuple[Features, Provenance]:
    dataset = FolderDataset(birds)
    assert dataset.images
    pipeline = Pipeline(dataset, dataset.images, Runtime(batch_size=4), notes or Notes())
    (entry,) = pipeline.extract_features(Loudness())
    table = dataset.load(entry)
    assert isinstance(table, Features)
    assert table.provenance
    return table, table.provenance


def rows_of(table: Features) -> dict[str, list[float]]:
    return {
        name: [round(float(level), 1) for level in row] for name, row in zip(table.names.tolist(), table.X, strict=True)
    }


def test_an_extractor_hears_the_clip_in_the_middle_of_what_the_recording_holds_around_it(birds: Path) -> None:
    list_clips(
        birds,
        "a.png,night_0.wav,1.5,1",  # the window is from 1 to 3 s
        "inside.png,night_0.wav,1.9,0.2",  # and so is this one
        "begin.png,night_0.wav,0,0.0001",
        "end.png,night_0.wav,3.5,0.9999",
    )
    for name in ("a.png", "inside.png", "begin.png", "end.png"):
        draw(birds, name)
    rows = rows_of(listen(birds)[0])
    assert rows["a.png"] == rows["inside.png"] == [0.2, 0.2, 0.4, 0.4]
    assert rows["begin.png"] == [0, 0, 0.1, 0.1], "silence only before the beginning"
    assert rows["end.png"] == [0.8, 0.8, 0, 0], "and beyond the end"
    assert len(rows) == 4 + 16
    assert set(Loudness.batches) == {(4, 8000)}, "every batch is full, at the extractor's own rate"


def test_images_drawn_anew_change_nothing_and_another_recording_changes_its_rows(birds: Path) -> None:
    before, provenance = listen(birds)
    names = before.names.tolist()
    assert rows_of(before)["night_0_segm_0000.000.png"] != rows_of(before)["night_1_segm_0000.000.png"]
    Image.new("RGB", (7, 7)).save(birds / "images" / names[0])
    assert listen(birds)[1].key == provenance.key
    assert len(Loudness.loads) == 1, "nothing is computed again"
    list_clips(birds, *(f"{name},night_1.wav,{number % 4},0.5" for number, name in enumerate(names)))
    after, changed = listen(birds)
    assert changed.key != provenance.key
    assert changed.details.earlier, "rows of clips that were heard already are taken over"
    assert rows_of(after)[names[1]] == rows_of(before)["night_1_segm_0001.000.png"]


def test_copies_are_images_of_one_clip_and_not_images_that_look_alike(birds: Path, hearing: None, covey: Cli) -> None:
    shutil.rmtree(birds / "images")
    for number in range(6):
        draw(birds, f"{number}.png")
    list_clips(birds, *(f"{number}.png,night_0.wav,{number % 3},0.5" for number in range(6)))
    _, provenance = listen(birds)
    assert provenance.details.copies
    assert (provenance.details.copies.count, provenance.details.copies.first) == (3, ("3.png", "4.png", "5.png"))
    done = covey("run", birds, "--extractor", "octaves", *STEPS_AFTER)
    assert done.exit_code == 0, done.output
    (embedding,) = FolderDataset(birds).embeddings()
    assert embedding.provenance
    assert embedding.provenance.details.copies
    assert embedding.provenance.details.copies.count == 3
    Z = FolderDataset(birds).load(embedding).Z
    assert len(np.unique(Z.round(4), axis=0)) == 3


def test_info_says_which_sound_an_extractor_takes(birds: Path, covey: Cli) -> None:
    listen(birds)
    output = covey("info", birds).output
    assert f"sound=rate {Loudness.rate} and seconds {Loudness.seconds})" in " ".join(output.split())


@pytest.fixture
def hearing(distribution: Distribution) -> None:
    """The extractor that listens of CONTRIBUTING.md, installed."""
    distribution("covey-octaves", {"octaves": "covey_octaves"}, covey_octaves=OCTAVES)


def test_images_without_a_recording_are_left_out_and_one_sentence_says_how_many_and_why(birds: Path) -> None:
    draw(birds, "drawing.png", (1, 2, 3))
    draw(birds, "doodle.png", (3, 2, 1))
    draw(birds, "gone_segm_0001.000.png", (4, 5, 6))
    notes = Notes()
    table, provenance = listen(birds, notes)
    assert len(table.names) == 16
    sentence = (
        "loudness listens, and leaves out 3 images without sound: its name does not tell a recording, and no clips.csv"
        " lists it (2), there is no recording of that name (1)."
    )
    assert sentence in notes.lines
    assert not provenance.details.broken
    draw(birds, "doodle_2.png", (3, 3, 1))
    notes = Notes()
    assert listen(birds, notes)[1].key == provenance.key, "an image without sound changes no features"
    assert any("leaves out 4 images without sound" in line for line in notes.lines), notes.lines


def test_clips_much_shorter_than_what_is_heard_are_noted_once(birds: Path) -> None:
    notes = Notes()
    listen(birds, notes)
    sentences = [line for line in notes.lines if "neighbours sound alike" in line]
    assert sentences == [
        "loudness hears 2 s around the middle of each image, and 16 images show less than 0.67 s, so that"
        " neighbours sound alike to it: images of 2 s suit it."
    ]


def test_where_no_image_has_a_recording_nothing_is_loaded(tmp_path: Path, hearing: None, covey: Cli) -> None:
    for number in range(3):
        draw(tmp_path / "birds", f"{number}.png", (number, 0, 0))
    done = covey("run", tmp_path / "birds", "--extractor", "octaves", *STEPS_AFTER)
    assert done.exit_code == 2
    assert "octaves listens to the recordings behind the images, and none of the 3 images has one" in done.stderr
    with pytest.raises(CoveyError, match="none of the 3 images has one: its name does not tell a recording"):
        listen(tmp_path / "birds")
    assert not Loudness.loads


def test_a_recording_that_cannot_be_decoded_leaves_its_images_out_by_name(birds: Path) -> None:
    (birds / "recordings" / "noise.wav").write_bytes(b"RIFF nothing that can be heard")
    list_clips(birds, "bad.png,noise.wav,0,1", "late.png,night_0.wav,99,1", "endless.png,night_0.wav,1,0")
    for number, name in enumerate(("bad.png", "late.png", "endless.png")):
        draw(birds, name, (number, 7, 7))
    table, provenance = listen(birds)
    assert len(table.names) == 16
    assert provenance.details.broken == {
        "bad.png": "it is no sound that can be read (WAV, FLAC, OGG and MP3 can)",
        "late.png": "its clip begins after the end of the recording",
    }
    assert provenance.details.silent == {"nothing tells how long its clip is": 1}


def test_an_interrupted_pass_goes_on_and_gives_the_same_table(birds: Path, tmp_path: Path) -> None:
    list_clips(birds, *(f"{number}.png,night_0.wav,{number / 20},0.5" for number in range(60)))
    for number in range(60):
        draw(birds, f"{number}.png", (number, 1, 2))
    shutil.copytree(birds, tmp_path / "whole")
    whole, _ = listen(tmp_path / "whole")
    Loudness.batches.clear()
    Loudness.fail_at = 12
    with pytest.raises(KeyboardInterrupt):
        listen(birds)
    Loudness.fail_at = 0
    notes = Notes()
    resumed, _ = listen(birds, notes)
    assert any("going on where an earlier run stopped" in line for line in notes.lines), notes.lines
    assert len(Loudness.batches) < 12 + 19
    assert resumed.names.tolist() == whole.names.tolist()
    np.testing.assert_array_equal(resumed.X, whole.X)


def test_a_listening_extractor_runs_in_processes_and_its_run_is_made_again(
    birds: Path, tmp_path: Path, hearing: None, covey: Cli
) -> None:
    shutil.copytree(birds, tmp_path / "alone")
    words = ("--extractor", "octaves", *STEPS_AFTER)
    for home, engine in ((birds, ("--engine", "processes")), (tmp_path / "alone", ())):
        done = covey("run", home, *words, *engine)
        assert done.exit_code == 0, done.output
        assert "3 tables made" in done.stdout
    tables = [FolderDataset(home) for home in (birds, tmp_path / "alone")]
    first, second = (dataset.load(dataset.features()[0]) for dataset in tables)
    np.testing.assert_array_equal(first.X, second.X)
    clustering = FolderDataset(birds).clusterings()[0].name
    done = covey("run", "--like", birds / clustering)
    assert done.exit_code == 0, done.output
    record(birds / "recordings" / "night_1.wav", 999)
    done = covey("run", "--like", birds / clustering)
    assert done.exit_code == 2
    assert "have another content or recording" in done.stderr


def test_an_extractor_learns_from_what_it_hears(
    birds: Path, tmp_path: Path, distribution: Distribution, covey: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    distribution("covey-pupil", {"pupil": "covey_pupil"}, covey_pupil=PUPIL)
    module = importlib.import_module("covey_pupil")
    (birds / "recordings" / "noise.wav").write_bytes(b"RIFF nothing that can be heard")
    names = [path.name for path in (birds / "images").iterdir()]
    clips = [f"{name},night_{number % 2}.wav,{number // 2 % 4},0.5" for number, name in enumerate(sorted(names))]
    list_clips(birds, *clips, "copy.png,night_0.wav,0,0.5", "bad.png,noise.wav,0,1")
    draw(birds, "copy.png", (9, 8, 7))
    draw(birds, "bad.png", (9, 7, 7))
    shutil.copytree(birds, tmp_path / "whole")
    words = ("--extractor", "pupil", "--reducer", "pca", "--set", "reducer.sizes=1", "--clusterer", "kmeans")
    assert covey("run", tmp_path / "whole", *words, "--set", "clusterer.clusters=2").exit_code == 0
    contents, recordings, sounds = zip(*module.seen, strict=True)
    assert len(contents) == len({*contents}) == 8, "images of one clip are one, and a broken recording is none"
    assert {*recordings} == {hash_file(birds / "recordings" / f"night_{number}.wav") for number in range(2)}
    assert {sound.shape for sound in sounds} == {(8000,)}
    monkeypatch.setattr(module, "fail_at", 3)
    assert covey("run", birds, *words, "--set", "clusterer.clusters=2").exit_code != 0
    monkeypatch.setattr(module, "fail_at", 0)
    done = covey("run", birds, *words, "--set", "clusterer.clusters=2")
    assert "learning goes on where an earlier run stopped, after 2 epochs" in done.output
    states = [next(home.glob("learned_pupil~*.npz")) for home in (birds, tmp_path / "whole")]
    assert npz_arrays(states[0]) == npz_arrays(states[1]), "a stop changes nothing"
    for path in birds.glob("*_pupil~*.npz"):
        assert "Identical, bit for bit." in covey("run", "--like", path).output, path.name


def npz_arrays(path: Path) -> dict[str, bytes]:
    with np.load(path) as file:
        return {key: file[key].tobytes() for key in file if key.startswith("state.")}


def test_covey_says_that_it_listens(hearing: None, covey: Cli) -> None:
    assert "It listens: it takes 1 s of sound at 16,000 Hz" in covey("plugins", "show", "octaves").stdout
