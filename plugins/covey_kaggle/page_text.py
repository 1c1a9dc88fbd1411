"""The text on the page of a dataset: what it holds, how it came about, whose recordings they are."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from covey import Dataset
from covey.authoring import AnyEntry, Metadata, Provenance, TableKind
from covey_kaggle.credits import licences, recordists
from covey_kaggle.local_copy import Slug

_TITLES = {
    TableKind.FEATURES: "features",
    TableKind.EMBEDDING: "reduced features and maps",
    TableKind.CLUSTERING: "clusterings",
}
_MARKUP = re.compile(r"[\\`*_{}\[\]<>()#|&!~$]")
_LONGEST = 200
_SIGN = "Open it with covey"
"""What tells a text of ours from one that a person wrote."""


def subtitle(dataset: Dataset) -> str:
    """Return what a dataset holds, in 20 to 80 characters."""
    images = len(dataset.images.names()) if dataset.images else 0
    features, embeddings = len(dataset.features()), len(dataset.embeddings())
    return f"Spectrogram images: {images:,}, feature sets: {features}, embeddings: {embeddings}"[:80]


def description(dataset: Dataset, metadata: Metadata, slug: Slug) -> str:
    """Return the whole text, as Markdown."""
    entries = dataset.entries()
    parts = [f"{subtitle(dataset)}.", f"{_SIGN}: `covey dashboard {slug}`"]
    for kind, title in _TITLES.items():
        of_kind = [entry for entry in entries if entry.kind == kind]
        if of_kind:
            parts += [f"## {title.capitalize()}", "\n".join(_item(entry) for entry in of_kind)]
    parts += _credits("Recordists", recordists(metadata)) + _credits("Licences of the recordings", licences(metadata))
    return "\n\n".join(parts)


def is_generated(text: str) -> bool:
    """Say whether a text on a page may be replaced by a new one: no person wrote it."""
    return not text.strip() or _SIGN in text


def _item(entry: AnyEntry) -> str:
    rows, columns = entry.shape
    origin = _describe_lineage(entry.provenance) if entry.provenance else "made by another tool, no provenance"
    return f"- `{entry.name.replace('`', '')}`: {rows:,} x {columns:,}; {origin}"


def _describe_lineage(step: Provenance | None) -> str:
    """Return what led to a table, its last step first."""
    steps = []
    while step is not None:
        steps.append(plain(f"{step.component} {_options(step.options)}"))
        step = step.source
    return ", from ".join(steps)


def _options(options: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in options.items())


def _credits(title: str, counts: Counter[str]) -> list[str]:
    if not counts:
        return []
    listing = ", ".join(f"{plain(name)} ({count:,})" for name, count in counts.most_common())
    return [f"## {title}", listing]


def plain(text: str) -> str:
    """Return text of others without anything that Markdown or HTML would take for more than text."""
    return _MARKUP.sub(r"\\\g<0>", " ".join(text.split())[:_LONGEST])
