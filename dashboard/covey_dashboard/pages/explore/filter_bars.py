"""Bars of what is known of the images, each of which filters them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from covey_dashboard.browser.browser_component import component
from covey_dashboard.data.image_filters.filters import (
    CategoryColumn,
    Filter,
    FilterColumn,
    RangeFilter,
    TextFilter,
    combine_filters,
)
from covey_dashboard.state import FilterState

_component = component("filters")


def show_filter_bars(
    columns: Sequence[FilterColumn],
    filters: Mapping[str, Filter],
    image_count: int,
    state: FilterState,
    on_toggle: Callable[[str, int, bool], None],
) -> None:
    """Show the columns as bars: how many images have each value, and how many of these the other filters leave.

    Args:
        columns: what the images can be filtered by.
        filters: the filters that are set, by column.
        image_count: how many images there are.
        state: which bars of the page.
        on_toggle: called with the name of a column, the index of a bar, and whether a range is to grow to it.
    """
    fields = [_describe_column(column, columns, filters, image_count) for column in columns]

    def toggle() -> None:
        match state.read_click():
            case {"column": str(name), "bar": int(bar), "extend": bool(extend)}:
                on_toggle(name, bar, extend)

    _component(key=state.key, data={"columns": fields}, on_clicked_change=toggle)


def _describe_column(
    column: FilterColumn, columns: Sequence[FilterColumn], filters: Mapping[str, Filter], image_count: int
) -> dict[str, Any]:
    others = {name: chosen_filter for name, chosen_filter in filters.items() if name != column.name}
    bars = column.count(combine_filters(columns, others, image_count))
    chosen_filter = filters.get(column.name)
    return {
        "name": column.name,
        "numeric": not isinstance(column, CategoryColumn),
        "filtered": chosen_filter is not None,
        "bars": [
            {"name": name, "all": total, "count": count, "on": _is_on(column, chosen_filter, index, name)}
            for index, (name, total, count) in enumerate(bars)
        ],
    }


def _is_on(column: FilterColumn, chosen_filter: Filter | None, index: int, name: str) -> bool:
    """Whether a bar is among those that a filter lets through."""
    if isinstance(chosen_filter, TextFilter):
        return name in chosen_filter.values
    if isinstance(chosen_filter, RangeFilter) and not isinstance(column, CategoryColumn):
        edges = column.edges
        return bool(np.nextafter(edges[index], np.inf) >= chosen_filter.low and edges[index + 1] <= chosen_filter.high)
    return False
