"""Whether fetched recordings are still what was fetched."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from covey._base.balance import Balance
from covey._base.digests import hash_file
from covey._base.errors import reason
from covey._base.progress import SILENT, Progress
from covey.data.recording_files import list_recordings
from covey.sources.fetched_table import CONTENT, FetchedTable


def verify_recordings(dataset: Path, folders: Sequence[Path], progress: Progress = SILENT) -> Balance | None:
    """Compare the contents of fetched recordings with the SHA-256 in `metadata.csv`.

    Args:
        dataset: the folder with the table.
        folders: where its recordings lie; the first file of a name counts.
        progress: shows the step.

    Returns:
        How many are unchanged, and the others by name; None if the table tells of none.

    Raises:
        CoveyError: the table cannot be read.
    """
    rows = FetchedTable(dataset).rows
    if not rows:
        return None
    paths = [path for folder in folders for path in list_recordings(folder).paths]
    path_by_stub = {path.stem: path for path in reversed(paths)}
    balance = Balance("fetched recording", verb="unchanged")
    with progress.step("Comparing recordings with what was fetched", len(rows), "recording") as step:
        for stub, row in rows.items():
            if problem := _find_problem(path_by_stub.get(stub), row[CONTENT]):
                balance.leave_out(problem, stub)
            else:
                balance.used += 1
            step.advance()
    return balance


def _find_problem(path: Path | None, content: str) -> str:
    if path is None:
        return "not there"
    try:
        return "" if hash_file(path) == content else "changed since: delete them, and fetch them again"
    except OSError as error:
        return f"that cannot be read: {reason(error)}"
