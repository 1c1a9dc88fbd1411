"""What an action takes away and gives, written down before it is done."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence

import attrs

from covey._base.errors import CoveyError
from covey.labelling.classes import free_colour
from covey.labelling.clips import RecordingClip

_GIVE = """INSERT OR IGNORE INTO label_change
    SELECT ?1, 1, ?2, id, ?3, ?4 FROM image
    WHERE id = (SELECT max(id) FROM image WHERE name = ?5 AND (content = ?6 OR ?6 = ''))
    AND NOT EXISTS (SELECT 1 FROM label WHERE class = ?2 AND image = image.id)"""
_ADD_IMAGE = """INSERT INTO image (name, content, assumed, recording, start_ms, duration_ms)
    SELECT ?1, ?2, 0, ?3, ?4, ?5
    WHERE NOT EXISTS (SELECT 1 FROM image WHERE name = ?1 AND (content = ?2 OR ?2 = ''))"""
_ASSUME = """UPDATE OR IGNORE image SET content = ?2, assumed = 1, recording = ?3, start_ms = ?4, duration_ms = ?5
    WHERE name = ?1 AND content = ''"""
_NO_CLIP = RecordingClip("", 0, 0)
_TAKE = """INSERT OR IGNORE INTO label_change
    SELECT ?1, 0, class, image, at, how FROM label
    WHERE class = ?2 AND image IN (SELECT id FROM image WHERE name = ?3)"""
_TAKE_CONTENT = """INSERT OR IGNORE INTO label_change
    SELECT ?1, 0, class, image, at, how FROM label
    WHERE class = ?2 AND image = (SELECT id FROM image WHERE name = ?3 AND content = ?4)"""
_TAKE_ALL = "INSERT INTO label_change SELECT ?1, 0, class, image, at, how FROM label WHERE class = ?2"
_HAND_ON = """INSERT OR IGNORE INTO label_change
    SELECT action, 1, ?2, image, at, how FROM label_change
    WHERE action = ?1 AND given = 0
    AND NOT EXISTS (SELECT 1 FROM label WHERE class = ?2 AND image = label_change.image) ORDER BY at"""
_GIVE_ABSENCE = """INSERT OR IGNORE INTO absence_change
    SELECT ?1, 1, id, ?2, ?3 FROM image
    WHERE id = (SELECT max(id) FROM image WHERE name = ?4 AND (content = ?5 OR ?5 = ''))
    AND NOT EXISTS (SELECT 1 FROM absence WHERE image = image.id)
    AND NOT EXISTS (SELECT 1 FROM label WHERE image = image.id)"""
_TAKE_ABSENCE = """INSERT OR IGNORE INTO absence_change
    SELECT ?1, 0, image, at, how FROM absence
    WHERE image = (SELECT id FROM image WHERE name = ?2 AND content = ?3)"""
_TAKE_ABSENCES_OF_LABELLED = """INSERT OR IGNORE INTO absence_change
    SELECT ?1, 0, image, at, how FROM absence
    WHERE image IN (SELECT image FROM label_change WHERE action = ?1 AND given = 1)"""
NOTHING_THERE = ""
"""Stands in place of a class for an image that somebody looked at and found nothing in."""


@attrs.frozen
class Labelled:
    """One image in one class: since when (UTC, ISO 8601), and how it came there, such as "person".

    The class is NOTHING_THERE if somebody looked at the image and found nothing.
    `content` is the SHA-256 of the image that was labelled, "" if it is not known; `clip` is what it shows, if known.
    """

    filename: str
    label: str
    when: str
    how: str
    content: str = ""
    clip: RecordingClip | None = None


def assume_contents(db: sqlite3.Connection, contents: Mapping[str, str], clips: Mapping[str, RecordingClip]) -> None:
    """Take the images as they are now for those that were labelled when no content was kept, or without a file."""
    image_rows = ((name, content, *attrs.astuple(clips.get(name, _NO_CLIP))) for name, content in contents.items())
    db.executemany(_ASSUME, image_rows)


def add_labels(db: sqlite3.Connection, action: int, rows: Sequence[Labelled]) -> int:
    """Give images their classes, made if need be; return how many labels are new. Raises CoveyError."""
    id_of_class = _find_or_create_class_ids(db, action, dict.fromkeys(row.label for row in rows))
    return give_labels(db, action, [(id_of_class[row.label], row) for row in rows])


def give_labels(db: sqlite3.Connection, action: int, rows: Sequence[tuple[int, Labelled]]) -> int:
    """Give images the classes with these numbers; return how many labels are new. Raises CoveyError."""
    _add_images(db, [row for _, row in rows])
    parameters = ((action, number, row.when, row.how, row.filename, row.content) for number, row in rows)
    return db.executemany(_GIVE, parameters).rowcount


def take_labels(db: sqlite3.Connection, action: int, keys: Iterable[tuple[int, str, str]]) -> int:
    """Take classes, by their numbers, from images, by name and content; return from how many."""
    return db.executemany(_TAKE_CONTENT, ((action, *key) for key in keys)).rowcount


def take_absences(db: sqlite3.Connection, action: int, images: Iterable[tuple[str, str]]) -> None:
    """Take back that nothing is there of images, by name and content."""
    db.executemany(_TAKE_ABSENCE, ((action, *image) for image in images))


def create_class(db: sqlite3.Connection, action: int, number: int, name: str, colour: str) -> None:
    """Write down a class that is to be created."""
    db.execute("INSERT INTO class_change VALUES (?, 1, ?, ?, ?)", (action, number, name, colour))


def find_free_class_id(db: sqlite3.Connection) -> int:
    """Return a number that no class has or had."""
    query = "SELECT max(coalesce((SELECT max(id) FROM class_change), 0), coalesce((SELECT max(id) FROM class), 0)) + 1"
    return int(db.execute(query).fetchone()[0])


def add_absences(db: sqlite3.Connection, action: int, rows: Sequence[Labelled]) -> int:
    """Say of images without a label that nothing is there; return of how many it is new. Raises CoveyError."""
    _add_images(db, rows)
    parameters = ((action, row.when, row.how, row.filename, row.content) for row in rows)
    return db.executemany(_GIVE_ABSENCE, parameters).rowcount


def take_absences_of_labelled(db: sqlite3.Connection, action: int) -> None:
    """Take back that nothing is there of the images to which an action gives a class."""
    db.execute(_TAKE_ABSENCES_OF_LABELLED, (action,))


def _add_images(db: sqlite3.Connection, rows: Sequence[Labelled]) -> None:
    _check_names(row.filename for row in rows)
    image_rows = ((row.filename, row.content, *attrs.astuple(row.clip or _NO_CLIP)) for row in rows)
    db.executemany(_ADD_IMAGE, image_rows)


def remove_labels(db: sqlite3.Connection, action: int, names: Sequence[str], label: str) -> int:
    """Take a class from images; return from how many. Raises CoveyError."""
    _check_names(names)
    class_id = _find_class_id(db, label)
    return db.executemany(_TAKE, ((action, class_id, name) for name in names)).rowcount


def move_labels(db: sqlite3.Connection, action: int, moves: Sequence[tuple[Labelled, Labelled]]) -> None:
    """Take the first label of each pair from the content that it was given to, and give the second.

    So with images in which nothing was: where the second has a label, that stays alone.
    """
    labels = [move for move in moves if move[0].label != NOTHING_THERE]
    id_of_class = _find_or_create_class_ids(db, action, dict.fromkeys(row.label for row, _ in labels))
    add_labels(db, action, [row for _, row in labels])
    absences = [move for move in moves if move[0].label == NOTHING_THERE]
    labelled = {row.filename for _, row in labels}
    add_absences(db, action, [row for _, row in absences if row.filename not in labelled])
    _take_rows(db, action, [row for row, _ in moves], id_of_class)


def drop_labels(db: sqlite3.Connection, action: int, rows: Sequence[Labelled]) -> None:
    """Take labels from the contents that they were given to. Raises CoveyError."""
    class_names = {row.label for row in rows} - {NOTHING_THERE}
    _take_rows(db, action, rows, {label: _find_class_id(db, label) for label in class_names})


def _take_rows(db: sqlite3.Connection, action: int, rows: Sequence[Labelled], id_of_class: Mapping[str, int]) -> None:
    labels = [row for row in rows if row.label != NOTHING_THERE]
    take_labels(db, action, ((id_of_class[row.label], row.filename, row.content) for row in labels))
    take_absences(db, action, ((row.filename, row.content) for row in rows if row.label == NOTHING_THERE))


def alter(db: sqlite3.Connection, action: int, label: str, name: str | None = None, colour: str | None = None) -> None:
    """Give a class another name or colour. Raises CoveyError."""
    class_id, *old_fields = db.execute(
        "SELECT id, name, colour FROM class WHERE id = ?", (_find_class_id(db, label),)
    ).fetchone()
    new_fields = [name or old_fields[0], colour or old_fields[1]]
    if new_fields != old_fields:
        rows = [(action, is_new, class_id, *values) for is_new, values in enumerate((old_fields, new_fields))]
        db.executemany("INSERT INTO class_change VALUES (?, ?, ?, ?, ?)", rows)


def delete_class(db: sqlite3.Connection, action: int, label: str) -> int:
    """Delete a class and its labels; return the number of labels removed. Raises CoveyError."""
    class_id = _find_class_id(db, label)
    db.execute("INSERT INTO class_change SELECT ?, 0, id, name, colour FROM class WHERE id = ?", (action, class_id))
    return db.execute(_TAKE_ALL, (action, class_id)).rowcount


def merge(db: sqlite3.Connection, action: int, sources: Sequence[str], target: str) -> None:
    """Hand on the images of some classes to another one; a label keeps its oldest time. Raises CoveyError."""
    target_id = _find_class_id(db, target)
    for source in sources:
        delete_class(db, action, source)
    db.execute(_HAND_ON, (action, target_id))


def exists(db: sqlite3.Connection, label: str) -> bool:
    """Whether there is a class of that name."""
    return db.execute("SELECT 1 FROM class WHERE name = ?", (label,)).fetchone() is not None


def _find_class_id(db: sqlite3.Connection, label: str) -> int:
    """Return the id of a class. Raises CoveyError when there is none."""
    class_row = db.execute("SELECT id FROM class WHERE name = ?", (label,)).fetchone()
    if not class_row:
        raise CoveyError(f"There is no class {label!r} any more: it was renamed, merged or deleted.")
    return int(class_row[0])


def _find_or_create_class_ids(db: sqlite3.Connection, action: int, labels: Iterable[str]) -> dict[str, int]:
    """Return the id of each class by its name; classes that do not exist are recorded to be created."""
    classes = db.execute("SELECT name, id, colour FROM class ORDER BY id").fetchall()
    id_of_class = {name: class_id for name, class_id, _ in classes}
    colours = {colour for *_, colour in classes}
    for label in labels:
        if label not in id_of_class:
            id_of_class[label] = class_id = find_free_class_id(db)
            colours.add(colour := free_colour(colours, class_id))
            create_class(db, action, class_id, label, colour)
    return id_of_class


def _check_names(names: Iterable[str]) -> None:
    for name in names:
        if "\0" in name or name.encode(errors="ignore").decode() != name:  # a file name need not be Unicode
            raise CoveyError(f"The image name {name[:80]!r} cannot be kept with labels: rename the file.")
