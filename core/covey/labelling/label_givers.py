"""Who gave which labels, as the history tells it: what several people say of one image is compared by that.

A label is one row, whoever gives it. Who gives a label that somebody else gave last gives it again: the action takes
the row away and puts it back with a new time, so that undoing it leaves what was there before.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Mapping, Sequence

from covey.labelling.changes import Labelled

_LAST_GIVERS = """SELECT image, author, max(action) FROM label_change JOIN action ON action.id = label_change.action
    WHERE class = ? AND given = 1 AND state = 'done' GROUP BY image"""
_FIND = """SELECT label.class, label.image, at, how FROM label
    JOIN class ON class.id = label.class JOIN image ON image.id = label.image
    WHERE class.name = ? AND image.name = ? AND (content = ? OR ? = '')"""
_WRITE = "INSERT OR IGNORE INTO label_change VALUES (?, ?, ?, ?, ?, ?)"
_JUDGEMENTS = """SELECT author, given, class, image.name FROM label_change
    JOIN action ON action.id = label_change.action JOIN image ON image.id = label_change.image
    WHERE state = 'done' AND action NOT IN (SELECT action FROM class_change WHERE given = 0)
    ORDER BY action, given"""


def confirm_labels(db: sqlite3.Connection, action: int, rows: Sequence[Labelled], author: str) -> int:
    """Write down that somebody gives labels again that others gave last; return how many.

    Args:
        db: the label file.
        action: what is done.
        rows: labels of one class.
        author: who gives them.
    """
    matches = (db.execute(_FIND, (row.label, row.filename, row.content, row.content)).fetchone() for row in rows)
    labels = [(row, match) for row, match in zip(rows, matches, strict=True) if match]
    if not labels:
        return 0
    givers = {image: giver for image, giver, _ in db.execute(_LAST_GIVERS, (labels[0][1][0],))}
    given_by_others = [(row, match) for row, match in labels if givers.get(match[1], "") != author]
    for row, (class_id, image, at, how) in given_by_others:
        db.execute(_WRITE, (action, 0, class_id, image, at, how))
        db.execute(_WRITE, (action, 1, class_id, image, row.when, row.how))
    return len(given_by_others)


def read_judgements(db: sqlite3.Connection) -> Mapping[str, Mapping[str, frozenset[str]]]:
    """Return the classes that each person gave to each image and did not take from it again, by author and image.

    What people did with classes as a whole, such as merging two, says nothing of their images. Classes that are gone
    are left out.
    """
    class_names: dict[int, str] = dict(db.execute("SELECT id, name FROM class"))
    classes_by_image: dict[tuple[str, str], set[int]] = defaultdict(set)
    for author, given, class_id, image in db.execute(_JUDGEMENTS):
        (classes_by_image[author, image].add if given else classes_by_image[author, image].discard)(class_id)
    judgements: dict[str, dict[str, frozenset[str]]] = defaultdict(dict)
    for (author, image), class_ids in classes_by_image.items():
        if labels := frozenset(class_names[class_id] for class_id in class_ids if class_id in class_names):
            judgements[author][image] = labels
    return judgements
