"""What a table is and how it was made, in plain words."""

from __future__ import annotations

from typing import Any

from covey.frontend import AnyEntry, Kind, Provenance, TableKind, count_noun, describe_origin
from covey_dashboard.data.table_titles import KIND_TITLES

_DEEDS = {
    Kind.EXTRACTOR: "described the images",
    Kind.REDUCER: "reduced that",
    Kind.CLUSTERER: "found the groups",
}


def describe_size(entry: AnyEntry) -> str:
    """Return what a table is, and how large."""
    rows, columns = entry.shape
    if entry.kind is TableKind.STATE:
        return f"{KIND_TITLES[entry.kind]} from {count_noun(rows, 'image')}: {count_noun(columns, 'number')}"
    return f"{KIND_TITLES[entry.kind]}: {count_noun(rows, 'image')}" + (
        f", {count_noun(columns, 'number')} each" if entry.kind is not TableKind.CLUSTERING else ""
    )


def describe_table(entry: AnyEntry) -> str:
    """Return how a table was made, the first step first; of another tool's what the name of its file tells."""
    if entry.provenance is None:
        return f"{_capitalize(describe_origin(entry.name))}."
    return describe_lineage(entry.provenance)


def describe_lineage(provenance: Provenance) -> str:
    """Return the steps that made a table, the first one first, each with its options."""
    if provenance.is_foreign:
        return f"{_capitalize(describe_origin(provenance.details.file))}."
    source_sentences = "".join(
        f"{describe_lineage(source)} " for source in (*filter(None, [provenance.state]), *provenance.sources)
    )
    settings = ", ".join(
        f"{name.replace('_', ' ')} {_format_setting(setting)}"
        for name, setting in {**provenance.options, **provenance.details.chosen}.items()
        if setting is not None
    )
    deed = "put these side by side" if provenance.joined else _DEEDS[provenance.kind]
    deed = "learned from the images" if provenance.is_state else deed
    return f"{source_sentences}{provenance.component} {deed}" + (f" ({settings})." if settings else ".")


def _capitalize(text: str) -> str:
    return text[:1].upper() + text[1:]


def _format_setting(setting: Any) -> str:
    return " + ".join(map(str, setting)) if isinstance(setting, list) else str(setting)
