"""The embeddings of a dataset as the frontend of the original tools lists them: models, each in several sizes.

That frontend takes all that follows the fourth `_` of a file name for the model, and looks for files whose names
contain it: so no name of a model may end with that of another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import attrs

from covey._base.digests import digest
from covey.components.kinds import STEPS
from covey.components.options import format_value
from covey.data.dataset import Entry
from covey.data.legacy.file_names import SIZES
from covey.data.provenance import Provenance
from covey.data.tables import Embedding

_LONGEST = 100
"""Characters of the name of a model."""


@attrs.frozen
class OriginalModel:
    """One reduction of the features of one model: its embeddings by size."""

    provenance: Provenance
    entries: Mapping[int, Entry[Embedding]]

    @property
    def tag(self) -> str:
        """The name of the model, as short as it can be."""
        steps = self.provenance.chain
        tag = "_".join(step.tag for step in steps[1:]) or self.provenance.tag
        return re.sub(r"[^A-Za-z0-9_.+-]", "-", tag)[:_LONGEST]

    @property
    def neighbors(self) -> int:
        """How many neighbours the reduction had; 0 for one without."""
        count = {**self.provenance.details.chosen, **self.provenance.options}.get("neighbors")
        return count if isinstance(count, int) else 0

    @property
    def settings(self) -> dict[str, str]:
        """What may tell it from other reductions of features with the same tag: components and their options."""
        steps = self.provenance.lineage
        components = {step.kind.value: step.component for step in steps}
        settings = {name: setting for step in steps for name, setting in step.options.items() if name != "sizes"}
        return components | {name: format_value(setting) for name, setting in settings.items()}

    @property
    def missing_sizes(self) -> list[int]:
        """The sizes that the original's frontend needs and that are not there."""
        return [size for size in SIZES if size not in self.entries]

    def file_names(self, model: str) -> Iterator[tuple[str, Entry[Embedding]]]:
        """Yield the file name of each size that the original's frontend offers."""
        for size in SIZES:
            yield f"dimred_{size}_neigh_{self.neighbors}_{model}.npz", self.entries[size]


def list_models(entries: Sequence[Entry[Embedding]]) -> list[OriginalModel]:
    """Return the reductions of a dataset, in the order of their names; of equal sizes of one the first counts."""
    entries_by_model: dict[str, dict[int, Entry[Embedding]]] = {}
    for entry in entries:
        if entry.provenance:
            entries_by_model.setdefault(_identify(entry.provenance), {}).setdefault(entry.shape[1], entry)
    models = [
        OriginalModel(next(entry.provenance for entry in group.values() if entry.provenance), group)
        for group in entries_by_model.values()
    ]
    return sorted(models, key=lambda model: model.tag)


def name_models(models: Sequence[OriginalModel]) -> list[str]:
    """Return a name for each model, of which none ends with another.

    Where tags do not tell models apart, the options in which they differ follow, and at last a part of the key.
    """
    choices = [_list_names(model, models) for model in models]
    levels = [0] * len(models)
    while clashing := _find_clash([names[level] for names, level in zip(choices, levels, strict=True)], levels):
        for position in clashing:
            levels[position] += 1
    return [names[level] for names, level in zip(choices, levels, strict=True)]


def _identify(provenance: Provenance) -> str:
    """Return what all sizes of one reduction share: of an embedding by another program only the name of its file."""
    if provenance.is_foreign:
        return f"{provenance.tag} {provenance.details.chosen.get('neighbors')}"
    options = {name: setting for name, setting in provenance.options.items() if name != "sizes"}
    return attrs.evolve(provenance, options=options).key


def _list_names(model: OriginalModel, models: Sequence[OriginalModel]) -> list[str]:
    """Return the names of a model, ever more exact: its tag, the options that set it apart, and a part of its key."""
    rivals = [rival.settings for rival in models if rival.tag == model.tag and rival is not model]
    exact = model.tag
    for name, setting in model.settings.items():
        if any(rival.get(name) != setting for rival in rivals):
            exact += "_" + _name_setting(name, setting)
            rivals = [rival for rival in rivals if rival.get(name) == setting]
    exact = exact[:_LONGEST]
    return [model.tag, exact, f"{exact}_{digest(_identify(model.provenance))[:8]}"]


def _name_setting(name: str, setting: str) -> str:
    """Return an option as it stands in a file name: min_dist = 0.1 becomes "min-dist-0.1", a component its name."""
    text = setting if name in STEPS else f"{name}-{setting}"
    return re.sub(r"[^A-Za-z0-9.+-]+", "-", text).strip("-")


def _find_clash(names: Sequence[str], levels: Sequence[int]) -> list[int]:
    """Return the positions of equal names, or of one with which another ends, unless they are as exact as can be."""
    for name in names:
        if sum(other.endswith(name) for other in names) > 1:
            positions = [position for position, other in enumerate(names) if other == name and levels[position] < 2]
            if positions:
                return positions
    return []
