"""The pipeline: every step of an experiment, computed once and kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from covey import options, provenance
from covey.components import Clusterer, Component, FeatureExtractor, Reducer, Runtime, cluster
from covey.errors import CoveyError
from covey.experiment import Experiment
from covey.extraction import checks
from covey.extraction.shards import under_way
from covey.extraction.work import Extraction
from covey.files import make_folder
from covey.images import ImageFile, ImageFolder, key_of
from covey.layers import expand
from covey.locations import create_dataset, open_dataset
from covey.lock import alone
from covey.progress import SILENT, Progress
from covey.provenance import Provenance
from covey.registry import Registry
from covey.runtime import Machine
from covey.storage import Dataset, Entry
from covey.tables import Clustering, Embedding, Features, Table
from covey.versions import versions


@attrs.frozen(kw_only=True)
class Results:
    """What a run gives: the dataset that holds it, its clusterings in order, and how many tables were made or kept."""

    dataset: Dataset
    clusterings: list[Entry]
    made: int
    kept: int


def run(
    experiment: Experiment, registry: Registry, progress: Progress = SILENT, machine: Machine | None = None
) -> Results:
    """Run every combination of an experiment; steps that are kept already are not computed again.

    Raises:
        CoveyError: there are no images, another run is at work in the folder, or a step cannot be done. What was
            finished before is kept.
    """
    dataset, images = places(experiment, registry)
    with alone(workplace(dataset) / "lock"):
        pipeline = Pipeline(dataset, images, machine or Machine(), progress)
        found = [entry for extractor in experiment.extractors for entry in pipeline.follow(extractor, experiment)]
    made = len(pipeline.made)
    return Results(dataset=dataset, clusterings=found, made=made, kept=len(pipeline.used - pipeline.made))


def places(experiment: Experiment, registry: Registry) -> tuple[Dataset, ImageFolder]:
    """Return the dataset for the results and the folder with the images. Raises CoveyError."""
    source = open_dataset(registry, experiment.dataset)
    images = source.images
    if images is None:
        raise CoveyError(f"There are no images (PNG or JPEG) in {experiment.dataset}: name a folder that holds some.")
    return (create_dataset(registry, experiment.out, images.root) if experiment.out else source), images


def workplace(dataset: Dataset) -> Path:
    """Return the folder of a dataset for what can be made again. Raises CoveyError."""
    return make_folder(dataset.home / ".covey")


class Pipeline:
    """The steps on one dataset. Each returns the entries of what is kept, having computed only what was missing."""

    def __init__(
        self, dataset: Dataset, images: ImageFolder, machine: Machine | Runtime, progress: Progress = SILENT
    ) -> None:
        self.dataset = dataset
        self.images = images
        self.machine = machine
        self.progress = progress
        self.work = workplace(dataset)
        self.files: list[ImageFile] = images.index(self.work / "images.json", progress)
        self.kept: dict[str, Entry] = {}
        self.made: set[str] = set()
        self.used: set[str] = set()
        self._list()

    def follow(self, extractor: FeatureExtractor, experiment: Experiment) -> list[Entry]:
        """Return the clusterings of everything that follows from one extractor."""
        found = []
        for features in self.features(extractor):
            embeddings = [item for reducer in experiment.reducers for item in self.embeddings(reducer, features)]
            for clusterer in experiment.clusterers:
                inputs = [features] if clusterer.takes == "features" else embeddings
                found += [self.clustering(clusterer, entry) for entry in inputs]
        return found

    def features(self, extractor: FeatureExtractor) -> list[Entry]:
        """Return the features of an extractor, one entry for each layer."""
        parts = options.parts(expand(extractor, self.work / "layers.json"))
        made = [provenance.of(part, key_of(self.files)) for part in parts]
        missing = self._missing(parts, made)
        if missing:
            self._extraction(extractor).extract(missing)
            self._note([one.key for part, one in zip(parts, made, strict=True) if part in missing])
        entries = self._entries(made)
        for one in made:
            under_way(self.work, one).clear()
        sentences = [sentence for entry in entries for sentence in checks.sentences(_made(entry), entry.shape[1])]
        for sentence in dict.fromkeys(sentences):
            self.progress.note(sentence)
        return entries

    def embeddings(self, reducer: Reducer, features: Entry) -> list[Entry]:
        """Return the embeddings of a reducer, one entry for each size."""
        parts = options.parts(reducer)
        made = [provenance.of(part, _made(features)) for part in parts]
        missing = self._missing(parts, made)
        if missing:
            self._save(self._reduce(options.join(missing), features))
        return self._entries(made)

    def clustering(self, clusterer: Clusterer, entry: Entry) -> Entry:
        """Return the clustering of one embedding, or of features where the clusterer takes those."""
        made = provenance.of(clusterer, _made(entry))
        if self._missing([clusterer], [made]):
            self._save([self._cluster(clusterer, entry)])
        return self._entries([made])[0]

    def _reduce(self, reducer: Reducer, entry: Entry) -> list[Table]:
        if max(reducer.sizes) > entry.shape[1]:
            told = f"{max(reducer.sizes)} dimensions cannot be made of {entry.shape[1]} features"
            raise CoveyError(f"{reducer.name}: {told}: choose smaller sizes, or a layer with more features.")
        features = self.dataset.load(entry)
        assert isinstance(features, Features)
        arrays: dict[int, NDArray[np.float32]] = {}
        sizes = list(dict.fromkeys([2, *reducer.sizes]))
        with self.progress.step(f"Reducing {entry.shape[1]} features ({reducer.name})", len(sizes), "size") as step:
            step.say(reducer.starting)
            for size, array in zip(sizes, reducer.reduce(features.X, sizes), strict=True):
                arrays[size] = _checked(reducer, array, (len(features.names), size))
                step.say("")
                step.advance()
        tables: list[Table] = []
        for part in options.parts(reducer):
            size = part.sizes[0]
            made = provenance.of(part, _made(entry), versions=versions(reducer))
            tables.append(Embedding(names=features.names, Z=arrays[size], map=arrays[2], provenance=made))
        return tables

    def _cluster(self, clusterer: Clusterer, entry: Entry) -> Clustering:
        table = self.dataset.load(entry)
        assert not isinstance(table, Clustering)
        Z = table.X if isinstance(table, Features) else table.Z
        with self.progress.step(f"Clustering {len(Z)} images ({clusterer.name})", 1, "clustering") as step:
            step.say(clusterer.starting)
            suited = clusterer.suited(Z)
            labels = step.tick(cluster(suited, Z))
        details = {"versions": versions(clusterer), "chosen": _chosen(clusterer, suited)}
        made = provenance.of(clusterer, _made(entry), **details)
        return Clustering(names=table.names, labels=labels, provenance=made)

    def _extraction(self, extractor: FeatureExtractor) -> Extraction:
        return Extraction(self.dataset, self.work, self.images, self.files, self._runtime(extractor), self.progress)

    def _runtime(self, extractor: FeatureExtractor) -> Runtime:
        """Return how to compute; the machine is looked at, which takes torch, only for an extractor that needs it."""
        if isinstance(self.machine, Runtime):
            return self.machine
        if "torch" not in extractor.requires:
            size = self.machine.batch_size or Runtime().batch_size
            return Runtime(batch_size=size, workers=self.machine.workers or 0)
        sizes = Counter((file.height, file.width) for file in self.files)
        return self.machine.runtime(max(sizes.values(), default=0))

    def _missing(self, parts: Sequence[Any], made: Sequence[Provenance]) -> list[Any]:
        return [part for part, one in zip(parts, made, strict=True) if one.key not in self.kept]

    def _entries(self, made: Sequence[Provenance]) -> list[Entry]:
        self.used.update(one.key for one in made)
        return [self.kept[one.key] for one in made]

    def _save(self, tables: Sequence[Table]) -> None:
        self.dataset.save(tables)
        self._note([table.provenance.key for table in tables if table.provenance])

    def _note(self, keys: Iterable[str]) -> None:
        """These tables have been made."""
        self.made.update(keys)
        self._list()

    def _list(self) -> None:
        self.kept = {entry.provenance.key: entry for entry in self.dataset.entries() if entry.provenance}


def _chosen(clusterer: Clusterer, suited: Clusterer) -> dict[str, Any]:
    """Return the options that the data have decided."""
    given = options.values(clusterer)
    return {name: value for name, value in options.values(suited).items() if value != given[name]}


def _made(entry: Entry) -> Provenance:
    assert entry.provenance is not None
    return entry.provenance


def _checked(component: Component, array: Any, shape: tuple[int, int]) -> NDArray[np.float32]:
    found: NDArray[np.float32] = np.asarray(array, dtype=np.float32)
    if found.shape != shape:
        raise CoveyError(f"{component.name} must give an array of shape {shape}, but gave {found.shape}.")
    if not np.isfinite(found).all():
        raise CoveyError(f"{component.name} gave values that are not finite: try other options.")
    return found
