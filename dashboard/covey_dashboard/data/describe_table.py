"""How a table came about, in plain words."""

from __future__ import annotations

from typing import Any

from covey.data.dataset import Entry
from covey.data.provenance import Provenance
from covey_dashboard.widgets.page_frame import KINDS

_DONE = {"extractor": "described the images", "reducer": "reduced that", "clusterer": "found the groups"}


def shape(entry: Entry) -> str:
    """Return what a table is, and how large."""
    rows, columns = entry.shape
    return f"{KINDS[entry.kind]}: {rows:,} images" + (
        f", {columns:,} numbers each" if entry.kind != "clustering" else ""
    )


def story(made: Provenance | None) -> str:
    """Return the steps that made a table, the first one first, each with its options."""
    if made is None:
        return "Made by another tool, which does not say how."
    before = f"{story(made.source)} " if made.source else ""
    chosen = {**made.options, **made.details.get("chosen", {})}
    told = ", ".join(f"{name.replace('_', ' ')} {_value(value)}" for name, value in chosen.items() if value is not None)
    return f"{before}{made.component} {_DONE.get(made.kind, made.kind)}" + (f" ({told})." if told else ".")


def _value(value: Any) -> str:
    return " + ".join(map(str, value)) if isinstance(value, list) else str(value)
