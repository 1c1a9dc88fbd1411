"""The embeddings of another program that a run clusters where nothing else is named."""

from __future__ import annotations

from covey.data.dataset import Dataset, Entry
from covey.data.tables import Embedding
from covey.data.usual_embedding import find_usual_embedding


def choose_published_embeddings(dataset: Dataset) -> list[str]:
    """Return the names of a dataset's embeddings by other programs: of each model the one of the usual size.

    There are none where covey has described the images already: a run then goes on from there.
    """
    entries = dataset.embeddings()
    provenances = [*(entry.provenance for entry in entries), *(entry.provenance for entry in dataset.features())]
    if any(provenance and not provenance.is_foreign for provenance in provenances):
        return []
    entries_by_model: dict[str, list[Entry[Embedding]]] = {}
    for entry in entries:
        entries_by_model.setdefault(entry.provenance.tag if entry.provenance else "", []).append(entry)
    return [find_usual_embedding(group).name for group in entries_by_model.values()]
