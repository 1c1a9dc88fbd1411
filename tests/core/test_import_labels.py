"""Tables of labels: the names in them are resolved where that is certain, and every row is accounted for."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from tests.fixture_types import Cli

from covey import CoveyError
from covey.data.folder import FolderDataset
from covey.labelling import LabelStore, open_labels
from covey.labelling.label_tables import long_table, original_table
from covey.outputs.exchange.imports.import_label_table import import_labels

IMAGES = ("a.png", "sub/b.png", "north/c.png", "south/c.png", "D.png", "d.png")


@pytest.fixture
def birds(tmp_path: Path) -> Path:
    folder = tmp_path / "birds"
    for shade, name in enumerate(IMAGES):
        image = folder / "images" / name
        image.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (4, 4), shade).save(image)
    return folder


@pytest.fixture
def store(birds: Path) -> LabelStore:
    return open_labels(FolderDataset(birds))


def bring(store: LabelStore, text: str | bytes, verbose: bool = False) -> str:
    """Import a table; return what is said about it."""
    path = store.path.with_name("table.csv")
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return import_labels(FolderDataset(store.path.parent), store, path, "mine.csv").describe(verbose)


@pytest.mark.parametrize(
    ("name", "image"),
    [
        ("a.png", "a.png"),
        ("A.PNG", "a.png"),
        ("images/a.png", "a.png"),
        ("images\\a.PNG", "a.png"),
        ("C:\\birds\\images\\sub\\b.png", "sub/b.png"),
        ("SUB/B.png", "sub/b.png"),
        ("south\\c.png", "south/c.png"),
        ("D.png", "D.png"),
    ],
)
@pytest.mark.parametrize(
    ("table", "note"),
    [
        ("filename,label\n{0},robin\n", ""),
        (",filename,robin,wren\n0,{0},1.0,0.0\n", " No image has: wren."),
    ],
)
def test_names_may_have_capitals_backslashes_and_the_image_folder(
    store: LabelStore, name: str, image: str, table: str, note: str
) -> None:
    assert bring(store, table.format(name)) == f"Of 1 row 1 used. 1 label: 1 new.{note}"
    assert store.by_image() == {image: ("robin",)}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("c.png", "1 that may mean several images (c.png: north/c.png or south/c.png)"),
        ("b.png", "1 that name no image (b.png: it is not sub/b.png for certain)"),
        ("east/b.png", "1 that name no image (east/b.png)"),
        ("z.png", "1 that name no image (z.png)"),
        ("images/../a.png", "1 that name no image (images/../a.png: it is not a.png for certain)"),
    ],
)
def test_nothing_is_labelled_by_a_name_that_is_not_certain_and_its_candidates_are_named(
    store: LabelStore, name: str, reason: str
) -> None:
    assert bring(store, f"filename,label\na.png,robin\n{name},wren\n").startswith(f"Of 2 rows 1 used; {reason}.")
    assert store.by_image() == {"a.png": ("robin",)}
    with pytest.raises(CoveyError, match=r"No row of mine\.csv is an image for certain"):
        bring(store, f"filename,label\n{name},wren\n")
    assert [label_class.name for label_class in store.classes()] == ["robin"]


def test_a_name_in_a_spelling_that_two_images_share_is_ambiguous(birds: Path, store: LabelStore) -> None:
    if len(list((birds / "images").glob("?.png"))) < 3:
        pytest.skip("this file system does not tell capitals apart")
    text = bring(store, "filename,label\na.png,robin\nd.PNG,wren\n")
    assert "1 that may mean several images (d.PNG: " in text
    assert store.by_image() == {"a.png": ("robin",)}


def test_every_row_is_in_the_balance(store: LabelStore) -> None:
    rows = "a.png,robin\n,robin\nA.png,robin\nsub/b.png,\nc.png,wren\nz.png,wren\n"
    sentence = (
        "Of 6 rows 2 used; 1 without a file name (line 3); 1 without a class (sub/b.png);"
        " 1 that may mean several images (c.png: north/c.png or south/c.png); 1 that name no image (z.png)."
    )
    assert bring(store, f"filename,label\n{rows}") == f"{sentence} 1 label: 1 new."
    assert bring(store, f"filename,label\n{rows}") == f"{sentence} 1 label: 0 new, all were there."
    store.add(["d.png"], "robin")
    table = "filename,robin,wren\na.png,1,1\nsub/b.png,0,0\nd.png,1,0\n"
    assert bring(store, table) == "Of 3 rows 2 used; 1 without a class (sub/b.png). 3 labels: 1 new, 2 were there."
    assert [action.description for action in store.history(1)] == ["1 label brought from mine.csv"]


def test_tables_of_covey_go_round(store: LabelStore) -> None:
    store.add(["sub/b.png", "north/c.png"], "robin")
    store.add(["D.png", "north/c.png"], "wren")
    labels = {"sub/b.png": {"robin"}, "north/c.png": {"robin", "wren"}, "D.png": {"wren"}}
    tables = [long_table(store), original_table(store, IMAGES)]
    for table in tables:
        while store.undo():
            pass
        bring(store, table)
        assert {name: set(classes) for name, classes in store.by_image().items()} == labels


def test_the_command_does_the_same(birds: Path, store: LabelStore, tmp_path: Path, covey: Cli) -> None:
    table = tmp_path / "mine.csv"
    names = ["images\\A.PNG", "c.png", "u.png", "v.png", "w.png", "x.png"]
    table.write_text("\n".join(["filename,label", *(f"{name},robin" for name in names)]))
    outcome = covey("import", "labels", str(birds), str(table))
    assert "Of 6 rows 1 used; 1 that may mean several images (c.png: north/c.png or south/c.png);" in outcome.stdout
    assert "4 that name no image (u.png, v.png, w.png and 1 more). 1 label: 1 new." in outcome.stdout
    assert "(u.png, v.png, w.png, x.png)" in covey("import", "labels", str(birds), str(table), "--verbose").stdout
    assert store.by_image() == {"a.png": ("robin",)}


def test_classes_that_no_image_has_are_named(store: LabelStore) -> None:
    table = ",filename,robin,wren,dunnock\n0,a.png,1.0,0.0,0.0\n1,D.png,0.0,0.0,0.0\n"
    assert bring(store, table).endswith("1 label: 1 new. No image has: wren, dunnock.")
