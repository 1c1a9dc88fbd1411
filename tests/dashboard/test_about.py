"""The page About the data, as far as it can be seen without a browser."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from functools import partial
from html import unescape
from pathlib import Path

import pytest
from pandas import DataFrame
from streamlit.testing.v1 import AppTest

from covey._base import csvs

Open = Callable[..., AppTest]
CALLS = ["XC12345_a_segm_0000.000.png", "XC12345_a_segm_0000.500.png", "XC67890_b_segm_0000.000.png"]


@pytest.fixture
def open_page(view: Open) -> Open:
    """The page about a dataset."""
    return partial(view, "about")


@pytest.fixture
def calls(images: Path) -> Path:
    """Three images of two recordings, without a table."""
    folder = images.parent / "calls" / "images"
    folder.mkdir(parents=True)
    for name in CALLS:
        shutil.copy(images / "call_00.png", folder / name)
    return folder.parent


def text_of(app: AppTest) -> str:
    html = unescape(re.sub("<.*?>", " ", " ".join(item.value for item in app.html)))
    return " ".join([html, *(item.value for item in app.text), *(item.value for item in app.caption)])


def links(app: AppTest) -> list[str]:
    return re.findall('href="(.*?)"', " ".join(item.value for item in app.html))


def table(app: AppTest) -> DataFrame:
    return app.dataframe[0].value


def count_by(app: AppTest, column: str) -> dict[str, int]:
    """Return the images with each value of a column, in the order of the page."""
    app.selectbox[0].select(column).run()
    assert not app.exception
    frame = app.dataframe[-1].value
    return dict(zip(frame["value"], frame["images"], strict=True))


def test_the_metadata_of_xeno_canto(open_page: Open, xc_dev: Path) -> None:
    app = open_page(xc_dev)
    assert "downloaded_data_meta.pkl: 210 of 210 images have metadata." in text_of(app)
    assert table(app)["en"].iloc[0] == "Great Tit"
    assert len(table(app)) == 42
    species = count_by(app, "en")
    assert sum(species.values()) == 210
    assert next(iter(species)) == "Great Tit"
    assert "segment_duration_sec 0.394" in re.sub(r"\s+", " ", text_of(app))
    assert "129 values from 0 to 12000" in text_of(app)


def test_recordists_are_credited_by_licence_with_links(open_page: Open, xc_dev: Path) -> None:
    app = open_page(xc_dev)
    assert "Jack Berteau:  XC340120 ,  XC436194 ,  XC542686 ,  XC602152" in text_of(app)
    assert "https://xeno-canto.org/340120" in links(app)
    assert links(app).count("https://creativecommons.org/licenses/by-nc-sa/4.0/") == 1
    assert "CC BY-NC-SA 3.0" in text_of(app)
    assert len([link for link in links(app) if "xeno-canto" in link]) == 42


def test_credits_say_when_recordings_were_fetched(open_page: Open, calls: Path) -> None:
    heads = ["filename", "id", "rec", "lic", "fetched"]
    rows = [[CALLS[0], "12345", "Ann", "cc0", "2026-11-26"], [CALLS[2], "67890", "Ann", "cc0", "2026-11-28"]]
    csvs.write_csv(calls / "metadata.csv", heads, rows)
    app = open_page(calls)
    assert "Ann:  XC12345 ,  XC67890  (fetched 2026-11-26 to 2026-11-28)" in text_of(app)


def test_the_search_looks_into_all_columns(open_page: Open, xc_dev: Path) -> None:
    app = open_page(xc_dev)
    app.text_input[0].set_value("jerome fischer").run()
    assert table(app)["id"].tolist() == [358016, 170174]
    assert "2 of 42 rows" in text_of(app)
    app.text_input[0].set_value("no such bird").run()
    assert "0 of 42 rows" in text_of(app)
    assert not app.exception


def test_without_metadata_it_says_what_to_put_where(open_page: Open, calls: Path) -> None:
    app = open_page(calls)
    assert "put a table into the dataset, called metadata.csv, metadata.parquet or downloaded_data_meta.pkl" in text_of(
        app
    )
    assert count_by(app, "recording") == {"XC12345_a": 2, "XC67890_b": 1}
    assert "do not say who recorded the images (column rec)" in text_of(app)
    assert "no _feature_extraction_parameters.json beside them" in text_of(app)


def test_an_image_without_a_row_is_counted_as_unknown(open_page: Open, calls: Path) -> None:
    csvs.write_csv(calls / "metadata.csv", ["filename", "sex", "age"], [[CALLS[0], "male", "3"], [CALLS[1], "", "2.5"]])
    app = open_page(calls)
    assert "metadata.csv: 2 of 3 images have metadata. Without: XC67890_b_segm_0000.000.png." in text_of(app)
    assert table(app)["belongs to"].tolist() == CALLS[:2]
    assert count_by(app, "sex") == {"male": 1, "unknown": 2}
    assert count_by(app, "age") == {"2.5": 1, "3": 1, "unknown": 1}


def test_many_numbers_are_counted_in_ranges(open_page: Open, birds: Path, names: list[str]) -> None:
    csvs.write_csv(birds / "metadata.csv", ["filename", "age"], [[name, str(at)] for at, name in enumerate(names)])
    computed = count_by(open_page(birds), "age")
    assert len(computed) == 12
    assert sum(computed.values()) == 115
    assert next(iter(computed)) == "0 to 9.5"


def test_what_a_table_says_is_text(open_page: Open, calls: Path) -> None:
    hurt = "<img src=x onerror=alert(1)>"
    heads = ["filename", "id", "rec", "lic", "=1+1", hurt, "**b**"]
    rows = [
        [CALLS[0], "12345", hurt, "javascript:alert(1)", "=1+1", hurt, "x" * 5000],
        [CALLS[2], "9/../../<b>", "[A](javascript:a)", "//creativecommons.org/licenses/by/4.0/?<b>", "@a", "", "**b**"],
    ]
    (calls / "metadata.csv").write_text("\n".join(",".join(row) for row in [heads, *rows]), "utf-8")
    app = open_page(calls)
    assert "<img" not in " ".join(item.value for item in app.html)
    assert links(app) == ["https://xeno-canto.org/12345"]
    assert "9/../../<b>" in unescape(" ".join(item.value for item in app.html))
    assert "javascript:alert(1)" in text_of(app)
    assert table(app)["=1+1"].tolist() == ["=1+1", "@a"]
    assert len(table(app)["**b**"].iloc[0]) < 300


def test_a_damaged_recipe_is_a_sentence(open_page: Open, calls: Path) -> None:
    recipe = calls / "images" / "_feature_extraction_parameters.json"
    for text in ("{", "[1]", "[" * 100_000):
        recipe.write_text(text)
        assert f"{recipe} cannot be read" in text_of(open_page(calls))


def test_damaged_metadata_are_a_sentence(open_page: Open, calls: Path) -> None:
    (calls / "metadata.parquet").write_bytes(b"no")
    assert f"{calls / 'metadata.parquet'} cannot be read" in text_of(open_page(calls))


def test_without_a_dataset_it_says_where_to_choose_one(open_page: Open) -> None:
    assert "choose one on the page Start" in text_of(open_page())
