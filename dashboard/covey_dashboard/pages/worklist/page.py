"""The page Work-list: the images without a class, in batches that are likely to be of one."""

from __future__ import annotations

from functools import partial
from html import escape

import attrs
import numpy as np
import streamlit as st

from covey import CoveyError, Embedding, Floats
from covey.frontend import Action, LabelStore, count_noun
from covey_dashboard.current_dataset import current_embedding
from covey_dashboard.current_labels import observe_labels
from covey_dashboard.data.datasets import OpenEmbedding, dataset_at, image_folder, load_embedding
from covey_dashboard.data.labels import ImageLabels, prepare_worklist, read_image_labels
from covey_dashboard.data.selection import Rows
from covey_dashboard.data.species_suggestions import suggest_species
from covey_dashboard.data.worklist_session import Reply, ShownBatch, WorklistSession
from covey_dashboard.state import ClassFieldState, LabelBarState, WorklistState
from covey_dashboard.widgets.gallery import list_remaining, show_gallery
from covey_dashboard.widgets.label_bar import (
    act_and_report,
    button_row,
    show_report,
    show_undo_buttons,
)
from covey_dashboard.widgets.label_watch import shows_labels, watch_labels
from covey_dashboard.widgets.labelling.class_field import find_class, show_class_field
from covey_dashboard.widgets.labelling.repair import show_label_problem
from covey_dashboard.widgets.messages import show_hint
from covey_dashboard.widgets.page_frame import link_page, show_page

VERY_LIKELY, LIKELY = 0.7, 0.5
"""Probability of a class that is as good as certain (it is never above 0.9), and of one that is likely."""


BATCH_SIZES = (0, 10, 20, 50, 100, 200)
"""Images of a batch, at most, among which a person can choose; 0 for automatic."""


@attrs.frozen(kw_only=True, eq=False)
class WorklistView:
    """The open embedding with its table and labels, and the replies of this person that were not undone."""

    opened: OpenEmbedding
    table: Embedding
    store: LabelStore
    image_labels: ImageLabels
    state: WorklistState
    replies: list[Reply]


def show_worklist(location: str) -> None:
    """Show the work-list of the embedding that is open.

    Raises:
        CoveyError: the dataset or its embedding cannot be read.
    """
    opened = current_embedding(location)
    if opened is None:
        show_hint("This dataset has no embedding, and so no work-list, yet: the page Start makes one.")
        link_page("start", "Open the page Start")
    elif not len(load_embedding(opened).names):
        show_hint("This embedding has no images.")
    else:
        show_workbench(opened)


@shows_labels
def show_workbench(opened: OpenEmbedding) -> None:
    """Show the work-list of one embedding; all that a person does there reruns only this."""
    try:
        show_view(read_view(opened))
    except CoveyError as error:
        show_label_problem(error, opened.location)


def read_view(opened: OpenEmbedding) -> WorklistView:
    """Return what is shown.

    Raises:
        CoveyError: a file cannot be read.
    """
    observed, state = observe_labels(opened.location), WorklistState.recall(opened)
    store = observed.store
    watch_labels(store, observed.version)
    return WorklistView(
        opened=opened,
        table=load_embedding(opened),
        store=store,
        image_labels=read_image_labels(opened, observed),
        state=state,
        replies=state.session.valid_replies(store),
    )


def show_view(view: WorklistView) -> None:
    """Show how far the labelling has come, and the next batch.

    Raises:
        CoveyError: a file cannot be read.
    """
    session = view.state.session
    progress_place, size_place = st.columns([3, 1], gap="medium")
    with size_place:
        choose_batch_size(session)
    worklist, feature_count = prepare_worklist(view.opened)
    with st.container():  # a remark more does not rebuild what is below
        show_remarks(view, feature_count)
    batch = session.next_batch(worklist, view.image_labels, view.replies)
    if batch:
        show_batch(view, batch)
    else:
        show_end(view)
    with progress_place:  # last, since it takes about as long as to choose the batch
        show_progress(view, session.certainties(worklist, view.image_labels, view.replies))
    session.note_on_screen()


def choose_batch_size(session: WorklistSession) -> None:
    """Let a person choose how many images a batch may have."""
    st.selectbox(
        "Images at once",
        BATCH_SIZES,
        BATCH_SIZES.index(session.most or 0),
        format_func=lambda most: f"up to {most}" if most else "automatic",
        help="Automatic takes as many as mean the least work: more where the suggestions were right before.",
        key=WorklistState.most.key,
        on_change=take_batch_size,
        args=(session,),
    )


def take_batch_size(session: WorklistSession) -> None:
    """Show batches of the size that a person chose."""
    session.resize(WorklistState.most.content or None)


def show_batch(view: WorklistView, shown: ShownBatch) -> None:
    """Show a batch and what can be said to it.

    Raises:
        CoveyError: a file cannot be read.
    """
    names, location = view.table.names[shown.batch.rows].tolist(), view.opened.location
    bar_place = st.container()
    remaining = show_gallery(
        names,
        selection_key=shown.key,
        folder=image_folder(location),
        dataset=dataset_at(location),
        key=WorklistState.gallery_key,
        labels_by_image=view.image_labels.by_image,
    )
    with bar_place:
        show_bar(view, shown, names, len(remaining))


def show_bar(view: WorklistView, shown: ShownBatch, names: list[str], remaining_count: int) -> None:
    """Show what is suggested for a batch, and what can be said to it.

    Args:
        view: what is shown.
        shown: the batch.
        names: its images.
        remaining_count: how many of them a person left in.

    Raises:
        CoveyError: the labels cannot be read.
    """
    question_column, field_column, buttons_column = st.columns([3, 4, 4], vertical_alignment="center", gap="medium")
    with question_column:
        show_question(view, shown)
    with field_column:
        label = choose_class(view, shown, names)
    with buttons_column, button_row():
        st.button(
            f"{'Accept' if label == shown.label else 'Label'} {count_noun(remaining_count, 'image')}",
            type="primary",
            shortcut="Ctrl+Enter",
            help="The remaining images get this class; those that you clicked are noted as not of it: Ctrl + Enter",
            disabled=not remaining_count,
            key=WorklistState.accept_key,
            on_click=accept_batch,
            args=(view, shown, names),
        )
        st.button(
            "Skip",
            help="This batch does not come again until you bring it back.",
            key=WorklistState.skip_key,
            on_click=skip_batch,
            args=(view, shown),
        )
        show_history_buttons(view)
    show_report("Click the images that do not belong, then accept the rest.")


def show_question(view: WorklistView, shown: ShownBatch) -> None:
    """Say what a batch is, and what networks hear in one without a class.

    Raises:
        CoveyError: a table cannot be read.
    """
    images_text = count_noun(len(shown.batch.rows), "image")
    if shown.label is None:
        question = f"<b>These {images_text} look alike. What are they?</b>"
    else:
        colour_by_class = {label_class.name: label_class.colour for label_class in view.image_labels.classes}
        style = f"border-color: {escape(colour_by_class[shown.label])}"
        question = f'{images_text}, likely: <b style="{style}"><bdi>{escape(shown.label)}</bdi></b>'
    st.html(f'<div class="covey-question">{question}</div>')
    if shown.label is None:
        for sentence in suggest_species(view.opened.location, view.table.names[shown.batch.rows].tolist()):
            st.text(sentence, help="What it hears most in these images. It labels nothing: you do.")


def choose_class(view: WorklistView, shown: ShownBatch, names: list[str]) -> str:
    """Return the class that a person gives to a batch, "" for none: the one that is suggested, until it is changed."""
    classes = view.image_labels.classes
    name = show_class_field(
        WorklistState.class_key,
        classes,
        partial(give_class, view, shown, names),
        "Label these images",
        subject=shown.key,
        suggestion=shown.label or "",
    )
    return find_class([label_class.name for label_class in classes], name)


def accept_batch(view: WorklistView, shown: ShownBatch, names: list[str]) -> None:
    """Give the class in the field to the images that are left in, and note that the others are not of it."""
    name = ClassFieldState.recall(WorklistState.class_key).read_name(shown.key, shown.label or "")
    if name:
        give_class(view, shown, names, name)
    else:
        LabelBarState.recall().set_report("First type the name of a class, or choose one.")


def give_class(view: WorklistView, shown: ShownBatch, names: list[str], label: str) -> None:
    """Give a class to the images of a batch that are left in, and note that the others are not of it."""
    if not view.state.session.is_answer_to(shown):
        return
    remaining_names = set(list_remaining(names, shown.key, WorklistState.gallery_key))
    rows_out = [row for row, name in zip(shown.batch.rows, names, strict=True) if name not in remaining_names]
    names_in = [name for name in names if name in remaining_names]
    label_images = partial(label_batch, view, label, names_in, np.array(rows_out, dtype=np.intp))
    act_and_report(label_images, "None of them got this class.")


def label_batch(view: WorklistView, label: str, names_in: list[str], rows_out: Rows) -> Action | None:
    """Give a class to the images that are left in, and keep the reply.

    Raises:
        CoveyError: the labels cannot be written.
    """
    label = find_class(view.store.class_colours(), label)
    action = view.store.add(names_in, label, "work-list")
    view.state.session.reply(label, rows_out, action)
    return action


def skip_batch(view: WorklistView, shown: ShownBatch) -> None:
    """Go on without labelling anything."""
    session = view.state.session
    if session.is_answer_to(shown):
        session.reply(shown.label, shown.batch.rows, None)
        LabelBarState.recall().set_report("")


def show_end(view: WorklistView) -> None:
    """Say why there is no batch, and offer what can be undone."""
    unlabelled_count = int((view.image_labels.codes < 0).sum())
    if unlabelled_count:
        images_text = count_noun(unlabelled_count, "image")
        show_hint(
            f"Nothing more can be suggested for the {images_text} without a class: label some of them on the page"
            " Explore."
        )
    else:
        show_hint("Every image has a class.")
    with button_row():
        show_history_buttons(view)
    show_report()


def show_history_buttons(view: WorklistView) -> None:
    """Show the buttons that bring back what was skipped, undo and redo.

    Raises:
        CoveyError: the labels cannot be read.
    """
    skipped_count = sum(reply.action is None for reply in view.replies)
    if skipped_count:
        st.button(
            f"Skipped: {skipped_count:,}",
            help="Bring them back.",
            key=WorklistState.bring_back_key,
            on_click=view.state.session.bring_back,
        )
    show_undo_buttons(view.store)


def show_remarks(view: WorklistView, feature_count: int) -> None:
    """Say what is left out, and what is missing."""
    missing_count = len(view.image_labels.by_image) - int((view.image_labels.codes >= 0).sum())
    if missing_count:
        st.caption(f"Not in this embedding, and left out here: {count_noun(missing_count, 'image')} with labels.")
    if not feature_count:
        st.caption("The features of this embedding are not in the dataset: suggestions come from the embedding alone.")
    elif feature_count > 1:
        st.caption(f"Suggestions come from {feature_count} tables of features, joined.")


def show_progress(view: WorklistView, certainties: Floats) -> None:
    """Show how many images are labelled, and how certain the suggested classes of the others are."""
    very_likely_count, likely_count = int((certainties > VERY_LIKELY).sum()), int((certainties > LIKELY).sum())
    image_count = len(view.table.names)
    labelled_count = image_count - len(certainties)
    count_and_text_by_part = {
        "labelled": (labelled_count, f"of {image_count:,} images labelled ({labelled_count / image_count:.0%})"),
        "nearly": (very_likely_count, f"whose class covey suggests, more than {VERY_LIKELY:.0%} sure"),
        "likely": (likely_count - very_likely_count, f"more than {LIKELY:.0%} sure"),
        "open": (len(certainties) - likely_count, "of which it is less sure"),
    }
    bars = "".join(
        f'<i class="{part}" style="flex: {count}"></i>' for part, (count, _) in count_and_text_by_part.items()
    )
    legend = "".join(
        f'<span><i class="{part}"></i>{count:,} {text}</span>' for part, (count, text) in count_and_text_by_part.items()
    )
    st.html(f'<div class="covey-progress"><div>{bars}</div><p>{legend}</p></div>')


show_page(show_worklist, is_changing=True)
