"""The pipeline: every step of an experiment, computed once and kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from covey._base.errors import CoveyError, did_you_mean, reason
from covey._base.files import WORK, make_folder
from covey._base.progress import SILENT, Progress
from covey._base.run_lock import hold_run_lock
from covey._base.run_log import FILE, LOGGER, LoggedProgress, log_to_file
from covey._base.text import count_noun, preview
from covey.components import options
from covey.components.contracts import (
    Clusterer,
    Component,
    FeatureExtractor,
    Floats,
    Labels,
    Prepared,
    Reducer,
    Runtime,
    cluster,
)
from covey.components.kinds import Kind
from covey.components.versions import package_versions
from covey.data import clusters_csv as clusters
from covey.data.dataset import AnyEntry, Dataset, Entry, is_entry_of
from covey.data.images import ImageFile, ImageFolder, key_of
from covey.data.provenance import Details, Provenance
from covey.data.tables import Clustering, Embedding, PointTable, Table
from covey.experiments.distinct_images import DistinctImages, find_distinct_images
from covey.experiments.experiment import Experiment
from covey.experiments.plan import Line, Task, plan_task, plan_tasks, summarize_tasks
from covey.extraction import notes as checks
from covey.extraction.layer_wildcards import expand_wildcards
from covey.extraction.runner import Extraction
from covey.extraction.runtime import check_settings, resolve_runtime
from covey.extraction.shards import shards_of
from covey.plugins.locations import create_dataset, open_dataset
from covey.plugins.registry import Registry


@attrs.frozen
class Failure:
    """A table that could not be made, why in one sentence, and the error itself."""

    made: Provenance
    reason: str
    error: Exception


@attrs.frozen(kw_only=True)
class Results:
    """What a run gives: the dataset that holds it, its clusterings in order, how many tables were made or kept.

    `failures` are the tables that could not be made; what would have followed from them is not there either.
    """

    dataset: Dataset
    clusterings: list[Entry[Clustering]]
    made: int
    kept: int
    failures: list[Failure]


def run_experiment(
    experiment: Experiment, registry: Registry, progress: Progress = SILENT, runtime: Runtime | None = None
) -> Results:
    """Run every combination of an experiment; steps that are kept already are not computed again.

    A combination that fails stops no other. The clusters are also written as a table, clusters.csv.

    Raises:
        CoveyError: there are no images, another run is at work in the folder, or every combination failed. What was
            finished before is kept.
    """
    dataset, images = open_run_dataset(experiment, registry, progress)
    work = work_folder(dataset)
    with hold_run_lock(work / "lock"), log_to_file(work / FILE):
        pipeline = Pipeline(dataset, images, runtime or experiment.runtime, LoggedProgress(progress))
        tasks = pipeline.plan(experiment)
        failures = [failure for task in tasks for failure in pipeline.attempt(task)]
        keys = dict.fromkeys(computed.key for task in tasks for computed in task.made)
        entries = pipeline.kept
    run_entries = {key: entries[key] for key in keys if key in entries}
    clusterings = [entry for entry in run_entries.values() if is_entry_of(entry, Clustering)]
    if not clusterings:
        raise CoveyError("\n".join(dict.fromkeys(failure.reason for failure in failures))) from failures[0].error
    clusters.write_dataset_clusters(dataset, clusterings)
    computed = len(pipeline.made)
    return Results(
        dataset=dataset, clusterings=clusterings, made=computed, kept=len(run_entries) - computed, failures=failures
    )


def plan_run(experiment: Experiment, registry: Registry, progress: Progress = SILENT) -> list[Line]:
    """Return what a run would do; nothing is computed but what the images contain. Raises CoveyError."""
    pipeline = Pipeline(*open_run_dataset(experiment, registry, progress), Runtime(), progress)
    return summarize_tasks(pipeline.plan(experiment), pipeline.kept)


def open_run_dataset(
    experiment: Experiment, registry: Registry, progress: Progress = SILENT
) -> tuple[Dataset, ImageFolder]:
    """Return the dataset for the results and the folder with the images. Raises CoveyError."""
    source = open_dataset(registry, experiment.dataset, progress)
    images = source.images
    if images is None:
        raise CoveyError(f"There are no images (PNG or JPEG) in {experiment.dataset}: name a folder that holds some.")
    return (create_dataset(registry, experiment.out, images.root) if experiment.out else source), images


def work_folder(dataset: Dataset) -> Path:
    """Return the folder of a dataset for what can be made again. Raises CoveyError."""
    return make_folder(dataset.home / WORK)


class Pipeline:
    """The steps on one dataset, each of which computes only what is missing."""

    def __init__(self, dataset: Dataset, images: ImageFolder, runtime: Runtime, progress: Progress = SILENT) -> None:
        self.dataset = dataset
        self.images = images
        self.runtime = runtime
        self.progress = progress
        self.work = work_folder(dataset)
        self.files: list[ImageFile] = images.index(self.work / "images.json", progress)
        self.made: set[str] = set()
        self._kept: dict[str, AnyEntry] | None = None
        self._versions: dict[type, dict[str, str]] = {}

    @property
    def kept(self) -> dict[str, AnyEntry]:
        """The tables of the dataset by their keys."""
        if self._kept is None:
            self._kept = self.dataset.entries_by_key()
        return self._kept

    def plan(self, experiment: Experiment) -> list[Task]:
        """Return the tasks of an experiment. Raises CoveyError over absent features or layers."""
        for sentence in check_settings(self.runtime, experiment.extractors):
            self.progress.note(sentence)
        earlier_features = [self._features_of(name) for name in experiment.features]
        return plan_tasks(experiment, key_of(self.files), earlier_features, self._expanded)

    def features(self, extractor: FeatureExtractor) -> list[AnyEntry]:
        """Return the features of an extractor, one entry for each layer. Raises CoveyError."""
        extraction = plan_task(options.split_plural(self._expanded(extractor)), key_of(self.files))
        self.make(extraction)
        return [self._entry(made) for made in extraction.made]

    def attempt(self, task: Task) -> list[Failure]:
        """Make what is missing of a task, and return what failed; one part that fails leaves the others whole."""
        if task.source and task.source.key not in self.kept:
            return []
        try:
            self.make(task)
        except Exception as error:  # a plugin may raise anything
            LOGGER.debug("%s failed", task.component, exc_info=error)
            pending = task.missing(self.kept)
            if len(pending.parts) > 1:
                return [failure for half in pending.halves() for failure in self.attempt(half)]
            return [Failure((pending.made or task.made)[0], _sentence(task, error, self.work / FILE), error)]
        return []

    def make(self, task: Task) -> None:
        """Make what is missing of a task. Raises CoveyError, and whatever else a plugin raises."""
        pending = task.missing(self.kept)
        if pending.parts:
            steps = {Kind.EXTRACTOR: self._extract, Kind.REDUCER: self._reduce, Kind.CLUSTERER: self._cluster}
            steps[task.kind](pending)
        if task.kind is Kind.EXTRACTOR:
            self._finish(task)

    def _features_of(self, name: str) -> Provenance:
        """Return the provenance of the features that are kept under a name. Raises CoveyError."""
        entries_by_name = {entry.name: entry for entry in self.dataset.features()}
        if name not in entries_by_name:
            problem = f"There are no features {name!r} in {self.dataset.location}."
            raise CoveyError(
                f"{problem}{did_you_mean(name, entries_by_name)} There are: {preview(list(entries_by_name)) or 'none'}."
            )
        origin = entries_by_name[name].provenance
        if origin is None:
            raise CoveyError(f"{name} does not say how it was made: bring it in by covey import features.")
        return origin

    def _expanded(self, extractor: FeatureExtractor) -> FeatureExtractor:
        return expand_wildcards(extractor, self.work / "layers.json")

    def _extract(self, task: Task) -> None:
        self._extraction(options.join_plural(task.parts)).extract(task.parts)
        self._note(task.made)

    def _finish(self, task: Task) -> None:
        """Clear away unfinished work, of earlier runs too, and tell what was noticed about images and features."""
        for origin in task.made:
            shards_of(self.work, origin).clear()
        entries = [self._entry(origin) for origin in task.made]
        extractor = task.parts[0]
        precision = self.runtime.precision if "precision" in extractor.uses else None
        sentences = [
            sentence
            for entry in entries
            for sentence in checks.describe_features(_provenance_of(entry), entry.shape[1], precision)
        ]
        for sentence in dict.fromkeys(sentences):
            self.progress.note(sentence)

    def _reduce(self, task: Task) -> None:
        entry, reducer = self._source(task), options.join_plural(task.parts)
        if max(reducer.sizes) > entry.shape[1]:
            size, width = count_noun(max(reducer.sizes), "dimension"), count_noun(entry.shape[1], "feature")
            raise CoveyError(
                f"{reducer.name}: {size} cannot be computed from {width}: choose smaller sizes, or a layer with more"
                " features."
            )
        features = self.dataset.load_points(entry)
        distinct = self._distinct_images(features)
        arrays = self._reduced(reducer, features.points, distinct)
        tables = []
        for part in task.parts:
            details = Details(versions=self._versions_of(reducer), copies=distinct.copies)
            origin = Provenance.of(part, _provenance_of(entry), details)
            Z = arrays[part.sizes[0]]
            tables.append(Embedding(names=features.names, Z=Z, map=arrays[2], provenance=origin))
        self._save(tables)

    def _reduced(self, reducer: Reducer, X: Floats, distinct: DistinctImages) -> dict[int, Floats]:
        """Return an array (n, size) for each size of a reducer, and for the map. Copies have the same row."""
        sizes = list(dict.fromkeys([2, *reducer.sizes]))
        is_enough = len(distinct.first_rows) > max(sizes)
        rows = distinct.select(X) if is_enough else X
        arrays: dict[int, Floats] = {}
        title = f"Reducing {count_noun(X.shape[1], 'feature')} ({reducer.name})"
        with self.progress.step(title, len(sizes), "size") as step:
            step.say(reducer.startup_message)
            for size, array in zip(sizes, reducer.reduce(rows, sizes), strict=True):
                Z = _check_embedding(reducer, array, (len(rows), size))
                arrays[size] = distinct.expand(Z if is_enough else distinct.select(Z))
                step.say("")
                step.advance()
        return arrays

    def _cluster(self, task: Task) -> None:
        """Cluster one embedding, or features where the clusterer takes those, with all parts."""
        entry = self._source(task)
        table = self.dataset.load_points(entry)
        distinct = self._distinct_images(table)
        Z = distinct.select(table.points)
        prepared = task.parts[0].prepare(Z, self.progress) if len(task.parts) > 1 else None
        tables = []
        title = f"Clustering {count_noun(len(table.names), 'image')} ({task.component})"
        with self.progress.step(title, len(task.parts), "clustering") as step:
            step.say(task.parts[0].startup_message)
            for part in task.parts:
                resolved = part.resolve(Z)
                labels = distinct.expand_labels(step.tick(_labels(resolved, Z, prepared)))
                details = Details(
                    versions=self._versions_of(part), chosen=_chosen(part, resolved), copies=distinct.copies
                )
                origin = Provenance.of(part, _provenance_of(entry), details)
                tables.append(Clustering(names=table.names, labels=labels, provenance=origin))
        self._save(tables)

    def _distinct_images(self, table: PointTable) -> DistinctImages:
        contents = {file.name: file.identity for file in self.files}
        return find_distinct_images(table.names.tolist(), contents)

    def _extraction(self, extractor: FeatureExtractor) -> Extraction:
        runtime = self._resolve_runtime(extractor)
        return Extraction(
            self.dataset,
            self.work,
            self.images,
            self.files,
            runtime,
            self.progress,
            compress=self.runtime.compress,
            strict=self.runtime.strict,
        )

    def _resolve_runtime(self, extractor: FeatureExtractor) -> Runtime:
        sizes = Counter((file.height, file.width) for file in self.files)
        return resolve_runtime(self.runtime, extractor, max(sizes.values(), default=0))

    def _versions_of(self, component: Component) -> dict[str, str]:
        """Return the package versions behind a component; looking them up takes half a second, so it is done once."""
        if type(component) not in self._versions:
            self._versions[type(component)] = package_versions(component)
        return self._versions[type(component)]

    def _source(self, task: Task) -> AnyEntry:
        assert task.source is not None
        return self._entry(task.source)

    def _entry(self, origin: Provenance) -> AnyEntry:
        """Return the table that was just made. Raises CoveyError when the dataset does not list it."""
        if origin.key not in self.kept:
            problems = " ".join(self.dataset.problems) or f"{self.dataset.location} does not list it."
            raise CoveyError(f"What {origin.tag} made could not be kept. {problems}")
        return self.kept[origin.key]

    def _save(self, tables: Sequence[Table]) -> None:
        self.dataset.save(tables, self.runtime.compress)
        self._note([table.provenance for table in tables if table.provenance])

    def _note(self, origins: Iterable[Provenance]) -> None:
        """These tables have been made."""
        self._kept = None
        for origin in origins:
            self._entry(origin)
            self.made.add(origin.key)


def _labels(clusterer: Clusterer, Z: Floats, prepared: Prepared | None) -> Labels:
    quick = prepared.labels(clusterer) if prepared else None
    return cluster(clusterer, Z) if quick is None else quick


def _sentence(task: Task, error: Exception, log: Path) -> str:
    """Return why a table could not be made."""
    if isinstance(error, CoveyError):
        return str(error)
    cause = f"{type(error).__name__}: {reason(error)}"
    return f"{task.component} failed ({cause}): try other options, or send {log} to its authors."


def _chosen(clusterer: Clusterer, resolved: Clusterer) -> dict[str, Any]:
    """Return the options that the data have decided."""
    settings = options.option_values(clusterer)
    return {name: value for name, value in options.option_values(resolved).items() if value != settings[name]}


def _provenance_of(entry: AnyEntry) -> Provenance:
    assert entry.provenance is not None
    return entry.provenance


def _check_embedding(component: Component, array: Any, shape: tuple[int, int]) -> NDArray[np.float32]:
    converted: NDArray[np.float32] = np.asarray(array, dtype=np.float32)
    if converted.shape != shape:
        raise CoveyError(f"{component.name} must give an array of shape {shape}, but gave {converted.shape}.")
    if not np.isfinite(converted).all():
        raise CoveyError(f"{component.name} gave values that are not finite: try other options.")
    return converted
