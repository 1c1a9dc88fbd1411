"""A plan: what an experiment computes, in what order, and what of it is kept already."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import attrs

from covey.components import options
from covey.components.contracts import Clusterer, Component, FeatureExtractor
from covey.components.kinds import Kind
from covey.data import provenance
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

    def missing(self, kept: Collection[str]) -> Task:
        """Return the task without the tables whose keys are kept."""
        return self._of([at for at, one in enumerate(self.made) if one.key not in kept])

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


def tasks(
    experiment: Experiment,
    images: str,
    kept: Sequence[Provenance],
    expand: Callable[[FeatureExtractor], FeatureExtractor],
) -> list[Task]:
    """Return the tasks of an experiment on the images with this key, each after the one that makes its source.

    `kept` are tables of features to go on from. `expand` replaces the wildcards among the layers of an extractor.
    Raises CoveyError where it does.
    """
    found = [following for features in kept for following in _after(features, experiment)]
    for extractor in experiment.extractors:
        first = task(options.split_plural(expand(extractor)), images)
        found.append(first)
        for features in first.made:
            found += _after(features, experiment)
    return found


def task(parts: Sequence[Component], source: Provenance | str) -> Task:
    """Return the task that makes one table with each part from one source, or from the images with this key."""
    return Task(tuple(parts), tuple(provenance.of(part, source) for part in parts))


def summary(tasks: Sequence[Task], kept: Collection[str]) -> list[Line]:
    """Return a line for each component, in the order of the tasks; a table in several tasks counts once."""
    seen, made, fits = (
        set(kept),
        {(one.kind, one.component): set[str]() for one in tasks},
        dict[tuple[Kind, str], int](),
    )
    for one in tasks:
        name = one.kind, one.component
        left = one.missing(seen).made
        fits[name] = fits.get(name, 0) + bool(left)
        seen.update(table.key for table in left)
        made[name].update(table.key for table in one.made)
    return [
        Line(kind=kind, component=name, tables=len(keys), kept=len(keys & set(kept)), fits=fits[kind, name])
        for (kind, name), keys in made.items()
    ]


def _after(features: Provenance, experiment: Experiment) -> list[Task]:
    """Return the tasks that follow from one table of features."""
    reductions = [task(options.split_plural(reducer), features) for reducer in experiment.reducers]
    embeddings = [made for reduction in reductions for made in reduction.made]
    clusterings = [
        task(alike, source)
        for alike in _alike(experiment.clusterers)
        for source in ([features] if alike[0].takes_features else embeddings)
    ]
    return [*reductions, *clusterings]


def _alike(clusterers: Sequence[Clusterer]) -> list[list[Clusterer]]:
    """Return clusterers in groups that differ in live options alone, and so can share what is prepared."""
    groups: dict[tuple[Any, ...], list[Clusterer]] = {}
    for clusterer in clusterers:
        fixed = (getattr(clusterer, one.name) for one in options.options(type(clusterer)) if not one.live)
        groups.setdefault((type(clusterer), *fixed), []).append(clusterer)
    return list(groups.values())
