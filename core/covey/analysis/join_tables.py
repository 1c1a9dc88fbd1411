"""Joining tables of the same images: features of several extractors, or several embeddings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar

import attrs
import numpy as np

from covey._base.balance import Balance
from covey._base.errors import CoveyError
from covey.analysis.feature_sets import Rows, combine_features, weigh_equally
from covey.components.contracts import Component
from covey.components.options import component, option, option_values
from covey.data.provenance import JOINED, Details, Provenance
from covey.data.tables import Embedding, Features, Names

T = TypeVar("T", Features, Embedding)


@component
class Join(Component):
    """Puts sets of features side by side: each standardised, all with equal weight in the distance of two images."""

    name = "join"
    version = 2

    whiten: float = option(
        default=0.0,
        ge=0,
        le=1,
        step=0.1,
        title="Weight of weak differences",
        help="How far the principal components of each set are brought to one variance: 0 leaves them as they are, 1"
        " makes all equal. Raising it gives weak differences between images more weight, and noise too.",
    )

    def provenance_of(self, sources: Sequence[Provenance], details: Details | None = None) -> Provenance:
        """Return the provenance of the table that joins these, of one kind, in this order."""
        first, *others = sources
        tags = "+".join("_".join(step.tag for step in source.chain) for source in sources)
        return Provenance(
            kind=first.kind,
            component=self.name,
            tag=tags + (f"-whiten{self.whiten:g}" if self.whiten else ""),
            version=self.version,
            options=option_values(self),
            identity={JOINED: [source.key for source in others]},
            input=first.key,
            source=first,
            joined=tuple(others),
            details=details or Details(),
        )


@attrs.frozen(kw_only=True)
class Joined(Generic[T]):
    """A table of the images that all of several tables have, and how many images were left out, in a sentence."""

    table: T
    balance: str


def join_tables(tables: Sequence[T], join: Join | None = None, contents: Mapping[str, str] | None = None) -> Joined[T]:
    """Join the columns of tables of features, or of embeddings, by the names of their images.

    The rows are those of the first table, in its order, that all others have too. Features become columns as
    `combine_features` says. Embeddings are not standardised column by column, for distances in them count: each is
    scaled as a whole to the same variance, and the map is that of the first. The provenance names all tables, if all
    have one.

    Args:
        tables: two or more, of one kind and any widths.
        join: how features are joined; by default not whitened.
        contents: hash of the content of each image, by name: equal ones count once in means and variances. An image
            whose content is not known is distinct.

    Raises:
        CoveyError: the kinds differ, a table has a name twice or a number that is not finite, or no image is in all.
    """
    join = join or Join()
    _check_tables(tables, join)
    rows_by_table = match_rows([table.names for table in tables])
    names = tables[0].names[rows_by_table[0]]
    sets = [table.points[rows] for table, rows in zip(tables, rows_by_table, strict=True)]
    contents = contents or {}
    first_rows = _find_first_rows([contents.get(name) or f"name {name}" for name in names.tolist()])
    if isinstance(tables[0], Embedding):
        columns: dict[str, Any] = {"Z": weigh_equally(sets, first_rows), "map": tables[0].map[rows_by_table[0]]}
    else:
        columns = {"X": combine_features(sets, join.whiten, first_rows)}
    lacking = _count_lacking(tables)
    provenance = _join_provenances([table.provenance for table in tables], join, Details(lacking=lacking))
    table = attrs.evolve(tables[0], names=names, provenance=provenance, **columns)
    return Joined(table=table, balance=_describe_balance(tables, names))


def match_rows(names_by_table: Sequence[Names]) -> list[Rows]:
    """Return the rows in each table of the images that are in all, in the order of the first.

    Raises:
        CoveyError: there are none.
    """
    rows_by_name: list[dict[str, int]] = [
        {name: row for row, name in enumerate(names.tolist())} for names in names_by_table
    ]
    shared_names = [name for name in rows_by_name[0] if all(name in rows for rows in rows_by_name[1:])]
    if not shared_names:
        first_names = " and ".join(repr(next(iter(rows))) if rows else "no image" for rows in rows_by_name)
        raise CoveyError(
            f"The tables share no image (they begin with {first_names}): were they made from the same folder?"
        )
    return [np.array([rows[name] for name in shared_names], np.intp) for rows in rows_by_name]


def _check_tables(tables: Sequence[T], join: Join) -> None:
    kinds = list(dict.fromkeys(type(table).__name__.lower() for table in tables))
    if len(kinds) > 1:
        raise CoveyError(f"Only tables of one kind can be joined, not {' and '.join(kinds)}: take some of the same.")
    for table in tables:
        unique_names, counts = np.unique(table.names, return_counts=True)
        repeated: list[str] = unique_names[counts > 1].tolist()
        if repeated:
            raise CoveyError(f"The image {repeated[0]!r} stands twice in a table: make the table again.")
        join.check_finite(table.points, "features", "extract")


def _find_first_rows(contents: Sequence[str]) -> Rows:
    """Return the row of the first image with each content."""
    rows_by_content = {content: row for row, content in reversed(list(enumerate(contents)))}
    return np.sort(np.array(list(rows_by_content.values()), np.intp))


def _titles(tables: Sequence[T]) -> list[str]:
    """Return what each table is called."""
    titles = [
        table.provenance.title if table.provenance else f"table {number}" for number, table in enumerate(tables, 1)
    ]
    return [f"{title} (table {number})" if titles.count(title) > 1 else title for number, title in enumerate(titles, 1)]


def _missing_by_image(tables: Sequence[T]) -> dict[str, list[str]]:
    """Return the titles of the tables that lack an image, for each image that some lack."""
    names_by_table: list[list[str]] = [table.names.tolist() for table in tables]
    name_sets = [set(names) for names in names_by_table]
    all_names = dict.fromkeys(name for names in names_by_table for name in names)
    titles = _titles(tables)
    lacking = {
        name: [title for title, names in zip(titles, name_sets, strict=True) if name not in names] for name in all_names
    }
    return {name: missing_titles for name, missing_titles in lacking.items() if missing_titles}


def _count_lacking(tables: Sequence[T]) -> dict[str, int]:
    return dict(Counter(title for titles in _missing_by_image(tables).values() for title in titles))


def _describe_balance(tables: Sequence[T], names: Names) -> str:
    balance = Balance("image", used=len(names))
    for name, titles in _missing_by_image(tables).items():
        balance.leave_out(f"not in {' nor in '.join(titles)}", name)
    return balance.describe()


def _join_provenances(sources: Sequence[Provenance | None], join: Join, details: Details) -> Provenance | None:
    complete_sources = [source for source in sources if source]
    return join.provenance_of(complete_sources, details) if len(complete_sources) == len(sources) else None
