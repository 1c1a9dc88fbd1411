"""The labels that people gave to the images of a dataset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs
import numpy as np
from streamlit.runtime.scriptrunner import get_script_run_ctx

from covey import Labels
from covey.frontend import NOISE, LabelClass, LabelStore, Worklist, open_labels, open_labels_read_only
from covey_dashboard.data.caching import cached
from covey_dashboard.data.datasets import OpenEmbedding, dataset_at, load_embedding, load_similarity_space
from covey_dashboard.server.read_only import is_read_only


@attrs.frozen(kw_only=True, eq=False)
class ImageLabels:
    """The classes of a dataset, and which of them the images of a table have.

    `by_image` has the classes of each image that has any. The classes that one image has together are a combination;
    `codes` (n,) int32 has the place of each image's combination in `combinations`, -1 for no class.
    """

    classes: Sequence[LabelClass]
    by_image: Mapping[str, tuple[str, ...]]
    codes: Labels
    combinations: Sequence[tuple[str, ...]]

    @classmethod
    def of(
        cls, names: Sequence[str], classes: Sequence[LabelClass], by_image: Mapping[str, tuple[str, ...]]
    ) -> ImageLabels:
        """Look up the classes of some images."""
        code_by_combination: dict[tuple[str, ...], int] = {}
        codes = np.full(len(names), NOISE, dtype=np.int32)
        for row, name in enumerate(names if by_image else ()):
            if combination := by_image.get(name):
                codes[row] = code_by_combination.setdefault(combination, len(code_by_combination))
        return cls(classes=classes, by_image=by_image, codes=codes, combinations=list(code_by_combination))

    @property
    def combination_titles(self) -> list[str]:
        """What each combination is called."""
        return [", ".join(combination) for combination in self.combinations]


def label_store(location: str) -> LabelStore:
    """Return the labels of a dataset, which nobody changes in read-only mode; undo concerns what this window did.

    Raises:
        CoveyError: the dataset cannot be opened.
    """
    context = get_script_run_ctx()
    return attrs.evolve(_shared_store(location), session=context.session_id if context else "")


@cached()
def _shared_store(location: str) -> LabelStore:
    dataset = dataset_at(location)
    return open_labels_read_only(dataset) if is_read_only() else open_labels(dataset)


@cached(max_entries=4)
def classes_by_image(store: LabelStore) -> Mapping[str, tuple[str, ...]]:
    """Return the classes of each image that has any, as they are now.

    Raises:
        CoveyError: the file cannot be read.
    """
    return store.by_image()


@cached(max_entries=4)
def read_image_labels(opened: OpenEmbedding, store: LabelStore) -> ImageLabels:
    """Return the labels of the images of an embedding, as they are now.

    Raises:
        CoveyError: a file cannot be read.
    """
    return ImageLabels.of(load_embedding(opened).names.tolist(), store.classes(), classes_by_image(store))


@cached(spinner="Preparing the work-list", max_entries=2)
def prepare_worklist(opened: OpenEmbedding) -> tuple[Worklist, bool]:
    """Return the work-list of an embedding, and whether it knows the features.

    Raises:
        CoveyError: a file cannot be read.
    """
    X, Z = load_similarity_space(opened), load_embedding(opened).Z
    return Worklist(X, Z), X is not Z
