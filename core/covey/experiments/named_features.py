"""Features that an experiment names: by extractor, by tag, or by the file in the dataset."""

from __future__ import annotations

from collections.abc import Sequence

from covey._base.errors import CoveyError, did_you_mean
from covey._base.text import preview
from covey.data.dataset import Entry, table_stem
from covey.data.folder import table_file_name
from covey.data.provenance import Provenance
from covey.data.tables import Embedding, Features


def find_features(name: str, entries: Sequence[Entry[Features]]) -> Provenance:
    """Return the provenance of features of the dataset. Raises CoveyError if there is none."""
    entry = next((entry for entry in entries if name in (entry.name, entry.stem)), None)
    if entry is None:
        names = [entry.name for entry in entries]
        raise CoveyError(
            f"There are no features {name!r} in the dataset.{did_you_mean(name, names)} There are:"
            f" {preview(names) or 'none'}."
        )
    if entry.provenance is None:
        raise CoveyError(f"{entry.name} has no provenance: import its numbers as features first.")
    return entry.provenance


def find_embedding(name: str, entries: Sequence[Entry[Embedding]]) -> Provenance:
    """Return the provenance of an embedding of the dataset. Raises CoveyError if there is none."""
    names = [entry.name for entry in entries]
    entry = next((entry for entry in entries if name in (entry.name, entry.stem)), None)
    if entry is None or entry.provenance is None:
        raise CoveyError(
            f"There is no embedding {name!r} in the dataset.{did_you_mean(name, names)} There are:"
            f" {preview(names) or 'none'}."
        )
    return entry.provenance


def find_sets(
    names: Sequence[str], extracted: Sequence[Provenance], entries: Sequence[Entry[Features]]
) -> list[Provenance]:
    """Return the features that are joined, by their names.

    Raises:
        CoveyError: a name means none of them or several, or two names mean the same.
    """
    sources = [_find_set(name, extracted, entries) for name in names]
    names_by_key: dict[str, str] = {}
    for name, source in zip(names, sources, strict=True):
        if names_by_key.setdefault(source.key, name) != name:
            raise CoveyError(f"join: {names_by_key[source.key]!r} and {name!r} are the same features: name others.")
    return sources


def _find_set(name: str, extracted: Sequence[Provenance], entries: Sequence[Entry[Features]]) -> Provenance:
    """Return the features of a name: an extractor, the tag of its features, or a file of the dataset."""
    bare_name = name.rpartition(":")[2]
    matches = [
        features
        for features in extracted
        if bare_name == features.component or name in (features.tag, _stem_of(features), table_file_name(features))
    ]
    candidates = {features.key: _name_clearly(features, name, matches) for features in matches}
    sources = {features.key: features for features in matches}
    for entry in entries:
        if name in (entry.name, entry.stem):
            features = find_features(entry.name, entries)
            candidates.setdefault(features.key, entry.name)
            sources.setdefault(features.key, features)
    if len(sources) == 1:
        return next(iter(sources.values()))
    if sources:
        names = preview(list(candidates.values()))
        raise CoveyError(f"join: {name!r} may mean {names}: write one of these names, or each of them.")
    known_names = list(dict.fromkeys([*(features.tag for features in extracted), *(entry.name for entry in entries)]))
    raise CoveyError(
        f"join: there are no features {name!r}, nor an extractor of that name.{did_you_mean(name, known_names)} There"
        f" are: {preview(known_names) or 'none'}."
    )


def _name_clearly(features: Provenance, name: str, matches: Sequence[Provenance]) -> str:
    """Return a name that means these features alone, where `name` may mean several."""
    tags = [match.tag for match in matches]
    return features.tag if features.tag != name and tags.count(features.tag) == 1 else _stem_of(features)


def _stem_of(features: Provenance) -> str:
    return table_stem(table_file_name(features))
