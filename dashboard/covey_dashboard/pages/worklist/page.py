"""The page Work-list: the images without a class, in batches that are likely to be of one."""

from __future__ import annotations

from functools import partial
from html import escape

import attrs
import numpy as np
import streamlit as st

from covey import CoveyError
from covey._base.text import count_noun
from covey.analysis.assist.worklist import Worklist
from covey.components.contracts import Floats
from covey.data.tables import Embedding
from covey.labelling import Action, LabelStore
from covey_dashboard.data import cache
from covey_dashboard.data import current_dataset as choice
from covey_dashboard.data.cache import Source
from covey_dashboard.data.image_labels import Given
from covey_dashboard.pages.worklist.worklist_session import Desk, Laid, Reply
from covey_dashboard.widgets import gallery
from covey_dashboard.widgets import label_bar as labelling
from covey_dashboard.widgets import messages as notice
from covey_dashboard.widgets import page_frame as page

GALLERY, CLASS, FILLED = "work-list gallery", "work-list class", "work-list filled"
NEARLY, LIKELY = 0.7, 0.5
"""How sure a class is that is as good as known (it is never surer than 0.9), and one that is likely."""


@attrs.frozen(kw_only=True, eq=False)
class Found:
    """What there is: a source with its table and labels, and what lies before the person."""

    source: Source
    table: Embedding
    store: LabelStore
    given: Given
    desk: Desk
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
        show_work(look(source))
    except CoveyError as error:
        notice.problem(str(error))


@st.cache_resource(show_spinner="Preparing the work-list", max_entries=2)
def prepared(identity: str, _source: Source) -> tuple[Worklist, bool]:
    """Return the work-list of an embedding, and whether it knows the features. Raises CoveyError."""
    X, Z = cache.space(_source), cache.embedding(_source).Z
    return Worklist(X, Z), X is not Z


def look(source: Source) -> Found:
    """Return what there is. Raises CoveyError."""
    store = cache.store(source.location)
    labelling.watch(store, store.revision)
    desk: Desk = st.session_state.setdefault(f"desk {source.identity}", Desk())
    table, given = cache.embedding(source), cache.given(source)
    return Found(source=source, table=table, store=store, given=given, desk=desk, standing=desk.standing(store))


def show_work(found: Found) -> None:
    """Show how far the labelling has come, and the next batch. Raises CoveyError."""
    progress, (worklist, featured) = st.container(), prepared(found.source.identity, found.source)
    show_remarks(found, featured)
    laid = found.desk.lay(worklist, found.given, found.standing)
    if laid:
        show_batch(found, laid)
    else:
        show_end(found)
    with progress:  # last, since it takes about as long as to find the batch
        show_progress(found, found.desk.sureness(worklist, found.given, found.standing))
    found.desk.seen()


def show_batch(found: Found, laid: Laid) -> None:
    """Show a batch and what can be said to it. Raises CoveyError."""
    names, location = found.table.names[laid.batch.rows].tolist(), found.source.location
    bar = st.container()
    remaining = gallery.show(
        names,
        what=laid.key,
        folder=cache.images(location),
        home=cache.dataset(location).home,
        key=GALLERY,
    )
    with bar:
        show_bar(found, laid, names, len(remaining))


def show_bar(found: Found, laid: Laid, names: list[str], left: int) -> None:
    """Show what is suggested for a batch, and what can be said to it. Raises CoveyError."""
    told, field, buttons = st.columns([4, 3, 5], vertical_alignment="center", gap="medium")
    with told:
        show_question(found, laid)
    with field:
        label = choose_class(found, laid)
    with buttons, labelling.row():
        st.button(
            f"{'Accept' if label == laid.label else 'Label'} {count_noun(left, 'image')}",
            type="primary",
            shortcut="Ctrl+Enter",
            help="Those that are left in get this class, the others are not of it: Ctrl + Enter",
            disabled=not (label and left),
            key="accept",
            on_click=partial(accept, found, laid, names),
        )
        st.button(
            "Skip",
            help="These do not come again like this, until you bring them back.",
            key="skip batch",
            on_click=partial(skip, found, laid),
        )
        show_steps(found)
    labelling.say("Click out what does not belong, then accept the rest.")


def show_question(found: Found, laid: Laid) -> None:
    """Say what a batch is."""
    count = count_noun(len(laid.batch.rows), "image")
    if laid.label is None:
        told = f"<b>These {count} look alike. What are they?</b>"
    else:
        colour = next(one.colour for one in found.given.classes if one.name == laid.label)
        told = f'{count}, likely: <b style="border-color: {escape(colour)}"><bdi>{escape(laid.label)}</bdi></b>'
    st.html(f'<div class="covey-question">{told}</div>')


def choose_class(found: Found, laid: Laid) -> str:
    """Return the class that a person gives to a batch, "" for none: the one that is suggested, until it is changed."""
    if CLASS not in st.session_state or st.session_state.get(FILLED) != laid.key:
        st.session_state[CLASS], st.session_state[FILLED] = laid.label, laid.key
    st.selectbox(
        "Class",
        [one.name for one in found.given.classes],
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


def accept(found: Found, laid: Laid, names: list[str]) -> None:
    """Give the class to the images that are left in, and note that the others are not of it."""
    label, left = chosen_class(), set(gallery.remaining(names, laid.key, GALLERY))
    rows = np.array([row for row, name in zip(laid.batch.rows, names, strict=True) if name not in left], dtype=np.intp)

    def act() -> Action | None:
        done = found.store.add([name for name in names if name in left], label, "work-list")
        found.desk.reply(label, rows, done)
        return done

    if found.desk.answers(laid):
        labelling.do(act, "None of them got this class.")


def skip(found: Found, laid: Laid) -> None:
    """Go on without labelling anything."""
    if found.desk.answers(laid):
        found.desk.reply(laid.label, laid.batch.rows, None)
        st.session_state.pop(labelling.SAID, None)


def show_end(found: Found) -> None:
    """Say why there is no batch, and offer what can be undone."""
    left = int((found.given.codes < 0).sum())
    if left:
        told = "Nothing more can be suggested for the %s without a class: label some of them on the page Explore."
        notice.hint(told % count_noun(left, "image"))
    else:
        notice.hint("Every image has a class.")
    with labelling.row():
        show_steps(found)
    labelling.say()


def show_steps(found: Found) -> None:
    """Show the buttons that bring back what was skipped, undo and redo. Raises CoveyError."""
    skipped = sum(reply.action is None for reply in found.standing)
    if skipped:
        st.button(f"Skipped: {skipped:,}", help="Bring them back.", key="skipped", on_click=found.desk.bring_back)
    labelling.steps(found.store)


def show_remarks(found: Found, featured: bool) -> None:
    """Say what is left out, and what is missing."""
    gone = len(found.given.by_image) - int((found.given.codes >= 0).sum())
    if gone:
        st.caption(f"Not in this embedding, and left out here: {count_noun(gone, 'image')} with labels.")
    if not featured:
        st.caption("The features of this embedding are not in the dataset: suggestions come from the embedding alone.")


def show_progress(found: Found, sure: Floats) -> None:
    """Show the share that is labelled, and how sure the classes of the others are."""
    nearly, likely = int((sure > NEARLY).sum()), int((sure > LIKELY).sum())
    total = len(found.table.names)
    done = total - len(sure)
    parts = {
        "labelled": (done, f"of {total:,} images labelled ({done / total:.0%})"),
        "nearly": (nearly, f"more than {NEARLY:.0%} sure"),
        "likely": (likely - nearly, f"more than {LIKELY:.0%} sure"),
        "open": (len(sure) - likely, "less sure"),
    }
    bars = "".join(f'<i class="{part}" style="flex: {count}"></i>' for part, (count, _) in parts.items())
    told = "".join(f'<span><i class="{part}"></i>{count:,} {what}</span>' for part, (count, what) in parts.items())
    st.html(f'<div class="covey-progress"><div>{bars}</div><p>{told}</p></div>')


page.of_dataset(show)
