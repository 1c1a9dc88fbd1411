"""What a label file holds at one moment: classes, labels and actions, as plain values."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

import attrs

from covey._base.digests import digest
from covey.labelling import history
from covey.labelling.changes import NOTHING_THERE, Labelled
from covey.labelling.clips import RecordingClip

LabelKey = tuple[int, str, str]
"""The class of a label by its number, and the image by its name and SHA-256."""
NO_CLASS = 0
"""Stands for a class where somebody looked at an image and found nothing."""
ActionRow = tuple[int, str, str, str, str]
"""The number of an action, its time, description, author and window: all that never changes."""
_ACTIONS = "SELECT id, at, told, author, session FROM action ORDER BY id"


@attrs.frozen
class LabelFileState:
    """The classes of a label file (name and colour by number), its labels, actions and revision.

    Images in which somebody found nothing are labels of the class NO_CLASS.
    """

    classes: Mapping[int, tuple[str, str]]
    labels: Mapping[LabelKey, Labelled]
    actions: Sequence[ActionRow]
    revision: int

    @property
    def last_action(self) -> int:
        """The number of the last action, 0 if there is none."""
        return self.actions[-1][0] if self.actions else 0


def read_state(db: sqlite3.Connection) -> LabelFileState:
    """Return what a label file holds now."""
    classes = {number: (name, colour) for number, name, colour in db.execute("SELECT id, name, colour FROM class")}
    classes[NO_CLASS] = (NOTHING_THERE, "")
    rows = db.execute(
        f"""SELECT class, name, at, how, content, recording, start_ms, duration_ms
        FROM label JOIN image ON image.id = label.image
        UNION ALL SELECT {NO_CLASS}, name, at, how, content, recording, start_ms, duration_ms
        FROM absence JOIN image ON image.id = absence.image"""
    )
    labels = {
        (number, name, content): Labelled(
            name, classes[number][0], at, how, content, RecordingClip(*clip) if clip[0] else None
        )
        for number, name, at, how, content, *clip in rows
    }
    revision = int(db.execute("SELECT number FROM revision").fetchone()[0])
    return LabelFileState(classes, labels, db.execute(_ACTIONS).fetchall(), revision)


def read_removed_labels(db: sqlite3.Connection, last_action: int) -> set[LabelKey]:
    """Return the labels that were taken from their images by actions after the one with this number."""
    return set(
        db.execute(
            f"""SELECT class, name, content FROM
            (SELECT action, given, class, image FROM label_change
            UNION ALL SELECT action, given, {NO_CLASS}, image FROM absence_change) AS change
            JOIN action ON action.id = change.action JOIN image ON image.id = change.image
            WHERE given = 0 AND state = 'done' AND change.action > ?""",
            (last_action,),
        )
    )


def identify_first_action(db: sqlite3.Connection) -> str:
    """Return a hash of the first action in a label file, which no later one alters; "" if there is none."""
    first = db.execute(f"{_ACTIONS} LIMIT 1").fetchone()
    if not first:
        return ""
    classes = db.execute("SELECT name FROM class_change WHERE action = ? ORDER BY name", first[:1]).fetchall()
    images = db.execute(
        """SELECT name, CASE assumed WHEN 0 THEN content ELSE '' END FROM image
        WHERE id IN (SELECT image FROM label_change WHERE action = ?) ORDER BY 1, 2""",
        first[:1],
    )
    return digest([first, classes, images.fetchall()])


def rewind(db: sqlite3.Connection, last_action: int) -> None:
    """Take back, in a private copy, what was done after the action with this number."""
    later = "SELECT id FROM action WHERE id > ? AND state = 'done' ORDER BY id DESC"
    for (number,) in db.execute(later, (last_action,)).fetchall():
        history.apply_backwards(db, number)
    for table in ("class_change", "label_change", "absence_change"):
        db.execute(f"DELETE FROM {table} WHERE action > ?", (last_action,))
    db.execute("DELETE FROM action WHERE id > ?", (last_action,))
