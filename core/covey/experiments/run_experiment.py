"""Running an experiment: open what it names, compute what is missing, and say what came of it."""

from __future__ import annotations

import attrs

from covey._base.errors import CoveyError
from covey._base.progress import SILENT, Progress
from covey._base.run_lock import hold_run_lock
from covey._base.run_log import FILE, LoggedProgress, log_to_file
from covey.components.contracts import Runtime
from covey.data.clusters_csv import write_dataset_clusters
from covey.data.dataset import Dataset, Entry, is_entry_of
from covey.data.images import ImageFolder
from covey.data.picture_decoding import FORMAT_NAMES
from covey.data.tables import Clustering
from covey.data.unused_pictures import describe_image_choices, describe_unused_pictures
from covey.experiments.experiment import Experiment
from covey.experiments.named_tables import find_named_tables
from covey.experiments.pipeline import Failure, Pipeline, work_folder
from covey.experiments.plan import PlanLine, summarize_tasks
from covey.plugins.locations import create_dataset, open_dataset
from covey.plugins.registry import Registry


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
    dataset, images, source = open_run_dataset(experiment, registry, progress)
    if not dataset.writable:
        raise CoveyError(f"{dataset.location} cannot be written: name a place for the results (out).")
    work = work_folder(dataset)
    with hold_run_lock(work / "lock"), log_to_file(work / FILE):
        pipeline = Pipeline(
            dataset, images, runtime or experiment.runtime, LoggedProgress(progress), check, experiment.engine
        )
        named_tables = find_named_tables(experiment, [dataset, source])
        tasks = pipeline.plan(experiment, named_tables)
        for sentence in named_tables.describe_strangers(experiment, images.names()):
            progress.note(sentence)
        source_keys = {source.key for task in tasks for source in task.sources}
        named_tables.store_sources(source_keys, dataset, (runtime or experiment.runtime).compress)
        failures = [*pipeline.broken, *(failure for task in tasks for failure in pipeline.attempt(task))]
        keys = dict.fromkeys(provenance.key for task in tasks for provenance in task.provenances)
        entries = pipeline.entries_by_key
    run_entries = [entries[key] for key in keys if key in entries]
    clusterings = [entry for entry in run_entries if is_entry_of(entry, Clustering)]
    if not clusterings:
        raise CoveyError("\n".join(dict.fromkeys(failure.reason for failure in failures))) from failures[0].error
    named_clusterings = [entry for entry in dataset.clusterings() if entry.given_name and entry not in clusterings]
    write_dataset_clusters(dataset, [*clusterings, *named_clusterings])
    computed = len(pipeline.tables.computed_keys)
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
        CoveyError: there are no images, features or layers do not exist, or a setting has no effect.
    """
    dataset, images, source = open_run_dataset(experiment, registry, progress)
    pipeline = Pipeline(dataset, images, experiment.runtime, progress, check, experiment.engine)
    tasks = pipeline.plan(experiment, find_named_tables(experiment, [dataset, source]))
    for failure in pipeline.broken:
        progress.note(failure.reason)
    return summarize_tasks(tasks, pipeline.entries_by_key)


def open_run_dataset(
    experiment: Experiment, registry: Registry, progress: Progress = SILENT
) -> tuple[Dataset, ImageFolder, Dataset]:
    """Return the dataset for the results, the folder with the images, and the dataset that the experiment names.

    The folder is empty if nothing needs images.

    Raises:
        CoveyError: there are no images to extract features from, or a dataset cannot be opened or created.
    """
    source = open_dataset(registry, experiment.dataset, progress, experiment.storages)
    images, unused = source.images, list(describe_unused_pictures(source))
    if images is None and not experiment.extractors:  # earlier features are all that is needed
        images = ImageFolder(source.home)
    if images is None and source.image_choices:
        raise CoveyError(describe_image_choices(source))
    if images is None:
        problem = f"There are no images ({FORMAT_NAMES}) in {experiment.dataset}: name a folder that holds some."
        raise CoveyError(" ".join([problem, *unused]))
    for sentence in unused:
        progress.note(sentence)
    if experiment.out is None:
        return source, images, source
    return create_dataset(registry, experiment.out, images.root, experiment.storages), images, source
