"""Reproducing a table from its provenance, to check whether it comes out the same."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import attrs
import numpy as np
from numpy.typing import NDArray

from covey._base.errors import CoveyError
from covey._base.progress import SILENT, Progress
from covey._base.text import count_noun, preview
from covey.analysis.join_tables import Join
from covey.components import options
from covey.components.contracts import Component, FeatureExtractor, Floats, Labels, Runtime
from covey.components.fitting import State
from covey.data.dataset import Dataset
from covey.data.formats import npz
from covey.data.images import ImageFolder, key_of
from covey.data.provenance import Provenance
from covey.data.tables import Clustering, Embedding, Extra, Features, LearnedState, Table
from covey.experiments.pipeline import Pipeline
from covey.experiments.plan import Task, plan_join, plan_task
from covey.experiments.rebuild_component import rebuild_component
from covey.experiments.steps.run_inputs import RunInputs
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
    components = [rebuild_component(step, registry) for step in old_steps]
    dataset = open_dataset(registry, str(path.parent))
    images = dataset.images
    if images is None:
        raise CoveyError(f"The images of {path} are not in {path.parent}: put them back to make it again.")
    with TemporaryDirectory() as folder:
        target = create_dataset(registry, folder, images.root)
        repetition = _Repetition(dataset, target, images, path, progress)
        new_steps = [repetition.repeat(old, part) for old, part in zip(old_steps, components, strict=True)]
        compared = [_compare_step(dataset, old, target, new) for old, new in zip(old_steps, new_steps, strict=True)]
    return Reproduction(steps=compared, versions=_compare_versions(old_steps, new_steps))


@attrs.define
class _Repetition:
    """Steps that are computed again, one after the other.

    `dataset` has the old tables, `target` gets the new ones; `path` is the file that is made again.
    """

    dataset: Dataset
    target: Dataset
    images: ImageFolder
    path: Path
    progress: Progress
    _pipeline: Pipeline | None = None
    _new_by_old_key: dict[str, Provenance] = attrs.field(factory=dict)

    def repeat(self, old: Provenance, component: Component) -> Provenance:
        """Compute a step again, after its sources, and return the provenance of the new table.

        Raises:
            CoveyError: the images have changed, or the step fails.
        """
        if self._pipeline is None or not old.sources:
            self._pipeline = self._open_pipeline(old, component)
        task = self._plan(old, component)
        for failure in self._pipeline.attempt(task):
            raise CoveyError(failure.reason) from failure.error
        planned = task.provenances[0]
        new = self._pipeline.entries_by_key[planned.key].provenance or planned
        self._new_by_old_key[old.key] = new
        return new

    def _plan(self, old: Provenance, component: Component) -> Task:
        """Return the task that computes a step again from new tables."""
        sources = [self._new_by_old_key[source.key] for source in old.sources]
        state = self._new_by_old_key[old.state.key] if old.state else None
        if old.is_state:
            return Task((component,), (old,))
        if old.is_extra and isinstance(component, FeatureExtractor):
            extra = Provenance.of_extra(component, old.output, old.input, state)
            return Task(tuple(options.split_plural(component)[:1]), (extra,))
        if isinstance(component, Join):
            return plan_join(component, sources)
        return plan_task([component], sources[0] if sources else old.input, state)

    def _open_pipeline(self, old: Provenance, component: Component) -> Pipeline:
        """Return a pipeline on the images from which features were made, with the settings of that time."""
        pipeline = Pipeline(self.target, self.images, _read_runtime(old), self.progress)
        names: set[str] = {*self._read_names(old), *old.details.broken}
        pipeline.inputs.files = [file for file in pipeline.inputs.files if file.name in names]
        if _read_input_key(pipeline.inputs, old, component) != old.input:
            gone = sorted(names - {file.name for file in pipeline.inputs.files})
            hears = old.is_state or old.is_heard
            changed = "some have another content or recording" if hears else "some have another content"
            change = f"{preview(gone)} are gone" if gone else changed
            raise CoveyError(
                f"The images are no longer those that {self.path} was made from ({change}): it cannot be made again."
            )
        return pipeline

    def _read_names(self, old: Provenance) -> list[str]:
        """Return the images of features or a state; those of the file that is made again if the features are gone.

        Raises:
            CoveyError: the state is gone.
        """
        entry = self.dataset.find(old.key) if old.is_state else self.dataset.entries_by_key().get(old.key)
        names: list[str] = (self.dataset.load(entry) if entry else npz.read(self.path)).names.tolist()
        return names


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
        case LearnedState(), LearnedState():
            pairs = [_describe_states(old.arrays, new.arrays)]
        case Extra(), Extra():
            pairs = [_describe_states(old.columns, new.columns)]
        case Clustering(), Clustering():
            pairs = [_describe_clusters(old.labels, new.labels)]
        case _:
            return "it is a table of another kind"
    return "; ".join(filter(None, pairs))


def _describe_numbers(name: str, old: Floats, new: Floats) -> str:
    if old.shape != new.shape:
        return f"{name} of shape {new.shape} instead of {old.shape}"
    return "" if old.tobytes() == new.tobytes() else f"{name} differ by up to {np.abs(old - new).max():.3g}"


def _describe_states(old: State, new: State) -> str:
    if old.keys() != new.keys():
        return "it has other arrays"
    differing = [name for name in sorted(old) if _describe_array(old[name]) != _describe_array(new[name])]
    return f"{preview(differing)} differ" if differing else ""


def _describe_array(array: NDArray[np.generic]) -> tuple[np.dtype[np.generic], tuple[int, ...], bytes]:
    return array.dtype, array.shape, array.tobytes()


def _describe_clusters(old: Labels, new: Labels) -> str:
    changed = np.count_nonzero(old != new)
    return f"another number for {changed:,} of {count_noun(len(old), 'image')}" if changed else ""


def _compare_versions(old_steps: Sequence[Provenance], new_steps: Sequence[Provenance]) -> list[tuple[str, str, str]]:
    """Return the libraries whose versions differ: name, old version, new version."""
    old, new = _merge_versions(old_steps), _merge_versions(new_steps)
    versions = [(name, old.get(name, "none"), new.get(name, "none")) for name in sorted(old.keys() | new.keys())]
    return [(name, before, after) for name, before, after in versions if before != after]


def _read_input_key(inputs: RunInputs, old: Provenance, component: Component) -> str:
    """Return the key of what a component that takes images would take now."""
    if old.is_state and isinstance(component, FeatureExtractor):
        return inputs.training_clips(component).key
    return inputs.key_of_inputs(component) if isinstance(component, FeatureExtractor) else key_of(inputs.files)


def _merge_versions(steps: Sequence[Provenance]) -> dict[str, str]:
    return {name: version for step in steps for name, version in step.details.versions.items()}


def _read_runtime(provenance: Provenance) -> Runtime:
    """Return how features were computed; those of networks by torch where no backend was recorded yet."""
    runtime = provenance.details.runtime or Runtime()
    return options.evolve(runtime, backend="torch") if runtime.precision and runtime.backend is None else runtime
