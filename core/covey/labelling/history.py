"""What people did, one action after another, and how to take it back.

An action is two sets of rows: those that it took away (given = 0) and those that it gave (given = 1), of the tables
`class`, `label` and `absence`. To do it is to delete the ones and insert the others, to undo it the other way round;
so an action is first written down and then done, and what was never written down cannot change.
"""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime

import attrs

from covey._base.errors import CoveyError

_CHANGED = {
    "class": ("id", "id, name, colour"),
    "label": ("class, image", "class, image, at, how"),
    "absence": ("image", "image, at, how"),
}
_COLUMNS = "SELECT id, at, told, state <> 'done', author, session FROM action"

_RETURNED_MARK = "INSERT INTO action (at, told, state, author, session) VALUES (?, ?, 'dropped', '', ?)"
_OF_SESSION = "(:session IS NULL OR session = :session)"
_TOUCHING = """SELECT told, author FROM action WHERE {0} AND (
    EXISTS (SELECT 1 FROM label_change AS touched WHERE touched.action = action.id AND touched.given IN (0, 1)
        AND touched.class IN (SELECT id FROM class_change WHERE action = :it))
    OR EXISTS (SELECT 1 FROM label_change AS touched WHERE touched.action = action.id AND touched.given IN (0, 1)
        AND touched.class IN (SELECT class FROM label_change WHERE action = :it)
        AND EXISTS (SELECT 1 FROM label_change AS own WHERE own.action = :it AND own.given IN (0, 1)
            AND own.class = touched.class AND own.image = touched.image))
    OR EXISTS (SELECT 1 FROM class_change AS touched WHERE touched.action = action.id AND (
        touched.id IN (SELECT id FROM class_change WHERE action = :it)
        OR touched.id IN (SELECT class FROM label_change WHERE action = :it)
        OR :forwards AND touched.given = 1 AND touched.id IN (SELECT id FROM class)
            AND touched.name IN (SELECT name FROM class_change WHERE action = :it AND given = 1)))
    OR EXISTS (SELECT 1 FROM absence_change AS touched WHERE touched.action = action.id
        AND touched.image IN (SELECT image FROM absence_change WHERE action = :it))
    {1}
) ORDER BY id DESC LIMIT 1"""
_LABELS_ON_ABSENCES = """OR EXISTS (SELECT 1 FROM label_change AS touched WHERE touched.action = action.id
        AND touched.image IN (SELECT image FROM absence_change WHERE action = :it))
    OR EXISTS (SELECT 1 FROM absence_change AS touched WHERE touched.action = action.id
        AND touched.image IN (SELECT image FROM label_change WHERE action = :it))"""
_LATER = _TOUCHING.format("state = 'done' AND id > :it", _LABELS_ON_ABSENCES)
"""The last action that builds on an earlier one: on the same labels or classes, or on what was or was not there."""
_MISSING = _TOUCHING.format("state <> 'done' AND id < :it", "")
"""The last action that was taken back and on which a later one builds."""

_WITHOUT_CLASS = """SELECT 1 FROM label WHERE class IN (
    SELECT id FROM class_change WHERE action = ? UNION SELECT class FROM label_change WHERE action = ?
    EXCEPT SELECT id FROM class) LIMIT 1"""
"""A label of a class that an action has deleted, or not made."""


@attrs.frozen
class Action:
    """What somebody did: its number, when (UTC, ISO 8601), in words, and whether it was taken back since.

    `author` is the name of the user, `session` the window in which it was done; both are "" in files of earlier
    versions.
    """

    id: int
    when: str
    description: str
    undone: bool
    author: str = ""
    session: str = ""


@attrs.frozen
class NextActions:
    """What undo would take back, and what redo would do again: of one session, and of anybody; None for nothing."""

    undo: Action | None
    redo: Action | None
    undo_anybody: Action | None
    redo_anybody: Action | None

    @classmethod
    def of(cls, db: sqlite3.Connection, session: str) -> NextActions:
        """Look them up for a session."""
        return cls(last_done(db, session), first_undone(db, session), last_done(db, None), first_undone(db, None))


def now() -> str:
    """Return this second in UTC, as ISO 8601."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def begin(db: sqlite3.Connection, author: str, session: str) -> int:
    """Write down a new action; what its session has undone before can no longer be redone."""
    db.execute("SAVEPOINT action")
    db.execute("UPDATE action SET state = 'dropped' WHERE state = 'undone' AND session = ?", (session,))
    insert = "INSERT INTO action (at, told, state, author, session) VALUES (?, '', 'done', ?, ?)"
    return int(db.execute(insert, (now(), author, session)).lastrowid or 0)


def abandon(db: sqlite3.Connection) -> None:
    """Forget the action that was begun last, and all that was written down for it."""
    db.execute("ROLLBACK TO action")


def finish(db: sqlite3.Connection, action: int, description: str) -> Action | None:
    """Do what is written down for an action; one that changes nothing was none, and None."""
    changes = " UNION ALL ".join(f"SELECT 1 FROM {table}_change WHERE action = :it" for table in _CHANGED)
    if not db.execute(changes, {"it": action}).fetchone():
        abandon(db)
        return None
    db.execute("UPDATE action SET told = ? WHERE id = ?", (description, action))
    _apply(db, action, True)
    return _action(db, action)


def undo(db: sqlite3.Connection, session: str | None) -> Action | None:
    """Take back the last action that was not, of one session or, with None, of anybody; None when there is none.

    Raises:
        CoveyError: a later action has changed the same labels.
    """
    last = last_done(db, session)
    return _turn(db, last, False) if last else None


def redo(db: sqlite3.Connection, session: str | None) -> Action | None:
    """Do again the action that was taken back last, of one session or, with None, of anybody; None if there is none.

    Raises:
        CoveyError: a later action has changed the same labels.
    """
    first = first_undone(db, session)
    return _turn(db, first, True) if first else None


def last_done(db: sqlite3.Connection, session: str | None) -> Action | None:
    """Return what `undo` would take back."""
    return _next_action(db, f"WHERE state = 'done' AND {_OF_SESSION} ORDER BY id DESC", session)


def first_undone(db: sqlite3.Connection, session: str | None) -> Action | None:
    """Return what `redo` would do again."""
    return _next_action(db, f"WHERE state = 'undone' AND {_OF_SESSION} ORDER BY id", session)


def latest(db: sqlite3.Connection, limit: int) -> list[Action]:
    """Return the latest actions, the newest first, with those that were undone."""
    rows = db.execute(f"{_COLUMNS} ORDER BY id DESC LIMIT ?", (limit,))
    return [_as_action(row) for row in rows]


def turn(db: sqlite3.Connection, number: int, forwards: bool) -> Action | None:
    """Do an action again, or take it back, whichever it is in the history; None if there is nothing to do.

    Raises:
        CoveyError: another action has changed the same labels since, or there is no such action.
    """
    action = _action(db, number)
    if action is None:
        raise CoveyError(f"There is no action {number} in the history of these labels.")
    return _turn(db, action, forwards) if action.undone == forwards else None


def apply_backwards(db: sqlite3.Connection, action: int) -> None:
    """Undo what an action did, without asking whether later ones build on it."""
    _apply(db, action, False)


def mark_returned(db: sqlite3.Connection, copy: str) -> None:
    """Mark the file of a user's copy as one whose labels went back to their dataset: nothing may be done in it."""
    db.execute(_RETURNED_MARK, (now(), "the labels went back to their dataset", f"returned {copy}"))


def is_returned(db: sqlite3.Connection, copy: str) -> bool:
    """Whether the labels of a user's copy went back to their dataset."""
    return has_action_of(db, f"returned {copy}")


def has_action_of(db: sqlite3.Connection, session: str) -> bool:
    """Whether something was done in this session."""
    return db.execute("SELECT 1 FROM action WHERE session = ?", (session,)).fetchone() is not None


def _turn(db: sqlite3.Connection, action: Action, forwards: bool) -> Action | None:
    later = db.execute(_LATER, {"it": action.id, "forwards": forwards}).fetchone()
    db.execute("SAVEPOINT turn")
    try:
        is_whole = _apply(db, action.id, forwards) and not db.execute(_WITHOUT_CLASS, (action.id, action.id)).fetchone()
    except sqlite3.IntegrityError:  # such as a class of the same name that somebody else has made
        is_whole = False
    if later or not is_whole:
        db.execute("ROLLBACK TO turn")
        missing = None if later else db.execute(_MISSING, {"it": action.id, "forwards": forwards}).fetchone()
        raise CoveyError(_describe_obstacle(action, later, missing))
    db.execute("UPDATE action SET state = ? WHERE id = ?", ("done" if forwards else "undone", action.id))
    return _action(db, action.id)


def _describe_obstacle(action: Action, later: tuple[str, str] | None, missing: tuple[str, str] | None) -> str:
    """Say which action keeps another one from being taken back or done again."""
    if missing:
        return (
            f"Nothing was changed: “{action.description}” builds on “{_describe(missing)}”, which was taken back. Do"
            " that again first."
        )
    culprit = f" (the last is “{_describe(later)}”)" if later else ""
    return f"Nothing was changed: later actions{culprit} build on “{action.description}”. Take back those first."


def _describe(action: tuple[str, str]) -> str:
    description, author = action
    return f"{description}, by {author}" if author else description


def _apply(db: sqlite3.Connection, action: int, forwards: bool) -> bool:
    """Do what is written down for an action; return whether all that it takes away was there."""
    is_whole = True
    for table, (key, columns) in _CHANGED.items():
        changed = f"FROM {table}_change WHERE action = ? AND given = ?"
        parameters = (action, not forwards)
        deleted = db.execute(f"DELETE FROM {table} WHERE ({key}) IN (SELECT {key} {changed})", parameters).rowcount
        is_whole &= (deleted,) == db.execute(f"SELECT count(*) {changed}", parameters).fetchone()
        db.execute(f"INSERT INTO {table} SELECT {columns} {changed}", (action, forwards))
    db.execute("UPDATE revision SET number = number + 1")
    return is_whole


def _action(db: sqlite3.Connection, number: int) -> Action | None:
    return _next_action(db, f"WHERE id = {number}")


def _next_action(db: sqlite3.Connection, which: str, session: str | None = None) -> Action | None:
    row = db.execute(f"{_COLUMNS} {which} LIMIT 1", {"session": session}).fetchone()
    return _as_action(row) if row else None


def _as_action(row: tuple[int, str, str, int, str, str]) -> Action:
    number, at, description, undone, author, session = row
    return Action(number, at, description, bool(undone), author, session)
