"""Attach labels again whose images were renamed, moved or swapped: to the image that has the content now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import attrs

from covey._base.balance import Balance
from covey.labelling.changes import Labelled
from covey.labelling.store import LabelStore


@attrs.frozen
class Reattachment:
    """The labels that can be attached again, each with the name of its new image; and the balance."""

    new_names: Sequence[tuple[Labelled, str]]
    balance: Balance


def plan_reattachment(store: LabelStore, names: Sequence[str]) -> Reattachment:
    """Find the image of each label that is out of date or whose image is gone, by the SHA-256 that was labelled.

    Args:
        store: the labels.
        names: all images of the dataset.

    Raises:
        CoveyError: the labels cannot be read.
    """
    names_by_content: dict[str, list[str]] = defaultdict(list)
    for name, content in store.contents(names).items():
        names_by_content[content].append(name)
    balance, new_names = Balance("label", "without their image"), []
    for row in [*store.out_of_date(), *store.orphaned()]:
        candidates = names_by_content.get(row.content, ())
        if len(candidates) == 1:
            balance.used += 1
            new_names.append((row, candidates[0]))
        elif candidates:
            balance.leave_out("that fit several images", row.filename)
        else:
            balance.leave_out("whose content no image has" if row.content else "of unknown content", row.filename)
    return Reattachment(new_names, balance)


def reattach_labels(store: LabelStore, reattachment: Reattachment) -> None:
    """Attach labels again, in one action. Raises CoveyError."""
    store.move_rows(reattachment.new_names, "attached again to the images that have their content")
