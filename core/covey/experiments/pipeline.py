"""The pipeline: it computes the tables of an experiment that the dataset does not have yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path

import attrs
import numpy as np

from covey._base.digests import digest
from covey._base.errors import CoveyError
from covey._base.files import WORK, make_folder, refuse_links
from covey._base.progress import SILENT, Progress
from covey._base.run_lock import hold_run_lock
from covey._base.run_log import FILE, LOGGER, LoggedProgress, log_to_file
from covey._base.text import count_noun
from covey.analysis.join_tables import Join, join_tables
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
from covey.components.engine_contract import Engine
from covey.components.guard import PluginFailure, as_plugin_failure
from covey.components.kinds import Kind
from covey.components.versions import package_versions
from covey.data.catalogue.catalogue import Catalogue
from covey.data.clusters_csv import write_dataset_clusters
from covey.data.dataset import AnyEntry, Dataset, Entry, is_entry_of, table_stem
from covey.data.folder import table_file_name
from covey.data.images import ImageFile, ImageFolder, key_of
from covey.data.picture_decoding import FORMAT_NAMES
from covey.data.provenance import Details, Provenance
from covey.data.tables import Clustering, Embedding, Features, LearnedState, PointTable, Table
from covey.data.unused_pictures import describe_unused_pictures
from covey.engines.local import Local
from covey.experiments.distinct_images import DistinctImages, find_distinct_images
from covey.experiments.experiment import Experiment
from covey.experiments.plan import PlanLine, Task, plan_extraction, plan_tasks, summarize_tasks
from covey.extraction.clip_sounds import (
    ClipSound,
    NoSound,
    check_sounds,
    count_silent,
    identify_clip,
    list_clip_sounds,
)
from covey.extraction.decoded_batches import InputFile
from covey.extraction.layer_wildcards import expand_wildcards
from covey.extraction.learning import Learning, TrainingImages, clear_checkpoint, copy_state
from covey.extraction.notes import describe_copies, describe_features
from covey.extraction.runner import Extraction
from covey.extraction.runtime import check_settings, resolve_runtime
from covey.extraction.shards import shards_of
from covey.plugins.locations import create_dataset, open_dataset
from covey.plugins.registry import Registry
from covey.sound.refresh_catalogue import refresh_catalogue


@attrs.frozen
class Failure:
    """A table that could not be computed, the reason in one sentence, and the error itself.

    Where a component is broken before its tables can be named, `table` is the name of the component.
    """

    table: str
    reason: str
    error: Exception


@attrs.frozen(kw_only=True)
class Results:
    """The outcome of a run.

    Attributes:
        dataset: the dataset with the tables.
        clusterings: the clusterings of the run, in its order.
        computed: number of tables that were computed.
        reused: number of tables that existed already.
        failures: tables that could not be computed; tables that follow from them are missing too.
    """

    dataset: Dataset
    clusterings: list[Entry[Clustering]]
    computed: int
    reused: int
    failures: list[Failure]


def run_experiment(
    experiment: Experiment,
    registry: Registry,
    progress: Progress = SILENT,
    runtime: Runtime | None = None,
    check: bool = False,
) -> Results:
    """Run every combination of an experiment; tables that exist are not computed again.

    A combination that fails does not stop the others. The clusters are also written as a table, clusters.csv. With
    check=True every image is read again, even if its size and times are those of the last run.

    Raises:
        CoveyError: there are no images, the dataset cannot be written, another run works in the folder, or every
            combination failed. Tables that were finished before stay in the dataset.
    """
    dataset, images = open_run_dataset(experiment, registry, progress)
    if not dataset.writable:
        raise CoveyError(f"{dataset.location} cannot be written: name a place for the results, with --out or out.")
    work = work_folder(dataset)
    with hold_run_lock(work / "lock"), log_to_file(work / FILE):
        pipeline = Pipeline(
            dataset, images, runtime or experiment.runtime, LoggedProgress(progress), check, experiment.engine
        )
        tasks = pipeline.plan(experiment)
        failures = [*pipeline.broken, *(failure for task in tasks for failure in pipeline.attempt(task))]
        keys = dict.fromkeys(provenance.key for task in tasks for provenance in task.provenances)
        entries = pipeline.entries_by_key
    run_entries = [entries[key] for key in keys if key in entries]
    clusterings = [entry for entry in run_entries if is_entry_of(entry, Clustering)]
    if not clusterings:
        raise CoveyError("\n".join(dict.fromkeys(failure.reason for failure in failures))) from failures[0].error
    write_dataset_clusters(dataset, clusterings)
    computed = len(pipeline.computed_keys)
    return Results(
        dataset=dataset,
        clusterings=clusterings,
        computed=computed,
        reused=len(run_entries) - computed,
        failures=failures,
    )


def plan_run(
    experiment: Experiment, registry: Registry, progress: Progress = SILENT, check: bool = False
) -> list[PlanLine]:
    """Return the work of each component in a run; only images are read: with `check` those too that seem unchanged.

    Raises:
        CoveyError: there are no images, or features or layers do not exist.
    """
    pipeline = Pipeline(*open_run_dataset(experiment, registry, progress), Runtime(), progress, check)
    tasks = pipeline.plan(experiment)
    for failure in pipeline.broken:
        progress.note(failure.reason)
    return summarize_tasks(tasks, pipeline.entries_by_key)


def open_run_dataset(
    experiment: Experiment, registry: Registry, progress: Progress = SILENT
) -> tuple[Dataset, ImageFolder]:
    """Return the dataset for the results and the folder with the images, which is empty if nothing needs them.

    Raises:
        CoveyError: there are no images to extract features from, or a dataset cannot be opened or created.
    """
    source = open_dataset(registry, experiment.dataset, progress, experiment.storages)
    images, unused = source.images, list(describe_unused_pictures(source))
    if images is None and not experiment.extractors:  # earlier features are all that is needed
        images = ImageFolder(source.home)
    if images is None:
        problem = f"There are no images ({FORMAT_NAMES}) in {experiment.dataset}: name a folder that holds some."
        raise CoveyError(" ".join([problem, *unused]))
    for sentence in unused:
        progress.note(sentence)
    if experiment.out is None:
        return source, images
    return create_dataset(registry, experiment.out, images.root, experiment.storages), images


def work_folder(dataset: Dataset) -> Path:
    """Return the folder of a dataset for files that can be computed again, created if it does not exist.

    Raises:
        CoveyError: it cannot be created.
    """
    folder = dataset.home / WORK
    refuse_links(folder)
    return make_folder(folder)


class Pipeline:
    """Computes the tables of one dataset that are missing.

    Attributes:
        dataset: where the tables go.
        images: the folder with the images.
        runtime: the settings of the user, not resolved yet.
        engine: where features are computed.
        files: the images, with their contents.
        computed_keys: the keys of the tables that this pipeline has computed.
        broken: the components that are left out of the plan because their plugins fail.
    """

    def __init__(
        self,
        dataset: Dataset,
        images: ImageFolder,
        runtime: Runtime,
        progress: Progress = SILENT,
        check: bool = False,
        engine: Engine | None = None,
    ) -> None:
        """Read which images there are and what they contain; with `check` even those that seem unchanged.

        Raises:
            CoveyError: the work folder cannot be used.
        """
        self.dataset = dataset
        self.runtime = runtime
        self.engine = engine or Local()
        self.progress = progress
        self.work = work_folder(dataset)
        self.images = images = attrs.evolve(images, work=self.work)
        for sentence in refresh_catalogue(dataset, images, progress, check).describe_changes():
            progress.note(sentence)
        self.files: list[ImageFile] = Catalogue(images).files()
        self.computed_keys: set[str] = set()
        self.broken: list[Failure] = []
        self._entries_by_key: dict[str, AnyEntry] | None = None
        self._noted: set[str] = set()
        self._sounds: dict[tuple[int, float], list[ClipSound]] = {}
        self._versions: dict[type, dict[str, str]] = {}

    @property
    def entries_by_key(self) -> dict[str, AnyEntry]:
        """The tables of the dataset by their keys."""
        if self._entries_by_key is None:
            self._entries_by_key = self.dataset.entries_by_key()
        return self._entries_by_key

    def plan(self, experiment: Experiment) -> list[Task]:
        """Return the tasks of an experiment, without components whose plugins fail already here: these are `broken`.

        Raises:
            CoveyError: features or layers do not exist.
        """
        experiment = self._leave_out_broken(experiment)
        if experiment.engine != Local() and not experiment.extractors:
            raise CoveyError(
                f"The engine {experiment.engine.name} has no effect in this run, because nothing is extracted: leave it"
                " out."
            )
        for sentence in check_settings(self.runtime, experiment.extractors):
            self.progress.note(sentence)
        needs_dataset = experiment.features or experiment.join
        dataset_features = self.dataset.features() if needs_dataset else []

        def choose_state(extractor: FeatureExtractor) -> Provenance | None:
            return self._choose_state(extractor, experiment.learn_again)

        return plan_tasks(experiment, self.key_of_inputs, dataset_features, self._expand_layers, choose_state)

    def extract_features(self, extractor: FeatureExtractor) -> list[AnyEntry]:
        """Return the features of an extractor, one entry for each layer, computed if they do not exist.

        Raises:
            CoveyError: a layer does not exist, or features cannot be computed.
        """
        check_sounds(extractor, self.list_sounds(extractor))
        state = self._choose_state(extractor, learn_again=False)
        tasks = plan_extraction(self._expand_layers(extractor), self.key_of_inputs(extractor), state)
        for task in tasks:
            self.compute(task)
        return [self._entry(provenance) for provenance in tasks[-1].provenances]

    def attempt(self, task: Task) -> list[Failure]:
        """Compute the missing tables of a task, and return those that failed; each table is tried."""
        if any(provenance.key not in self.entries_by_key for provenance in task.needs):
            return []
        try:
            self.compute(task)
        except Exception as error:  # a plugin may raise anything
            if not isinstance(error, PluginFailure):  # whose cause is logged already
                LOGGER.debug("%s failed", task.component, exc_info=error)
            pending = task.without(self.entries_by_key)
            if len(pending.parts) > 1:
                return [failure for half in pending.halves() for failure in self.attempt(half)]
            failed_table = table_stem(table_file_name((pending.provenances or task.provenances)[0]))
            return [Failure(failed_table, _describe_failure(task, error, self.work / FILE), error)]
        return []

    def compute(self, task: Task) -> None:
        """Compute the missing tables of a task.

        Raises:
            CoveyError: a table cannot be computed. A plugin may raise any other exception.
        """
        pending = task.without(self.entries_by_key)
        match task.kind:
            case Kind.EXTRACTOR if task.sources:
                self._join(pending)
            case Kind.EXTRACTOR if task.learns:
                self._learn(pending)
                clear_checkpoint(self.work, task.provenances[0])
            case Kind.EXTRACTOR:
                self._extract(pending)
                self._finish_extraction(task)
            case Kind.REDUCER:
                self._reduce(pending)
            case Kind.CLUSTERER:
                self._cluster(pending)

    def _leave_out_broken(self, experiment: Experiment) -> Experiment:
        """Return an experiment without the components whose plugins fail, and without a join that needs one."""
        extractors = tuple(filter(self._can_be_planned, experiment.extractors))
        broken_names = {failure.table for failure in self.broken}
        can_be_joined = broken_names.isdisjoint(name.rpartition(":")[2] for name in experiment.join)
        return attrs.evolve(
            experiment,
            extractors=extractors,
            join=experiment.join if can_be_joined else (),
            reducers=tuple(filter(self._can_be_planned, experiment.reducers)),
            clusterers=tuple(filter(self._can_be_planned, experiment.clusterers)),
        )

    def _can_be_planned(self, component: Component) -> bool:
        """Whether a plugin says what decides the tables of its component; a failure is remembered."""
        options.check_paths(component)
        try:
            if isinstance(component, FeatureExtractor):
                component = self._expand_layers(component)
                check_sounds(component, self.list_sounds(component))
            Provenance.of(component, "")
        except (PluginFailure, NoSound) as error:
            self.broken.append(Failure(component.name, str(error), error))
            return False
        return True

    def _expand_layers(self, extractor: FeatureExtractor) -> FeatureExtractor:
        return expand_wildcards(extractor, self.work / "layers.json")

    def _extract(self, task: Task) -> None:
        extractors = [part for part in task.parts if isinstance(part, FeatureExtractor)]
        if extractors:
            state = task.provenances[0].state
            learned = self._load_state(state) if state else None
            self._extraction(options.join_plural(extractors), learned).extract(extractors)
            self._register(task.provenances)

    def _learn(self, task: Task) -> None:
        """Let an extractor learn, and save what it has learned."""
        for part, provenance in zip(task.parts, task.provenances, strict=True):
            if isinstance(part, FeatureExtractor):
                runtime = self._resolve_runtime(part)
                learning = Learning(self.work, self.clips, runtime, self.progress, self.runtime.strict)
                self._save([learning.learn(part, provenance)])

    def key_of_inputs(self, extractor: FeatureExtractor) -> str:
        """Return the key of what an extractor takes of the images: their contents, or those of the clips they show."""
        return key_of(self._list_inputs(extractor))

    def _list_inputs(self, extractor: FeatureExtractor) -> Sequence[InputFile]:
        """Return what an extractor takes: the images, or the sounds behind those that have one."""
        return (
            [sound for sound in self.list_sounds(extractor) if not sound.problem] if extractor.listens else self.files
        )

    def list_sounds(self, extractor: FeatureExtractor) -> list[ClipSound]:
        """Return the sound behind each image for an extractor that listens; nothing for any other."""
        if not extractor.listens:
            return []
        key = extractor.rate, extractor.seconds
        if key not in self._sounds:
            clips = self.dataset.clips([file.name for file in self.files])
            self._sounds[key] = list_clip_sounds(extractor, self.files, clips, self.dataset.home)
        return self._sounds[key]

    @cached_property
    def clips(self) -> TrainingImages:
        """The images as clips to learn from."""
        recordings = self.dataset.image_clips([file.name for file in self.files if not file.problem])
        return TrainingImages(self.images, self.files, recordings)

    def _choose_state(self, extractor: FeatureExtractor, learn_again: bool) -> Provenance | None:
        """Return the provenance of what an extractor has learned or is to learn; None if it does not learn.

        What was learned from other images is applied to these too, unless the extractor is to learn again; of several,
        what was learned from the most images.
        """
        if not extractor.learns:
            return None
        if extractor.listens:
            raise CoveyError(
                f"{extractor.name} learns and listens: an extractor that learns can only take pixels so far."
            )
        wanted = Provenance.of_state(extractor, self.clips.key)
        if learn_again or wanted.key in self.entries_by_key:
            return wanted
        earlier_states = [
            (entry.shape[0], entry.provenance.key, entry)
            for entry in self.dataset.states()
            if entry.provenance and attrs.evolve(entry.provenance, input=wanted.input).key == wanted.key
        ]
        if not earlier_states:
            return wanted
        count, _, entry = max(earlier_states, key=lambda state: state[:2])
        images = f"{count_noun(len(self.clips), 'image')} of now"
        self._note_once(
            [
                f"{extractor.name} learned from {count_noun(count, 'image')} earlier, and that ({entry.name}) is"
                f" applied to the {images}: let it learn again if these should count."
            ]
        )
        return entry.provenance

    def _load_state(self, provenance: Provenance) -> LearnedState:
        state = self.dataset.load(self._entry(provenance))
        if not isinstance(state, LearnedState):
            raise CoveyError(f"{self._entry(provenance).name} is not what {provenance.component} has learned.")
        return attrs.evolve(state, arrays=copy_state(state.arrays))

    def _finish_extraction(self, task: Task) -> None:
        """Delete unfinished work, of earlier runs too, and report what is noticeable in images and features."""
        for provenance in task.provenances:
            shards_of(self.work, provenance).clear()
        obeys_precision = any(isinstance(part, FeatureExtractor) and "precision" in part.uses for part in task.parts)
        precision = self.runtime.precision if obeys_precision else None
        sentences = [
            sentence
            for part, provenance in zip(task.parts, task.provenances, strict=True)
            for sentence in describe_features(
                self._with_silent_images(part, self._stored_provenance(provenance)),
                self._entry(provenance).shape[1],
                precision,
            )
        ]
        self._note_once(sentences)

    def _with_silent_images(self, part: Component, provenance: Provenance) -> Provenance:
        """Return the provenance of features with the number of images that have no sound now."""
        silent = count_silent(self.list_sounds(part)) if isinstance(part, FeatureExtractor) else {}
        return attrs.evolve(provenance, details=attrs.evolve(provenance.details, silent=silent))

    def _join(self, task: Task) -> None:
        for join in task.parts:
            if isinstance(join, Join):
                entries = [entry for entry in map(self._entry, task.sources) if is_entry_of(entry, Features)]
                with self.progress.step("Joining features", 1, "table") as step:
                    contents = self._contents_behind(task.sources)
                    joined = step.tick(join_tables([self.dataset.load(entry) for entry in entries], join, contents))
                self._note_once([f"{joined.table.provenance.tag}: {joined.balance}"] if joined.table.provenance else [])
                self._save([joined.table])

    def _note_once(self, sentences: Iterable[str]) -> None:
        for sentence in sentences:
            if sentence not in self._noted:
                self._noted.add(sentence)
                self.progress.note(sentence)

    def _reduce(self, task: Task) -> None:
        reducers = [part for part in task.parts if isinstance(part, Reducer)]
        if not reducers or not task.sources:
            return
        entry, reducer = self._entry(task.sources[0]), options.join_plural(reducers)
        _check_sizes(reducer, entry.shape[1])
        features, source = self.dataset.load_points(entry), self._stored_provenance(task.sources[0])
        distinct = self._distinct_images(features)
        arrays = self._reduce_points(reducer, features.points, distinct)
        details = Details(versions=self._versions_of(reducer), copies=distinct.copies)
        self._save(
            [
                Embedding(
                    names=features.names,
                    Z=arrays[part.sizes[0]],
                    map=arrays[2],
                    provenance=Provenance.of(part, source, details),
                )
                for part in reducers
            ]
        )

    def _reduce_points(self, reducer: Reducer, X: Floats, distinct: DistinctImages) -> dict[int, Floats]:
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
        """Cluster one embedding, or features if the clusterer takes those, with all parts."""
        clusterers = [part for part in task.parts if isinstance(part, Clusterer)]
        if not clusterers or not task.sources:
            return
        table = self.dataset.load_points(self._entry(task.sources[0]))
        distinct, source = self._distinct_images(table), self._stored_provenance(task.sources[0])
        Z = distinct.select(table.points)
        prepared = clusterers[0].prepare(Z, self.progress) if len(clusterers) > 1 else None
        clusterings: list[Table] = []
        title = f"Clustering {count_noun(len(table.names), 'image')} ({task.component})"
        with self.progress.step(title, len(clusterers), "clustering") as step:
            step.say(clusterers[0].startup_message)
            for clusterer in clusterers:
                resolved = clusterer.resolve(Z)
                labels = distinct.expand_labels(step.tick(_cluster_points(resolved, Z, prepared)))
                details = Details(
                    versions=self._versions_of(clusterer),
                    chosen=_resolved_options(clusterer, resolved),
                    copies=distinct.copies,
                )
                provenance = Provenance.of(clusterer, source, details)
                clusterings.append(Clustering(names=table.names, labels=labels, provenance=provenance))
        self._save(clusterings)

    def _distinct_images(self, table: PointTable) -> DistinctImages:
        contents = self._contents_behind([table.provenance] if table.provenance else [])
        distinct = find_distinct_images(table.names.tolist(), contents)
        if distinct.copies:
            self._note_once(describe_copies(distinct.copies))
        return distinct

    def _contents_behind(self, provenances: Sequence[Provenance]) -> dict[str, str]:
        """Return for each image what tells whether another is the same for these tables.

        That is the content of the image or, if they are made by extractors that listen, the clip; or both.
        """
        is_heard = {step.is_heard for provenance in provenances for step in provenance.extractions}
        contents = {file.name: file.identity for file in self.files}
        if True not in is_heard:
            return contents
        clips = self.dataset.clips(list(contents))
        heard = {name: identify_clip(clips.get(name)) for name in contents}
        if False not in is_heard:
            return heard
        return {name: digest([contents[name], heard[name]]) if heard[name] else "" for name in contents}

    def _extraction(self, extractor: FeatureExtractor, learned: LearnedState | None) -> Extraction:
        return Extraction(
            self.dataset,
            self.work,
            self.images,
            self._list_inputs(extractor),
            self._resolve_runtime(extractor),
            self.progress,
            self.engine,
            compress=self.runtime.compress,
            strict=self.runtime.strict,
            learned=learned,
            silent=count_silent(self.list_sounds(extractor)),
        )

    def _resolve_runtime(self, extractor: FeatureExtractor) -> Runtime:
        sizes = Counter((file.height, file.width) for file in self._list_inputs(extractor))
        return resolve_runtime(self.runtime, extractor, max(sizes.values(), default=0))

    def _versions_of(self, component: Component) -> dict[str, str]:
        """Return the package versions behind a component; looking them up takes half a second, so it is done once."""
        if type(component) not in self._versions:
            self._versions[type(component)] = package_versions(component)
        return self._versions[type(component)]

    def _entry(self, provenance: Provenance) -> AnyEntry:
        """Return the table with the key of a provenance. Raises CoveyError if the dataset does not list it."""
        if provenance.key not in self.entries_by_key:
            problems = " ".join(self.dataset.problems) or f"{self.dataset.location} does not list it."
            raise CoveyError(f"The table of {provenance.tag} could not be stored. {problems}")
        return self.entries_by_key[provenance.key]

    def _stored_provenance(self, provenance: Provenance) -> Provenance:
        """Return the provenance as the dataset has it: with the same key, and with details."""
        return self._entry(provenance).provenance or provenance

    def _save(self, tables: Sequence[Table]) -> None:
        if tables:
            self.dataset.save(tables, self.runtime.compress)
            self._register([table.provenance for table in tables if table.provenance])

    def _register(self, provenances: Iterable[Provenance]) -> None:
        """Count tables as computed, and check that the dataset lists them."""
        self._entries_by_key = None
        for provenance in provenances:
            self._entry(provenance)
            self.computed_keys.add(provenance.key)


def _cluster_points(clusterer: Clusterer, Z: Floats, prepared: Prepared | None) -> Labels:
    quick = prepared.labels(clusterer) if prepared else None
    return cluster(clusterer, Z) if quick is None else quick


def _describe_failure(task: Task, error: Exception, log: Path) -> str:
    """Return the reason why a table could not be computed, in one sentence."""
    if isinstance(error, PluginFailure):
        return f"{error} The log says where: {log}."
    if isinstance(error, CoveyError):
        return str(error)
    failure = as_plugin_failure(error, task.component, type(task.parts[0]).__module__, "its work")
    return f"{failure} The log says where: {log}."


def _resolved_options(clusterer: Clusterer, resolved: Clusterer) -> dict[str, object]:
    """Return the options that were filled in from the data."""
    settings = options.option_values(clusterer)
    return {name: setting for name, setting in options.option_values(resolved).items() if setting != settings[name]}


def _check_sizes(reducer: Reducer, features: int) -> None:
    """Raise CoveyError if a size of a reducer is above the number of features."""
    if max(reducer.sizes) > features:
        size, width = count_noun(max(reducer.sizes), "dimension"), count_noun(features, "feature")
        raise CoveyError(
            f"{reducer.name}: {size} cannot be computed from {width}: choose smaller sizes, or a layer with more"
            " features."
        )


def _check_embedding(component: Component, array: Floats, shape: tuple[int, int]) -> Floats:
    """Return an array of a plugin as float32. Raises CoveyError if its shape is wrong or a number is not finite."""
    converted: Floats = np.asarray(array, dtype=np.float32)
    if converted.shape != shape:
        raise CoveyError(f"{component.name} must give an array of shape {shape}, but gave {converted.shape}.")
    if not np.isfinite(converted).all():
        raise CoveyError(f"{component.name} gave values that are not finite: try other options.")
    return converted
