"""Features of sound, pictures or words that are not in a dataset, computed as those of the dataset were."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import attrs

from covey._base.errors import CoveyError
from covey._base.files import make_folder
from covey.components import options
from covey.components.contracts import FeatureExtractor, Floats, Runtime
from covey.data.dataset import Dataset, Entry
from covey.data.folder import FolderDataset
from covey.data.images import ImageFolder
from covey.data.provenance import Provenance
from covey.data.tables import Features
from covey.experiments.pipeline import Pipeline
from covey.experiments.rebuild_component import rebuild_component
from covey.extraction.runtime import resolve_runtime
from covey.plugins.registry import Registry
from covey.sound.conversion import convert_recordings
from covey.sound.recipe_file import read_like

MOST_PIECES = 100
"""Pieces of sound that are searched for at once."""
_FILE = "query"


@attrs.frozen
class DescribedQuery:
    """The pieces of what is searched for: their pictures as files (k), if they have any, and their features (k, d)."""

    pictures: Sequence[bytes]
    X: Floats


def describe_sound(
    dataset: Dataset, entry: Entry[Features], registry: Registry, sound: bytes, suffix: str
) -> DescribedQuery:
    """Cut sound into pieces by the recipe of a dataset's images, and describe them as these were.

    Sound that is shorter than an image, and the rest at its end, is filled up with the lowest level. Of long sound the
    first MOST_PIECES count.

    Args:
        dataset: whose images and features they are.
        entry: the features.
        registry: the installed components.
        sound: the content of a sound file.
        suffix: the ending of its name, such as ".wav".

    Raises:
        CoveyError: it cannot be read, nothing tells the recipe, or what made the features is not installed.
    """
    images = dataset.images
    if images is None:
        raise CoveyError("The images of the dataset are not here, and so nothing tells how sound becomes images.")
    changes = {"cut": "grid", "first": MOST_PIECES, "loudest": 0, "silence": -1000, "last": "pad"}
    recipe = options.evolve(read_like(images.root).recipe, **changes)
    with TemporaryDirectory() as folder:
        recordings = make_folder(Path(folder) / "recordings")
        (recordings / f"{_FILE}{suffix}").write_bytes(sound)
        report = convert_recordings(recordings, Path(folder), recipe)
        target = FolderDataset(Path(folder))
        if target.images is None:
            reasons = "; ".join(recording.problem for recording in report.recordings if recording.problem)
            raise CoveyError(f"No image can be made of this sound: {reasons or 'it is silent'}.")
        return _describe(dataset, entry, registry, target, target.images)


def describe_picture(
    dataset: Dataset, entry: Entry[Features], registry: Registry, picture: bytes, suffix: str
) -> DescribedQuery:
    """Describe a picture as the images of a dataset were; arguments as for `describe_sound`.

    Raises:
        CoveyError: it cannot be read, or what made the features is not installed or listens.
    """
    with TemporaryDirectory() as folder:
        path = make_folder(Path(folder) / "images") / f"{_FILE}{suffix}"
        path.write_bytes(picture)
        target = FolderDataset(Path(folder))
        return _describe(dataset, entry, registry, target, ImageFolder(path.parent))


def describe_text(dataset: Dataset, entry: Entry[Features], registry: Registry, text: str) -> DescribedQuery:
    """Describe words where what made the features knows which words go with which images.

    Raises:
        CoveyError: it does not, or is not installed.
    """
    extractor = rebuild_extractor(entry, registry)
    if not extractor.reads_text:
        raise CoveyError(f"{extractor.name} knows no words: choose features of clip.")
    return DescribedQuery((), extractor.describe_text([text], resolve_runtime(Runtime(), extractor, 1)))


def rebuild_extractor(entry: Entry[Features], registry: Registry) -> FeatureExtractor:
    """Return the extractor that made features.

    Raises:
        CoveyError: they are of another program or joined, or it is not installed, or only in another version.
    """
    component = rebuild_component(_provenance_of(entry), registry)
    if not isinstance(component, FeatureExtractor):
        raise CoveyError(f"{entry.name} joins several tables of features: choose one of these.")
    return component


def _provenance_of(entry: Entry[Features]) -> Provenance:
    if entry.provenance is None:
        raise CoveyError(f"Nothing tells what made {entry.name}: choose other features.")
    return entry.provenance


def _describe(
    dataset: Dataset, entry: Entry[Features], registry: Registry, target: FolderDataset, images: ImageFolder
) -> DescribedQuery:
    """Return features of the images of a small dataset, computed as those of another one."""
    provenance, extractor = _provenance_of(entry), rebuild_extractor(entry, registry)
    if provenance.state:
        target.save([dataset.load(dataset.find(provenance.state.key))])
    entries = Pipeline(target, images, Runtime()).extract_features(extractor)
    table = target.load_points(entries[0])
    return DescribedQuery([images.path(name).read_bytes() for name in table.names.tolist()], table.points)
