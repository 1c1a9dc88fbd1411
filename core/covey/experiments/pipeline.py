"""The pipeline: it computes the tables of an experiment that the dataset does not have yet."""

from __future__ import annotations

from pathlib import Path

import attrs

from covey._base.errors import CoveyError
from covey._base.files import WORK, make_folder, refuse_links
from covey._base.progress import SILENT, Progress
from covey._base.run_log import FILE, LOGGER
from covey.components import options
from covey.components.contracts import Component, FeatureExtractor, Runtime
from covey.components.engine_contract import Engine
from covey.components.guard import PluginFailure, as_plugin_failure
from covey.components.kinds import Kind
from covey.data.dataset import AnyEntry, Dataset, table_stem
from covey.data.folder import table_file_name
from covey.data.images import ImageFolder
from covey.data.provenance import Provenance
from covey.engines.engine_reader import EngineReader
from covey.engines.local import Local
from covey.experiments.choose_state import choose_state
from covey.experiments.experiment import Experiment
from covey.experiments.named_tables import NamedTables, find_named_tables
from covey.experiments.plan import Task, plan_extraction, plan_tasks
from covey.experiments.steps.feature_steps import extract_layers, finish_extraction, join_features, learn_state
from covey.experiments.steps.point_steps import cluster_points, reduce_features
from covey.experiments.steps.run_context import RunContext
from covey.experiments.steps.run_inputs import RunInputs
from covey.experiments.steps.run_tables import RunTables
from covey.experiments.steps.sampled_rows import sample_size
from covey.extraction.clip_sounds import NoSound, check_sounds
from covey.extraction.layer_wildcards import expand_wildcards
from covey.extraction.learning import clear_checkpoint
from covey.extraction.runtime import check_settings
from covey.sound.refresh_catalogue import refresh_catalogue


@attrs.frozen
class Failure:
    """A table that could not be computed, the reason in one sentence, and the error itself.

    Where a component is broken before its tables can be named, `table` is the name of the component.
    """

    table: str
    reason: str
    error: Exception


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
        inputs: the images.
        tables: the tables of the dataset.
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
        work = work_folder(dataset)
        images = attrs.evolve(images, work=work)
        engine = engine or Local()
        look = refresh_catalogue(dataset, images, progress, check, read=EngineReader(engine))
        for sentence in look.describe_changes():
            progress.note(sentence)
        self.inputs = RunInputs(dataset, images)
        self.tables = RunTables(dataset, runtime.compress)
        self.broken: list[Failure] = []
        self._run = RunContext(self.inputs, self.tables, runtime, engine, progress, work)

    @property
    def entries_by_key(self) -> dict[str, AnyEntry]:
        """The tables of the dataset by their keys."""
        return self.tables.entries_by_key

    def plan(self, experiment: Experiment, named_tables: NamedTables | None = None) -> list[Task]:
        """Return the tasks of an experiment, without components whose plugins fail already here: these are `broken`.

        Args:
            experiment: the components.
            named_tables: the tables that it may name; by default those of the dataset.

        Raises:
            CoveyError: tables or layers do not exist.
        """
        experiment = self._leave_out_broken(experiment)
        if experiment.engine != Local() and not self._uses_engine(experiment):
            raise CoveyError(
                f"The engine {experiment.engine.name} has no effect in this run, because nothing is extracted or"
                " placed: leave it out."
            )
        for sentence in check_settings(self._run.runtime, experiment.extractors):
            self._run.progress.note(sentence)
        tables = named_tables or find_named_tables(experiment, [self.tables.dataset])

        def choose(extractor: FeatureExtractor) -> Provenance | None:
            return choose_state(extractor, experiment.learn_again, self._run)

        return plan_tasks(experiment, self.inputs.key_of_inputs, tables, self._expand_layers, choose)

    def _uses_engine(self, experiment: Experiment) -> bool:
        """Whether features are extracted, or images placed in an embedding of others."""
        count = len(self.inputs.files)
        return bool(experiment.extractors) or any(sample_size(part, count) < count for part in experiment.reducers)

    def extract_features(self, extractor: FeatureExtractor) -> list[AnyEntry]:
        """Return the features of an extractor, one entry for each layer, computed if they do not exist.

        Raises:
            CoveyError: a layer does not exist, or features cannot be computed.
        """
        check_sounds(extractor, self.inputs.list_sounds(extractor))
        state = choose_state(extractor, False, self._run)
        tasks = plan_extraction(self._expand_layers(extractor), self.inputs.key_of_inputs(extractor), state)
        for task in tasks:
            self.compute(task)
        return [self.tables.entry(provenance) for provenance in tasks[-1].points]

    def attempt(self, task: Task) -> list[Failure]:
        """Compute the missing tables of a task, and return those that failed; each table is tried."""
        if any(provenance.key not in self.tables.entries_by_key for provenance in task.needs):
            return []
        try:
            self.compute(task)
        except Exception as error:  # a plugin may raise anything
            if not isinstance(error, PluginFailure):  # whose cause is logged already
                LOGGER.debug("%s failed", task.component, exc_info=error)
            pending = task.without(self.tables.entries_by_key)
            if len(pending.parts) > 1:
                return [failure for half in pending.halves() for failure in self.attempt(half)]
            failed_table = table_stem(table_file_name((pending.provenances or task.provenances)[0]))
            return [Failure(failed_table, _describe_failure(task, error, self._run.work / FILE), error)]
        return []

    def compute(self, task: Task) -> None:
        """Compute the missing tables of a task.

        Raises:
            CoveyError: a table cannot be computed. A plugin may raise any other exception.
        """
        pending = task.without(self.tables.entries_by_key)
        match task.kind:
            case Kind.EXTRACTOR if task.sources:
                join_features(pending, self._run)
            case Kind.EXTRACTOR if task.learns:
                learn_state(pending, self._run)
                clear_checkpoint(self._run.work, task.provenances[0])
            case Kind.EXTRACTOR:
                extract_layers(pending, self._run)
                finish_extraction(task, self._run)
            case Kind.REDUCER:
                reduce_features(pending, self._run)
            case Kind.CLUSTERER:
                cluster_points(pending, self._run)

    def _leave_out_broken(self, experiment: Experiment) -> Experiment:
        """Return an experiment without the components whose plugins fail, and without a join that needs one."""
        extractors = tuple(filter(self._can_be_planned, experiment.extractors))
        broken_names = {failure.table for failure in self.broken}
        missing_names = broken_names.intersection(name.rpartition(":")[2] for name in experiment.join)
        if missing_names:
            title, names = "+".join(experiment.join), " and ".join(sorted(missing_names))
            error = CoveyError(f"{title} cannot be joined, because {names} cannot be used.")
            self.broken.append(Failure(title, str(error), error))
        return attrs.evolve(
            experiment,
            extractors=extractors,
            join=() if missing_names else experiment.join,
            reducers=tuple(filter(self._can_be_planned, experiment.reducers)),
            clusterers=tuple(filter(self._can_be_planned, experiment.clusterers)),
        )

    def _can_be_planned(self, component: Component) -> bool:
        """Whether a plugin says what decides the tables of its component; a failure is remembered."""
        options.check_paths(component)
        try:
            if isinstance(component, FeatureExtractor):
                component = self._expand_layers(component)
                check_sounds(component, self.inputs.list_sounds(component))
            Provenance.of(component, "")
        except (PluginFailure, NoSound) as error:
            self.broken.append(Failure(component.name, str(error), error))
            return False
        return True

    def _expand_layers(self, extractor: FeatureExtractor) -> FeatureExtractor:
        return expand_wildcards(extractor, self._run.work / "layers.json")


def _describe_failure(task: Task, error: Exception, log: Path) -> str:
    """Return the reason why a table could not be computed, in one sentence."""
    if isinstance(error, PluginFailure):
        return f"{error} The log says where: {log}."
    if isinstance(error, CoveyError):
        return str(error)
    failure = as_plugin_failure(error, task.component, type(task.parts[0]).__module__, "its work")
    return f"{failure} The log says where: {log}."
