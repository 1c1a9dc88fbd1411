"""The page Labels: the classes of a dataset and their images, what was done, and tables to take home or to bring."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import attrs
import streamlit as st

from covey import CoveyError
from covey.frontend import (
    ORIGINAL_FILE,
    Action,
    LabelClass,
    LabelStore,
    count_noun,
    import_labels,
    isolate_text,
    long_table,
    original_table,
)
from covey_dashboard.data import cache
from covey_dashboard.data import current_dataset as choice
from covey_dashboard.server.read_only import is_read_only
from covey_dashboard.widgets import gallery
from covey_dashboard.widgets import label_bar as labelling
from covey_dashboard.widgets import messages as notice
from covey_dashboard.widgets import page_frame as page

SHOWN = "labels shown"
GALLERY = "labels gallery"
LATEST = 200
"""Actions in the history."""
TALL = 520


class Choice(NamedTuple):  # a tuple: this file is run anew each time, and makes another class of any name each time
    """Whose images are shown: those of a class, all labelled, with several classes, with none, or that are gone."""

    kind: str
    label: str = ""


ALL, NONE = Choice("Labelled images"), Choice("Images without a class")
SEVERAL, GONE = Choice("Images with several classes"), Choice("Labelled images that are gone")


@attrs.frozen(kw_only=True, eq=False)
class LabelsOverview:
    """What there is: the names of all images, sorted, the classes, and the images of each choice that is no class."""

    location: str
    store: LabelStore
    names: Sequence[str]
    classes: Sequence[LabelClass]
    kinds: Mapping[Choice, Sequence[str]]

    def images(self, chosen: Choice) -> Sequence[str]:
        """Return the images of a choice. Raises CoveyError."""
        return self.store.images(chosen.label) if chosen.label else self.kinds[chosen]

    def title(self, chosen: Choice) -> str:
        """Return what a choice is called, and how many images it has."""
        if not chosen.label:
            return f"{chosen.kind}: {len(self.kinds[chosen]):,}"
        count = next(one.count for one in self.classes if one.name == chosen.label)
        return f"{isolate_text(chosen.label)}: {count_noun(count, 'image')}"


@st.fragment
def show(location: str) -> None:
    """Show the labels of one dataset; all that a person does there reruns only this."""
    try:
        overview = read_overview(location)
        show_numbers(overview)
        left_column, right = st.columns([2, 3], gap="medium")
        with right:
            show_choice(overview, choose(overview))
        with left_column:
            show_about(overview)
    except CoveyError as error:
        notice.problem(str(error))


def read_overview(location: str) -> LabelsOverview:
    """Return what there is. Raises CoveyError."""
    store = cache.store(location)
    labelling.watch(store, store.revision)
    names, labelled = all_names(location), cache.by_image(store)
    here = set(names)
    kinds = {
        ALL: sorted(labelled),
        NONE: [name for name in names if name not in labelled],
        SEVERAL: sorted(name for name, labels in labelled.items() if len(labels) > 1),
        GONE: sorted(name for name in labelled if name not in here),
    }
    return LabelsOverview(location=location, store=store, names=names, classes=store.classes(), kinds=kinds)


def all_names(location: str) -> list[str]:
    """Return the names of the images, sorted: those of the embedding, or else all that are there. Raises CoveyError."""
    source = choice.source(location)
    if source:
        return sorted(cache.embedding(source).names.tolist())
    folder = cache.images(location)
    return folder.names() if folder else []


def show_numbers(overview: LabelsOverview) -> None:
    """Show how far the labelling has come."""
    done = len(overview.names) - len(overview.kinds[NONE])
    numbers = {
        "Images": f"{len(overview.names):,}",
        "Classes": f"{len(overview.classes):,}",
        "Labelled": f"{done:,} ({done / max(1, len(overview.names)):.0%})",
        "No class yet": f"{len(overview.kinds[NONE]):,}",
        "Several classes": f"{len(overview.kinds[SEVERAL]):,}",
    }
    for column, (name, number) in zip(st.columns(len(numbers)), numbers.items(), strict=True):
        column.metric(name, number)


def choose(overview: LabelsOverview) -> Choice:
    """Return whose images a person wants to see."""
    classes = [Choice("class", label_class.name) for label_class in overview.classes]
    offered = [*(kind for kind, images in overview.kinds.items() if images or kind == NONE), *classes]
    if st.session_state.get(SHOWN) not in offered:
        st.session_state[SHOWN] = classes[0] if classes else NONE
    st.session_state[f"{SHOWN} list"] = st.session_state[SHOWN]
    chosen: Choice = st.selectbox(
        "Show",
        offered,
        format_func=overview.title,
        key=f"{SHOWN} list",
        on_change=lambda: turn_to(st.session_state[f"{SHOWN} list"]),
    )
    return chosen


def turn_to(chosen: Choice | str) -> None:
    """Show other images; a list gives a text for an entry that went meanwhile, and nothing changes then."""
    if not isinstance(chosen, str):
        st.session_state[SHOWN] = chosen


def show_choice(overview: LabelsOverview, chosen: Choice) -> None:
    """Show the images of a choice and what can be done with them. Raises CoveyError."""
    label_class = next((candidate for candidate in overview.classes if candidate.name == chosen.label), None)
    if label_class and not is_read_only():
        show_class(overview, label_class)
    place, names, what = st.container(), overview.images(chosen), f"{overview.location} {chosen}"
    folder, home = cache.images(overview.location), cache.dataset(overview.location).home
    gallery.show(names, what=what, folder=folder, home=home, key=GALLERY)
    remaining = partial(gallery.remaining, names, what, GALLERY)
    with place:
        if label_class and not is_read_only():
            take_out(overview.store, label_class.name, names, remaining)
        else:
            labelling.bar(overview.store, remaining)


def take_out(store: LabelStore, label: str, names: Sequence[str], remaining: Callable[[], Sequence[str]]) -> None:
    """Offer to take images out of a class that a person has clicked out. Raises CoveyError."""

    def out() -> list[str]:
        return sorted(set(names).difference(remaining()))

    count = len(out())
    with labelling.row():
        st.button(
            f"Take out {count_noun(count, 'image')}",
            type="primary",
            disabled=not count,
            help="Click images below to mark them.",
            on_click=lambda: labelling.act_and_report(lambda: store.remove(out(), label), "They are out already."),
        )
        labelling.undo_buttons(store)
    labelling.show_report("Click the images that do not belong, then take them out.")


def show_class(overview: LabelsOverview, label_class: LabelClass) -> None:
    """Show what can be done with a class."""
    store, label = overview.store, label_class.name
    name, colour = f"name of {label}", f"colour of {label} {label_class.colour}"
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.color_picker(
            "Colour", label_class.colour, key=colour, on_change=lambda: recolour(store, label, st.session_state[colour])
        )
        st.text_input("Name", label, key=name, on_change=lambda: rename(store, label, st.session_state[name]))
        with st.popover("Merge", disabled=len(overview.classes) < 2):
            show_merge(overview, label)
        st.button(
            "Delete", on_click=lambda: labelling.act_and_report(lambda: store.delete(label), "It is gone already.")
        )


def recolour(store: LabelStore, label: str, colour: str) -> None:
    """Give a class another colour."""
    labelling.act_and_report(lambda: store.recolour(label, colour), "It has this colour already.")


def rename(store: LabelStore, label: str, name: str) -> None:
    """Give a class another name, and go on showing it."""

    def act() -> Action | None:
        done = store.rename(label, name)
        turn_to(Choice("class", name.strip()))
        return done

    labelling.act_and_report(act, "It has this name already.")


def show_merge(overview: LabelsOverview, label: str) -> None:
    """Offer to give the images of a class to another one."""
    others = [label_class.name for label_class in overview.classes if label_class.name != label]
    target = st.selectbox("Give all its images to", others, None, placeholder="another class", key=f"merge {label}")

    def act() -> Action | None:
        done = overview.store.merge([label], target or "")
        turn_to(Choice("class", target or ""))
        return done

    st.button(
        "Merge into it",
        disabled=target is None,
        on_click=lambda: labelling.act_and_report(act, "They are one already."),
    )


def show_about(overview: LabelsOverview) -> None:
    """Show the classes, the history, and the tables to take home or to bring. Raises CoveyError."""
    classes, done, files = st.tabs(["Classes", "History", "Export and import"])
    with classes:
        show_classes(overview)
    with done:
        show_history(overview.store.history(LATEST))
    with files:
        show_export(overview)
        if not is_read_only():
            show_import(overview.store)


def show_classes(overview: LabelsOverview) -> None:
    """Show the classes with their colours and counts."""
    if not overview.classes:
        notice.hint("No labels yet: select images on the page Explore and give them a class, or import a table.")
        return
    most = max(label_class.count for label_class in overview.classes) or 1
    lines = "".join(_class_line(label_class, label_class.count / most) for label_class in overview.classes)
    with st.container(height=TALL, border=False):
        st.html(f'<div class="covey-classes">{lines}</div>')


def _class_line(label_class: LabelClass, share: float) -> str:
    bar = f'<i style="width: {share:.1%}; background: {escape(label_class.colour)}"></i>'
    name = escape(label_class.name)
    return f'<div title="{name}"><b><bdi>{name}</bdi></b><span>{label_class.count:,}</span>{bar}</div>'


def show_history(actions: Sequence[Action]) -> None:
    """Show what was done, the latest first."""
    if not actions:
        notice.hint("Nothing was done yet. What you and others do with the labels is listed here, and can be undone.")
        return
    with st.container(height=TALL, border=False):
        st.html(f'<div class="covey-history">{"".join(map(_action_line, actions))}</div>')


def _action_line(action: Action) -> str:
    description, tag = escape(action.told), "s" if action.undone else "bdi"
    return f'<div title="{description}"><span>{escape(_local(action.when))}</span><{tag}>{description}</{tag}></div>'


def _local(when: str) -> str:
    """Return a time as the clock of this machine shows it; what is no time as it is."""
    try:
        return datetime.fromisoformat(when).astimezone().strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError):
        return when


def show_export(overview: LabelsOverview) -> None:
    """Offer the labels as tables."""
    original, long = partial(original_table, overview.store, overview.names), partial(long_table, overview.store)
    shared: dict[str, Any] = {"icon": ":material/download:", "on_click": "ignore", "disabled": not overview.classes}
    st.download_button("One row for each image", original, ORIGINAL_FILE, "text/csv", **shared)
    st.caption("A column of 0.0 and 1.0 for each class, as the original tools write it.")
    st.download_button("One row for each label", long, "labels.csv", "text/csv", **shared)
    st.caption("The image, its class, when it got it and how.")


def show_import(store: LabelStore) -> None:
    """Offer to add the labels of a table."""
    upload = st.file_uploader("Import either table", type="csv", key="labels import")
    act = partial(add, store, upload.getvalue(), upload.name) if upload else lambda: None
    nothing = "All its labels are there already."
    st.button("Add its labels", disabled=upload is None, on_click=lambda: labelling.act_and_report(act, nothing))


def add(store: LabelStore, content: bytes, name: str) -> Action | None:
    """Add the labels of a table that came from the browser, under a name that is nobody's path. Raises CoveyError."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "labels.csv"
        path.write_bytes(content)
        return import_labels(store, path, name)


page.of_dataset(show)
