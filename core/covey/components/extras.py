"""Extra tables: what an extractor finds out about each image beside its features, such as the species that it hears."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from covey._base.errors import CoveyError

ExtraArrays = Mapping[str, NDArray[np.generic]]
"""The columns of an extra table: arrays (n, count) of float32, int32 or text, by name."""
_DTYPES: dict[type, str] = {float: "float32", int: "int32", str: "text"}


@attrs.frozen
class ExtraColumn:
    """A column of an extra table.

    Attributes:
        type: float, int or str; the arrays are of float32, int32 or text.
        count: how many values each image has.
    """

    type: type[float] | type[int] | type[str]
    count: int = attrs.field(default=1, validator=attrs.validators.ge(1))

    @property
    def dtype(self) -> str:
        """What its arrays hold, in words."""
        return _DTYPES[self.type]

    def fits(self, array: object, rows: int) -> bool:
        """Whether an array is what such a column holds of so many images."""
        if not isinstance(array, np.ndarray) or array.shape != (rows, self.count):
            return False
        return bool(array.dtype.kind == "U" if self.type is str else array.dtype == self.dtype)


ExtraTables = Mapping[str, Mapping[str, ExtraColumn]]
"""The extra tables that an extractor makes: their columns by name, by the name of the table."""


@attrs.frozen(kw_only=True, eq=False)
class Extracted:
    """What an extractor with extra tables gives of a batch.

    Attributes:
        features: one (b, d) float32 array for each layer.
        extras: the columns of each extra table, arrays (b, count), by the name of the table.
    """

    features: Sequence[NDArray[np.float32]]
    extras: Mapping[str, ExtraArrays] = attrs.field(factory=dict)


def check_extras(declared: ExtraTables, extras: Mapping[str, ExtraArrays], rows: int) -> None:
    """Check that extra tables have the columns that are declared, for so many images.

    Raises:
        CoveyError: they do not.
    """
    if list(extras) != list(declared):
        raise CoveyError(f"The extractor declares the extras {list(declared)}, but returned {list(extras)}.")
    for table, columns in declared.items():
        if list(extras[table]) != list(columns):
            raise CoveyError(f"{table} must have the columns {list(columns)}, not {list(extras[table])}.")
        for name, column in columns.items():
            array = extras[table][name]
            if not column.fits(array, rows):
                is_array = isinstance(array, np.ndarray)
                description = f"{array.shape} {array.dtype}" if is_array else type(array).__name__
                expected = f"an array {(rows, column.count)} of {column.dtype}"
                raise CoveyError(f"{table}: the column {name} must be {expected}, not {description}.")
