"""Labels that do not belong to the images as they are: what is said about them, and the button that attaches them."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from covey import CoveyError
from covey.frontend import Labelled, count_noun, plan_reattachment, preview, reattach_labels
from covey_dashboard.current_labels import label_store
from covey_dashboard.data.labels import OutdatedLabels, list_present_images
from covey_dashboard.server.read_only import is_read_only
from covey_dashboard.state import LabelBarState
from covey_dashboard.widgets.messages import show_problem


def show_outdated_labels(location: str, outdated: OutdatedLabels, attach_text: str, can_attach: bool = True) -> None:
    """Say which labels are outdated, and offer to attach them again; show nothing if none is.

    Args:
        location: of the dataset.
        outdated: the labels.
        attach_text: what is on the button.
        can_attach: whether any can be attached, as far as that is known.
    """
    sentences = [*describe_changed(outdated.changed), *describe_gone(outdated.gone)]
    if sentences:
        show_problem(" ".join(sentences))
    if sentences and not is_read_only():
        st.button(
            attach_text,
            disabled=not can_attach,
            help="Each to the image that has what was labelled: the same content, or else at least half of the clip.",
            key=LabelBarState.attach_key,
            on_click=attach_outdated_labels,
            args=(location,),
        )


def describe_changed(rows: Sequence[Labelled]) -> list[str]:
    """Return a sentence on labels whose images have other content now, if there are any."""
    names = _preview_images(rows)
    if len(rows) == 1:
        return [f"1 label was given to other content than its image has now, and is not counted: {names}."]
    text = f"{count_noun(len(rows), 'label')} were given to other content than these images have now"
    return [f"{text}, and are not counted: {names}."] if rows else []


def describe_gone(rows: Sequence[Labelled]) -> list[str]:
    """Return a sentence on labels whose images are gone, if there are any."""
    verb = "belongs to an image that is gone" if len(rows) == 1 else "belong to images that are gone"
    return [f"{count_noun(len(rows), 'label')} {verb}: {_preview_images(rows)}."] if rows else []


def attach_outdated_labels(location: str) -> None:
    """Attach all labels again that can be, and keep a report of them and of the others."""
    state = LabelBarState.recall()
    try:
        store = label_store(location)
        reattachment = plan_reattachment(store, list_present_images(location))
        action = reattach_labels(store, reattachment)
        start = f"{action.description}. " if action else "No label can be attached again. "
        state.set_report(start + reattachment.balance.describe())
    except CoveyError as error:
        state.set_report(str(error), has_failed=True)


def _preview_images(rows: Sequence[Labelled]) -> str:
    return preview(list(dict.fromkeys(row.filename for row in rows)))
