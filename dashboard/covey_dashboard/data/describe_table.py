"""How a table came about, in plain words."""

from __future__ import annotations

from typing import Any

from covey.frontend import AnyEntry, Kind, Provenance, TableKind, count_noun
from covey_dashboard.widgets.page_frame import TABLE_TITLES

_DONE = {
    Kind.EXTRACTOR: "described the images",
    Kind.REDUCER: "reduced that",
    Kind.CLUSTERER: "found the groups",
}


def shape(entry: AnyEntry) -> str:
    """Return what a table is, and how large."""
    rows, columns = entry.shape
    return f"{TABLE_TITLES[entry.kind]}: {count_noun(rows, 'image')}" + (
        f", {count_noun(columns, 'number')} each" if entry.kind is not TableKind.CLUSTERING else ""
    )


def describe_lineage(origin: Provenance | None) -> str:
    """Return the steps that made a table, the first one first, each with its options."""
    if origin is None:
        return "Made by another tool, which does not say how."
    before = f"{describe_lineage(origin.source)} " if origin.source else ""
    chosen = {**origin.options, **origin.details.chosen}
    settings = ", ".join(
        f"{name.replace('_', ' ')} {_value(value)}" for name, value in chosen.items() if value is not None
    )
    return f"{before}{origin.component} {_DONE[origin.kind]}" + (f" ({settings})." if settings else ".")


def _value(setting: Any) -> str:
    return " + ".join(map(str, setting)) if isinstance(setting, list) else str(setting)
