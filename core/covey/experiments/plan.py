"""The tasks of an experiment: which tables are computed together, in which order, and which exist already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence

import attrs

from covey.components import options
from covey.components.contracts import Clusterer, Component, FeatureExtractor
from covey.components.kinds import Kind
from covey.data.provenance import Provenance
from covey.experiments.experiment import Experiment


@attrs.frozen
class Task:
    """Tables that are computed together from one source.

    They are the layers of an extractor, the sizes of a reducer, or the clusterings that differ in live options only.
    `parts` has the component of each table, `provenances` the provenance that the table will have.
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
    def source(self) -> Provenance | None:
        """The table from which these are computed; None means the images."""
        return self.provenances[0].source

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
    """The work of one component: its tables, how many of them exist, and how many fits the others take."""

    kind: Kind
    component: str
    tables: int
    existing: int
    fits: int


def plan_tasks(
    experiment: Experiment,
    images: str,
    earlier_features: Sequence[Provenance],
    expand: Callable[[FeatureExtractor], FeatureExtractor],
) -> list[Task]:
    """Return the tasks of an experiment, each after the one that computes its source.

    Args:
        experiment: the components.
        images: the key of the images.
        earlier_features: provenances of features in the dataset that are reduced and clustered too.
        expand: replaces the wildcards among the layers of an extractor.

    Raises:
        CoveyError: `expand` raises it.
    """
    tasks = [following for features in earlier_features for following in _plan_following(features, experiment)]
    for extractor in experiment.extractors:
        extraction = plan_task(options.split_plural(expand(extractor)), images)
        tasks.append(extraction)
        for features in extraction.provenances:
            tasks += _plan_following(features, experiment)
    return tasks


def plan_task(parts: Sequence[Component], source: Provenance | str) -> Task:
    """Return the task that computes a table with each part, from one table or from the images with this key."""
    return Task(tuple(parts), tuple(Provenance.of(part, source) for part in parts))


def summarize_tasks(tasks: Sequence[Task], existing: Collection[str]) -> list[PlanLine]:
    """Return a line for each component, in the order of the tasks; a table of several tasks counts once.

    Args:
        tasks: the tasks of an experiment.
        existing: the keys of the tables that exist.
    """
    planned_keys = set(existing)
    keys_by_component: dict[tuple[Kind, str], set[str]] = {}
    fits: Counter[tuple[Kind, str]] = Counter()
    for task in tasks:
        component = task.kind, task.component
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
            fits=fits[kind, name],
        )
        for (kind, name), keys in keys_by_component.items()
    ]


def _plan_following(features: Provenance, experiment: Experiment) -> list[Task]:
    """Return the tasks that follow from one table of features."""
    reductions = [plan_task(options.split_plural(reducer), features) for reducer in experiment.reducers]
    embeddings = [provenance for reduction in reductions for provenance in reduction.provenances]
    clusterings = [
        plan_task(group, source)
        for group in _group_by_fixed_options(experiment.clusterers)
        for source in ([features] if group[0].takes_features else embeddings)
    ]
    return [*reductions, *clusterings]


def _group_by_fixed_options(clusterers: Sequence[Clusterer]) -> list[list[Clusterer]]:
    """Return clusterers in groups that differ in live options only, and so can share a preparation."""
    groups: dict[tuple[object, ...], list[Clusterer]] = {}
    for clusterer in clusterers:
        declared = options.options(type(clusterer))
        fixed: list[object] = [getattr(clusterer, option.name) for option in declared if not option.live]
        groups.setdefault((type(clusterer), *fixed), []).append(clusterer)
    return list(groups.values())
