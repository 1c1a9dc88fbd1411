"""The tasks of an experiment: which tables are computed together, in which order, and which exist already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence

import attrs

from covey._base.errors import CoveyError
from covey.analysis.join_tables import Join
from covey.components import options
from covey.components.contracts import Clusterer, Component, FeatureExtractor
from covey.components.kinds import Kind
from covey.data.provenance import Provenance
from covey.experiments.experiment import Experiment
from covey.experiments.named_features import find_embedding, find_features, find_sets
from covey.experiments.named_tables import NamedTables


@attrs.frozen
class Task:
    """Tables that are computed together from one source.

    They are the layers of an extractor and its extra tables, what it learns, the sizes of a reducer, or the clusterings
    that differ in live options only. `parts` has the component of each table, `provenances` the provenance that the
    table will have.
    """

    parts: tuple[Component, ...]
    provenances: tuple[Provenance, ...]

    @property
    def kind(self) -> Kind:
        """The kind of the component."""
        return self.provenances[0].kind

    @property
    def component(self) -> str:
        """The name of the component."""
        return self.provenances[0].component

    @property
    def learns(self) -> bool:
        """Whether an extractor learns, and extracts nothing yet."""
        return self.provenances[0].is_state

    @property
    def points(self) -> tuple[Provenance, ...]:
        """The tables from which others can be computed: all but extra tables."""
        return tuple(provenance for provenance in self.provenances if not provenance.is_extra)

    @property
    def needs(self) -> list[Provenance]:
        """The tables that must be there before these can be computed: sources, and what an extractor has learned."""
        return [*self.sources, *filter(None, [self.provenances[0].state])]

    @property
    def sources(self) -> tuple[Provenance, ...]:
        """The tables from which these are computed: several are joined, none means the images."""
        return self.provenances[0].sources

    def without(self, existing: Collection[str]) -> Task:
        """Return the task without the tables whose keys exist."""
        return self._select(
            [position for position, provenance in enumerate(self.provenances) if provenance.key not in existing]
        )

    def halves(self) -> tuple[Task, Task]:
        """Return two tasks with half of the tables each."""
        positions = range(len(self.parts))
        middle = len(positions) // 2
        return self._select(positions[:middle]), self._select(positions[middle:])

    def _select(self, positions: Sequence[int]) -> Task:
        return Task(
            tuple(self.parts[position] for position in positions),
            tuple(self.provenances[position] for position in positions),
        )


@attrs.frozen(kw_only=True)
class PlanLine:
    """The work of one component: its tables, how many of them exist, and how many fits the others take.

    `reads_images` says whether it goes through all images. What an extractor learns stands on a line of its own, with
    `learns`.
    """

    kind: Kind
    component: str
    tables: int
    existing: int
    fits: int
    reads_images: bool = False
    learns: bool = False


def plan_tasks(
    experiment: Experiment,
    key_of_inputs: Callable[[FeatureExtractor], str],
    tables: NamedTables,
    expand: Callable[[FeatureExtractor], FeatureExtractor],
    choose_state: Callable[[FeatureExtractor], Provenance | None],
) -> list[Task]:
    """Return the tasks of an experiment, each after the one that computes its source.

    Args:
        experiment: the components.
        key_of_inputs: returns the key of what an extractor takes of the images.
        tables: the tables in the dataset, among which the experiment may name some.
        expand: replaces the wildcards among the layers of an extractor.
        choose_state: returns the provenance of what an extractor has learned or is to learn; None if it does not learn.

    Raises:
        CoveyError: the dataset lacks features that are named, a name to join is not clear, or `expand` or
            `choose_state` raises it.
    """
    tasks: list[Task] = []
    for name in experiment.features:
        tasks += _plan_following(find_features(name, tables.features), experiment)
    for name in experiment.embeddings:
        tasks += _plan_clusterings([find_embedding(name, tables.embeddings)], experiment)
    extracted_features: list[Provenance] = []
    for extractor in experiment.extractors:
        extraction_tasks = plan_extraction(expand(extractor), key_of_inputs(extractor), choose_state(extractor))
        tasks += extraction_tasks
        extracted_features += extraction_tasks[-1].points
        for features in extraction_tasks[-1].points:
            tasks += _plan_following(features, experiment)
    if experiment.join:
        sources = find_sets(experiment.join, extracted_features, tables.features)
        for join in experiment.joins:
            joining = plan_join(join, sources)
            tasks += [joining, *_plan_following(joining.provenances[0], experiment)]
    if not tasks and experiment.embeddings:
        names = " and ".join(clusterer.name for clusterer in experiment.clusterers)
        raise CoveyError(f"{names} takes features, not embeddings: name features, or an extractor.")
    return tasks


def plan_extraction(extractor: FeatureExtractor, images: str, state: Provenance | None) -> list[Task]:
    """Return the task that describes the images with this key, after the one that learns if the extractor learns."""
    learning = [Task((extractor,), (state,))] if state else []
    layers = plan_task(options.split_plural(extractor), images, state)
    extras = tuple(Provenance.of_extra(extractor, name, images, state) for name in extractor.extras)
    parts = (*layers.parts, *layers.parts[:1] * len(extras))
    return [*learning, Task(parts, (*layers.provenances, *extras))]


def plan_task(parts: Sequence[Component], source: Provenance | str, state: Provenance | None = None) -> Task:
    """Return the task that computes a table with each part, from one table or from the images with this key."""
    return Task(tuple(parts), tuple(Provenance.of(part, source, state=state) for part in parts))


def plan_join(join: Join, sources: Sequence[Provenance]) -> Task:
    """Return the task that joins tables."""
    return Task((join,), (join.provenance_of(sources),))


def summarize_tasks(tasks: Sequence[Task], existing: Collection[str]) -> list[PlanLine]:
    """Return a line for each component, in the order of the tasks; a table of several tasks counts once.

    Args:
        tasks: the tasks of an experiment.
        existing: the keys of the tables that exist.
    """
    planned_keys = set(existing)
    keys_by_component: dict[tuple[Kind, str, bool], set[str]] = {}
    fits: Counter[tuple[Kind, str, bool]] = Counter()
    image_readers = {(task.kind, task.component) for task in tasks if not task.sources}
    for task in tasks:
        component = task.kind, task.component, task.learns
        pending = task.without(planned_keys).provenances
        fits[component] += bool(pending)
        planned_keys.update(table.key for table in pending)
        keys_by_component.setdefault(component, set()).update(table.key for table in task.provenances)
    return [
        PlanLine(
            kind=kind,
            component=name,
            tables=len(keys),
            existing=len(keys & set(existing)),
            fits=fits[kind, name, learns],
            reads_images=(kind, name) in image_readers and not learns,
            learns=learns,
        )
        for (kind, name, learns), keys in keys_by_component.items()
    ]


def _plan_following(features: Provenance, experiment: Experiment) -> list[Task]:
    """Return the tasks that follow from one table of features."""
    reductions = [plan_task(options.split_plural(reducer), features) for reducer in experiment.reducers]
    embeddings = [provenance for reduction in reductions for provenance in reduction.provenances]
    return [*reductions, *_plan_clusterings([features, *embeddings], experiment)]


def _plan_clusterings(sources: Sequence[Provenance], experiment: Experiment) -> list[Task]:
    """Return the tasks that cluster tables: each clusterer those of the kind that it takes."""
    return [
        plan_task(group, source)
        for group in _group_by_fixed_options(experiment.clusterers)
        for source in sources
        if group[0].takes_features == (source.kind is Kind.EXTRACTOR)
    ]


def _group_by_fixed_options(clusterers: Sequence[Clusterer]) -> list[list[Clusterer]]:
    """Return clusterers in groups that differ in live options only, and so can share a preparation."""
    groups: dict[tuple[object, ...], list[Clusterer]] = {}
    for clusterer in clusterers:
        declared = options.options(type(clusterer))
        fixed: list[object] = [getattr(clusterer, option.name) for option in declared if not option.live]
        groups.setdefault((type(clusterer), *fixed), []).append(clusterer)
    return list(groups.values())
