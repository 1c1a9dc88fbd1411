"""The text on the page of a dataset: its contents, their provenance, and the recordists."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from covey import Dataset
from covey.authoring import AnyEntry, Metadata, Provenance, TableKind
from covey_kaggle.credits import count_licences, count_recordists
from covey_kaggle.local_copy import Slug

_TITLES = {
    TableKind.FEATURES: "features",
    TableKind.EMBEDDING: "reduced features and maps",
    TableKind.CLUSTERING: "clusterings",
    TableKind.STATE: "what extractors have learned",
    TableKind.EXTRA: "what extractors say besides",
}
_MARKUP = re.compile(r"[\\`*_{}\[\]<>()#|&!~$]")
_LONGEST = 200
_MARKER = "Open it with covey"
"""Marks texts written by covey, which covey may replace."""


def subtitle(dataset: Dataset) -> str:
    """Return the numbers of images and tables, in 20 to 80 characters."""
    image_count = len(dataset.images.names()) if dataset.images else 0
    features_count, embeddings_count = len(dataset.features()), len(dataset.embeddings())
    return f"Spectrogram images: {image_count:,}, feature sets: {features_count}, embeddings: {embeddings_count}"[:80]


def describe_contents(dataset: Dataset, metadata: Metadata, slug: Slug) -> str:
    """Return the whole text, as Markdown."""
    entries = dataset.entries()
    paragraphs = [f"{subtitle(dataset)}.", f"{_MARKER}: `covey dashboard {slug}`"]
    for kind, title in _TITLES.items():
        entries_of_kind = [entry for entry in entries if entry.kind == kind]
        if entries_of_kind:
            paragraphs += [f"## {title.capitalize()}", "\n".join(_describe_entry(entry) for entry in entries_of_kind)]
    paragraphs += _list_counts("Recordists", count_recordists(metadata)) + _list_counts(
        "Licences of the recordings", count_licences(metadata)
    )
    return "\n\n".join(paragraphs)


def is_generated(text: str) -> bool:
    """Return whether covey wrote the text on a page, or nobody."""
    return not text.strip() or _MARKER in text


def _describe_entry(entry: AnyEntry) -> str:
    rows, columns = entry.shape
    provenance = entry.provenance
    lineage_text = _describe_lineage(provenance) if provenance else "made by another tool, no provenance"
    return f"- `{entry.name.replace('`', '')}`: {rows:,} x {columns:,}; {lineage_text}"


def _describe_lineage(step: Provenance) -> str:
    """Return the steps that made a table, the last one first."""
    if step.is_foreign:
        return escape_markdown(f"{step.details.file}, made by another tool")
    sources = " and ".join(map(_describe_lineage, step.sources))
    return escape_markdown(f"{step.component} {_format_options(step.options)}") + (
        f", from {sources}" if sources else ""
    )


def _format_options(options: Mapping[str, object]) -> str:
    return ", ".join(f"{name}={value}" for name, value in options.items())


def _list_counts(title: str, count_by_name: Counter[str]) -> list[str]:
    if not count_by_name:
        return []
    listing = ", ".join(f"{escape_markdown(name)} ({count:,})" for name, count in count_by_name.most_common())
    return [f"## {title}", listing]


def escape_markdown(text: str) -> str:
    """Return a foreign text in one line of at most 200 characters, with Markdown and HTML characters escaped."""
    return _MARKUP.sub(r"\\\g<0>", " ".join(text.split())[:_LONGEST])
