"""A copy of a label file that is kept with the user while its dataset cannot be written."""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from covey._base.digests import digest
from covey._base.errors import CoveyError
from covey._base.files import create_file, is_writable_folder, make_folder, read_text, write_text
from covey._base.run_lock import LockHeldError, hold_run_lock
from covey._base.user_folders import user_data_folder
from covey.labelling.database import NAME, read_sound_contents, reading, writing
from covey.labelling.history import is_returned, mark_returned
from covey.labelling.label_state import LabelFileState, identify_first_action, read_state, rewind
from covey.labelling.user_copies.dataset_identity import (
    MOST_WITNESSES,
    DatasetIdentity,
    identify_dataset,
    read_first_action,
)

if TYPE_CHECKING:
    from covey.data.dataset import Dataset

BASE = "base.sqlite"
"""The label file of the dataset as it was when the copy was made."""
REPORT = "report.json"
_IDENTITY = "dataset.json"
_LOCK_PATIENCE = 30.0
_UNREADABLE = (OSError, ValueError, TypeError, LookupError)


@attrs.frozen
class UserCopy:
    """The labels of one dataset in a folder of the user's own: a label file, what it began with, and whose it is."""

    folder: Path
    identity: DatasetIdentity

    @property
    def path(self) -> Path:
        """The label file."""
        return self.folder / NAME

    def read_base(self, db: sqlite3.Connection, actions_there: Sequence[tuple[object, ...]]) -> LabelFileState:
        """Return what the copy began with.

        Copies made by earlier versions have no file of that: they began with the actions that are in both files.

        Args:
            db: the copy.
            actions_there: the actions in the label file of the dataset.

        Raises:
            CoveyError: the file cannot be read.
        """
        base = self.folder / BASE
        if base.exists():
            with reading(base, 0) as base_db:
                return read_state(base_db)
        with closing(sqlite3.connect(":memory:")) as private_db:
            private_db.deserialize(db.serialize())
            pairs = zip(read_state(private_db).actions, actions_there, strict=False)
            common = [action[0] for action, action_there in pairs if action == action_there]
            rewind(private_db, max(common, default=0))
            return read_state(private_db)

    @property
    def backup(self) -> Path:
        """The name that the label file gets once its labels went back; it stays there as a backup."""
        return self.folder / f"labels-returned-{self.folder.name}.sqlite"

    def retire(self) -> None:
        """Give the label file the name of the backup, as far as no program has it open (Windows)."""
        with suppress(OSError):
            self.path.rename(self.backup)

    def discard_unused(self, patience: float) -> None:
        """Remove the copy if nothing was done in it since it was made. Raises CoveyError when it cannot be read."""
        with writing(self.path, patience) as db:
            if _read_revision(db) != self._read_first_revision():
                return
            mark_returned(db, self.folder.name)
        with suppress(OSError):
            for name in (NAME, BASE, _IDENTITY):
                (self.folder / name).unlink(missing_ok=True)
            self.folder.rmdir()

    def _read_first_revision(self) -> int | None:
        base = self.folder / BASE
        if not base.exists():
            return None
        with reading(base, 0) as db:
            return _read_revision(db)


def can_write(dataset: Dataset) -> bool:
    """Whether labels can be written to a dataset: its folder, and its label file if there is one."""
    if not (dataset.writable and is_writable_folder(dataset.home)):
        return False
    try:
        path = dataset.home / NAME
        if path.is_file() and not path.is_symlink():
            path.open("r+b").close()
    except OSError:
        return False
    return True


def find_copies(dataset: Dataset, patience: float) -> list[UserCopy]:
    """Return the user's copies of the labels of a dataset, wherever it lay when they were made; the newest first."""
    copies = [*_list_copies(), *_find_earlier_copy(dataset, patience)]
    if not copies:
        return []
    first_action = read_first_action(dataset.home / NAME, patience)
    matching = [copy for copy in copies if copy.identity.matches(dataset, first_action)]
    active = [copy for copy in matching if not _is_returned(copy, patience)]
    return sorted(active, key=lambda copy: _read_time(copy.path), reverse=True)


def find_label_file(dataset: Dataset, patience: float) -> Path:
    """Return where the labels of a dataset lie now, or would if there are none."""
    copies = find_copies(dataset, patience)
    return copies[0].path if copies else dataset.home / NAME


def start_copy(dataset: Dataset, patience: float) -> UserCopy | None:
    """Return the user's copy of the labels of a dataset, made if need be; None if nothing tells it from others.

    One in which nothing was done yet begins anew with what the dataset has now.

    Raises:
        CoveyError: the labels of the dataset are damaged, or the copy cannot be written.
    """
    with hold_copies():
        for copy in find_copies(dataset, patience):
            if _read_file_revision(copy.path, patience) != _read_file_revision(dataset.home / NAME, patience):
                copy.discard_unused(patience)
        if copies := find_copies(dataset, patience):
            return copies[0]
        identity = identify_dataset(dataset, patience)
        if not identity.is_known:
            return None
        contents = read_sound_contents(dataset.home / NAME, patience)
        copy = UserCopy(make_folder(_root() / secrets.token_hex(8)), identity)
        create_file(copy.folder / BASE, contents)
        write_text(copy.folder / _IDENTITY, json.dumps(attrs.asdict(identity), indent=1))
        create_file(copy.path, contents)  # the last: with it the copy is there
        return copy


def describe_label_place(dataset: Dataset, patience: float) -> str:
    """Return a sentence on where labels are kept while a dataset cannot be written, "" if it can be."""
    if can_write(dataset):
        return ""
    copies = find_copies(dataset, patience)
    if not copies and not identify_dataset(dataset, patience).is_known:
        return (
            "This dataset cannot be written, and has neither images, tables nor labels by which covey would know it"
            " again: no labels can be given."
        )
    place = copies[0].path if copies else _root()
    return (
        f"This dataset cannot be written: your labels are kept on this computer, in {place}, and come back when it can"
        " be written."
    )


@contextmanager
def hold_copies() -> Iterator[None]:
    """Let no other process of this user make or return copies during the block. Raises CoveyError."""
    try:
        with hold_run_lock(make_folder(_root()) / "lock", _LOCK_PATIENCE):
            yield
    except LockHeldError as error:
        raise CoveyError(
            f"Another covey is at work on the labels in {_root()}: wait until it has ended, and try again."
        ) from error


def write_report(copy: UserCopy, home: Path, sentences: Sequence[str]) -> None:
    """Keep what there is to say on the labels of a copy that come back, until a person has seen it."""
    report = {"home": str(home.resolve()), "sentences": list(sentences)}
    write_text(copy.folder / REPORT, json.dumps(report, indent=1, ensure_ascii=False))


def take_reports(home: Path) -> list[str]:
    """Return what a person has not yet been told on labels that came back to the dataset in this folder; once."""
    sentences: list[str] = []
    for report in sorted(_root().glob(f"*/{REPORT}")):
        with suppress(*_UNREADABLE):
            document = json.loads(read_text(report))
            if document["home"] == str(home.resolve()) and not (report.parent / NAME).exists():
                report.rename(report.with_name("report-read.json"))  # of two processes one succeeds
                sentences += map(str, document["sentences"])
    return sentences


def _is_returned(copy: UserCopy, patience: float) -> bool:
    """Whether the labels of a copy went back, or are going: a process that was stopped may not have finished that."""
    has_returned = not copy.path.exists()
    with suppress(CoveyError), reading(copy.path, patience) as db:  # who opens a damaged copy learns of it
        has_returned = has_returned or is_returned(db, copy.folder.name)
    if has_returned:
        copy.retire()
    return has_returned


def _read_time(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _read_file_revision(path: Path, patience: float) -> int:
    with reading(path, patience) as db:
        return _read_revision(db)


def _read_revision(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT number FROM revision").fetchone()[0])


def _root() -> Path:
    return user_data_folder() / "labels"


def _list_copies() -> Iterator[UserCopy]:
    for path in _root().glob(f"*/{NAME}"):
        with suppress(*_UNREADABLE):
            yield UserCopy(path.parent, DatasetIdentity(**json.loads(read_text(path.with_name(_IDENTITY)))))


def _find_earlier_copy(dataset: Dataset, patience: float) -> Iterator[UserCopy]:
    """Yield the copy that an earlier version made for the path of a dataset; what is in it says whose it is."""
    folder = _root() / digest(str((dataset.home / NAME).resolve()))[:16]
    if not (folder / NAME).exists() or (folder / _IDENTITY).exists():
        return
    with suppress(CoveyError), reading(folder / NAME, patience) as db:
        rows = db.execute("SELECT DISTINCT name, content FROM image LIMIT ?", (MOST_WITNESSES,))
        yield UserCopy(folder, DatasetIdentity(identify_first_action(db), dict(rows.fetchall())))
