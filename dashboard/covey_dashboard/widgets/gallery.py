"""The gallery: every image of a selection, where a person takes images out of it and back in."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import attrs
import numpy as np
import streamlit as st
from numpy.typing import NDArray

from covey import CoveyError, Floats, Labels
from covey.frontend import NOISE, Dataset, ImageClip, ImageFolder, LabelClass, NearestGroups
from covey_dashboard.browser.binary_payload import pack_payload
from covey_dashboard.browser.browser_component import component
from covey_dashboard.data.clips.use_recordings import use_recordings
from covey_dashboard.data.metadata import encode_groups
from covey_dashboard.data.selection import Rows
from covey_dashboard.server.read_only import is_read_only
from covey_dashboard.state import ClassFieldState, GalleryState
from covey_dashboard.widgets.image_addresses import ImageAddresses
from covey_dashboard.widgets.labelling.class_field import list_choices

MOST_VERSIONS = 8
"""Versions of what is shown whose answers are understood: a browser answers what it showed last, not what is sent."""
UNSORTED, TYPICAL, ODD, TIME, RANDOM = "Unsorted", "Typical first", "Odd first", "Recording and time", "At random"
_component = component("gallery", "class_input")


@attrs.frozen
class ImageLabelling:
    """How the viewer labels its image: the classes that exist, and what is called with an image and a class."""

    classes: Sequence[LabelClass]
    give: Callable[[str, str], None]


@attrs.frozen(eq=False)
class ClipColumns:
    """The pieces of recordings that images show: a number for the recording (n,), -1 for none, whose name is in
    `recordings`; start and length in milliseconds (n,), -1 and 0 where they are not known.
    """

    codes: Labels
    recordings: list[str]
    starts: NDArray[np.int32]
    lengths: NDArray[np.int32]

    @classmethod
    def of(cls, dataset: Dataset, names: Sequence[str]) -> ClipColumns:
        """Return the clips of images, which takes a second for 100,000."""
        clip_by_name = dataset.clips(names)
        clips = [clip_by_name.get(name) for name in names]
        codes, recordings = encode_groups([clip.stub if clip else "" for clip in clips])
        starts = np.array([_as_ms(clip.start_s) if clip else NOISE for clip in clips], dtype=np.int32)
        lengths = np.array([_as_ms(clip.duration_s) if clip else 0 for clip in clips], dtype=np.int32)
        return cls(codes, recordings, starts, lengths)


def _new_token() -> str:
    return secrets.token_hex(8)


@attrs.define(eq=False)
class GalleryContent:
    """What a gallery shows: the same object as long as that stays the same, so that nothing is sent again.

    `out` (n,) bool says which of `names` are taken out, `order` (n,) in which order the browser shows them.
    `shown_names` has the names in the order of each of the last versions, to which the browser's answers refer;
    `identity` is the same as long as what the browser has taken out stays out. `clips` are read once for these names.
    """

    selection_key: str
    names: list[str]
    out: NDArray[np.bool_]
    clusters: Labels | None = None
    nearest: NearestGroups | None = None
    folder: ImageFolder | None = None
    image_version: str = ""
    labels: Sequence[str] = ()
    choices: Sequence[Mapping[str, str]] | None = None
    notice: str = ""
    order_name: str = ""
    order: Rows = attrs.field(factory=lambda: np.empty(0, dtype=np.intp))
    clips: ClipColumns | None = None
    version: str = ""
    payload: bytes = b""
    identity: str = attrs.field(factory=_new_token)
    shown_names: dict[str, list[str]] = attrs.field(factory=dict)
    answer: Any = None

    @property
    def remaining(self) -> list[str]:
        """The names that are not taken out."""
        return [name for name, out in zip(self.names, self.out, strict=True) if not out]

    def apply_answer(self, answer: Any) -> None:
        """Mark the images that are out, as the browser lists them: runs of places, [first, last, first, last, ...].

        It may have shown an earlier version; an image that was not in it stays as it is.
        """
        if not answer or answer == self.answer or answer["version"] not in self.shown_names:
            return
        self.answer = answer
        names = self.shown_names[answer["version"]]
        is_out = dict.fromkeys(names, False)
        for first_index, last_index in np.asarray(answer["runs"], dtype=np.intp).reshape(-1, 2):
            is_out.update(dict.fromkeys(names[first_index : last_index + 1], True))
        rows = zip(self.names, self.out.tolist(), strict=True)
        self.out = np.array([is_out.get(name, out) for name, out in rows], dtype=np.bool_)

    def begin_version(self) -> None:
        """Show the images in their order under a new version."""
        self.version = _new_token()
        self.shown_names[self.version] = [self.names[row] for row in self.order]
        for version in list(self.shown_names)[:-MOST_VERSIONS]:
            del self.shown_names[version]

    def replace_names(self, names: Sequence[str]) -> GalleryContent:
        """Return the same selection with other images; what is out stays out."""
        names_out = {name for name, is_out in zip(self.names, self.out, strict=True) if is_out}
        return GalleryContent(
            selection_key=self.selection_key,
            names=list(names),
            out=np.fromiter((name in names_out for name in names), dtype=np.bool_, count=len(names)),
            identity=self.identity,
            shown_names=self.shown_names,
            answer=self.answer,
        )


def show_gallery(
    names: Sequence[str],
    *,
    selection_key: str,
    folder: ImageFolder | None,
    dataset: Dataset,
    key: str = "gallery",
    clusters: Labels | None = None,
    nearest: NearestGroups | None = None,
    image_version: str = "",
    labels_by_image: Mapping[str, Sequence[str]] | None = None,
    rate_oddity: Callable[[], Floats] | None = None,
    show_similar: Callable[[list[str]], None] | None = None,
    labelling: ImageLabelling | None = None,
) -> list[str]:
    """Show images, and return the names of those that a person leaves in.

    Call it in a fragment together with what shows the names that it returns: each change runs that again.

    Args:
        names: the images, unsorted.
        selection_key: tells this selection from others. Images stay out, by name, until it is another one.
        folder: where the images are; None if they are not there.
        dataset: whose images they are.
        key: tells this gallery from others.
        clusters: the cluster of each image (n,).
        nearest: the groups that noise may belong to (n,), which follow from the clusters.
        image_version: tells the contents of the images from earlier ones, which the browser may still have; "" for
            what was shown last.
        labels_by_image: the classes of each image that has any, which are marked on its tile.
        rate_oddity: returns how odd each image is (n,), greater for odder ones.
        show_similar: called with the names of images when a person asks for more like these; then the app runs again.
        labelling: how the viewer labels its image; None for not at all.
    """
    order_name = _choose_order(key, rate_oddity is not None)
    content, state = _current_content(key, names, selection_key), GalleryState.recall(key)
    image_version = state.image_version = image_version or state.image_version
    labels = [", ".join((labels_by_image or {}).get(name, ())) for name in content.names]
    choices = list_choices(labelling.classes) if labelling else None
    drawn = (content.order_name, content.folder, content.image_version, content.labels, content.notice, content.choices)
    shown = (order_name, folder, image_version, labels, state.notice, choices)
    if drawn != shown or not _are_equal(content.clusters, clusters):
        content.order = _sort_rows(order_name, content, dataset, rate_oddity)
        content.order_name, content.folder, content.image_version = order_name, folder, image_version
        content.labels, content.notice, content.choices = labels, state.notice, choices
        content.clusters, content.nearest = clusters, nearest
        content.begin_version()
        answered = ClassFieldState.recall(key).answered
        content.payload = _pack_content(content, dataset, show_similar is not None, answered)
    answer = _component(
        key=key,
        data=content.payload,
        on_out_change=_ignore,
        on_like_change=_ignore,
        on_recordings_change=_ignore,
        on_requests_change=partial(_label_images, key, content.names, labelling) if labelling else _ignore,
    )
    _follow_answer(answer, content, dataset, state, show_similar)
    return content.remaining


def _follow_answer(
    answer: Any,
    content: GalleryContent,
    dataset: Dataset,
    state: GalleryState,
    show_similar: Callable[[list[str]], None] | None,
) -> None:
    """Do what a person asks for in the browser."""
    if answer.recordings:
        state.notice, content.clips = _name_recordings(dataset, str(answer.recordings)), None
        st.rerun()
    name = answer.like
    if show_similar and name is not None and (not name or name in content.names):
        show_similar([name] if name else content.remaining)
        st.rerun()


def _label_images(key: str, names: Sequence[str], labelling: ImageLabelling) -> None:
    """Give the classes that a person chose in the viewer to images of the gallery."""
    for request in ClassFieldState.recall(key).take_requests():
        if request["name"] in names:
            labelling.give(str(request["name"]), str(request["label"]))


def _name_recordings(dataset: Dataset, folder: str) -> str:
    """Look for recordings in a folder; return what is wrong with it, "" if some images can be played now."""
    try:
        with st.spinner("Looking at the recordings"):
            st.toast(use_recordings(dataset, folder))
        return ""
    except CoveyError as error:
        return str(error)


def list_remaining(names: Sequence[str], selection_key: str, key: str = "gallery") -> list[str]:
    """Return those of the names that a person left in, without showing them."""
    return _current_content(key, names, selection_key).remaining


def remove_at_first(names: Sequence[str], selection_key: str, key: str = "gallery") -> None:
    """Remove images from a selection that is to be shown."""
    out = np.ones(len(names), dtype=np.bool_)
    GalleryState.recall(key).content = GalleryContent(selection_key=selection_key, names=list(names), out=out)


def _ignore() -> None:
    """Do nothing: a component reports only changes for which a function is named."""


def _current_content(key: str, names: Sequence[str], selection_key: str) -> GalleryContent:
    """Return what is shown; what a person took out stays out as long as `selection_key` is the same."""
    state = GalleryState.recall(key)
    content = state.content
    if content is None or content.selection_key != selection_key:
        content = GalleryContent(selection_key=selection_key, names=[], out=np.empty(0, dtype=np.bool_))
    content.apply_answer(state.read_answer())
    if content.names != list(names):
        content = state.content = content.replace_names(names)
    return content


def _are_equal(clusters: Labels | None, other_clusters: Labels | None) -> bool:
    return (
        np.array_equal(clusters, other_clusters)
        if clusters is not None and other_clusters is not None
        else clusters is other_clusters
    )


def _choose_order(key: str, has_oddity: bool) -> str:
    orders = [UNSORTED, *([TYPICAL, ODD] if has_oddity else []), TIME, RANDOM]
    state = GalleryState.recall(key)
    return str(st.selectbox("Order", orders, key=state.order_key, label_visibility="collapsed", width=220))


def _sort_rows(
    order_name: str, content: GalleryContent, dataset: Dataset, rate_oddity: Callable[[], Floats] | None
) -> Rows:
    """Return the rows of the images in an order."""
    names = content.names
    if rate_oddity and order_name in (TYPICAL, ODD):
        with st.spinner("Comparing the images"):
            oddities = rate_oddity()
        return np.argsort(oddities if order_name == TYPICAL else -oddities, kind="stable")
    if order_name == TIME:
        clips = dataset.clips(names)
        return np.array(sorted(range(len(names)), key=lambda row: _time_order(names[row], clips)), dtype=np.intp)
    if order_name == RANDOM:
        return np.random.default_rng(0).permutation(len(names))
    return np.arange(len(names))


def _time_order(name: str, clips: Mapping[str, ImageClip]) -> tuple[str, float]:
    """Return the recording of an image and when in it, in seconds; its name if nothing tells them."""
    clip = clips.get(name)
    return (clip.recording, clip.start_s) if clip else (name, 0.0)


def _pack_content(content: GalleryContent, dataset: Dataset, has_similar: bool, answered: int) -> bytes:
    """Return what the browser needs, in the order in which it shows the images."""
    names = content.shown_names[content.version]
    clips = content.clips = content.clips or ClipColumns.of(dataset, content.names)
    label_codes, kinds = encode_groups([content.labels[row] for row in content.order])
    addresses = ImageAddresses.of(dataset, content.folder, names, content.image_version)
    fields: dict[str, Any] = {
        "view": f"{content.selection_key} {content.order_name}",
        "selection": content.identity,
        "version": content.version,
        "names": names,
        "recordings": clips.recordings,
        "kinds": kinds,
        "images": addresses.pictures,
        **addresses.as_fields(),
        "nameable": not is_read_only(),
        "notice": content.notice,
        "like": has_similar,
        "choices": content.choices,
        "answered": answered,
    }
    arrays: dict[str, NDArray[Any]] = {
        "sources": clips.codes[content.order],
        "starts": clips.starts[content.order],
        "lengths": clips.lengths[content.order],
        "classes": label_codes,
        "out": content.out[content.order].astype(np.uint8),
    }
    if content.clusters is not None:
        arrays["clusters"] = content.clusters[content.order].astype(np.int32)
    if content.nearest is not None:
        arrays["maybe"] = content.nearest.clusters[content.order]
        arrays["confidence"] = content.nearest.confidence[content.order]
    return pack_payload(fields, **arrays)


def _as_ms(seconds: float) -> int:
    return round(1000 * seconds)
