"""What rows and columns of images show is told by the file beside them, and never invented."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from covey.frontend import PARAMETERS_FILE, ImageAxes, Recipe, read_image_axes

ORIGINAL = {"fft_window_size_bins": 8, "frequency_axis": [0, 100, 200, 300, 400], "time_axis": [0.1, 0.2, 0.3]}


def write(folder: Path, document: object) -> Path:
    (folder / PARAMETERS_FILE).write_text(json.dumps(document))
    return folder


@pytest.mark.parametrize("scale", ["linear", "mel", "log"])
def test_a_recipe_tells_every_row_and_column(tmp_path: Path, scale: str) -> None:
    document = Recipe(scale=scale, segment=0.5).parameters()
    axes = read_image_axes(write(tmp_path, document))
    frequencies_hz, times_s = (np.array(document[name]) for name in ("frequency_axis", "time_axis"))
    warps: dict[str, Callable[[Any], Any]] = {
        "linear": np.positive,
        "mel": lambda hz: np.log1p(hz / 700),
        "log": np.log,
    }
    warp = warps[scale]
    evenly_spaced = np.linspace(warp(axes.low_hz), warp(axes.high_hz), axes.rows)
    np.testing.assert_allclose(warp(frequencies_hz[: axes.rows]), evenly_spaced, atol=1e-6)
    columns_s = axes.first_column_s + axes.column_step_s * np.arange(len(times_s))
    np.testing.assert_allclose(columns_s, times_s)
    assert (axes.rows, axes.problem) == (128, "")


def test_the_original_tools_have_rows_and_columns_too(tmp_path: Path) -> None:
    axes = read_image_axes(write(tmp_path, ORIGINAL))
    assert axes.column_step_s == pytest.approx(0.1)
    assert axes == ImageAxes(0, 300, "linear", 4, 0.1, axes.column_step_s)


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ({**ORIGINAL, "specsub": True}, "does not tell whether their frequencies are logarithmic"),
        ({"segment_duration_sec": 1}, "does not tell them"),
        ({**ORIGINAL, "frequency_axis": [300, 200, 100, 0]}, "does not tell them"),
        ([], "does not tell them"),
    ],
)
def test_where_the_file_does_not_tell_there_are_none_and_it_is_said_why(
    tmp_path: Path, document: object, sentence: str
) -> None:
    axes = read_image_axes(write(tmp_path, document))
    assert axes.scale == ""
    assert sentence in axes.problem


def test_without_a_file_there_are_none(tmp_path: Path) -> None:
    assert "there is no _feature_extraction" in read_image_axes(tmp_path).problem
