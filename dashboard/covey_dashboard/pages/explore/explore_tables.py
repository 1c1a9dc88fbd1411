"""The selection and the groups of the page Explore as tables to take home."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import numpy as np

from covey.authoring import guard_cell
from covey_dashboard.data.metadata import recording_codes
from covey_dashboard.data.selection import Rows
from covey_dashboard.pages.explore.explore_view import ExploreView

HEADS = ("filename", "group", "maybe", "confidence", "recording", "labels", "x", "y")


def tabulate_selection(view: ExploreView, rows: Rows) -> bytes:
    """Return what is known of some images as CSV."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEADS)
    writer.writerows(map(guard_cell, _describe_image(view, row)) for row in rows.tolist())
    return text.getvalue().encode("utf-8", "surrogateescape")


def tabulate_groups(view: ExploreView) -> bytes:
    """Return what is known of all images as CSV; group -1 is noise."""
    return tabulate_selection(view, np.arange(len(view.clusters)))


def _describe_image(view: ExploreView, row: int) -> Sequence[object]:
    name, (codes, recordings), nearest = str(view.table.names[row]), recording_codes(view.opened), view.nearest
    is_unsure = nearest is not None and view.clusters[row] < 0 <= nearest.clusters[row]
    x, y = view.table.map[row].tolist()
    return (
        name,
        int(view.clusters[row]),
        int(nearest.clusters[row]) if nearest and is_unsure else "",
        round(float(nearest.confidence[row]), 3) if nearest and is_unsure else "",
        recordings[codes[row]] if codes[row] >= 0 else "",
        ", ".join(view.image_labels.by_image.get(name, ())),
        round(x, 5),
        round(y, 5),
    )
