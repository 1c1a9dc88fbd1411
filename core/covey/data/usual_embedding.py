"""The embedding that is shown and clustered where a dataset has several and a person has chosen none."""

from __future__ import annotations

from collections.abc import Iterable

from covey.data.dataset import Entry
from covey.data.tables import Embedding

USUAL_SIZE = 8
"""Dimensions of an embedding that suit most clusterers; the original tools preselect them too."""


def find_usual_embedding(entries: Iterable[Entry[Embedding]]) -> Entry[Embedding]:
    """Return the embedding whose size is nearest to the usual one, the first of several."""
    return min(entries, key=lambda entry: abs(entry.shape[1] - USUAL_SIZE))
