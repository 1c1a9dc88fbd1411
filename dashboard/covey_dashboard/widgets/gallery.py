"""The gallery: every image of a selection, where a person takes images out of it and back in."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import streamlit as st
from numpy.typing import NDArray

from covey import Floats
from covey.frontend import SEGMENT_NAME, ImageFolder, recordings_of_images
from covey_dashboard.browser.binary_payload import packed
from covey_dashboard.browser.browser_component import component
from covey_dashboard.server import recording_audio as sound
from covey_dashboard.server import thumbnails
from covey_dashboard.widgets.colouring import grouped

HEIGHT = 560
FOUND, TYPICAL, ODD, TIME, RANDOM = "As found", "Typical first", "Odd first", "Recording and time", "At random"
_component = component("gallery")


@attrs.define(eq=False)
class Shown:
    """What a gallery shows: kept for as long as it stays the same, since the browser need not be told again.

    `out` (n,) bool says which of `names` are taken out, `order` (n,) where the browser has them. `version` tells the
    browser's answers apart from those to what was shown before.
    """

    what: str
    names: list[str]
    out: NDArray[np.bool_]
    clusters: NDArray[np.int32] | None = None
    folder: ImageFolder | None = None
    ordered: str = ""
    order: NDArray[np.intp] = attrs.field(factory=lambda: np.empty(0, dtype=np.intp))
    version: str = ""
    sent: bytes = b""

    @property
    def remaining(self) -> list[str]:
        """The names that are not taken out."""
        return [name for name, out in zip(self.names, self.out, strict=True) if not out]

    def take(self, answer: Any) -> None:
        """Note which images are out, as the browser says it: runs of places, [first, last, first, last, ...]."""
        if not answer or answer["version"] != self.version:
            return
        self.out = np.zeros(len(self.names), dtype=np.bool_)
        for first, last in np.asarray(answer["runs"], dtype=np.intp).reshape(-1, 2):
            self.out[self.order[first : last + 1]] = True


def show(
    names: Sequence[str],
    *,
    what: str,
    folder: ImageFolder | None,
    home: Path,
    key: str = "gallery",
    clusters: NDArray[np.int32] | None = None,
    oddity: Callable[[], Floats] | None = None,
    like: Callable[[list[str]], None] | None = None,
) -> list[str]:
    """Show images, and return the names of those that a person leaves in.

    It belongs into a fragment together with what shows the names that it returns: each change runs that again.

    Args:
        names: the images, in the order in which they were found.
        what: tells this selection from others. Images stay out, by name, until it is another one.
        folder: where the images are; None where they are not there.
        home: the folder of the dataset, with the recordings in `audio/`.
        key: tells this gallery from others.
        clusters: the cluster of each image (n,).
        oddity: returns how odd each image is (n,), as `covey.analysis.assist.neighbours.measure_oddity` has it.
        like: told the names of images when a person asks for more like these; then the app runs again.
    """
    ordered = _choose_order(key, oddity is not None)
    view = _current(key, names, what)
    if (view.ordered, view.folder) != (ordered, folder) or not _same(view.clusters, clusters):
        view.order = _order(ordered, view.names, oddity)
        view.ordered, view.folder, view.clusters = ordered, folder, clusters
        view.version = secrets.token_hex(8)
        view.sent = _packed(view, home, like is not None)
    answer = _component(key=key, data=view.sent, on_out_change=lambda: None, on_like_change=lambda: None)
    if like and answer.like is not None:
        place = int(answer.like)
        like([view.names[view.order[place]]] if 0 <= place < len(names) else view.remaining)
        st.rerun()
    return view.remaining


def remaining(names: Sequence[str], what: str, key: str = "gallery") -> list[str]:
    """Return those of the names that a person left in, without showing them."""
    return _current(key, names, what).remaining


def _current(key: str, names: Sequence[str], what: str) -> Shown:
    """Return what is shown; what a person took out stays out as long as `what` is the same."""
    before = st.session_state.get(_state_key(key))
    if not isinstance(before, Shown) or before.what != what:
        before = Shown(what=what, names=[], out=np.empty(0, dtype=np.bool_))
    before.take(st.session_state.get(key, {}).get("out"))
    if before.names == list(names):
        return before
    gone = {name for name, out in zip(before.names, before.out, strict=True) if out}
    out = np.fromiter((name in gone for name in names), dtype=np.bool_, count=len(names))
    st.session_state[_state_key(key)] = view = Shown(what=what, names=list(names), out=out)
    return view


def _same(first: NDArray[np.int32] | None, second: NDArray[np.int32] | None) -> bool:
    return np.array_equal(first, second) if first is not None and second is not None else first is second


def _state_key(key: str) -> str:
    return f"what {key} shows"


def _choose_order(key: str, by_oddity: bool) -> str:
    offered = [FOUND, *([TYPICAL, ODD] if by_oddity else []), TIME, RANDOM]
    return str(st.selectbox("Order", offered, key=f"order {key}", label_visibility="collapsed", width=220))


def _order(ordered: str, names: Sequence[str], oddity: Callable[[], Floats] | None) -> NDArray[np.intp]:
    """Return the rows of the images in an order."""
    if oddity and ordered in (TYPICAL, ODD):
        with st.spinner("Comparing the images"):
            values = oddity()
        return np.argsort(values if ordered == TYPICAL else -values, kind="stable")
    if ordered == TIME:
        return np.array(sorted(range(len(names)), key=lambda row: _moment(names[row])), dtype=np.intp)
    if ordered == RANDOM:
        return np.random.default_rng(0).permutation(len(names))
    return np.arange(len(names))


def _moment(name: str) -> tuple[str, float]:
    """Return the recording of an image and when in it, in seconds; the name where it is no cut."""
    cut = SEGMENT_NAME.fullmatch(name)
    return (cut["stub"], float(cut["start"])) if cut else (name, 0.0)


def _packed(view: Shown, home: Path, like: bool) -> bytes:
    """Return what the browser is told, in the order in which it shows the images."""
    names = [view.names[row] for row in view.order]
    recording_by_image = recordings_of_images(names)
    sources, recording_names = grouped([recording_by_image.get(name, "") for name in names])
    fields: dict[str, Any] = {
        "view": f"{view.what} {view.ordered}",
        "version": view.version,
        "height": HEIGHT,
        "names": names,
        "recordings": recording_names,
        "images": thumbnails.address(view.folder),
        "sound": sound.address(home, view.folder),
        "soundless": sound.problem(home),
        "like": like,
    }
    arrays: dict[str, NDArray[Any]] = {
        "sources": sources,
        "out": view.out[view.order].astype(np.uint8),
    }
    if view.clusters is not None:
        arrays["clusters"] = view.clusters[view.order].astype(np.int32)
    return packed(fields, **arrays)
