"""Extractors that learn from the user's images: once, whole after any stop, used again, made again and published."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from PIL import Image
from tests.core.learned_patterns import PATTERNS
from tests.fixture_types import Cli, Distribution

from covey import (
    CoveyError,
    Epoch,
    Extract,
    FeatureExtractor,
    Runtime,
    State,
    TrainingClips,
    component,
    option,
)
from covey._base.digests import hash_file
from covey._base.progress import Progress, Step
from covey.data.folder import FolderDataset
from covey.data.formats import npz
from covey.data.provenance import Provenance
from covey.data.tables import Features, LearnedState
from covey.experiments.experiment import read_experiment
from covey.experiments.jobs.export_experiment import command_words, to_toml
from covey.experiments.pipeline import Pipeline
from covey.outputs.methods_text import describe_methods
from covey.plugins.registry import Registry
from covey.testing import tiny_images


@component
class Average(FeatureExtractor):
    """The difference of an image from the average brightness, which it learns."""

    name = "average"
    fits: ClassVar[list[int]] = []
    losses: ClassVar[dict[int, float]] = {}
    runtimes: ClassVar[list[Runtime]] = []
    seen: ClassVar[list[tuple[str, str | None]]] = []
    fail_at: ClassVar[int] = 0

    epochs: int = option(default=3, ge=1, learning=True, help="Passes over the images. More passes, more epochs.")
    scale: float = option(default=1.0, help="Factor of the features. Raising it enlarges them.")

    def fit(self, clips: TrainingClips, runtime: Runtime, checkpoint: State | None) -> Iterator[Epoch]:
        done, mean = (int(checkpoint["epoch"]), float(checkpoint["mean"])) if checkpoint else (0, 0.0)
        self.fits.append(done)
        self.runtimes.append(runtime)
        self.seen[:] = [(clip.content, clip.recording) for clip in clips]
        for number in range(done + 1, self.epochs + 1):
            if number == self.fail_at:
                raise KeyboardInterrupt
            mean = (mean + float(np.mean([clip.pixels.mean() for clip in clips]))) / 2
            state = {"mean": np.array(mean), "epoch": np.array(number)}
            yield Epoch(state=state, loss=self.losses.get(number, 1 / number), number=number, total=self.epochs)

    def load(self, runtime: Runtime, state: State | None = None) -> Extract:
        mean = float((state or {})["mean"])
        return lambda pixels: [(pixels.mean(axis=(1, 2), dtype=np.float32) - np.float32(mean)) * np.float32(self.scale)]


@pytest.fixture(autouse=True)
def forget() -> None:
    Average.fits.clear()
    Average.losses.clear()
    Average.runtimes.clear()
    Average.fail_at = 0


@pytest.fixture
def home(tmp_path: Path) -> Path:
    tiny_images(tmp_path / "home" / "images", 6)
    return tmp_path / "home"


class Notes(Progress):
    """Remembers notes, steps and what they said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    @contextmanager
    def step(self, title: str, total: int, unit: str) -> Iterator[Step]:
        self.lines.append(f"{title}: {total} {unit}")
        lines = self.lines

        class Said(Step):
            def say(self, text: str) -> None:
                lines.append(text)

        yield Said()

    def note(self, text: str) -> None:
        self.lines.append(text)


def extract(
    home: Path, extractor: FeatureExtractor, notes: Progress | None = None, runtime: Runtime | None = None
) -> Features:
    dataset = FolderDataset(home)
    assert dataset.images
    pipeline = Pipeline(dataset, dataset.images, runtime or Runtime(), notes or Progress())
    (entry,) = pipeline.extract_features(extractor)
    features = dataset.load(entry)
    assert isinstance(features, Features)
    return features


def states(home: Path) -> list[LearnedState]:
    dataset = FolderDataset(home)
    return [dataset.load(entry) for entry in dataset.states()]


def provenance_of(table: Features | LearnedState) -> Provenance:
    assert table.provenance
    return table.provenance


def tables(home: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in home.glob("*.npz")}


def test_what_is_learned_is_a_table_with_its_loss_and_the_images_it_is_of(home: Path) -> None:
    features = extract(home, Average())
    (state,) = states(home)
    assert sorted(state.names.tolist()) == sorted(features.names.tolist())
    assert sorted(state.arrays) == ["epoch", "mean"]
    provenance = provenance_of(state)
    assert provenance.options == {"epochs": 3}
    assert list(provenance.details.losses) == [1.0, 0.5, 1 / 3]
    used = provenance_of(features).state
    assert used
    assert used.key == provenance.key
    assert not list((home / ".covey" / "learning").iterdir())


def test_it_learns_once_and_again_only_when_a_learning_option_changes(home: Path) -> None:
    for extractor in (Average(), Average(), Average(scale=2.0), Average(epochs=2), Average(epochs=2, scale=3.0)):
        extract(home, extractor)
    assert Average.fits == [0, 0]
    assert len(states(home)) == 2


def test_the_clips_have_content_and_recording_and_copies_are_one(home: Path) -> None:
    images = home / "images"
    (images / "copy.png").write_bytes((images / "image_000.png").read_bytes())
    (images / "broken.png").write_bytes(b"no image")
    extract(home, Average())
    assert len(Average.seen) == 6
    assert [recording for _, recording in Average.seen] == [None] * 6
    assert [content for content, _ in Average.seen] == sorted({content for content, _ in Average.seen})


def test_a_clip_knows_its_recording(tmp_path: Path, covey: Cli) -> None:
    soundfile = pytest.importorskip("soundfile", reason="needs covey[sound]")
    (tmp_path / "recordings").mkdir()
    recording, home = tmp_path / "recordings" / "wren.wav", tmp_path / "home"
    soundfile.write(recording, np.random.default_rng(0).normal(0, 0.1, 22050 * 3), 22050)
    done = covey("spectrograms", tmp_path / "recordings", home)
    assert done.exit_code == 0, done.output
    extract(home, Average())
    assert {recorded for _, recorded in Average.seen} == {hash_file(recording)}


def test_new_images_use_what_was_learned_and_earlier_rows_stay(home: Path) -> None:
    before = extract(home, Average())
    tiny_images(home / "images", 8)
    notes = Notes()
    after = extract(home, Average(), notes)
    assert Average.fits == [0]
    assert np.array_equal(after.X[:6], before.X)
    assert any("learned from 6 images earlier" in line and "the 8 images of now" in line for line in notes.lines)
    assert any("the features of 6 unchanged images stay" in line for line in notes.lines)


def test_a_renamed_image_is_the_same_to_learn_from(home: Path) -> None:
    extract(home, Average())
    (home / "images" / "image_000.png").rename(home / "images" / "renamed.png")
    notes = Notes()
    extract(home, Average(), notes)
    assert Average.fits == [0]
    assert not any("earlier" in line for line in notes.lines)


def test_learning_shows_every_epoch_with_its_loss(home: Path) -> None:
    notes = Notes()
    extract(home, Average(), notes)
    assert "Learning from 6 images, number 1 (average): 1 epoch" in notes.lines
    assert "Learning on after 1 of 3 (average): 2 epoch" in notes.lines
    assert [line for line in notes.lines if line.startswith("loss")] == ["loss 1", "loss 0.5", "loss 0.3333"]


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_ends_learning_with_a_sentence(home: Path, loss: float) -> None:
    Average.losses[2] = loss
    with pytest.raises(CoveyError, match="average: the loss of epoch 2 of 3 is not a finite number, so learning has"):
        extract(home, Average())
    assert not states(home)
    Average.losses.clear()
    extract(home, Average())
    assert Average.fits == [0, 0]


def test_learning_goes_on_with_the_settings_of_its_first_start(home: Path, covey: Cli) -> None:
    Average.fail_at = 3
    with pytest.raises(KeyboardInterrupt):
        extract(home, Average(), runtime=Runtime(batch_size=4))
    assert "average: 2 epochs, in " in covey("info", home).stdout
    Average.fail_at = 0
    notes = Notes()
    extract(home, Average(), notes, Runtime(batch_size=5))
    assert Average.fits == [0, 2]
    assert [runtime.batch_size for runtime in Average.runtimes] == [4, 4]
    assert any("learning goes on where an earlier run stopped, after 2 epochs" in line for line in notes.lines)
    assert any("average keeps the settings with which it began to learn (batch_size=4" in line for line in notes.lines)
    (state,) = states(home)
    assert len(provenance_of(state).details.losses) == 3


KILLED = """
import os, re, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from covey import Runtime
from covey.data.folder import FolderDataset
from covey.experiments.pipeline import Pipeline
from covey_patterns import Patterns

left = int(sys.argv[3])

def watch(event, words):
    global left
    parts = set(re.split("[/~.]", str(words[0]))) if event in ("os.rename", "os.remove") else set()
    if parts & {"learning", "learned_patterns"}:
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(watch)
dataset = FolderDataset(Path(sys.argv[2]))
Pipeline(dataset, dataset.images, Runtime()).extract_features(Patterns())
"""


def learn_and_die(site: Path, home: Path, moment: int) -> bool:
    """Learn in a process that is killed before it writes for the `moment`-th time; return whether it came so far."""
    command = [sys.executable, "-c", KILLED, str(site), str(home), str(moment)]
    process = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert process.returncode in (0, -signal.SIGKILL), process.stderr
    return process.returncode != 0


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_learning_that_is_killed_again_and_again_ends_in_the_same_files(tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "covey_patterns.py").write_text(PATTERNS, "utf-8")
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    for folder in (whole, killed):
        tiny_images(folder / "images", 12)
    assert not learn_and_die(site, whole, 1000)
    deaths = [learn_and_die(site, killed, moment) for moment in (1, 2, 3, 4, 3)]
    assert all(deaths)
    assert not learn_and_die(site, killed, 1000)
    assert tables(killed) == tables(whole)
    assert len(tables(whole)) == 2
    assert not list(killed.rglob("*.tmp"))


def run_patterns(covey: Cli, home: Path, *words: object) -> str:
    light = (
        "--reducer",
        "pca",
        "--clusterer",
        "dbscan",
        "--set",
        "reducer.sizes=2",
        "--set",
        "clusterer.min_samples=2",
    )
    done = covey("run", home, "--extractor", "patterns", *light, *words)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture
def patterns(distribution: Distribution) -> None:
    distribution("covey-patterns", {"patterns": "covey_patterns"}, covey_patterns=PATTERNS)


@pytest.mark.usefixtures("patterns")
def test_a_run_learns_and_says_so_before_and_after(covey: Cli, home: Path) -> None:
    planned = run_patterns(covey, home, "--dry-run")
    assert "learning" in planned
    assert "4 tables to make" in planned
    assert "4 tables made" in run_patterns(covey, home)
    assert "0 tables made, 4 kept" in run_patterns(covey, home)
    listed = covey("info", home).output
    assert "Learned: 1" in listed
    assert "1,025 numbers, learned from 6 images" in listed
    assert "learned in 8 epochs, with a loss of" in listed


@pytest.mark.usefixtures("patterns")
def test_it_learns_again_when_it_is_asked_to(covey: Cli, home: Path) -> None:
    run_patterns(covey, home)
    tiny_images(home / "images", 9)
    assert "learning" in run_patterns(covey, home, "--dry-run")
    run_patterns(covey, home)
    assert len(states(home)) == 1
    run_patterns(covey, home, "--learn-again")
    assert sorted(len(state.names) for state in states(home)) == [6, 9]
    assert "0 tables made" in run_patterns(covey, home)  # what was learned from these very images


@pytest.mark.usefixtures("patterns")
def test_a_table_behind_learning_is_made_again_bit_for_bit(covey: Cli, home: Path) -> None:
    run_patterns(covey, home)
    tiny_images(home / "images", 9)
    run_patterns(covey, home)
    for path in home.glob("*.npz"):
        done = covey("run", "--like", path)
        assert done.exit_code == 0, done.output
        assert "Identical, bit for bit." in done.output
    Image.new("RGB", (48, 32)).save(home / "images" / "image_000.png")
    (state,) = home.glob("learned_*.npz")
    assert "(some have another content or recording): it cannot be made again" in covey("run", "--like", state).output


@pytest.mark.usefixtures("patterns")
def test_methods_say_what_was_learned(covey: Cli, home: Path) -> None:
    run_patterns(covey, home)
    (clustering,) = FolderDataset(home).clusterings()
    assert clustering.provenance
    text = describe_methods(clustering.provenance, Registry.installed())
    assert text.startswith("patterns (version 1 of the component; epochs = 8) learned from spectrogram images.")
    assert "Its loss went from 0." in text


@pytest.mark.usefixtures("patterns")
def test_a_state_goes_with_the_dataset_to_be_applied_elsewhere(covey: Cli, home: Path, tmp_path: Path) -> None:
    run_patterns(covey, home)
    (state,) = home.glob("learned_*.npz")
    assert state in FolderDataset(home).files
    elsewhere = tmp_path / "elsewhere"
    tiny_images(elsewhere / "images", 5)
    (elsewhere / state.name).write_bytes(state.read_bytes())
    assert "3 tables made, 1 kept" in run_patterns(covey, elsewhere).replace("kept from before", "kept")
    assert len(states(elsewhere)) == 1


@pytest.mark.usefixtures("patterns")
def test_an_experiment_file_says_that_extractors_learn_again(covey: Cli, home: Path, tmp_path: Path) -> None:
    file, registry = tmp_path / "covey.toml", Registry.installed()
    file.write_text(f'dataset = "{home.as_posix()}"\nlearn_again = true\n[extractor]\nuse = "patterns"\n', "utf-8")
    experiment = read_experiment(file, registry)
    assert experiment.learn_again
    assert "--learn-again" in (command_words(experiment, registry) or [])
    file.write_text(to_toml(experiment, registry), "utf-8")
    assert read_experiment(file, registry) == experiment
    file.write_text(f'dataset = "{home.as_posix()}"\nlearn_again = 1\n', "utf-8")
    assert "line 2: learn_again must be true or false, not 1" in covey("run", file).output


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ({}, "holds 1 to 10,000 arrays, not 0"),
        ({"a/b": np.zeros(1)}, "'a/b' cannot name an array"),
        ({"a": np.array([None])}, "its 'a' is an array of object"),
        ({"a": [1.0]}, "its 'a' is list"),
    ],
)
def test_a_state_that_no_file_can_hold_is_refused(tmp_path: Path, state: State, sentence: str) -> None:
    with pytest.raises(CoveyError, match=sentence):
        npz.write(tmp_path / "state.npz", LearnedState(names=[], arrays=state, provenance=None))
    assert not list(tmp_path.iterdir())
