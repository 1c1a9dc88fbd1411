"""The kinds of tables."""

from __future__ import annotations

from enum import StrEnum


class TableKind(StrEnum):
    """The kind of a table; its value is its name in files, lists and JSON.

    The order is that of lists in which the last step comes first.
    """

    CLUSTERING = "clustering"
    EMBEDDING = "embedding"
    FEATURES = "features"
    STATE = "state"
    EXTRA = "extra"
