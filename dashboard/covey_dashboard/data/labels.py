"""The labels that people gave to the images of a dataset."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence

import attrs
import numpy as np

from covey import Features, Labels
from covey.frontend import (
    NOISE,
    Entry,
    LabelClass,
    Labelled,
    LabelPlace,
    LabelStore,
    Reattachment,
    Worklist,
    digest,
    locate_labels,
    open_labels,
    plan_reattachment,
)
from covey_dashboard.data.caching import cached, identify
from covey_dashboard.data.datasets import (
    TABLES_TTL,
    OpenEmbedding,
    dataset_at,
    list_features,
    list_names,
    load_all_features,
    load_embedding,
)
from covey_dashboard.data.species_suggestions import read_guesses
from covey_dashboard.server.read_only import is_read_only

PLACE_TTL = 10
"""Seconds after which covey looks again whether a dataset can be written."""
LOOK_TTL = 4
"""Seconds for which windows that observe labels together share one look at the labelled images."""


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


@attrs.frozen
class ObservedLabels:
    """The labels of a dataset as they are at one moment, in which the file and the labelled images are looked at once.

    `store` looks at the images whenever it is asked, `reader` looked once at each and changes nothing. `version` tells
    the label file from what it was and becomes; `fingerprint` also tells what the labelled images are.
    """

    store: LabelStore = attrs.field(eq=False)
    reader: LabelStore = attrs.field(eq=False)
    version: str
    fingerprint: str

    @classmethod
    def of(cls, store: LabelStore) -> ObservedLabels:
        """Look at the labels in a store and at the labelled images. Raises CoveyError."""
        reader = attrs.evolve(store, contents=RecentContents(store.contents), writable=False)
        return cls(store, reader, reader.version, reader.fingerprint())


@identify.register
def _(observed: ObservedLabels) -> object:
    return [str(observed.store.path), observed.fingerprint]


@attrs.frozen
class OutdatedLabels:
    """The labels that were given to other content than their images have now, and those whose images are gone.

    `image_version` tells the contents that the images have now from those before; "" if none has changed.
    """

    changed: Sequence[Labelled] = ()
    gone: Sequence[Labelled] = ()
    image_version: str = ""


@attrs.frozen(eq=False)
class RecentContents:
    """Tells the contents of images, each of which it looks at once."""

    look_up: Callable[[Collection[str]], Mapping[str, str]]
    began_s: float = attrs.field(factory=time.monotonic, init=False)
    """When it began to look, which tells it from those before."""
    _content_by_name: dict[str, str] = attrs.field(factory=dict)
    """"" for an image that is not there."""

    def __call__(self, names: Collection[str]) -> Mapping[str, str]:
        """Return the SHA-256 of those of some images that are there."""
        if new_names := [name for name in names if name not in self._content_by_name]:
            contents = self.look_up(new_names)
            self._content_by_name.update((name, contents.get(name, "")) for name in new_names)
        return {name: content for name in names if (content := self._content_by_name[name])}


def observe_together(store: LabelStore) -> ObservedLabels:
    """Look at labels, and once every few seconds at the labelled images, for all windows together.

    An image that is replaced meanwhile counts as what it was until the next look.

    Raises:
        CoveyError: the labels cannot be read.
    """
    contents = _recent_contents(store)
    reader = attrs.evolve(store, contents=contents, writable=False)
    version = reader.version
    return ObservedLabels(store, reader, version, digest([version, contents.began_s]))


@cached(ttl=LOOK_TTL, max_entries=8, by=lambda store: str(store.path))
def _recent_contents(store: LabelStore) -> RecentContents:
    return RecentContents(store.contents)


def open_shared_labels(location: str) -> LabelStore:
    """Return the labels of a dataset that all windows share.

    Raises:
        CoveyError: the dataset cannot be opened.
    """
    place = label_place(location)
    return _open_labels_at(location, str(place.path), place.elsewhere)


@cached(ttl=PLACE_TTL)
def label_place(location: str) -> LabelPlace:
    """Return where the labels of a dataset are, and what a person should know about that; visitors need not.

    Raises:
        CoveyError: the dataset cannot be opened, or the labels cannot be read.
    """
    dataset = dataset_at(location)
    return LabelPlace(dataset.home, "", ()) if is_read_only() else locate_labels(dataset)


@cached()
def _open_labels_at(location: str, _path: str, _elsewhere: str) -> LabelStore:
    """Open the labels of a dataset, anew when they lie somewhere else."""
    return open_labels(dataset_at(location))


@cached(max_entries=4)
def classes_by_image(observed: ObservedLabels) -> Mapping[str, tuple[str, ...]]:
    """Return the classes of each image that has any.

    Raises:
        CoveyError: the file cannot be read.
    """
    return observed.reader.by_image()


@cached(max_entries=4)
def read_judgements(observed: ObservedLabels) -> Mapping[str, Mapping[str, frozenset[str]]]:
    """Return the classes that each person gave to each image, by author and image.

    Raises:
        CoveyError: the file cannot be read.
    """
    return observed.reader.judgements()


@cached(max_entries=4)
def list_classes(observed: ObservedLabels) -> Sequence[LabelClass]:
    """Return the classes in the order in which they were made.

    Raises:
        CoveyError: the file cannot be read.
    """
    return observed.reader.classes()


@cached(max_entries=4)
def read_image_labels(opened: OpenEmbedding, observed: ObservedLabels) -> ImageLabels:
    """Return the labels of the images of an embedding.

    Raises:
        CoveyError: a file cannot be read.
    """
    return ImageLabels.of(list_names(opened), list_classes(observed), classes_by_image(observed))


@cached(max_entries=4)
def find_outdated_labels(location: str, observed: ObservedLabels) -> OutdatedLabels:
    """Return the labels that do not belong to the images as they are; none where the dataset has no images here.

    Raises:
        CoveyError: a file cannot be read.
    """
    if dataset_at(location).images is None:
        return OutdatedLabels()
    changed, gone = observed.reader.out_of_date(), observed.reader.orphaned()
    contents = observed.reader.contents({row.filename for row in changed})
    return OutdatedLabels(changed, gone, digest(sorted(contents.items())) if changed else "")


@cached(spinner="Comparing the images", max_entries=2, ttl=TABLES_TTL)
def plan_reattachment_of(location: str, observed: ObservedLabels) -> Reattachment:
    """Return where outdated labels can be attached again.

    Raises:
        CoveyError: a file cannot be read.
    """
    return plan_reattachment(observed.store, list_present_images(location))


def list_present_images(location: str) -> list[str]:
    """Return the names of all images of a dataset that are here now.

    Raises:
        CoveyError: the dataset cannot be opened.
    """
    images = dataset_at(location).images
    return images.names() if images else []


def prepare_worklist(opened: OpenEmbedding) -> tuple[Worklist, int]:
    """Return the work-list of an embedding, and how many tables of features it knows.

    Raises:
        CoveyError: a file cannot be read.
    """
    entries = list_features(opened)
    return _prepare_worklist(opened, tuple(entries)), len(entries)


@cached(spinner="Preparing the work-list", max_entries=2)
def _prepare_worklist(opened: OpenEmbedding, entries: Sequence[Entry[Features]]) -> Worklist:
    """Return the work-list of an embedding, from these features and from what networks hear.

    Raises:
        CoveyError: a file cannot be read.
    """
    table = load_embedding(opened)
    X = load_all_features(opened, entries) if entries else table.Z
    return Worklist(X, table.Z, read_guesses(opened.location, table.names))
