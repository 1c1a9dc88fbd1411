"""What the map is told, what it answers, and its colours."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from covey._base.palette import PALETTE
from covey.data.cluster_colours import GREY, cluster_colour
from covey_dashboard.browser.binary_payload import pack_payload
from covey_dashboard.data.metadata import encode_groups
from covey_dashboard.data.selection import AllImages, ImagesInArea, ImagesOfCluster, Selection, read_pick, rows_inside
from covey_dashboard.widgets import colouring, value_colours

PLACES = np.random.default_rng(0).uniform(-2, 2, size=(500, 2)).astype(np.float32)
CLUSTERS = np.array([3, 3, -1, 0], dtype=np.int32)


def test_an_area_has_the_places_within_it_and_no_others() -> None:
    square = np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
    assert rows_inside(PLACES, square).tolist() == np.flatnonzero((np.abs(PLACES) < 1).all(axis=1)).tolist()


def test_an_area_may_be_bent_inwards() -> None:
    bay = np.array([[-2, -2], [2, -2], [2, 2], [0, 0], [-2, 2]], dtype=float)
    assert rows_inside(PLACES, bay).tolist() == np.flatnonzero(PLACES[:, 1] < np.abs(PLACES[:, 0])).tolist()


@pytest.mark.parametrize("area", [[[0.0, 0.0]], [[0.0, 0.0], [1.0, 1.0]], [[float("nan")] * 2] * 3])
def test_what_is_no_area_holds_nothing(area: list[list[float]]) -> None:
    assert rows_inside(PLACES, np.array(area)).tolist() == []


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ({"row": 1}, ImagesOfCluster(3)),
        ({"row": 2}, ImagesOfCluster(-1)),
        ({"row": -1}, AllImages()),
        ({"row": 99}, AllImages()),
        ({"area": [[0, 1], [2, 3], [4, 5]]}, ImagesInArea(((0.0, 1.0), (2.0, 3.0), (4.0, 5.0)))),
    ],
)
def test_what_is_picked_on_the_map_is_a_selection(what: Any, expected: Selection) -> None:
    assert read_pick(what, CLUSTERS) == expected


def test_arrays_come_back_as_they_were_packed() -> None:
    kinds = {"none": np.int32, "some": np.float32, "bytes": np.uint8}
    arrays: dict[str, Any] = {name: np.arange(at * 5, dtype=kind) for at, (name, kind) in enumerate(kinds.items())}
    ends = {"i1": (-128, 127), "i2": (-129, 127, 32_767), "i4": (-1, 32_768), "also i4": (-(2**31), 2**31 - 1)}
    arrays |= {name: np.array(numbers, np.int32) for name, numbers in ends.items()}
    data = pack_payload({"told": "<b>🐦 \udc80"}, **arrays)
    at = 4 + int.from_bytes(data[:4], "little")
    document = json.loads(data[4:at])
    assert document["told"] == "<b>🐦 \udc80"
    kind_by_name = {name: kind for name, kind, _ in document["arrays"]}
    assert kind_by_name == {"none": "i4", "some": "f4", "bytes": "u1", **{name: name[-2:] for name in ends}}
    for name, kind, length in document["arrays"]:
        assert at % 8 == 0
        computed = np.frombuffer(data, kind, length, at)
        np.testing.assert_array_equal(computed, arrays[name])
        at += -(-computed.nbytes // 8) * 8


def test_numbers_are_coloured_from_the_least_to_the_greatest_and_what_is_none_is_not() -> None:
    colouring_of_values = colouring.colour_by_value("age", np.array([3.0, np.nan, 1.0, 2.0, np.inf]))
    assert colouring_of_values.codes.tolist() == [value_colours.STEPS - 1, -1, 0, value_colours.STEPS // 2, -1]
    assert colouring_of_values.names[0] == "1"
    assert len(colouring_of_values.palette) == value_colours.STEPS + 1


def test_texts_are_coloured_by_what_they_say_and_none_is_grey() -> None:
    codes, names = encode_groups(["wren", "", "robin", "wren"])
    assert [names[code] if code >= 0 else "" for code in codes] == ["wren", "", "robin", "wren"]


def test_the_colour_of_a_cluster_depends_on_its_number_alone() -> None:
    assert cluster_colour(-1) == GREY
    assert cluster_colour(7) == PALETTE[7]
    assert cluster_colour(7 + len(PALETTE)) == PALETTE[7]


def test_the_first_colours_differ_for_the_colour_blind() -> None:
    """Machado, Oliveira and Fernandes 2009, severity 1; distance in OKLab, where 0.02 is just noticeable."""
    deuteranopia = [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]]
    protanopia = [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    first = np.array([list(bytes.fromhex(one[1:])) for one in (GREY, *PALETTE[:12])]) / 255
    linear = np.where(first <= 0.04045, first / 12.92, ((first + 0.055) / 1.055) ** 2.4)
    for sight in (np.eye(3), np.array(deuteranopia), np.array(protanopia)):
        lab = oklab(np.clip(linear @ sight.T, 0, 1))
        apart = np.linalg.norm(lab[:, None] - lab[None], axis=2) + np.eye(len(lab))
        assert apart.min() > 0.07


def oklab(linear: np.ndarray) -> np.ndarray:
    to_cones = [[0.41222, 0.53633, 0.05145], [0.2119, 0.6807, 0.1074], [0.0883, 0.28172, 0.62998]]
    to_lab = [[0.21045, 0.79362, -0.00407], [1.978, -2.42859, 0.45059], [0.0259, 0.78277, -0.80868]]
    lab: np.ndarray = np.cbrt(linear @ np.array(to_cones).T) @ np.array(to_lab).T
    return lab


def test_of_more_groups_than_colours_neighbours_differ() -> None:
    side = 8
    centres = np.array([[x, y] for x in range(side) for y in range(side)], dtype=float)
    groups = np.random.default_rng(0).permutation(side * side)
    clusters, places = np.repeat(groups, 3).astype(np.int32), np.repeat(centres, 3, axis=0).astype(np.float32)
    slots = colouring.colour_by_cluster(clusters, places).slots
    assert slots is not None
    slot_by_place = {tuple(centre): slots[int(group)] for centre, group in zip(centres, groups, strict=True)}
    for (x, y), slot in slot_by_place.items():
        assert slot != slot_by_place.get((x + 1, y))
        assert slot != slot_by_place.get((x, y + 1))
    assert colouring.colour_by_cluster(clusters % 20, places).slots is None


def test_of_very_many_values_the_most_frequent_have_colours() -> None:
    codes = np.concatenate([np.arange(300), np.repeat(np.arange(280, 300), 5)]).astype(np.int32)
    slots = colouring.colour_by_group("recording", codes, [str(code) for code in range(300)]).slots
    assert slots is not None
    assert sorted(slots) == list(range(280, 300))
    assert sorted(slots.values()) == list(range(1, 21))
