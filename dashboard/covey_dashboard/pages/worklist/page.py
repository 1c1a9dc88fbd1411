"""The page Work-list: the images without a class, in batches that are likely to be of one."""

from __future__ import annotations

from functools import partial
from html import escape

import attrs
import numpy as np
import streamlit as st

from covey import CoveyError, Embedding, Floats
from covey.frontend import Action, LabelStore, Worklist, count_noun
from covey_dashboard.data import cache
from covey_dashboard.data import current_dataset as choice
from covey_dashboard.data.cache import Source
from covey_dashboard.data.image_labels import ImageLabels
from covey_dashboard.pages.worklist.worklist_session import Reply, ShownBatch, WorklistSession
from covey_dashboard.widgets import gallery
from covey_dashboard.widgets import label_bar as labelling
from covey_dashboard.widgets import messages as notice
from covey_dashboard.widgets import page_frame as page

GALLERY, CLASS, FILLED = "work-list gallery", "work-list class", "work-list filled"
NEARLY, LIKELY = 0.7, 0.5
"""How sure a class is that is as good as known (it is never surer than 0.9), and one that is likely."""


@attrs.frozen(kw_only=True, eq=False)
class Work:
    """What there is: a source with its table and labels, and what lies before the person."""

    source: Source
    table: Embedding
    store: LabelStore
    given: ImageLabels
    desk: WorklistSession
    standing: list[Reply]


def show(location: str) -> None:
    """Show the work-list of the embedding that is chosen. Raises CoveyError."""
    source = choice.source(location)
    if source is None:
        notice.hint("This dataset has no embedding, and so no work-list, yet: the page Data says how to make one.")
        st.page_link("../pages/data/page.py", label="What is in this dataset")
    elif not len(cache.embedding(source).names):
        notice.hint("This embedding has no images.")
    else:
        work(source)


@st.fragment
def work(source: Source) -> None:
    """Show the work-list of one embedding; all that a person does there reruns only this."""
    try:
        show_work(read_work(source))
    except CoveyError as error:
        notice.problem(str(error))


@st.cache_resource(show_spinner="Preparing the work-list", max_entries=2)
def prepared(identity: str, _source: Source) -> tuple[Worklist, bool]:
    """Return the work-list of an embedding, and whether it knows the features. Raises CoveyError."""
    X, Z = cache.space(_source), cache.embedding(_source).Z
    return Worklist(X, Z), X is not Z


def read_work(source: Source) -> Work:
    """Return what there is. Raises CoveyError."""
    store = cache.store(source.location)
    labelling.watch(store, store.revision)
    desk: WorklistSession = st.session_state.setdefault(f"desk {source.identity}", WorklistSession())
    table, image_labels = cache.embedding(source), cache.read_image_labels(source)
    return Work(source=source, table=table, store=store, given=image_labels, desk=desk, standing=desk.standing(store))


def show_work(work: Work) -> None:
    """Show how far the labelling has come, and the next batch. Raises CoveyError."""
    progress, (worklist, featured) = st.container(), prepared(work.source.identity, work.source)
    show_remarks(work, featured)
    laid = work.desk.lay(worklist, work.given, work.standing)
    if laid:
        show_batch(work, laid)
    else:
        show_end(work)
    with progress:  # last, since it takes about as long as to find the batch
        show_progress(work, work.desk.sureness(worklist, work.given, work.standing))
    work.desk.seen()


def show_batch(work: Work, laid: ShownBatch) -> None:
    """Show a batch and what can be said to it. Raises CoveyError."""
    names, location = work.table.names[laid.batch.rows].tolist(), work.source.location
    bar = st.container()
    remaining = gallery.show(
        names,
        what=laid.key,
        folder=cache.images(location),
        home=cache.dataset(location).home,
        key=GALLERY,
    )
    with bar:
        show_bar(work, laid, names, len(remaining))


def show_bar(work: Work, laid: ShownBatch, names: list[str], remaining: int) -> None:
    """Show what is suggested for a batch, and what can be said to it. Raises CoveyError."""
    question, field, buttons = st.columns([4, 3, 5], vertical_alignment="center", gap="medium")
    with question:
        show_question(work, laid)
    with field:
        label = choose_class(work, laid)
    with buttons, labelling.row():
        st.button(
            f"{'Accept' if label == laid.label else 'Label'} {count_noun(remaining, 'image')}",
            type="primary",
            shortcut="Ctrl+Enter",
            help="Those that are left in get this class, the others are not of it: Ctrl + Enter",
            disabled=not (label and remaining),
            key="accept",
            on_click=partial(accept, work, laid, names),
        )
        st.button(
            "Skip",
            help="These do not come again like this, until you bring them back.",
            key="skip batch",
            on_click=partial(skip, work, laid),
        )
        show_steps(work)
    labelling.show_report("Click out what does not belong, then accept the rest.")


def show_question(work: Work, laid: ShownBatch) -> None:
    """Say what a batch is."""
    count = count_noun(len(laid.batch.rows), "image")
    if laid.label is None:
        question = f"<b>These {count} look alike. What are they?</b>"
    else:
        colour = next(label_class.colour for label_class in work.given.classes if label_class.name == laid.label)
        question = f'{count}, likely: <b style="border-color: {escape(colour)}"><bdi>{escape(laid.label)}</bdi></b>'
    st.html(f'<div class="covey-question">{question}</div>')


def choose_class(work: Work, laid: ShownBatch) -> str:
    """Return the class that a person gives to a batch, "" for none: the one that is suggested, until it is changed."""
    if CLASS not in st.session_state or st.session_state.get(FILLED) != laid.key:
        st.session_state[CLASS], st.session_state[FILLED] = laid.label, laid.key
    st.selectbox(
        "Class",
        [label_class.name for label_class in work.given.classes],
        None,
        key=CLASS,
        placeholder="type a name or choose one",
        accept_new_options=True,
        label_visibility="collapsed",
    )
    return chosen_class()


def chosen_class() -> str:
    """Return the class in the field, "" for none."""
    return (st.session_state[CLASS] or "").strip()


def accept(work: Work, laid: ShownBatch, names: list[str]) -> None:
    """Give the class to the images that are left in, and note that the others are not of it."""
    label, remaining = chosen_class(), set(gallery.remaining(names, laid.key, GALLERY))
    rows = np.array(
        [row for row, name in zip(laid.batch.rows, names, strict=True) if name not in remaining], dtype=np.intp
    )

    def act() -> Action | None:
        done = work.store.add([name for name in names if name in remaining], label, "work-list")
        work.desk.reply(label, rows, done)
        return done

    if work.desk.answers(laid):
        labelling.act_and_report(act, "None of them got this class.")


def skip(work: Work, laid: ShownBatch) -> None:
    """Go on without labelling anything."""
    if work.desk.answers(laid):
        work.desk.reply(laid.label, laid.batch.rows, None)
        st.session_state.pop(labelling.SAID, None)


def show_end(work: Work) -> None:
    """Say why there is no batch, and offer what can be undone."""
    unlabelled = int((work.given.codes < 0).sum())
    if unlabelled:
        message = "Nothing more can be suggested for the %s without a class: label some of them on the page Explore."
        notice.hint(message % count_noun(unlabelled, "image"))
    else:
        notice.hint("Every image has a class.")
    with labelling.row():
        show_steps(work)
    labelling.show_report()


def show_steps(work: Work) -> None:
    """Show the buttons that bring back what was skipped, undo and redo. Raises CoveyError."""
    skipped = sum(reply.action is None for reply in work.standing)
    if skipped:
        st.button(f"Skipped: {skipped:,}", help="Bring them back.", key="skipped", on_click=work.desk.bring_back)
    labelling.undo_buttons(work.store)


def show_remarks(work: Work, featured: bool) -> None:
    """Say what is left out, and what is missing."""
    gone = len(work.given.by_image) - int((work.given.codes >= 0).sum())
    if gone:
        st.caption(f"Not in this embedding, and left out here: {count_noun(gone, 'image')} with labels.")
    if not featured:
        st.caption("The features of this embedding are not in the dataset: suggestions come from the embedding alone.")


def show_progress(work: Work, sure: Floats) -> None:
    """Show the share that is labelled, and how sure the classes of the others are."""
    nearly, likely = int((sure > NEARLY).sum()), int((sure > LIKELY).sum())
    total = len(work.table.names)
    done = total - len(sure)
    parts = {
        "labelled": (done, f"of {total:,} images labelled ({done / total:.0%})"),
        "nearly": (nearly, f"more than {NEARLY:.0%} sure"),
        "likely": (likely - nearly, f"more than {LIKELY:.0%} sure"),
        "open": (len(sure) - likely, "less sure"),
    }
    bars = "".join(f'<i class="{part}" style="flex: {count}"></i>' for part, (count, _) in parts.items())
    legend = "".join(f'<span><i class="{part}"></i>{count:,} {what}</span>' for part, (count, what) in parts.items())
    st.html(f'<div class="covey-progress"><div>{bars}</div><p>{legend}</p></div>')


page.of_dataset(show, changing=True)
