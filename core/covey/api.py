"""covey from Python: what a notebook needs, in a few functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from covey._base.errors import CoveyError
from covey._base.progress import SILENT, Progress
from covey.components.contracts import Clusterer, FeatureExtractor, Reducer
from covey.data.dataset import Dataset
from covey.data.tables import Clustering, Embedding, Features, Table

if TYPE_CHECKING:
    import pandas as pd
    from PIL import Image

    from covey.experiments.pipeline import Results


def open(location: str) -> Dataset:
    """Open a dataset: a folder, or `scheme:place`, with or without results in it. Raises CoveyError."""
    from covey.plugins.locations import open_dataset
    from covey.plugins.registry import Registry

    return open_dataset(Registry.installed(), location)


def run(
    location: str,
    *,
    extractors: Sequence[FeatureExtractor] = (),
    reducers: Sequence[Reducer] = (),
    clusterers: Sequence[Clusterer] = (),
    out: str | None = None,
    progress: Progress = SILENT,
) -> Results:
    """Run every combination of components on the images of a dataset; what is kept already is not computed again.

    Args:
        location: the dataset.
        extractors: what describes the images; by default what `covey run` takes, and so for the others.
        reducers: what reduces the description.
        clusterers: what finds groups.
        out: where the results go; by default into the dataset.
        progress: told of each step.

    Returns:
        The dataset with the results, its clusterings, and what failed.

    Raises:
        CoveyError: there are no images, another run is at work there, or everything failed.
    """
    from covey.components.kinds import Kind
    from covey.experiments.experiment import Experiment
    from covey.experiments.pipeline import run_experiment as run_experiment
    from covey.plugins.registry import Registry

    registry = Registry.installed()
    components: dict[Kind, Sequence[Any]] = {
        Kind.EXTRACTOR: extractors,
        Kind.REDUCER: reducers,
        Kind.CLUSTERER: clusterers,
    }
    chosen = {kind: tuple(group) or (registry.get(kind, kind.default)(),) for kind, group in components.items()}
    experiment = Experiment(
        dataset=location,
        out=out,
        extractors=chosen[Kind.EXTRACTOR],
        reducers=chosen[Kind.REDUCER],
        clusterers=chosen[Kind.CLUSTERER],
    )
    return run_experiment(experiment, registry, progress)


def frame(table: Table) -> pd.DataFrame:
    """Return a table as a pandas DataFrame with the names of the images as index, `filename`.

    Features have the columns 0, 1, ... d - 1, an embedding 0, 1, ... k - 1, map_x and map_y (all float32), a clustering
    the column cluster (int32, -1 for noise).

    Raises:
        CoveyError: pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise CoveyError("A DataFrame needs pandas, which is not installed: pip install pandas") from error
    index = pd.Index(table.names, name="filename")
    if isinstance(table, Clustering):
        return pd.DataFrame({"cluster": table.labels}, index=index)
    columns = pd.DataFrame(table.X if isinstance(table, Features) else table.Z, index=index)
    return columns if isinstance(table, Features) else columns.assign(map_x=table.map[:, 0], map_y=table.map[:, 1])


def draw_map(embedding: Embedding, clustering: Clustering) -> Image.Image:
    """Return the map of an embedding (1000 x 700 pixels, RGBA), coloured by the clusters of the images in both."""
    from covey.outputs.report.map_picture import draw

    _, here, there = np.intersect1d(embedding.names, clustering.names, return_indices=True)
    return draw(embedding.map[here], clustering.labels[there])


def contact_sheet(dataset: Dataset, names: Sequence[str]) -> Image.Image:
    """Return images small and side by side, six in a row (RGBA); the place of a broken image stays empty.

    Raises:
        CoveyError: the dataset has no images on this machine.
    """
    from covey.outputs.report.contact_sheets import sheet

    if dataset.images is None:
        raise CoveyError(f"There are no images in {dataset.location}: put them there to see them.")
    return sheet(dataset.images, [str(name) for name in names])
