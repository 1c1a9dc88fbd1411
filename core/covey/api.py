"""covey from Python: what a notebook needs, in a few functions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from covey._base.errors import CoveyError
from covey._base.progress import SILENT, Progress
from covey.components.contracts import Clusterer, FeatureExtractor, Reducer, Runtime
from covey.data.dataset import Dataset
from covey.data.tables import Clustering, Embedding, Extra, Features, LearnedState, Table

if TYPE_CHECKING:
    import pandas as pd
    from PIL import Image

    from covey.experiments.run_experiment import Results


def open(location: str | Path) -> Dataset:
    """Open a dataset: a folder or `scheme:place`, with or without results in it.

    Raises:
        CoveyError: there is no such dataset.
    """
    from covey.plugins.locations import open_dataset
    from covey.plugins.registry import Registry

    return open_dataset(Registry.installed(), str(location))


def run(
    location: str,
    *,
    extractors: Sequence[FeatureExtractor] = (),
    reducers: Sequence[Reducer] = (),
    clusterers: Sequence[Clusterer] = (),
    features: Sequence[str] = (),
    join: Sequence[str] = (),
    whiten: float = 0.0,
    runtime: Runtime | None = None,
    out: str | None = None,
    learn_again: bool = False,
    progress: Progress = SILENT,
) -> Results:
    """Run every combination of components on the images of a dataset; tables that are already there are reused.

    Args:
        location: the dataset.
        extractors: what describes the images; by default the default of `covey run`, as for the other kinds, or none
            if `features` or `join` are named.
        reducers: what reduces the features.
        clusterers: what finds groups.
        features: names of tables of features in the dataset to go on from, such as imported ones.
        join: sets of features to join and go on from as well: names of extractors, which have their default options
            unless they are among `extractors`; tags of their features; or names of tables of features in the dataset.
        whiten: how far these are whitened, from 0 to 1.
        runtime: how to compute; by default decided from the hardware.
        out: where the results go; by default into the dataset.
        learn_again: whether extractors that learn do so from the images as they are, even if they have learned before.
        progress: shows the progress of each step.

    Returns:
        The dataset with the results, its clusterings, and what failed.

    Raises:
        CoveyError: there are no images, another run is at work there, or everything failed.
    """
    from covey.analysis.join_tables import Join
    from covey.components.kinds import Kind
    from covey.experiments.experiment import Experiment, name_joined_extractors
    from covey.experiments.run_experiment import run_experiment
    from covey.plugins.registry import Registry

    registry = Registry.installed()
    default_extractors = () if features or join else (registry.get(Kind.EXTRACTOR, Kind.EXTRACTOR.default)(),)
    extractors = tuple(extractors) or default_extractors
    joined_names = name_joined_extractors(join, extractors, registry)
    experiment = Experiment(
        dataset=location,
        out=out,
        features=tuple(features),
        join=tuple(join),
        joins=(Join(whiten=whiten),),
        extractors=(*extractors, *(registry.get(Kind.EXTRACTOR, name)() for name in joined_names)),
        reducers=tuple(reducers) or (registry.get(Kind.REDUCER, Kind.REDUCER.default)(),),
        clusterers=tuple(clusterers) or (registry.get(Kind.CLUSTERER, Kind.CLUSTERER.default)(),),
        runtime=runtime or Runtime(),
        learn_again=learn_again,
    )
    return run_experiment(experiment, registry, progress)


def frame(table: Table) -> pd.DataFrame:
    """Return a table as a pandas DataFrame with the names of the images as index, `filename`.

    Features have the columns 0, 1, ... d - 1, an embedding 0, 1, ... k - 1, map_x and map_y (all float32), a clustering
    the column cluster (int32, -1 for noise), an extra table one for each value: score_1, score_2, ...

    Raises:
        CoveyError: pandas is not installed, or the table is what an extractor has learned.
    """
    if isinstance(table, LearnedState):
        raise CoveyError("A state has no row for each image: its arrays are in `arrays`.")
    try:
        import pandas as pd
    except ImportError as error:
        raise CoveyError("A DataFrame needs pandas, which is not installed: pip install pandas") from error
    index = pd.Index(table.names, name="filename")
    if isinstance(table, Clustering):
        return pd.DataFrame({"cluster": table.labels}, index=index)
    if isinstance(table, Extra):
        return pd.DataFrame(table.flat_columns, index=index)
    columns = pd.DataFrame(table.X if isinstance(table, Features) else table.Z, index=index)
    return columns if isinstance(table, Features) else columns.assign(map_x=table.map[:, 0], map_y=table.map[:, 1])


def draw_map(embedding: Embedding, clustering: Clustering) -> Image.Image:
    """Return the map of an embedding (1000 x 700 pixels, RGBA), coloured by the clusters of the images in both."""
    from covey.outputs.report.map_picture import draw_map_picture

    _, embedding_rows, clustering_rows = np.intersect1d(embedding.names, clustering.names, return_indices=True)
    return draw_map_picture(embedding.map[embedding_rows], clustering.labels[clustering_rows])


def contact_sheet(dataset: Dataset, names: Sequence[str]) -> Image.Image:
    """Return images small and side by side, six in a row (RGBA); the place of a broken image stays empty.

    Raises:
        CoveyError: the dataset has no images on this machine.
    """
    from covey.outputs.report.contact_sheets import draw_contact_sheet

    if dataset.images is None:
        raise CoveyError(f"There are no images in {dataset.location}: put them there to see them.")
    return draw_contact_sheet(dataset.images, [str(name) for name in names])
