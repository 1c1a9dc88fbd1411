"""The page Find similar: the images that are most like images, a sound, a picture, or words."""

from __future__ import annotations

from functools import partial

import streamlit as st

from covey import CoveyError
from covey.frontend import count_noun
from covey_dashboard.current_labels import observe_labels
from covey_dashboard.data.datasets import dataset_at, image_folder
from covey_dashboard.data.labels import ObservedLabels, classes_by_image
from covey_dashboard.data.similar.search import (
    LikeImages,
    LikePicture,
    LikeSound,
    MostSimilar,
    Query,
    find_similar,
    list_features_of,
)
from covey_dashboard.data.table_titles import title_tables
from covey_dashboard.pages.similar.ask import IMAGES, ask_query, list_ways
from covey_dashboard.state import SimilarState
from covey_dashboard.widgets.gallery import list_remaining, show_gallery
from covey_dashboard.widgets.label_bar import show_label_bar
from covey_dashboard.widgets.label_watch import shows_labels, watch_labels
from covey_dashboard.widgets.labelling.repair import show_label_problem
from covey_dashboard.widgets.messages import show_hint
from covey_dashboard.widgets.page_frame import link_page, show_page

WAITING = "A network looks at it: ten seconds, or more where the computer is busy"
MOST_SHOWN = 12
"""Pictures of what is searched for that are shown, at most."""


@shows_labels
def show_similar(location: str) -> None:
    """Let a person search one dataset; all that is done there reruns only this."""
    try:
        show_search(location)
    except CoveyError as error:
        show_label_problem(error, location)


def show_search(location: str) -> None:
    """Let a person say what to search for, and show what is found.

    Raises:
        CoveyError: a file cannot be read.
    """
    entries, state = list_features_of(location), SimilarState.recall(location)
    if not entries:
        show_hint("Images cannot be compared yet: that needs features, which a network makes of them.")
        link_page("start", "Open the page Start")
        return
    title_by_name = title_tables(entries)
    ask_column, found_column = st.columns([3, 7], gap="medium")
    with ask_column:
        name = st.selectbox(
            "Compare by (features)",
            list(title_by_name),
            format_func=title_by_name.__getitem__,
            key=state.features.key,
            help="What a network says of each image; images with like features look or sound alike to it.",
        )
        entry = next(entry for entry in entries if entry.name == name)
        query = ask_query(list_ways(location, entry), state)
    with found_column:
        most_similar = search(location, entry.name, query)
        show_found(location, query, most_similar)
    with ask_column:
        show_pictures(most_similar)


def search(location: str, table: str, query: Query | None) -> MostSimilar:
    """Return what is found; all images as long as nothing is searched for.

    Raises:
        CoveyError: what is searched for cannot be described.
    """
    entry = next(entry for entry in list_features_of(location) if entry.name == table)
    if query is None:
        folder = image_folder(location)
        return MostSimilar(sorted(folder.walk()) if folder else [])
    with st.spinner("Searching" if isinstance(query, LikeImages) else WAITING):
        return find_similar(location, entry, query)


def show_found(location: str, query: Query | None, most_similar: MostSimilar) -> None:
    """Show the images that were found, and let a person name them.

    Raises:
        CoveyError: the labels cannot be read.
    """
    names, selection_key = list(most_similar.names), f"{location} {hash(query)}"
    st.text(describe_found(query, len(names)))
    label_place, observed = st.container(), observe_labels(location)
    show_gallery(
        names,
        selection_key=selection_key,
        folder=image_folder(location),
        dataset=dataset_at(location),
        key=SimilarState.gallery_key,
        labels_by_image=classes_by_image(observed),
        show_similar=partial(search_like, location),
    )
    with label_place:
        show_labelling(observed, names, selection_key)


def describe_found(query: Query | None, count: int) -> str:
    """Say in words what is shown."""
    if query is None:
        return f"{count_noun(count, 'image')}. ≈ on an image, or the key M, finds those that are most like it."
    if isinstance(query, LikeImages):
        return f"The {count_noun(count, 'image')} most like {count_noun(len(query.names), 'image')}, nearest first."
    what = "the sound" if isinstance(query, LikeSound) else "the picture" if isinstance(query, LikePicture) else "words"
    return f"The {count_noun(count, 'image')} most like {what}, nearest first."


def show_labelling(observed: ObservedLabels, names: list[str], selection_key: str) -> None:
    """Let a person name the images that were found. Raises CoveyError."""
    watch_labels(observed.store, observed.version)
    show_label_bar(observed, partial(list_remaining, names, selection_key, SimilarState.gallery_key))


def search_like(location: str, names: list[str]) -> None:
    """Search for images like some of the dataset."""
    state = SimilarState.recall(location)
    state.images = LikeImages(tuple(names))
    state.next_way = IMAGES


def show_pictures(most_similar: MostSimilar) -> None:
    """Show what is searched for, as the network saw it."""
    if not most_similar.pictures:
        return
    count = len(most_similar.pictures)
    st.caption("As the network saw it" + (f": {MOST_SHOWN} of {count:,} pieces" if count > MOST_SHOWN else ""))
    st.image(list(most_similar.pictures[:MOST_SHOWN]), width=150)


show_page(show_similar)
