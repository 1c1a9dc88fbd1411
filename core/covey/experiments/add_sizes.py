"""Further sizes of an embedding: computed from the features from which it was made, as a run would."""

from __future__ import annotations

from collections.abc import Sequence

from covey._base.errors import CoveyError
from covey._base.progress import Progress
from covey._base.run_lock import hold_run_lock
from covey._base.run_log import FILE, LoggedProgress, log_to_file
from covey.components.contracts import Reducer, Runtime
from covey.components.kinds import Kind
from covey.components.options import rebuild, split_plural
from covey.data.dataset import Dataset
from covey.data.images import ImageFolder
from covey.data.provenance import Provenance
from covey.experiments.pipeline import Pipeline, work_folder
from covey.experiments.plan import plan_task
from covey.plugins.registry import Registry


def add_sizes(
    dataset: Dataset, embedding: Provenance, sizes: Sequence[int], registry: Registry, progress: Progress
) -> None:
    """Compute an embedding in further sizes, and keep these in its dataset.

    Raises:
        CoveyError: its features or its reducer are not there, it is of another program or version or joins several, the
            dataset cannot be written, or a size cannot be computed.
    """
    features = embedding.source
    if features is None or embedding.joined or features.key not in dataset.entries_by_key():
        raise CoveyError("the features from which it was made are not in the dataset.")
    cls = registry.get(Kind.REDUCER, embedding.component)
    if not issubclass(cls, Reducer) or cls.version != embedding.version:
        raise CoveyError(f"it was made by version {embedding.version} of {cls.name}, and now there is {cls.version}.")
    if not dataset.writable:
        raise CoveyError(f"{dataset.location} cannot be written: copy it first.")
    reducer = rebuild(cls, {**embedding.options, "sizes": list(sizes)})
    work = work_folder(dataset)
    with hold_run_lock(work / "lock"), log_to_file(work / FILE):
        pipeline = Pipeline(dataset, dataset.images or ImageFolder(dataset.home), Runtime(), LoggedProgress(progress))
        for failure in pipeline.attempt(plan_task(split_plural(reducer), features)):
            raise CoveyError(failure.reason) from failure.error
