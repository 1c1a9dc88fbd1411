"""The map and its colours."""

from __future__ import annotations

import numpy as np
import pytest

from covey_dashboard import colours, map

PLACES = np.concatenate([np.random.default_rng(0).normal(size=(999, 2)), [[1e6, -1e6]]]).astype(np.float32)
LABELS = (np.arange(1000) % 50 - 1).astype(np.int32)
NAMES = [f"<b>{at}</b>.png" for at in range(1000)]


def drawn(raised: int | None = None) -> dict[int, str]:
    """Return the colour of each image as it is drawn."""
    (trace,) = map.figure(PLACES, LABELS, NAMES, raised, "here").data
    marker = trace.marker
    steps = [colour for _, colour in marker.colorscale[::2]]
    edges = np.linspace(marker.cmin, marker.cmax, len(steps) + 1)
    at = np.digitize(np.asarray(marker.color, float), edges) - 1
    return {int(row): steps[step] for row, step in zip(trace.customdata, at, strict=True)}


def test_every_image_has_the_colour_of_its_cluster_and_noise_is_grey() -> None:
    found = drawn()
    assert len(found) == 1000
    for row, label in enumerate(LABELS.tolist()):
        expected = colours.faded(colours.GREY, 0.45) if label == -1 else colours.colour(label)
        assert found[row] == expected


def test_what_is_not_raised_is_faded() -> None:
    found = drawn(raised=3)
    raised = np.flatnonzero(LABELS == 3).tolist()
    assert {found[row] for row in raised} == {colours.colour(3)}
    assert all(found[row].startswith("rgba") for row in set(found) - set(raised))


def test_what_is_raised_is_drawn_above_all() -> None:
    (trace,) = map.figure(PLACES, LABELS, NAMES, 3, "here").data
    assert {int(LABELS[row]) for row in trace.customdata[-20:]} == {3}
    assert {int(LABELS[row]) for row in trace.customdata[:20]} == {-1}


def test_an_outlier_does_not_squeeze_the_view_and_both_axes_have_one_scale() -> None:
    layout = map.figure(PLACES, LABELS, NAMES, None, "here").layout
    assert layout.xaxis.range[1] < 10
    assert layout.yaxis.range[0] > -10
    assert layout.yaxis.scaleanchor == "x"


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_map_of_hardly_any_images_is_drawn(count: int) -> None:
    figure = map.figure(PLACES[:count], LABELS[:count], NAMES[:count], None, "here")
    low, high = figure.layout.xaxis.range
    assert low < high


def test_names_are_no_markup() -> None:
    (trace,) = map.figure(PLACES[:1], LABELS[:1], NAMES[:1], None, "here").data
    assert trace.text[0] == "&lt;b&gt;0&lt;/b&gt;.png<br>noise"


def test_the_first_colours_differ_for_the_colour_blind() -> None:
    """Machado, Oliveira and Fernandes 2009, severity 1; distance in OKLab, where 0.02 is just noticeable."""
    deuteranopia = [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]]
    protanopia = [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    first = np.array([list(bytes.fromhex(one[1:])) for one in (colours.GREY, *colours.PALETTE[:12])]) / 255
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
