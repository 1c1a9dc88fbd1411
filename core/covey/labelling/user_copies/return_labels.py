"""Bring labels back to a dataset that can be written again: in one action, and once."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from covey._base import csvs
from covey._base.files import create_file, replace_file
from covey._base.run_log import LOGGER
from covey._base.text import count_noun, preview
from covey.labelling import history
from covey.labelling.authors import LONGEST, current_author
from covey.labelling.changes import Labelled, find_free_class_id
from covey.labelling.database import NAME, read_contents, writing
from covey.labelling.label_backups import back_up_once_a_day
from covey.labelling.label_state import LabelFileState, read_removed_labels, read_state
from covey.labelling.user_copies.label_merge import (
    LabelMerge,
    ThreeStates,
    has_grown_from,
    plan_merge,
    write_merge,
)
from covey.labelling.user_copies.user_copy import (
    UserCopy,
    describe_label_place,
    find_copies,
    find_label_file,
    hold_copies,
    take_reports,
    write_report,
)

if TYPE_CHECKING:
    from covey.data.dataset import Dataset

UNRETURNED = "not-brought-back.csv"
"""The labels that did not come back, as a table that can be imported."""


@attrs.frozen
class LabelPlace:
    """Where the labels of a dataset lie now, and what a person should know about that.

    `elsewhere` says that they are kept with the user while the dataset cannot be written, "" if they are not;
    `returned` says what came back since anybody was told, and what did not.
    """

    path: Path
    elsewhere: str
    returned: Sequence[str]

    @property
    def sentences(self) -> list[str]:
        """All there is to say."""
        return [*([self.elsewhere] if self.elsewhere else []), *self.returned]


def locate_labels(dataset: Dataset, patience: float = 5.0) -> LabelPlace:
    """Return where the labels of a dataset are; those that can come back to it are brought.

    Raises:
        CoveyError: a label file is held or damaged.
    """
    elsewhere, returned = describe_label_place(dataset, patience), []
    if not elsewhere:
        bring_labels_back(dataset, patience)
        returned = take_reports(dataset.home)
    return LabelPlace(find_label_file(dataset, patience), elsewhere, returned)


def bring_labels_back(dataset: Dataset, patience: float) -> None:
    """Bring what was done in the user's copies back to a dataset that can be written; the copies stay as backups.

    What there is to say about it waits until `take_reports` is called.

    Raises:
        CoveyError: a label file is held or damaged, or the dataset cannot be written after all.
    """
    if not find_copies(dataset, patience):
        return
    with hold_copies():
        for copy in find_copies(dataset, patience):
            copy.discard_unused(patience)
        for copy in find_copies(dataset, patience):
            _bring_back(dataset, copy, patience)
            dataset.keep(dataset.home / NAME)


def _bring_back(dataset: Dataset, copy: UserCopy, patience: float) -> None:
    """Bring back what was done in one copy.

    Whatever ends the process, nothing is lost and nothing is done twice: the action in the dataset says which state of
    the copy it brought, and only then the copy is marked as returned, and renamed.
    """
    path = dataset.home / NAME
    with writing(copy.path, patience) as db:  # until it is marked nobody can label there
        back_up_once_a_day(path, patience)
        contents = db.serialize()
        if not path.exists():
            count = db.execute("SELECT count(*) FROM label").fetchone()[0]
            sentence = f"Brought back: {count_noun(count, 'label')} with their whole history."
            write_report(copy, dataset.home, [*_describe_return(dataset, copy), sentence])
            create_file(path, contents)
        if read_contents(path, patience) != contents:
            with writing(path, patience) as db_there:
                _merge(dataset, copy, db, db_there)
        history.mark_returned(db, copy.folder.name)
    copy.retire()
    dataset.keep(path)
    LOGGER.info("labels came back to %s from %s", dataset.home, copy.folder)


def _merge(dataset: Dataset, copy: UserCopy, db: sqlite3.Connection, db_there: sqlite3.Connection) -> None:
    """Do in the dataset what was done in the copy, in one action, and write the report; not if that was done before."""
    copy_state, there = read_state(db), read_state(db_there)
    session = f"returned {copy.folder.name} {copy_state.revision}"
    if history.has_action_of(db_there, session):
        return
    base = copy.read_base(db, there.actions)
    removed = read_removed_labels(db_there, base.last_action if has_grown_from(there, base) else 0)
    merge = plan_merge(ThreeStates.of(base, copy_state, there, removed), find_free_class_id(db_there))
    write_report(copy, dataset.home, [*_describe_return(dataset, copy), *_describe_merge(dataset, copy, merge)])
    action = history.begin(db_there, _name_authors(base, copy_state), session)
    write_merge(db_there, action, merge)
    description = f"{merge.describe()}, brought back from the time when the dataset could not be written"
    history.finish(db_there, action, description)


def _name_authors(base: LabelFileState, copy_state: LabelFileState) -> str:
    """Return who did what was done in the copy."""
    authors = {author: None for number, _, _, author, _ in copy_state.actions if author and number > base.last_action}
    return ", ".join(authors)[:LONGEST] or current_author()


def _describe_return(dataset: Dataset, copy: UserCopy) -> Iterator[str]:
    yield (
        f"{dataset.location} can be written again: the labels that were kept on this computer meanwhile came back to"
        f" it. The copy stays as a backup: {copy.backup}"
    )


def _describe_merge(dataset: Dataset, copy: UserCopy, merge: LabelMerge) -> Iterator[str]:
    """Yield what came back, what did not, and every conflict."""
    yield f"Brought back: {merge.describe()}. {merge.balance.describe() if merge.balance.total else ''}".strip()
    yield from merge.conflicts
    yield from _describe_changed_images(dataset, [row for _, row in merge.gives])
    if merge.unreturned:
        with replace_file(copy.folder / UNRETURNED) as file:
            file.write(_write_rows(merge.unreturned))
        count = count_noun(len(merge.unreturned), "label")
        yield f"{count} did not come back: they are in {copy.folder / UNRETURNED}, which the page Labels imports."


def _describe_changed_images(dataset: Dataset, rows: Sequence[Labelled]) -> Iterator[str]:
    contents = dataset.image_contents({row.filename for row in rows if row.content})
    changed = [row for row in rows if row.content and contents.get(row.filename, row.content) != row.content]
    if changed:
        names = preview([f"{row.filename}: {row.label}" for row in changed])
        yield (
            f"{count_noun(len(changed), 'label')} came back for images whose content has changed meanwhile ({names}):"
            " they are out of date and not counted."
        )


def _write_rows(rows: Sequence[Labelled]) -> bytes:
    text = io.StringIO()
    cells = ([csvs.guarded(cell) for cell in (row.filename, row.label, row.when, row.how)] for row in rows)
    csvs.write_csv_rows(text, [["filename", "label", "when", "how"], *cells])
    return text.getvalue().encode()
