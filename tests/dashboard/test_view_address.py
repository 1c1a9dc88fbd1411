"""What a person has set on the page Explore, as it stands in the address; filters; colours of neighbours."""

from __future__ import annotations

import base64
import json
import zlib

import numpy as np
import pytest

from covey_dashboard.data.image_filters.filters import (
    CategoryColumn,
    Filter,
    MeasuredColumn,
    RangeFilter,
    TextFilter,
    combine_filters,
    toggle_bar,
)
from covey_dashboard.data.selection import (
    AllImages,
    ChosenImages,
    ImagesInArea,
    ImagesOfCluster,
    ImagesWithLabel,
    ImagesWithName,
    ImagesWithValue,
    Selection,
    SimilarImages,
    follow_groups,
)
from covey_dashboard.state.view_address import LONGEST, AddressedView, read_view, write_view

SELECTIONS: list[Selection] = [
    AllImages(),
    ImagesOfCluster(7),
    ImagesWithLabel("<b>🐦 ‮gnp"),
    ImagesWithName("call_0"),
    ImagesWithValue("country", "Chile"),
    ImagesInArea(((0.5, 1.0), (2.25, -3.0), (4.0, 5.0))),
    SimilarImages((5, 3, 9)),
    ChosenImages.of(np.array([1, 2, 3, 70_000]), "Group 2 as it was"),
]


@pytest.mark.parametrize("selection", SELECTIONS)
def test_a_view_comes_back_from_the_address_as_it_was(selection: Selection) -> None:
    view = AddressedView(
        embedding="abc",
        clusterer="covey:dbscan",
        options={"eps": 0.3, "min_samples": 5},
        fingerprint="f",
        numbers=(2, 0, 1),
        selection=selection,
        removed=(0, 4, 5, 99_999),
        hidden=frozenset({-1, 3}),
        filters={"light": TextFilter(frozenset({"day", ""})), "height": RangeFilter(-1.5, 2.0)},
        settings={"colour": "label", "density": True},
    )
    text = write_view(view)
    assert read_view(text) == view
    assert text.replace("-", "").replace("_", "").isalnum()


def test_a_view_with_too_many_images_for_an_address_leaves_them_out() -> None:
    rows = np.random.default_rng(0).choice(10**6, 50_000, replace=False)
    view = AddressedView(embedding="abc", hidden=frozenset({3}), selection=ChosenImages.of(rows, "many"))
    text = write_view(view)
    assert len(text) <= LONGEST
    assert read_view(text) == AddressedView(embedding="abc", hidden=frozenset({3}))


def pack(document: object) -> str:
    return base64.urlsafe_b64encode(zlib.compress(json.dumps(document).encode())).decode().rstrip("=")


HOSTILE: list[str] = [
    "x", "%00", "é", "A" * 20_000, pack([]), pack({}), pack(None), pack({"e": 1}), pack({"e": "a", "s": ["g", "1"]}),
    pack({"e": "a", "s": ["i", "////", "x"]}), pack({"e": "a", "n": [2**40]}),
    pack({"e": "a", "b": {"x": ["<", None, 1]}}),
    pack({"e": "a", "s": ["a", 1]}), pack({"e": "a", "o": []}), pack({"e": "a", "h": list(range(9999))}),
    base64.urlsafe_b64encode(zlib.compress(b"0" * 10**8)).decode(),
    pack({"e": "a", "s": ["m", "gICAgICAgICAgICAgICAAQ=="]}),
    base64.urlsafe_b64encode(zlib.compress(b"[" * 100_000)).decode(),
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_no_view_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        read_view(text)


def test_a_selected_group_follows_its_number_or_keeps_its_images() -> None:
    before = np.array([0, 0, 1, 1, -1], dtype=np.int32)
    renumbered = np.array([4, 4, 0, 0, -1], dtype=np.int32)
    split = np.array([0, 1, 2, 2, -1], dtype=np.int32)
    assert follow_groups(ImagesOfCluster(0), before, renumbered) == ImagesOfCluster(4)
    kept = follow_groups(ImagesOfCluster(0), before, split)
    assert isinstance(kept, ChosenImages)
    assert kept.rows.tolist() == [0, 1]
    assert follow_groups(ImagesOfCluster(9), before, split) == AllImages()
    assert follow_groups(ImagesWithName("x"), before, split) == ImagesWithName("x")


def test_bars_count_what_the_other_filters_leave() -> None:
    light = CategoryColumn.of("light", ["day", "night", "night", ""])
    height = MeasuredColumn(name="height", numbers=np.array([0.0, 1.0, 2.0, np.nan]))
    filters: dict[str, Filter] = {"height": RangeFilter(0.5, 2.0)}
    passing = combine_filters([light, height], filters, 4)
    assert passing.tolist() == [False, True, True, False]
    assert light.count(passing) == [("night", 2, 2), ("unknown", 1, 0), ("day", 1, 0)]
    assert sum(count for _, _, count in height.count(passing)) == 2


def test_a_bar_turns_on_and_off_and_a_range_grows() -> None:
    light = CategoryColumn.of("light", ["day", "night", "night", ""])
    assert toggle_bar(light, None, 0, extend=False) == TextFilter(frozenset({"night"}))
    assert toggle_bar(light, TextFilter(frozenset({"night"})), 0, extend=False) is None
    height = MeasuredColumn(name="height", numbers=np.linspace(0, 16, 17))
    first = toggle_bar(height, None, 2, extend=False)
    assert first == RangeFilter(2.0, 3.0)
    assert toggle_bar(height, first, 5, extend=True) == RangeFilter(2.0, 6.0)
    assert toggle_bar(height, first, 2, extend=False) is None
    assert toggle_bar(height, first, 99, extend=False) == first
