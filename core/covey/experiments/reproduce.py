"""Making a result again from its provenance, to see whether it is the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from covey._base.errors import CoveyError
from covey._base.progress import SILENT, Progress
from covey._base.text import count_noun, preview
from covey.components import options
from covey.components.contracts import Component, Runtime
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
    """One step made again; `difference` says in words how it differs, "" where it is identical bit for bit.

    None where the table of then is not kept, so that there is nothing to compare with.
    """

    component: str
    difference: str | None


@attrs.frozen(kw_only=True)
class Repetition:
    """What came of making a result again: its steps, and the libraries whose versions differ: name, then, now."""

    steps: Sequence[ReproducedStep]
    versions: Sequence[tuple[str, str, str]]

    @property
    def identical(self) -> bool:
        """Whether the result itself is the same bit for bit."""
        return self.steps[-1].difference == ""


def reproduce(path: Path, registry: Registry, progress: Progress = SILENT) -> Repetition:
    """Make a table again from the images on, with the components, options and settings that its provenance tells.

    It is made in a temporary place; the dataset stays as it is.

    Args:
        path: an NPZ file in its dataset.
        registry: the installed components.
        progress: told of each step.

    Raises:
        CoveyError: the file tells nothing of its making, the images are no longer those of then, a component is
            missing or has another version, or a step fails.
    """
    origin = npz.read_entry(path).provenance
    if origin is None:
        raise CoveyError(f"{path} does not tell how it was made: only a table that covey made can be made again.")
    chain = origin.lineage
    components = [_component(step, registry) for step in chain]
    dataset = open_dataset(registry, str(path.parent))
    images = dataset.images
    if images is None:
        raise CoveyError(f"The images of {path} are not in {path.parent}: put them back to make it again.")
    with TemporaryDirectory() as place:
        target = create_dataset(registry, place, images.root)
        pipeline = _pipeline(target, images, path, chain[0], progress)
        again = list(_again(pipeline, components, chain))
        compared = [_step(dataset, then, target, now) for then, now in zip(chain, again, strict=True)]
    return Repetition(steps=compared, versions=_versions(chain, again))


def _component(origin: Provenance, registry: Registry) -> Component:
    cls = registry.get(origin.kind, origin.component)
    if cls.version != origin.version:
        versions = f"was version {origin.version} then and is version {cls.version} now"
        raise CoveyError(f"{origin.component} {versions}: install the release of then to make the table again.")
    return options.build(cls, origin.options)


def _pipeline(target: Dataset, images: ImageFolder, path: Path, first: Provenance, progress: Progress) -> Pipeline:
    """Return a pipeline on the images of then, with the settings of then."""
    pipeline = Pipeline(target, images, first.details.runtime or Runtime(), progress)
    names = {*npz.read(path).names.tolist(), *first.details.broken}
    pipeline.files = [file for file in pipeline.files if file.name in names]
    if key_of(pipeline.files) != first.input:
        gone = sorted(names - {file.name for file in pipeline.files})
        change = f"{preview(gone)} are gone" if gone else "some have another content"
        raise CoveyError(
            f"The images are no longer those that {path} was made from ({change}): it cannot be made again."
        )
    return pipeline


def _again(pipeline: Pipeline, components: Sequence[Component], chain: Sequence[Provenance]) -> Iterator[Provenance]:
    """Yield the provenance of each step as it is made again. Raises CoveyError when one fails."""
    source: Provenance | str = chain[0].input
    for component in components:
        step = plan_task([component], source)
        for failure in pipeline.attempt(step):
            raise CoveyError(failure.reason) from failure.error
        origin = pipeline.kept[step.made[0].key].provenance
        assert origin is not None
        yield origin
        source = origin


def _step(dataset: Dataset, then: Provenance, target: Dataset, now: Provenance) -> ReproducedStep:
    old, new = dataset.entries_by_key().get(then.key), target.find(now.key)
    difference = None if old is None else _difference(dataset.load(old), target.load(new))
    return ReproducedStep(component=then.component, difference=difference)


def _difference(old: Table, new: Table) -> str:
    """Return how two tables differ, "" where they are the same bit for bit."""
    if not np.array_equal(old.names, new.names):
        return "it has other images"
    old_arrays, new_arrays = _arrays_by_name(old), _arrays_by_name(new)
    differences = [
        _describe_difference(name, array, new_arrays[name])
        for name, array in old_arrays.items()
        if array.tobytes() != new_arrays[name].tobytes()
    ]
    return "; ".join(differences)


def _arrays_by_name(table: Table) -> dict[str, NDArray[Any]]:
    match table:
        case Features():
            return {"features": table.X}
        case Embedding():
            return {"places": table.Z, "map": table.map}
        case Clustering():
            return {"clusters": table.labels}


def _describe_difference(name: str, old: NDArray[Any], new: NDArray[Any]) -> str:
    if old.shape != new.shape:
        return f"{name} of shape {new.shape} instead of {old.shape}"
    if name == "clusters":
        return f"another number for {(old != new).sum():,} of {count_noun(len(old), 'image')}"
    return f"{name} differ by up to {np.abs(old - new).max():.3g}"


def _versions(chain: Sequence[Provenance], again: Sequence[Provenance]) -> list[tuple[str, str, str]]:
    then, now = (
        {name: version for step in found for name, version in step.details.versions.items()} for found in (chain, again)
    )
    names = sorted(then.keys() | now.keys())
    pairs = [(name, then.get(name, "none"), now.get(name, "none")) for name in names]
    return [(name, old, new) for name, old, new in pairs if old != new]
