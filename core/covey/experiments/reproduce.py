"""Reproducing a table from its provenance, to check whether it comes out the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import attrs
import numpy as np

from covey._base.errors import CoveyError
from covey._base.progress import SILENT, Progress
from covey._base.text import count_noun, preview
from covey.components import options
from covey.components.contracts import Component, Floats, Labels, Runtime
from covey.data.dataset import Dataset
from covey.data.formats import npz
from covey.data.images import ImageFolder, key_of
from covey.data.provenance import Provenance
from covey.data.tables import Clustering, Embedding, Features, Table
from covey.experiments.pipeline import Pipeline
from covey.experiments.plan import plan_task
from covey.plugins.locations import create_dataset, open_dataset
from covey.plugins.registry import Registry


@attrs.frozen(kw_only=True)
class ReproducedStep:
    """One step computed again: `difference` describes how the new table differs, "" if it is identical bit for bit.

    None if the old table is not in the dataset, so that there is nothing to compare with.
    """

    component: str
    difference: str | None


@attrs.frozen(kw_only=True)
class Reproduction:
    """The steps of a reproduced table, and the libraries whose versions differ, each as (name, old, new)."""

    steps: Sequence[ReproducedStep]
    versions: Sequence[tuple[str, str, str]]

    @property
    def identical(self) -> bool:
        """Whether the last table is the same bit for bit."""
        return self.steps[-1].difference == ""


def reproduce(path: Path, registry: Registry, progress: Progress = SILENT) -> Reproduction:
    """Compute a table again from the images, with the components, options and settings in its provenance.

    The new tables go to a temporary folder; the dataset does not change.

    Args:
        path: an NPZ file in its dataset.
        registry: the installed components.
        progress: reports each step.

    Raises:
        CoveyError: the file has no provenance, the images have changed, a component is missing or has another version,
            or a step fails.
    """
    provenance = npz.read_entry(path).provenance
    if provenance is None:
        raise CoveyError(f"{path} has no provenance: only a table that covey made can be made again.")
    old_steps = provenance.lineage
    components = [_build_component(step, registry) for step in old_steps]
    dataset = open_dataset(registry, str(path.parent))
    images = dataset.images
    if images is None:
        raise CoveyError(f"The images of {path} are not in {path.parent}: put them back to make it again.")
    with TemporaryDirectory() as folder:
        target = create_dataset(registry, folder, images.root)
        pipeline = _open_pipeline(target, images, path, old_steps[0], progress)
        new_steps = list(_repeat_steps(pipeline, components, old_steps[0].input))
        compared = [_compare_step(dataset, old, target, new) for old, new in zip(old_steps, new_steps, strict=True)]
    return Reproduction(steps=compared, versions=_compare_versions(old_steps, new_steps))


def _build_component(step: Provenance, registry: Registry) -> Component:
    cls = registry.get(step.kind, step.component)
    if cls.version != step.version:
        versions = f"had version {step.version} and now has version {cls.version}"
        raise CoveyError(f"{step.component} {versions}: install the earlier release to make the table again.")
    return options.build(cls, step.options)


def _open_pipeline(target: Dataset, images: ImageFolder, path: Path, first: Provenance, progress: Progress) -> Pipeline:
    """Return a pipeline on the images from which a table was made, with the settings of the first step."""
    pipeline = Pipeline(target, images, first.details.runtime or Runtime(), progress)
    names: set[str] = {*npz.read(path).names.tolist(), *first.details.broken}
    pipeline.files = [file for file in pipeline.files if file.name in names]
    if key_of(pipeline.files) != first.input:
        gone = sorted(names - {file.name for file in pipeline.files})
        change = f"{preview(gone)} are gone" if gone else "some have another content"
        raise CoveyError(
            f"The images are no longer those that {path} was made from ({change}): it cannot be made again."
        )
    return pipeline


def _repeat_steps(pipeline: Pipeline, components: Sequence[Component], images: str) -> Iterator[Provenance]:
    """Yield the provenance of each step as it is computed again, from the images with this key.

    Raises:
        CoveyError: a step fails.
    """
    source: Provenance | str = images
    for component in components:
        task = plan_task([component], source)
        for failure in pipeline.attempt(task):
            raise CoveyError(failure.reason) from failure.error
        planned = task.provenances[0]
        source = pipeline.entries_by_key[planned.key].provenance or planned
        yield source


def _compare_step(dataset: Dataset, old: Provenance, target: Dataset, new: Provenance) -> ReproducedStep:
    entry = dataset.entries_by_key().get(old.key)
    difference = (
        None if entry is None else _describe_differences(dataset.load(entry), target.load(target.find(new.key)))
    )
    return ReproducedStep(component=old.component, difference=difference)


def _describe_differences(old: Table, new: Table) -> str:
    """Return how two tables differ, "" if they are the same bit for bit."""
    if not np.array_equal(old.names, new.names):
        return "it has other images"
    match old, new:
        case Features(), Features():
            pairs = [_describe_numbers("features", old.X, new.X)]
        case Embedding(), Embedding():
            pairs = [_describe_numbers("places", old.Z, new.Z), _describe_numbers("map", old.map, new.map)]
        case Clustering(), Clustering():
            pairs = [_describe_clusters(old.labels, new.labels)]
        case _:
            return "it is a table of another kind"
    return "; ".join(filter(None, pairs))


def _describe_numbers(name: str, old: Floats, new: Floats) -> str:
    if old.shape != new.shape:
        return f"{name} of shape {new.shape} instead of {old.shape}"
    return "" if old.tobytes() == new.tobytes() else f"{name} differ by up to {np.abs(old - new).max():.3g}"


def _describe_clusters(old: Labels, new: Labels) -> str:
    changed = np.count_nonzero(old != new)
    return f"another number for {changed:,} of {count_noun(len(old), 'image')}" if changed else ""


def _compare_versions(old_steps: Sequence[Provenance], new_steps: Sequence[Provenance]) -> list[tuple[str, str, str]]:
    """Return the libraries whose versions differ: name, old version, new version."""
    old, new = _merge_versions(old_steps), _merge_versions(new_steps)
    versions = [(name, old.get(name, "none"), new.get(name, "none")) for name in sorted(old.keys() | new.keys())]
    return [(name, before, after) for name, before, after in versions if before != after]


def _merge_versions(steps: Sequence[Provenance]) -> dict[str, str]:
    return {name: version for step in steps for name, version in step.details.versions.items()}
