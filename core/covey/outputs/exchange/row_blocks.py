"""Sheets: tables on their way out, handed over in blocks of rows so that the largest need little memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from covey._base import csvs
from covey._base.errors import CoveyError
from covey._base.files import replace_file
from covey._base.progress import SILENT, Progress
from covey.components.contracts import Floats
from covey.data.formats import parquet
from covey.data.tables import Embedding, Features

Column = Sequence[object] | NDArray[np.generic]
VALUES = 1 << 18
"""Numbers that are turned into text at a time."""


def _none(sheet: Sheet) -> Floats:
    return np.empty((len(sheet), 0), dtype=np.float32)


@attrs.frozen(eq=False)
class Sheet:
    """A table: columns (n,) by name, then, where it has a matrix (n, k) float32, columns d0, d1, ...

    Raises CoveyError when a text is none that can be written.
    """

    name: str
    columns: Mapping[str, Column]
    matrix: Floats = attrs.field(default=attrs.Factory(_none, takes_self=True))

    def __attrs_post_init__(self) -> None:
        for column in self.columns.values():
            _check_text(column)

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    @property
    def dimensions(self) -> list[str]:
        """The names of the columns of the matrix."""
        return [f"d{dimension}" for dimension in range(self.matrix.shape[1])]

    def blocks(self, values: int) -> Iterator[tuple[list[list[object]], Floats]]:
        """Yield rows, the columns and the matrix, with about so many values at a time."""
        count = max(1, values // (len(self.columns) + len(self.dimensions)))
        for start in range(0, len(self), count):
            part = slice(start, start + count)
            yield [_values(column[part]) for column in self.columns.values()], self.matrix[part]


def of(name: str, table: Features | Embedding) -> Sheet:
    """Return features, or an embedding with its map, as a sheet."""
    if isinstance(table, Features):
        return Sheet(name, {"filename": table.names}, table.X)
    return Sheet(name, {"filename": table.names, "map_x": table.map[:, 0], "map_y": table.map[:, 1]}, table.Z)


def write_csv(sheet: Sheet, path: Path, progress: Progress = SILENT) -> None:
    """Write a sheet as CSV; a float32 gets the nine digits that bring it back exactly. Raises CoveyError."""
    with progress.step(f"Writing {path.name}", len(sheet), "row") as step:

        def rows() -> Iterator[list[object]]:
            for columns, matrix in sheet.blocks(VALUES):
                matrix_rows: list[list[float]] = matrix.tolist()
                for row, row_numbers in enumerate(matrix_rows):
                    cells = [csvs.guard_cell(column[row]) for column in columns]
                    yield [*cells, *[f"{number:.9g}" for number in row_numbers]]
                step.advance(len(matrix))

        csvs.write_csv(path, [*sheet.columns, *sheet.dimensions], rows())


def write_parquet(sheet: Sheet, path: Path, progress: Progress = SILENT) -> None:
    """Write a sheet as Parquet, one row group after the other. Raises CoveyError."""
    import pyarrow as pa
    from pyarrow import parquet as pq

    number_fields = [pa.field(name, pa.float32()) for name in sheet.dimensions]
    schema = pa.schema([*(pa.field(name, _type(column)) for name, column in sheet.columns.items()), *number_fields])
    text = schema.names[: len(sheet.columns)]
    with (
        replace_file(path) as file,
        pq.ParquetWriter(file, schema, use_dictionary=text) as writer,
        progress.step(f"Writing {path.name}", len(sheet), "row") as step,
    ):
        for columns, matrix in sheet.blocks(parquet.VALUES):
            arrays = [*columns, *np.ascontiguousarray(matrix.T)]
            parts = [pa.array(array, field.type) for array, field in zip(arrays, schema, strict=True)]
            writer.write_batch(pa.record_batch(parts, schema=schema))
            step.advance(len(matrix))


def _values(column: Column) -> list[object]:
    cells: list[object] = column.tolist() if isinstance(column, np.ndarray) else list(column)
    return cells


def _type(column: Column) -> Any:
    """Return the Arrow type of a column; one without any value is text."""
    import pyarrow as pa

    arrow_type = pa.string() if isinstance(column, np.ndarray) and column.dtype.kind == "U" else pa.array(column).type
    return pa.string() if arrow_type == pa.null() else arrow_type


def _check_text(column: Column) -> None:
    try:
        for cell in column:
            str(cell).encode()
    except UnicodeEncodeError as error:
        raise CoveyError(f"The name {str(cell)!r} is no valid Unicode: rename the image, and run again.") from error
