"""What is not in a dataset is described as its images were: the clip that it was cut from is found first."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from covey import CoveyError, Dataset, Features, Floats, Runtime, component
from covey.data.folder import FolderDataset
from covey.experiments.describe_query import describe_picture, describe_sound, describe_text
from covey.experiments.pipeline import Pipeline
from covey.frontend import Entry, Recipe, Registry, nearest_by_cosine, nearest_to_points
from covey.sound.conversion import convert_recordings
from covey.testing import Brightness, registry_of, tiny_dataset

soundfile = pytest.importorskip("soundfile")
RATE = 24_000


@component
class Wordy(Brightness):
    """Features by which words can be searched too."""

    name = "wordy"

    def describe_text(self, texts: Sequence[str], runtime: Runtime) -> Floats:
        """Return the direction of bright images for "bright", the opposite for anything else."""
        return np.array([[1.0 if text == "bright" else -1.0] for text in texts], dtype=np.float32)


def chirp(seed: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    rng = np.random.default_rng(seed)
    times_s = np.arange(4 * RATE) / RATE
    sweep = np.sin(2 * np.pi * (1500 + 600 * seed + 400 * times_s) * times_s)
    return np.asarray(0.4 * sweep + rng.normal(0, 0.05, len(times_s)), dtype=np.float32)


@pytest.fixture(scope="module")
def registry() -> Registry:
    return registry_of(Brightness)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Images of five recordings, and their features."""
    home = tmp_path_factory.mktemp("query")
    (home / "recordings").mkdir()
    for seed in range(5):
        soundfile.write(home / "recordings" / f"r{seed}.wav", chirp(seed), RATE)
    convert_recordings(home / "recordings", home, Recipe(segment=0.5, step=1.0, scale="mel"))
    dataset = FolderDataset(home)
    assert dataset.images
    Pipeline(dataset, dataset.images, Runtime()).extract_features(Brightness())
    return dataset


def entry_of(dataset: Dataset) -> Entry[Features]:
    return dataset.features()[0]


def find(dataset: Dataset, points: Floats) -> str:
    """Return the name of the image that is nearest to a query."""
    table = dataset.load(entry_of(dataset))
    return str(table.names[nearest_to_points(table.X, points, 1)[0]])


def as_file(samples: Floats, suffix: str) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, RATE, format=suffix.lstrip("."))
    return buffer.getvalue()


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_a_clip_is_found_by_its_sound(dataset: Dataset, registry: Registry, suffix: str) -> None:
    sound = as_file(chirp(3)[RATE : RATE + RATE // 2], suffix)
    query = describe_sound(dataset, entry_of(dataset), registry, sound, suffix)
    assert len(query.pictures) == len(query.X) == 1
    assert find(dataset, query.X) == "r3_segm_0001.000.png"


def test_an_image_is_found_by_its_picture(dataset: Dataset, registry: Registry) -> None:
    assert dataset.images
    picture = dataset.images.path("r1_segm_0002.500.png").read_bytes()
    query = describe_picture(dataset, entry_of(dataset), registry, picture, ".png")
    assert find(dataset, query.X) == "r1_segm_0002.500.png"


def test_a_long_sound_is_searched_piece_by_piece_and_a_short_one_filled_up(
    dataset: Dataset, registry: Registry
) -> None:
    long_query = describe_sound(dataset, entry_of(dataset), registry, as_file(chirp(2), ".wav"), ".wav")
    assert len(long_query.X) == 8
    short_query = describe_sound(dataset, entry_of(dataset), registry, as_file(chirp(2)[: RATE // 5], ".wav"), ".wav")
    assert len(short_query.X) == 1


def test_what_cannot_be_read_is_said_in_a_sentence(dataset: Dataset, registry: Registry) -> None:
    with pytest.raises(CoveyError, match="No image can be made of this sound: it is no sound that can be read"):
        describe_sound(dataset, entry_of(dataset), registry, b"nothing", ".wav")
    with pytest.raises(CoveyError, match="query"):
        describe_picture(dataset, entry_of(dataset), registry, b"nothing", ".png")


def test_words_need_an_extractor_that_reads_them(dataset: Dataset, registry: Registry) -> None:
    with pytest.raises(CoveyError, match="brightness knows no words"):
        describe_text(dataset, entry_of(dataset), registry, "a whistle")


def test_words_are_described_by_what_made_the_features(tmp_path: Path) -> None:
    home = tiny_dataset(tmp_path)
    images = home.images
    assert images
    Pipeline(home, images, Runtime()).extract_features(Wordy())
    entry = next(entry for entry in home.features() if entry.provenance and entry.provenance.component == "wordy")
    query = describe_text(home, entry, registry_of(Wordy), "bright")
    assert query.X.tolist() == [[1.0]]


def test_words_find_the_images_that_point_where_they_do() -> None:
    X = np.array([[0.2, 0.1], [5, -5], [-1, 0]], dtype=np.float32)
    assert nearest_by_cosine(X, np.array([[1, 0.5]], dtype=np.float32), 2).tolist() == [0, 1]
    assert Wordy().reads_text
    assert not Brightness().reads_text
