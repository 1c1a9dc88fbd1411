"""Measures as columns of tables: their headings, their cells, and what these mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import attrs
import numpy as np

from covey._base.errors import CoveyError, did_you_mean
from covey._base.text import preview
from covey.components import options
from covey.components.guard import as_plugin_failure
from covey.components.measure_contract import Measure
from covey.plugins.registry import Registered, Registry

SIGNS = {
    "noise": "counts as one more cluster for measures of agreement with labels",
    "x / y": "noise as one more cluster / noise left out",
    "-": "unknown: it cannot be computed here",
}
"""Meaning of the signs in tables of measures."""


@attrs.frozen
class Cell:
    """The score of one measure for one clustering; None if it is unknown, then with the reason if there is one."""

    score: float | None
    reason: str = ""


@attrs.frozen(kw_only=True)
class Column:
    """One measure as a column of tables, under a name and a heading that no other column has."""

    name: str
    heading: str
    registered: Registered
    measure: type[Measure]

    @property
    def meaning(self) -> str:
        """What the number says, as a phrase."""
        return self.measure.meaning or self.registered.summary.rstrip(".")

    def format(self, score: float | None) -> str:
        """Return a score as it is written in tables."""
        match score, self.measure.score_format:
            case None, _:
                return "-"
            case number, "count":
                return f"{number:,g}" if number < 1e6 else f"{number:,.0f}"
            case number, "share":
                return f"{number:.0%}"
            case number, _:
                return f"{number:.3f}"


def list_columns(registry: Registry) -> list[Column]:
    """Return the installed measures as columns, covey's own first.

    A measure whose name is that of an earlier one is called `distribution:name`; so is the heading.
    """
    columns: dict[str, Column] = {}
    for registered in registry.components:
        if issubclass(registered.cls, Measure):
            name = registered.full_name if registered.name in columns else registered.name
            heading = registered.cls.heading or name
            is_taken = heading in (column.heading for column in columns.values())
            columns[name] = Column(
                name=name,
                heading=registered.full_name if is_taken else heading,
                registered=registered,
                measure=registered.cls,
            )
    return list(columns.values())


def compute_cell(column: Column, compute: Callable[[Measure], float | None]) -> Cell:
    """Compute one cell by the measure of a column; whatever goes wrong becomes the reason why it is empty."""
    registered = column.registered
    if registered.missing:
        return Cell(None, registered.status)
    try:
        score = compute(options.build(column.measure, {}))
        if score is None or not np.isfinite(score):
            return Cell(None)
        return Cell(score if type(score) is int else float(score))
    except CoveyError as error:
        return Cell(None, str(error))
    except Exception as error:
        return Cell(None, str(as_plugin_failure(error, registered.name, registered.cls.__module__, "measure")))


def find_column(columns: Sequence[Column], name: str) -> Column:
    """Return the column of a name.

    Raises:
        CoveyError: there is no such measure.
    """
    column_by_name = {column.name: column for column in columns}
    if name not in column_by_name:
        hint, listing = did_you_mean(name, column_by_name), ", ".join(column_by_name) or "none"
        raise CoveyError(f"There is no measure {name!r}.{hint} Installed: {listing}.")
    return column_by_name[name]


def select_columns(columns: Sequence[Column], labelled: bool, first: str | None = None) -> list[Column]:
    """Return the columns of a leaderboard, `first` before the others; without labels fewer."""
    shown = [column for column in columns if labelled or not column.measure.needs_labels]
    return sorted(
        (column for column in shown if column.name == first or not column.measure.detail),
        key=lambda column: column.name != first,
    )


def explain_columns(columns: Sequence[Column], *signs: str) -> list[tuple[str, str]]:
    """Return the heading and meaning of each column, then of some of the SIGNS."""
    return [(column.heading, column.meaning) for column in columns] + [(sign, SIGNS[sign]) for sign in signs]


def explain_gaps(cells_by_clustering: Mapping[str, Mapping[str, Cell]], columns: Sequence[Column]) -> list[str]:
    """Return one sentence for each reason why cells are unknown, with the clusterings that it holds for."""
    names_by_gap: dict[tuple[str, str], list[str]] = {}
    for column in columns:
        for clustering, cells in cells_by_clustering.items():
            if column.name in cells and cells[column.name].reason:
                names_by_gap.setdefault((column.heading, cells[column.name].reason), []).append(clustering)
    return [
        f"{heading} is unknown for {preview(names)}: {why.rstrip('.')}."
        for (heading, why), names in names_by_gap.items()
    ]
