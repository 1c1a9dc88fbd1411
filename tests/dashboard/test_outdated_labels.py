"""Labels whose images were replaced, renamed or deleted: the pages say so, and one click attaches them again."""

from __future__ import annotations

import csv
import os
import re
import shutil
from collections import Counter
from collections.abc import Callable
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect
from streamlit.testing.v1 import AppTest
from tests.dashboard.browser import Browse, choose, settle
from tests.dashboard.elements import button, chooser

from covey.data import image_contents
from covey.data.folder import FolderDataset
from covey.data.images import ImageFolder
from covey.labelling import LabelStore, open_labels
from covey_dashboard.current_dataset import current_embedding
from covey_dashboard.current_labels import label_store, observe_labels
from covey_dashboard.data.labels import find_outdated_labels, read_image_labels
from covey_dashboard.pages.labels.label_tables import import_upload
from covey_dashboard.server import server, thumbnails
from covey_dashboard.state import LabelsState

Open = Callable[..., AppTest]
PAGES = ("labels", "explore")
REPLACED = "Images that were replaced after they were labelled"


def draw(path: Path, shade: int) -> None:
    """Write another image to a name."""
    Image.new("RGB", (48, 32), (shade, 0, 0)).save(path)


def swap(path: Path, other_path: Path) -> None:
    contents = path.read_bytes()
    path.write_bytes(other_path.read_bytes())
    other_path.write_bytes(contents)


def read_text(app: AppTest) -> str:
    """Return the sentences, tables and texts on the page."""
    html = " ".join(element.value for element in app.html)
    sentences = re.findall(r'role="\w+">(.*?)</div>', html) + re.findall(r"<t[dh]>(.*?)</t[dh]>", html)
    return unescape(" ".join([*sentences, *(element.value for element in app.text)]))


def list_buttons(app: AppTest) -> list[str]:
    return [element.label for element in app.button]


def show(app: AppTest, title: str) -> AppTest:
    """Show the images of the choice that begins so."""
    index = next(at for at, option in enumerate(chooser(app, "Show").options) if option.startswith(title))
    return chooser(app, "Show").select_index(index).run()


@pytest.mark.parametrize("page", PAGES)
def test_the_page_says_nothing_while_all_labels_belong(view: Open, birds: Path, store: LabelStore, page: str) -> None:
    store.add(["call_000.png"], "robin")
    app = view(page, birds)
    assert "other content" not in read_text(app)
    assert "gone" not in read_text(app)
    assert not [label for label in list_buttons(app) if label.startswith("Attach")]


@pytest.mark.parametrize("page", PAGES)
def test_an_image_that_is_replaced_while_the_page_is_open_is_said_at_the_next_rerun(
    view: Open, birds: Path, store: LabelStore, names: list[str], page: str
) -> None:
    store.add(names[:5], "robin")
    app = view(page, birds)
    for shade, name in enumerate(names[:4]):
        draw(birds / "images" / name, shade)
    (birds / "images" / names[4]).unlink()
    text = read_text(app.run())
    assert (
        "4 labels were given to other content than these images have now, and are not counted:"
        " call_000.png, call_001.png, call_002.png and 1 more."
        " 1 label belongs to an image that is gone: call_004.png."
    ) in text
    assert "robin: 1 image" in " ".join(chooser(app, "Show").options)


def test_outdated_labels_are_neither_counted_nor_coloured(birds: Path, store: LabelStore, names: list[str]) -> None:
    open_page = current_embedding(str(birds)) or pytest.fail("there is an embedding")
    store.add(names[:3], "robin")
    store.add(names[:1], "wren")
    draw(birds / "images" / names[0], 1)
    labels = read_image_labels(open_page, observe_labels(str(birds)))
    assert labels.codes[:4].tolist() == [-1, 0, 0, -1]
    assert {label_class.name: label_class.count for label_class in labels.classes} == {"robin": 2, "wren": 0}


def test_the_browser_asks_anew_for_pictures_of_labelled_images_that_were_replaced(
    birds: Path, store: LabelStore, names: list[str]
) -> None:
    location, versions = str(birds), []
    store.add(names[:1], "robin")
    for shade in (None, 1, 2):
        if shade:
            draw(birds / "images" / names[0], shade)
        versions.append(find_outdated_labels(location, observe_labels(location)).image_version)
    folder = FolderDataset(birds).images
    assert versions[0] == ""
    assert len({thumbnails.address(folder, version) for version in versions}) == 3


@pytest.mark.parametrize("page", PAGES)
def test_one_click_attaches_labels_of_swapped_and_renamed_images_again_and_undo_takes_it_back(
    view: Open, birds: Path, store: LabelStore, names: list[str], page: str
) -> None:
    images = birds / "images"
    store.add(names[:2], "robin")
    store.add([names[70], names[8], names[9]], "wren")
    before = store.all_rows()
    swap(images / names[0], images / names[70])
    (images / names[8]).rename(images / "renamed.png")
    (images / names[9]).unlink()
    app = view(page, birds)
    button(app, "Attach").click().run()
    assert not app.exception
    assert (
        "3 labels attached again by content or clip. Of 4 labels without their image 3 used;"
        " 1 whose content and clip no image has (call_009.png)."
    ) in read_text(app)
    expected = {names[0]: ("wren",), names[1]: ("robin",), names[70]: ("robin",), "renamed.png": ("wren",)}
    assert store.by_image() == {**expected, names[9]: ("wren",)}
    button(app, "Undo").click().run()
    assert store.all_rows() == before


def test_the_page_labels_says_what_happened_to_each_and_where_it_can_be_attached(
    view: Open, birds: Path, store: LabelStore, names: list[str]
) -> None:
    images = birds / "images"
    store.add([*names[:3], names[8], "never.png"], "robin")
    (images / names[8]).rename(images / "renamed.png")
    draw(images / names[0], 1)
    shutil.copy(images / names[1], images / "copy 1.png")
    shutil.copy(images / names[1], images / "copy 2.png")
    draw(images / names[1], 2)
    app = view("labels", birds)
    text = read_text(app)
    assert f"{names[8]} robin the image is gone renamed.png (same content)" in text
    assert f"{names[0]} robin the image was replaced" in text
    for line in ("1 that fit several images", "1 whose content and clip no image has", "1 of unknown content"):
        assert f"Cannot be attached: {line}" in text
    button(app, "Attach 1 label again").click().run()
    assert button(app, "Attach 0 labels again").disabled


def test_a_label_that_still_fits_is_confirmed_and_another_one_dropped(
    view: Open, birds: Path, store: LabelStore, names: list[str]
) -> None:
    store.add(names[:3], "robin")
    store.add(names[:1], "wren")
    for shade, name in enumerate(names[:2]):
        draw(birds / "images" / name, shade)
    app = show(view("labels", birds), f"{REPLACED}: 2")
    assert "Outdated labels: robin (2), wren (1)" in read_text(app)
    button(app, "Confirm 3 labels").click().run()
    assert "3 labels confirmed for the images as they are now." in read_text(app)
    assert store.by_image() == {names[0]: ("robin", "wren"), names[1]: ("robin",), names[2]: ("robin",)}
    button(app, "Undo").click().run()
    app = show(app, f"{REPLACED}: 2")
    button(app, "Drop 3 labels").click().run()
    assert [row.filename for row in store.all_rows()] == [names[2]]
    assert "other content" not in read_text(app)


def test_labels_of_images_that_are_gone_are_dropped(
    view: Open, birds: Path, store: LabelStore, names: list[str]
) -> None:
    store.add(names[:3], "robin")
    (birds / "images" / names[0]).unlink()
    app = show(view("labels", birds), "Labelled images that are gone: 1")
    button(app, "Drop 1 label").click().run()
    assert store.by_image() == {names[1]: ("robin",), names[2]: ("robin",)}


def test_a_dataset_whose_images_are_not_here_has_no_outdated_labels(
    view: Open, scattered: Callable[..., Path], tmp_path: Path
) -> None:
    folder = scattered(tmp_path / "tables", np.zeros((3, 2)))
    open_labels(FolderDataset(folder)).add(["call_00000.png"], "robin")
    for page in PAGES:
        assert "gone:" not in read_text(view(page, folder))


def test_visitors_of_a_published_dataset_see_the_sentence_and_no_button(
    view: Open, birds: Path, store: LabelStore, names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    store.add(names[:3], "robin")
    draw(birds / "images" / names[0], 1)
    monkeypatch.setenv(server.READ_ONLY, "1")
    for page in PAGES:
        app = view(page, birds)
        assert "1 label was given to other content than its image has now, and is not counted" in read_text(app)
        assert not [label for label in list_buttons(app) if label.startswith(("Attach", "Confirm", "Drop"))]
    app = show(view("labels", birds), REPLACED)
    assert not [label for label in list_buttons(app) if label.startswith(("Attach", "Confirm", "Drop"))]


def test_a_label_file_replaced_by_another_one_of_the_same_revision_is_seen_at_the_next_rerun(
    view: Open, birds: Path, store: LabelStore, names: list[str], tmp_path: Path
) -> None:
    elsewhere = LabelStore(tmp_path / "labels.sqlite", contents=FolderDataset(birds).image_contents)
    store.add(names[:3], "robin")
    elsewhere.add(names[:3], "wrens")
    assert elsewhere.revision == store.revision
    app, status = view("labels", birds), store.path.stat()
    assert "robin: 3 images" in chooser(app, "Show").options
    os.utime(elsewhere.path, ns=(status.st_atime_ns, status.st_mtime_ns))
    elsewhere.path.replace(store.path)
    app.run()
    assert "wrens: 3 images" in chooser(app, "Show").options
    assert "robin: 3 images" not in chooser(app, "Show").options


def test_a_table_is_imported_by_the_rules_of_the_command_and_what_is_left_out_is_named(
    view: Open, birds: Path, store: LabelStore, names: list[str]
) -> None:
    for folder in ("north", "south"):
        (birds / "images" / folder).mkdir()
        shutil.copy(birds / "images" / names[0], birds / "images" / folder / "c.png")
    view("labels", birds)
    rows = ["images\\CALL_001.PNG,robin", "c.png,robin", "zz.png,robin", ",robin"]
    import_upload(str(birds), "\n".join(["filename,label", *rows]).encode(), "mine.csv")
    report = (
        "Of 4 rows 1 used; 1 without a file name (line 5);"
        " 1 that may mean several images (c.png: north/c.png or south/c.png); 1 that name no image (zz.png)."
    )
    assert LabelsState.recall().report_by_location[str(birds)] == f"mine.csv: {report} 1 label: 1 new."
    assert LabelsState.recall().import_by_location[str(birds)].balance.describe() == report
    assert label_store(str(birds)).by_image() == {names[1]: ("robin",)}


def test_in_a_browser(birds: Path, store: LabelStore, names: list[str], tmp_path: Path, browse: Browse) -> None:
    store.add(names[:4], "robin")
    images = birds / "images"
    with browse(birds, "labels", 900) as page:
        expect(page.get_by_role("button", name="Remove 0 images")).to_be_visible()
        for shade, name in enumerate(names[:2]):
            draw(images / name, shade)
        (images / names[2]).rename(images / "renamed.png")
        page.reload()
        expect(page.get_by_text("2 labels were given to other content than these images have now")).to_be_visible()
        page.get_by_role("tab", name="Export and import").click()
        expect(page.get_by_text("2 labels given to other content are not in these tables.")).to_be_visible()
        for form in ("One row for each image", "One row for each label"):
            with page.expect_download() as download:
                page.get_by_role("button", name=form).click()
            with Path(download.value.path()).open(newline="") as file:
                rows = list(csv.DictReader(file))
            labelled = {row["filename"] for row in rows if row.get("robin", "1.0") == "1.0"}
            assert labelled == set(names[2:4])
        page.get_by_role("button", name="Attach 1 label again").click()
        expect(page.get_by_text("1 label attached again by content or clip.")).to_be_visible()
        choose(page, "Show", f"{REPLACED}: 2")
        page.get_by_role("option", name=names[0]).click()
        page.get_by_role("button", name="Confirm 1 label").click()
        expect(page.get_by_text("1 label confirmed for the images as they are now.")).to_be_visible()
        assert store.by_image() == {names[1]: ("robin",), "renamed.png": ("robin",), names[3]: ("robin",)}
        settle(page)
        table = tmp_path / "mine.csv"
        table.write_text(f"filename,label\n{names[50].upper()},wren\nzz.png,wren\n")
        page.locator("input[type=file]").set_input_files(table)
        page.get_by_role("button", name="Add its labels").click()
        expect(
            page.get_by_text("Of 2 rows 1 used; 1 that name no image (zz.png). 1 label: 1 new.").first
        ).to_be_visible()
        page.get_by_text("1 row left out").click()
        expect(page.get_by_text("1 that name no image:")).to_be_visible()


@pytest.mark.parametrize("page", PAGES)
def test_a_page_looks_once_at_each_labelled_image(
    page: str, birds: Path, names: list[str], store: LabelStore, view: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.add(names[:9], "wren")
    app = view(page, birds)
    store.add(names[5:12], "robin")
    looks: Counter[str] = Counter()
    read_stamp = image_contents._read_image_stamp

    def count(images: ImageFolder, name: str) -> tuple[int, int, int] | None:
        looks[name] += 1
        return read_stamp(images, name)

    monkeypatch.setattr(image_contents, "_read_image_stamp", count)
    app.run()
    assert looks == dict.fromkeys(names[:12], 1)
