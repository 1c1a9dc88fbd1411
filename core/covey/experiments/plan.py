"""A plan: what an experiment computes, in what order, and what of it is kept already."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import attrs

from covey.components import options
from covey.components.contracts import Clusterer, Component, FeatureExtractor
from covey.components.kinds import Kind
from covey.data.provenance import Provenance
from covey.experiments.experiment import Experiment


@attrs.frozen
class Task:
    """Tables that are made together from one source: the layers of an extractor, the sizes of a reducer, or the
    clusterings that differ in live options alone. `made` says what each part makes.
    """

    parts: tuple[Any, ...]
    made: tuple[Provenance, ...]

    @property
    def kind(self) -> Kind:
        """The kind of the component."""
        return self.made[0].kind

    @property
    def component(self) -> str:
        """The name of the component."""
        return self.made[0].component

    @property
    def source(self) -> Provenance | None:
        """What the tables are made from; None for the images."""
        return self.made[0].source

    def missing(self, existing: Collection[str]) -> Task:
        """Return the task without the tables whose keys are kept."""
        return self._of([at for at, origin in enumerate(self.made) if origin.key not in existing])

    def halves(self) -> tuple[Task, Task]:
        """Return the task as two."""
        places = range(len(self.parts))
        middle = len(places) // 2
        return self._of(places[:middle]), self._of(places[middle:])

    def _of(self, places: Sequence[int]) -> Task:
        return Task(tuple(self.parts[at] for at in places), tuple(self.made[at] for at in places))


@attrs.frozen(kw_only=True)
class Line:
    """What one component has to do in a plan: its tables, how many of them are kept, and the fits for the others."""

    kind: Kind
    component: str
    tables: int
    kept: int
    fits: int


def plan_tasks(
    experiment: Experiment,
    images: str,
    earlier_features: Sequence[Provenance],
    expand: Callable[[FeatureExtractor], FeatureExtractor],
) -> list[Task]:
    """Return the tasks of an experiment on the images with this key, each after the one that makes its source.

    `earlier_features` are tables of features to go on from. `expand` replaces the wildcards among the layers of an
    extractor.

    Raises:
        CoveyError: what `expand` raises.
    """
    planned = [following for features in earlier_features for following in _after(features, experiment)]
    for extractor in experiment.extractors:
        first = plan_task(options.split_plural(expand(extractor)), images)
        planned.append(first)
        for features in first.made:
            planned += _after(features, experiment)
    return planned


def plan_task(parts: Sequence[Component], source: Provenance | str) -> Task:
    """Return the task that makes one table with each part from one source, or from the images with this key."""
    return Task(tuple(parts), tuple(Provenance.of(part, source) for part in parts))


def summarize_tasks(tasks: Sequence[Task], existing: Collection[str]) -> list[Line]:
    """Return a line for each component, in the order of the tasks; a table in several tasks counts once."""
    counted, keys_by_component, fits = (
        set(existing),
        {(planned.kind, planned.component): set[str]() for planned in tasks},
        dict[tuple[Kind, str], int](),
    )
    for planned in tasks:
        name = planned.kind, planned.component
        pending = planned.missing(counted).made
        fits[name] = fits.get(name, 0) + bool(pending)
        counted.update(table.key for table in pending)
        keys_by_component[name].update(table.key for table in planned.made)
    return [
        Line(kind=kind, component=name, tables=len(keys), kept=len(keys & set(existing)), fits=fits[kind, name])
        for (kind, name), keys in keys_by_component.items()
    ]


def _after(features: Provenance, experiment: Experiment) -> list[Task]:
    """Return the tasks that follow from one table of features."""
    reductions = [plan_task(options.split_plural(reducer), features) for reducer in experiment.reducers]
    embeddings = [made for reduction in reductions for made in reduction.made]
    clusterings = [
        plan_task(alike, source)
        for alike in _group_by_fixed_options(experiment.clusterers)
        for source in ([features] if alike[0].takes_features else embeddings)
    ]
    return [*reductions, *clusterings]


def _group_by_fixed_options(clusterers: Sequence[Clusterer]) -> list[list[Clusterer]]:
    """Return clusterers in groups that differ in live options alone, and so can share what is prepared."""
    groups: dict[tuple[Any, ...], list[Clusterer]] = {}
    for clusterer in clusterers:
        fixed = (getattr(clusterer, one.name) for one in options.options(type(clusterer)) if not one.live)
        groups.setdefault((type(clusterer), *fixed), []).append(clusterer)
    return list(groups.values())
