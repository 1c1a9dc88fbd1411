"""Pickles of others: tables of text and numbers open, whatever else is in one is named and never run."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from covey import CoveyError
from covey.data.legacy.pickles import read_frame, read_strings

NAMES = ["XC1_segm_0000.315.png", "sub/ü.png", ""]


class Call:
    """What pickles as a call of `function`."""

    def __init__(self, function: Callable[..., object], *args: object) -> None:
        self.function_and_arguments = (function, args)

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return self.function_and_arguments


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_an_array_of_strings_comes_back(protocol: int) -> None:
    computed = read_strings(pickle.dumps(np.array(NAMES, dtype=object), protocol), "x.npz")
    assert computed.tolist() == NAMES
    assert computed.dtype.kind == "U"


def test_a_call_is_never_made_and_named(tmp_path: Path) -> None:
    for call in (Call(eval, f"open({str(tmp_path / 'canary')!r}, 'w')"), Call(np.load, tmp_path / "x.npy")):
        hostile = np.array([*NAMES, call], dtype=object)
        with pytest.raises(CoveyError, match=r"x.npz is refused, since it names (builtins.eval|numpy.load)"):
            read_strings(pickle.dumps(hostile), "x.npz")
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize("odd", [1, None, b"a", ["a"]])
def test_an_array_of_anything_else_is_refused(odd: object) -> None:
    array = np.empty(2, dtype=object)
    array[:] = ["a", None]
    array[1] = odd
    with pytest.raises(CoveyError, match=r"x.npz is refused, since it holds an array of other things than text"):
        read_strings(pickle.dumps(array), "x.npz")


def test_a_small_file_does_not_become_a_large_array() -> None:
    same = "x" * 100_000
    with pytest.raises(CoveyError, match="more than 100 times its own size"):
        read_strings(pickle.dumps(np.array([same] * 10_000, dtype=object)), "x.npz")


def test_a_name_that_would_not_come_back_is_refused() -> None:
    with pytest.raises(CoveyError, match="a name ends in a zero character"):
        read_strings(pickle.dumps(np.array(["a.png\0"], dtype=object)), "x.npz")


def test_the_metadata_of_a_published_dataset_open(xc_dev: Path) -> None:
    frame = read_frame(xc_dev / "downloaded_data_meta.pkl")
    assert len(frame) == 39
    assert {len(column) for column in frame.values()} == {42}
    assert {"file_name_stub", "full_spec_name", "rec", "lic"} <= set(frame)
    assert set(frame["full_spec_name"]) >= {"Parus major"}
    assert {type(value) for column in frame.values() for value in column} <= {str, type(None)}


def test_a_hostile_pickle_of_the_same_name_does_not_open(tmp_path: Path) -> None:
    path = tmp_path / "downloaded_data_meta.pkl"
    path.write_bytes(pickle.dumps(Call(eval, f"open({str(tmp_path / 'canary')!r}, 'w')")))
    with pytest.raises(CoveyError, match=r"refused, since it names builtins.eval.*: save the table as CSV"):
        read_frame(path)
    assert not (tmp_path / "canary").exists()


@pytest.fixture
def pandas() -> Any:
    return pytest.importorskip("pandas")


def test_a_table_of_pandas_comes_back(pandas: Any, tmp_path: Path) -> None:
    columns: dict[str, list[object]] = {
        "text": ["a", "ü", None],
        "whole": [1, -2, 3],
        "real": [0.5, 1e300, -0.0],
        "truth": [True, False, True],
        "when": [datetime(2024, 5, 1, 12, 30, 1, 5), datetime(1999, 1, 1), None],
        "mixed": ["a", 1, None],
        "day": [date(2024, 5, 1), datetime(2024, 5, 1, 3), None],
    }
    provenance = {
        name: pandas.Series(values, dtype=object) for name, values in columns.items() if name in ("mixed", "day")
    }
    pandas.DataFrame({**columns, **provenance}).to_pickle(tmp_path / "x.pkl")
    computed = read_frame(tmp_path / "x.pkl")
    assert computed.pop("text") in (["a", "ü", None], ["a", "ü", np.nan])
    assert computed == {name: values for name, values in columns.items() if name != "text"}


def test_text_that_pandas_keeps_without_arrow_comes_back(pandas: Any, tmp_path: Path) -> None:
    stored = pandas.Series(NAMES, dtype=pandas.StringDtype("python"))
    pandas.DataFrame({"name": stored}).to_pickle(tmp_path / "x.pkl")
    assert read_frame(tmp_path / "x.pkl") == {"name": NAMES}


def test_lists_in_cells_become_json_and_a_named_index_a_column(pandas: Any, tmp_path: Path) -> None:
    frame = pandas.DataFrame({"id": ["1", "2"], "also": [["a", "ü"], []], "sono": [{"small": "u"}, {}]})
    frame.set_index("id").to_pickle(tmp_path / "x.pkl")
    message = {"id": ["1", "2"], "also": ['["a", "ü"]', "[]"], "sono": ['{"small": "u"}', "{}"]}
    assert read_frame(tmp_path / "x.pkl") == message


def test_another_table_is_refused_with_what_it_needs(pandas: Any, tmp_path: Path) -> None:
    frame = pandas.DataFrame({"kind": ["a", "b"]}, dtype="category")
    frame.to_pickle(tmp_path / "x.pkl")
    with pytest.raises(CoveyError, match=r"Categorical, which no plain table needs: save the table as CSV"):
        read_frame(tmp_path / "x.pkl")
    pandas.DataFrame([[1, 2]], columns=["a", "a"]).to_pickle(tmp_path / "x.pkl")
    with pytest.raises(CoveyError, match="or share one"):
        read_frame(tmp_path / "x.pkl")


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("\ud800", "surrogates not allowed"),
        (1 << 64, "a number of more than 64 bits"),
        ([["a"]], "lists within lists"),
        ({"a": {}}, "lists within lists"),
        ((1,), "it holds a tuple"),
    ],
)
def test_a_cell_that_is_not_plain_is_refused(pandas: Any, tmp_path: Path, value: object, sentence: str) -> None:
    column = pandas.Series([value], dtype=object)
    pandas.DataFrame({"a": column}).to_pickle(tmp_path / "x.pkl")
    with pytest.raises(CoveyError, match=sentence):
        read_frame(tmp_path / "x.pkl")


@pytest.mark.parametrize("content", [b"", b"text", b"\x80\x05.", pickle.dumps({"a": [1]}), pickle.dumps([1])])
def test_what_is_no_table_is_said_to_be_none(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.pkl").write_bytes(content)
    with pytest.raises(CoveyError, match=r"x.pkl (cannot be read|is refused)"):
        read_frame(tmp_path / "x.pkl")


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(CoveyError, match=r"(?i)no such file"):
        read_frame(tmp_path / "x.pkl")


def test_pandas_is_not_imported(xc_dev: Path) -> None:
    code = "import sys; from pathlib import Path; from covey.data.legacy.pickles import read_frame"
    code += "; read_frame(Path(sys.argv[1])); assert not {'pandas', 'pyarrow'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code, str(xc_dev / "downloaded_data_meta.pkl")], check=True)
