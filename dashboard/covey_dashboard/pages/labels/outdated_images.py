"""What a person can do on the page Labels with labels that do not belong to the images as they are."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Sequence
from functools import partial

import streamlit as st

from covey.frontend import Labelled, LabelStore, Move, Reattachment, confirm_labels, count_noun, plan_confirmation
from covey_dashboard.data.labels import plan_reattachment_of
from covey_dashboard.pages.labels.labels_overview import LabelsOverview
from covey_dashboard.state import LabelsState
from covey_dashboard.widgets.label_bar import act_and_report, button_row, show_report, show_undo_buttons
from covey_dashboard.widgets.outdated_labels import show_outdated_labels
from covey_dashboard.widgets.page_frame import show_table

MOST_LISTED = 200
"""Labels that are listed of each kind."""
LIST_HEIGHT = 260
IDLE = "These labels are not outdated any more."


def show_outdated(overview: LabelsOverview) -> None:
    """Say which labels are outdated, what happened to each, and where each can be attached again.

    Raises:
        CoveyError: a file cannot be read.
    """
    outdated = overview.outdated
    if not (outdated.changed or outdated.gone):
        return
    reattachment = plan_reattachment_of(overview.location, overview.observed)
    attach_text = f"Attach {count_noun(len(reattachment.moves), 'label')} again"
    show_outdated_labels(overview.location, outdated, attach_text, bool(reattachment.moves))
    with st.expander("What happened to each label"), st.container(height=LIST_HEIGHT, border=False):
        show_reattachment(reattachment, set(outdated.changed))


def show_reattachment(reattachment: Reattachment, changed: Collection[Labelled]) -> None:
    """List the labels that can be attached again, and the others by reason.

    Args:
        reattachment: all labels that are outdated.
        changed: those whose images are there, with other content.
    """
    if moves := reattachment.moves:
        st.text(f"Can be attached again: {len(moves):,}")
        lines = [[*_describe_label(row, row in changed), _describe_target(row, moved)]
                 for row, moved in moves[:MOST_LISTED]]  # fmt: skip
        show_table(["Image", "Label", "What happened", "Can be attached to"], lines)
    rows_by_reason: dict[str, list[Labelled]] = defaultdict(list)
    for row, reason in reattachment.unattached:
        rows_by_reason[reason].append(row)
    for reason, rows in rows_by_reason.items():
        st.text(f"Cannot be attached: {len(rows):,} {reason}")
        lines = [_describe_label(row, row in changed) for row in rows[:MOST_LISTED]]
        show_table(["Image", "Label", "What happened"], lines)


def _describe_label(row: Labelled, is_changed: bool) -> list[str]:
    return [row.filename, row.label or "nothing there", "the image was replaced" if is_changed else "the image is gone"]


def _describe_target(row: Labelled, moved: Labelled) -> str:
    return f"{moved.filename} ({'same content' if moved.content == row.content else 'same part of the recording'})"


def list_confirmable(overview: LabelsOverview, names: Collection[str]) -> Sequence[Move]:
    """Return the outdated labels of images that are there, as they are and as a person may confirm them.

    Raises:
        CoveyError: the images cannot be read.
    """
    return plan_confirmation(overview.store, [row for row in overview.outdated.changed if row.filename in set(names)])


def show_confirmation(store: LabelStore, moves: Sequence[Move], list_names: Callable[[], Sequence[str]]) -> None:
    """Offer to confirm outdated labels for the images as they are now, or to drop them.

    Args:
        store: where the labels are kept.
        moves: the labels as they are and as confirmed.
        list_names: returns the images that are not clicked out.

    Raises:
        CoveyError: the labels cannot be read.
    """
    names = set(list_names())
    counts = Counter(row.label or "nothing there" for row, _ in moves if row.filename in names)
    st.text(f"Outdated labels: {', '.join(f'{label} ({count:,})' for label, count in counts.items()) or 'none'}")
    with button_row():
        st.button(
            f"Confirm {count_noun(counts.total(), 'label')}",
            type="primary",
            disabled=not counts,
            help="The labels still fit the images as they are now.",
            key=LabelsState.confirm_key,
            on_click=confirm_images,
            args=(store, moves, list_names),
        )
        _show_drop_button(store, [row for row, _ in moves], list_names)
        show_undo_buttons(store)
    show_report("Click the images whose labels do not fit any more, then confirm the labels of the rest.")


def show_dropping(store: LabelStore, rows: Sequence[Labelled], list_names: Callable[[], Sequence[str]]) -> None:
    """Offer to drop the labels of images that are gone. Raises CoveyError."""
    with button_row():
        _show_drop_button(store, rows, list_names)
        show_undo_buttons(store)
    show_report("Drop the labels of images that will not come back, or attach them again above.")


def _show_drop_button(store: LabelStore, rows: Sequence[Labelled], list_names: Callable[[], Sequence[str]]) -> None:
    names = set(list_names())
    count = sum(row.filename in names for row in rows)
    st.button(
        f"Drop {count_noun(count, 'label')}",
        disabled=not count,
        key=LabelsState.drop_key,
        on_click=drop_labels_of_images,
        args=(store, rows, list_names),
    )


def confirm_images(store: LabelStore, moves: Sequence[Move], list_names: Callable[[], Sequence[str]]) -> None:
    """Confirm the labels of the images that are not clicked out."""
    names = set(list_names())
    act_and_report(partial(confirm_labels, store, [move for move in moves if move[0].filename in names]), IDLE)


def drop_labels_of_images(store: LabelStore, rows: Sequence[Labelled], list_names: Callable[[], Sequence[str]]) -> None:
    """Drop the outdated labels of the images that are not clicked out."""
    names = set(list_names())
    act_and_report(partial(store.drop_rows, [row for row in rows if row.filename in names]), IDLE)
