"""Steps that work on points: reducing features, and clustering what comes of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from covey._base.errors import CoveyError
from covey._base.text import count_noun
from covey.analysis.assist.nearest_groups import find_voters, vote_nearest_groups
from covey.analysis.assist.similarity_space import as_similarity_space
from covey.components import options
from covey.components.contracts import (
    Clusterer,
    Component,
    Floats,
    Labels,
    PlacingReducer,
    Prepared,
    Reducer,
    cluster,
    fill_options,
)
from covey.data.dataset import is_entry_of
from covey.data.provenance import Details, Provenance, SampledRows
from covey.data.tables import NOISE, Clustering, Embedding, Features, NearestGroups, PointTable, Table
from covey.experiments.plan import Task
from covey.experiments.steps.distinct_images import DistinctImages, find_distinct_images
from covey.experiments.steps.run_context import RunContext
from covey.experiments.steps.sampled_rows import Rows, choose_sample, place_others
from covey.extraction.notes import describe_copies, describe_sample


def reduce_features(task: Task, run: RunContext) -> None:
    """Reduce one table of features to all sizes, and save an embedding for each."""
    reducers = [part for part in task.parts if isinstance(part, Reducer)]
    if not reducers or not task.sources:
        return
    entry, reducer = run.tables.entry(task.sources[0]), options.join_plural(reducers)
    _check_sizes(reducer, entry.shape[1])
    features, source = run.tables.dataset.load_points(entry), run.tables.stored_provenance(task.sources[0])
    distinct = _distinct_images(features, run)
    rows = distinct.first_rows
    sample = choose_sample(reducer, len(rows), lambda: run.inputs.recordings_behind(features.names[rows].tolist()))
    arrays = _reduce_points(reducer, features.points, distinct, sample, run)
    sampled = None if sample is None else SampledRows(rows=len(sample), total=len(rows))
    run.note_once(describe_sample(sampled))
    details = Details(versions=run.versions_of(reducer), copies=distinct.copies, sample=sampled)
    run.tables.save(
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


def _reduce_points(
    reducer: Reducer, X: Floats, distinct: DistinctImages, sample: Rows | None, run: RunContext
) -> dict[int, Floats]:
    """Return an array (n, size) for each size of a reducer, and for the map. Copies have the same row."""
    sizes = list(dict.fromkeys([2, *reducer.sizes]))
    is_enough = len(distinct.first_rows) > max(sizes)
    rows = distinct.select(X) if is_enough else X
    if sample is None or not is_enough or not isinstance(reducer, PlacingReducer):
        embeddings = _fit(reducer, rows, sizes, run)
    else:
        fitted = _fit(reducer, rows[sample], sizes, run)
        embeddings = place_others(reducer, rows, sample, fitted, run.engine, run.progress)
    return {
        size: distinct.expand(Z if is_enough else distinct.select(Z)) for size, Z in zip(sizes, embeddings, strict=True)
    }


def _fit(reducer: Reducer, X: Floats, sizes: Sequence[int], run: RunContext) -> list[Floats]:
    """Return one embedding (n, size) for each size."""
    embeddings = []
    title = f"Reducing {count_noun(X.shape[1], 'feature')} ({reducer.name})"
    with run.progress.step(title, len(reducer.sizes), "size") as step:
        step.say(reducer.startup_message)
        for size, array in zip(sizes, reducer.reduce(X, sizes), strict=True):
            embeddings.append(_check_embedding(reducer, array, (len(X), size)))
            step.say("")
            step.advance(int(size in reducer.sizes))  # the map is no size that anybody asked for
    return embeddings


def cluster_points(task: Task, run: RunContext) -> None:
    """Cluster one embedding, or features if the clusterer takes those, with all parts."""
    clusterers = [part for part in task.parts if isinstance(part, Clusterer)]
    if not clusterers or not task.sources:
        return
    table = run.tables.dataset.load_points(run.tables.entry(task.sources[0]))
    distinct, source = _distinct_images(table, run), run.tables.stored_provenance(task.sources[0])
    Z, space = distinct.select(table.points), distinct.select(_similarity_space(table, run))
    prepared = clusterers[0].prepare(Z, run.progress) if len(clusterers) > 1 else None
    clusterings: list[Table] = []
    title = f"Clustering {count_noun(len(table.names), 'image')} ({task.component})"
    with run.progress.step(title, len(clusterers), "clustering") as step:
        step.say(clusterers[0].startup_message)
        for clusterer in clusterers:
            fitting = _fit_preparation(clusterer, Z, prepared)
            resolved, reasons = fill_options(clusterer, Z, fitting)
            labels = distinct.expand_labels(step.tick(_assign_clusters(resolved, Z, fitting)))
            nearest = _nearest_groups(distinct, labels, space)
            details = Details(
                versions=run.versions_of(clusterer),
                chosen=_resolved_options(clusterer, resolved),
                reasons=reasons,
                copies=distinct.copies,
            )
            provenance = Provenance.of(clusterer, source, details)
            clusterings.append(Clustering(names=table.names, labels=labels, provenance=provenance, nearest=nearest))
    run.tables.save(clusterings)


def _similarity_space(table: PointTable, run: RunContext) -> Floats:
    """Return where similar images of a table are near each other: by the features behind it if these are there."""
    source = table.provenance.source if table.provenance else None
    entry = run.tables.entries_by_key.get(source.key) if source else None
    features = run.tables.dataset.load(entry) if entry and is_entry_of(entry, Features) else None
    is_complete = features is not None and np.array_equal(features.names, table.names)
    return as_similarity_space(features.X if features is not None and is_complete else table.points)


def _nearest_groups(distinct: DistinctImages, labels: Labels, space: Floats) -> NearestGroups:
    """Return the nearest group of each image (n,), by the labels (n,) of all and the space (m, d) of distinct ones."""
    distinct_labels = distinct.select(labels)
    rows = np.flatnonzero(distinct_labels == NOISE)
    nearest = vote_nearest_groups(distinct_labels, rows, find_voters(space, rows))
    return NearestGroups(distinct.expand(nearest.clusters), distinct.expand(nearest.confidence))


def _distinct_images(table: PointTable, run: RunContext) -> DistinctImages:
    contents = run.inputs.contents_behind([table.provenance] if table.provenance else [])
    distinct = find_distinct_images(table.names.tolist(), contents)
    if distinct.copies:
        run.note_once(describe_copies(distinct.copies))
    return distinct


def _fit_preparation(clusterer: Clusterer, Z: Floats, prepared: Prepared | None) -> Prepared | None:
    """Return what was prepared if it is of use to a clusterer, and otherwise prepare what its open options need."""
    if prepared and prepared.labels(clusterer) is not None:
        return prepared
    return clusterer.prepare(Z) if None in options.option_values(clusterer).values() else None


def _assign_clusters(clusterer: Clusterer, Z: Floats, prepared: Prepared | None) -> Labels:
    quick = prepared.labels(clusterer) if prepared else None
    return cluster(clusterer, Z) if quick is None else quick


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
