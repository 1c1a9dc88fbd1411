"""The page Labels and the bar that labels: what a person does there is kept at once, and for every window."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from html import unescape
from pathlib import Path

import pytest
import streamlit as st
from playwright.sync_api import Page, expect
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import TextInput
from tests.dashboard.browser import Browse, settle
from tests.dashboard.elements import button, chooser, name_class, select_vanished
from tests.unwritable import unwritable

from covey.data.folder import FolderDataset
from covey.labelling import LabelStore, open_labels
from covey_dashboard.current_labels import label_store
from covey_dashboard.pages.labels.edit_class import rename_class
from covey_dashboard.pages.labels.labels_overview import UNLABELLED, ImageChoice
from covey_dashboard.server import server
from covey_dashboard.state import LabelsState

HOSTILE = ["<b onclick=alert(1)>bold</b>", "**md** [l](http://x) ![i](http://x/i.png) :red[x] $x$", "🐦 ‮gnp", "x" * 500]


Open = Callable[..., AppTest]


@pytest.fixture
def open_page(birds: Path, view: Open) -> Open:
    """The page in a new window."""
    return lambda location=birds: view("labels", location)


def text_of(app: AppTest) -> str:
    """Return the sentences on the page."""
    return unescape(
        " ".join(re.findall(r'role="\w+">(.*?)</div>', " ".join(item.value for item in app.html), re.DOTALL))
    )


def numbers(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def show_images(app: AppTest, title: str) -> AppTest:
    """Show the images of the choice that is called so."""
    at = next(at for at, option in enumerate(chooser(app, "Show").options) if option.startswith(title))
    return chooser(app, "Show").select_index(at).run()


def name_field(app: AppTest) -> TextInput:
    """Return the field for the name of the class that is shown."""
    return next(field for field in app.text_input if field.label == "Name")


def classes(app: AppTest) -> list[tuple[str, str]]:
    """Return the names and counts in the list of classes."""
    protos = [element.proto for element in app.get("bidi_component")]
    lists = [json.loads(proto.json) for proto in protos if proto.component_name == "covey_class_list"]
    return [(row["name"], str(row["count"])) for content in lists for row in content["classes"]]


def test_without_labels_it_says_what_to_do(open_page: Open) -> None:
    app = open_page()
    assert "No labels yet: select images on the page Explore" in text_of(app)
    assert chooser(app, "Show").options == ["Images without a class: 115"]
    assert numbers(app) == {
        "Images": "115", "Classes": "0", "Labelled": "0 (0%)", "No class yet": "115", "Several classes": "0"
    }  # fmt: skip


def test_without_a_dataset_it_says_where_to_choose_one(open_page: Open) -> None:
    assert "choose one on the page Start" in text_of(open_page(""))


def test_classes_and_what_is_left(open_page: Open, store: LabelStore, names: list[str]) -> None:
    store.add([*names[:60], "gone.png"], "robin")
    store.add(names[50:70], "wren")
    app = open_page()
    assert classes(app) == [("robin", "61"), ("wren", "20")]
    assert numbers(app) == {
        "Images": "115", "Classes": "2", "Labelled": "70 (61%)", "No class yet": "45", "Several classes": "10"
    }  # fmt: skip
    assert chooser(app, "Show").options == [
        "Labelled images: 71",
        "Images without a class: 45",
        "Images with several classes: 10",
        "Labelled images that are gone: 1",
        "robin: 61 images",
        "wren: 20 images",
    ]


def test_a_label_given_undone_and_redone_is_seen_in_another_window(
    open_page: Open, store: LabelStore, names: list[str]
) -> None:
    store.add(names[:1], "robin")
    app, second = show_images(open_page(), "Images without"), open_page()
    name_class(app, "robin").run()
    button(app, "Label 114 images").click().run()
    assert "“robin” given to 114 images." in text_of(app)
    assert classes(second.run()) == classes(open_page()) == [("robin", "115")]
    button(second, "Undo").click().run()
    assert "Undone: “robin” given to 114 images." in text_of(second)
    assert classes(app.run()) == [("robin", "1")]
    button(app, "Redo").click().run()
    assert classes(open_page()) == [("robin", "115")]


def test_what_somebody_else_did_is_undone_only_with_a_button_that_names_them(
    open_page: Open, store: LabelStore, names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COVEY_USER", "*Ann*")
    store.add(names[:1], "robin")
    assert button(open_page(), "Undo what you did before")
    monkeypatch.setenv("COVEY_USER", "Ben")
    app = show_images(open_page(), "Images without")
    assert button(app, "Undo").disabled
    button(app, r"Undo what \*Ann\* did").click().run()
    assert "Undone: “robin” given to 1 image." in text_of(app)
    assert store.rows() == []


def test_the_class_that_is_in_the_field_at_the_click_is_given(
    open_page: Open, store: LabelStore, names: list[str]
) -> None:
    store.add(names[:1], "robin")
    store.add(names[:1], "wren")
    app = show_images(open_page(), "Images without")
    name_class(app, "robin").run()
    name_class(app, "wren")
    button(app, "Label 114 images").click().run()
    assert store.images("robin") == names[:1]
    assert store.images("wren") == names


def test_a_class_is_taken_away_again(open_page: Open, store: LabelStore, names: list[str]) -> None:
    store.add(names[:9], "robin")
    store.add(names[:3], "wren")
    app = show_images(open_page(), "Images with several")
    assert button(app, "Remove").disabled
    name_class(app, "robin").run()
    button(app, "Remove").click().run()
    assert store.images("robin") == names[3:9]
    assert "“robin” taken from 3 images." in text_of(app)


def test_nothing_can_be_done_without_name_or_images(open_page: Open, store: LabelStore, names: list[str]) -> None:
    app = open_page()
    assert button(app, "Undo").disabled
    assert button(app, "Redo").disabled
    button(app, "Label 115 images").click().run()
    assert "First type the name of a class, or choose one." in text_of(app)
    assert store.rows() == []
    store.add(names, "robin")
    app = show_images(open_page(), "Images without")
    name_class(app, "robin").run()
    assert button(app, "Label 0 images").disabled


def test_a_class_is_renamed_and_stays_in_view(open_page: Open, store: LabelStore, names: list[str]) -> None:
    store.add(names[:9], "robin")
    store.add(names[:3], "wren")
    app = show_images(open_page(), "wren")
    name_field(app).set_value("robin").run()
    assert "There is a class 'robin' already: merge the two, or take another name." in text_of(app)
    name_field(app).set_value("Wren").run()
    assert classes(app) == [("robin", "9"), ("Wren", "3")]
    assert name_field(app).value == "Wren"


def test_a_class_is_recoloured_merged_and_deleted(open_page: Open, store: LabelStore, names: list[str]) -> None:
    store.add(names[:9], "robin")
    store.add(names[7:12], "wren")
    app = show_images(open_page(), "robin")
    app.color_picker[0].set_value("#123456").run()
    assert store.classes()[0].colour == "#123456"
    assert app.color_picker[0].value == "#123456"
    chooser(app, "Give all its images to").set_value("wren").run()
    button(app, "Merge").click().run()
    assert classes(app) == [("wren", "12")]
    button(app, "Delete").click().run()
    assert classes(app) == []
    for _ in range(3):
        button(app, "Undo").click().run()
    assert classes(app) == [("robin", "9"), ("wren", "5")]


def test_a_field_of_a_class_that_is_reported_late_does_not_bring_the_class_back(
    store: LabelStore, names: list[str]
) -> None:
    store.add(names[:9], "robin")
    state = LabelsState.recall()
    state.choice = UNLABELLED
    LabelsState.name("robin").set("robin")
    rename_class(store, "robin")
    assert state.choice == UNLABELLED
    state.choice = ImageChoice.of_class("robin")
    LabelsState.name("robin").set("wren")
    rename_class(store, "robin")
    assert state.choice == ImageChoice.of_class("wren")
    assert store.images("wren") == names[:9]


def test_an_entry_of_the_list_that_vanishes_while_it_is_chosen_changes_nothing(
    open_page: Open, store: LabelStore, names: list[str]
) -> None:
    store.add(names[:9], "robin")
    store.add(names[:3], "wren")
    app = show_images(open_page(), "Images without")
    store.delete("wren")
    select_vanished(app.run(), "Show", "wren: 3 images")
    assert not app.exception
    assert chooser(app, "Show").value == UNLABELLED


def test_history_tells_what_was_done_and_what_was_undone(open_page: Open, store: LabelStore, names: list[str]) -> None:
    assert "Nothing was done yet" in text_of(open_page())
    store.add(names[:1], "robin")
    store.add(names[:2], "wren")
    store.undo()
    page = " ".join(item.value for item in open_page().html)
    assert "<bdi>“robin” given to 1 image</bdi>" in page
    assert "<s>“wren” given to 2 images</s>" in page


def test_any_action_of_the_history_is_undone_and_done_again(
    open_page: Open, store: LabelStore, names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COVEY_USER", "*Ann*")
    store.add(names[:1], "robin")
    store.add(names[1:2], "robin")
    store.add(names[2:3], "robin")
    monkeypatch.setenv("COVEY_USER", "Ben")
    app = open_page()
    chooser(app, "Any action").select_index(1).run()
    button(app, r"Undo what \*Ann\* did").click().run()
    assert "Undone: “robin” given to 1 image." in text_of(app)
    assert store.images("robin") == [names[0], names[2]]
    assert chooser(app, "Any action").options[1].endswith("(undone)")
    button(app, r"Do again what \*Ann\* did").click().run()
    assert store.images("robin") == names[:3]
    chooser(app, "Any action").select_index(2).run()
    button(app, "Undo what").click().run()
    assert "later actions (the last is ““robin” given to 1 image, by *Ann*”) build on" in text_of(app)
    assert store.images("robin") == names[:3]


PAGES = ("start", "name_groups", "worklist", "labels", "compare", "about", "methods", "plugins", "explore")


def turn_to(app: AppTest, page: str) -> AppTest:
    app.switch_page(f"../pages/{page}/page.py").run()
    assert not app.exception
    return app


def test_every_page_says_that_labels_are_kept_elsewhere_and_once_that_they_came_back(
    lab: Path, names: list[str], make: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make(lab / "birds", names)
    open_labels(FolderDataset(folder)).add(names[:1], "robin")
    monkeypatch.setenv(server.LOCATION, str(folder))
    app = AppTest.from_file(str(server.APP), default_timeout=120).run()
    banner = f"This dataset cannot be written: your labels are kept on this computer, in {lab / 'home'}"
    assert [page for page in PAGES if banner in text_of(turn_to(app, page))] == []
    st.cache_resource.clear()  # as after a while
    with unwritable(folder):
        assert [page for page in PAGES if banner not in text_of(turn_to(app, page))] == []
        label_store(str(folder)).add(names[1:3], "robin")
    st.cache_resource.clear()  # as after a while
    app.run()
    assert "Brought back: 2 labels given. Of 2 labels given meanwhile 2 used." in text_of(app)
    assert banner not in text_of(app)
    assert label_store(str(folder)).images("robin") == names[:3]
    turn_to(app, "about")
    assert "Brought back: 2 labels given" in text_of(app)
    button(app, "Close this message").click().run()
    assert "Brought back" not in text_of(app)


def choose_form(app: AppTest, label: str, name: str) -> AppTest:
    """Choose the exporter or importer of this name."""
    titles = chooser(app, label).options
    return chooser(app, label).select_index(next(at for at, title in enumerate(titles) if name in title)).run()


def downloads(app: AppTest) -> str:
    """Return the titles of the buttons that download something."""
    return " ".join(str(getattr(element, "label", "")) for element in app.get("download_button"))


def test_labels_go_out_and_come_back_by_what_plugins_offer(
    open_page: Open, store: LabelStore, names: list[str], outlets: None
) -> None:
    store.add(names[:2], "wren")
    app = choose_form(open_page(), "For another program", "covey-outlets:sentences: A sentence for each image")
    button(app, "Prepare the files").click().run()
    assert not app.exception
    assert "sentences: 1 file can be downloaded." in text_of(app)
    assert "Download 1 file" in downloads(app)
    store.delete("wren")
    app = choose_form(open_page(), "Import", "covey-outlets:sentences: Sentences, which become labels again")
    assert button(app, "Add its labels").disabled
    lines = [f"{name} is wren" for name in names[:2]]
    app.file_uploader[0].upload("my.txt", "\n".join(lines).encode()).run()
    button(app, "Add its labels").click().run()
    assert "No line of my.txt has the verb 'shows': name the one it has." in text_of(app)
    assert store.images("wren") == []
    field = next(element for element in app.text_input if element.label == "Verb")
    field.set_value("is").run()
    button(app, "Add its labels").click().run()
    assert not app.exception
    assert "2 of 2 sentences used." in text_of(app)
    assert store.images("wren") == names[:2]


def test_what_cannot_be_exported_is_said(open_page: Open, store: LabelStore, names: list[str]) -> None:
    store.add(names[:2], "wren")
    app = choose_form(open_page(), "For another program", "raven: ")
    button(app, "Prepare the files").click().run()
    assert "Nothing tells which recording the images show, and when" in text_of(app)
    assert "Download" not in downloads(app)


def test_names_are_text(open_page: Open, store: LabelStore, names: list[str]) -> None:
    for name in HOSTILE:
        store.add(names[:2], name)
    app = open_page()
    assert classes(app) == [(name, "2") for name in HOSTILE]
    page = " ".join(item.value for item in app.html)
    assert "<b onclick" not in page
    visible = [*app.markdown, *app.caption, *app.button]
    assert not [item for item in visible if any(name in str(getattr(item, "label", item.value)) for name in HOSTILE)]
    for name in HOSTILE:
        show_images(app, name if name.isprintable() else f"\u2068{name}")
        assert name_field(app).value == name


def test_a_damaged_label_file_is_named_and_left(open_page: Open, store: LabelStore) -> None:
    store.path.write_bytes(b"no labels" * 1000)
    assert "are damaged, and left as they are" in text_of(open_page())
    assert store.path.read_bytes() == b"no labels" * 1000


def test_the_latest_backup_takes_the_place_of_a_label_file_of_which_nothing_can_be_read(
    open_page: Open, store: LabelStore, names: list[str]
) -> None:
    store.add(names[:2], "robin")
    store.add(names[2:9], "wren")
    store.path.write_bytes(b"no labels" * 1000)
    app = open_page()
    button(app, "Repair: save what can be read").click().run()
    assert store.path.read_bytes() == b"no labels" * 1000
    button(app, "Repair: take the latest backup").click().run()
    assert store.by_image() == dict.fromkeys(names[:2], ("robin",))
    assert numbers(app)["Labelled"].startswith("2 ")


def test_a_label_file_that_is_damaged_under_an_open_page(open_page: Open, store: LabelStore, names: list[str]) -> None:
    store.add(names[:2], "robin")
    app = show_images(open_page(), "Images without")
    store.path.write_bytes(b"no labels" * 1000)
    button(app, "Undo what").click().run()
    assert not app.exception
    assert "are damaged" in text_of(app)
    assert store.path.read_bytes() == b"no labels" * 1000


@pytest.fixture
def page(birds: Path, store: LabelStore, names: list[str], browse: Browse) -> Iterator[Page]:
    """The page in a browser, with one class."""
    store.add(names[:6], "=robin")
    with browse(birds, "labels", 800) as page:
        expect(page.get_by_role("button", name="Remove 0 images")).to_be_visible()
        yield page


def test_a_click_repairs_labels_that_another_program_has_changed(page: Page, store: LabelStore) -> None:
    labels = store.by_image()
    with closing(sqlite3.connect(store.path)) as db:
        db.execute("CREATE TABLE other (thing)")
    page.reload()
    expect(page.get_by_text("were changed by another program")).to_be_visible()
    page.get_by_role("button", name="Repair: save what can be read").click()
    expect(page.get_by_text("The file as it was is kept as labels-damaged-")).to_be_visible()
    expect(page.get_by_role("button", name="Remove 0 images")).to_be_visible()
    assert store.by_image() == labels


def test_a_key_acts_once_though_the_page_asks_for_news_before_it_sends_the_key(
    page: Page, store: LabelStore, names: list[str]
) -> None:
    for name in names[:2]:
        settle(page)
        page.get_by_role("option", name=name).click()
        page.get_by_role("button", name="Remove 1 image").click()
        expect(page.get_by_role("option", name=name)).to_have_count(0)
    settle(page)
    page.evaluate("const wait = setTimeout; window.setTimeout = (run, ms, ...more) => wait(run, ms || 5000, ...more)")
    page.keyboard.press("Control+z")
    page.wait_for_timeout(8000)
    assert store.images("=robin") == names[1:6]


def test_images_are_clicked_out_of_a_class_and_its_tables_go_out_and_come_back(
    page: Page, store: LabelStore, names: list[str], tmp_path: Path
) -> None:
    for name in names[1:3]:
        page.get_by_role("option", name=name).click()
    page.get_by_role("button", name="Remove 2 images").click()
    expect(page.get_by_text("“=robin” taken from 2 images.")).to_be_visible()
    assert store.images("=robin") == [names[0], *names[3:6]]
    settle(page)

    page.get_by_role("tab", name="Export and import").click()
    tables = {}
    for form in ("One row for each image", "One row for each label"):
        with page.expect_download() as download:
            page.get_by_role("button", name=form).click()
        tables[download.value.suggested_filename] = Path(download.value.path()).read_bytes()
    assert list(tables) == ["birds_clustering_based_labels.csv", "birds_labels.csv"]
    assert tables["birds_clustering_based_labels.csv"].splitlines()[:3] == [
        b",filename,'=robin", f"0,{names[0]},1.0".encode(), f"1,{names[1]},0.0".encode()
    ]  # fmt: skip

    page.get_by_role("combobox", name="Show").click()
    page.get_by_role("option", name="Images without a class").click()
    page.get_by_role("combobox", name="Class").click()
    page.keyboard.type("<i>wren</i>", delay=50)
    settle(page)
    expect(page.get_by_role("combobox", name="Class")).to_have_value("<i>wren</i>")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Label 111 images")).to_be_enabled()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("“<i>wren</i>” given to 111 images.")).to_be_visible()
    page.keyboard.press("Control+z")
    expect(page.get_by_text("Undone: “<i>wren</i>” given to 111 images.")).to_be_visible()
    assert [found.name for found in store.classes()] == ["=robin"]

    page.get_by_role("tab", name="Classes").click()
    page.get_by_role("button", name="=robin 4 images").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No labels yet")).to_be_attached()
    store.add(names[:2], "wren")
    page.get_by_role("tab", name="Export and import").click()
    (tmp_path / "mine.csv").write_bytes(tables["birds_labels.csv"])
    page.locator("input[type=file]").set_input_files(tmp_path / "mine.csv")
    page.get_by_role("button", name="Add its labels").click()
    report = "mine.csv: Of 4 rows 4 used. 4 labels: 4 new. 1 image has several classes now, 0 before."
    expect(page.get_by_text(report)).to_have_count(1)
    assert store.images("=robin") == [names[0], *names[3:6]]
    store.add([names[9]], "from another window")
    expect(page.get_by_text("from another window").first).to_be_attached()


def name_and_label(page: Page, text: str) -> None:
    """Type into the field for the class, Enter, and the key that labels, without waiting for an answer."""
    page.get_by_role("combobox", name="Class").click()
    page.keyboard.type(text)
    page.keyboard.press("Enter")
    page.keyboard.press("Control+Enter")


def test_classes_that_exist_come_first_and_keys_give_them(page: Page, store: LabelStore, names: list[str]) -> None:
    store.rename("=robin", "clicks")
    store.add(names[:6], "buzz")
    page.get_by_role("combobox", name="Show").click()
    page.get_by_role("option", name="Images without a class").click()
    expect(page.get_by_role("button", name="buzz 2")).to_be_visible()
    for text, label in (("click", "clicks"), ("BUZZ", "buzz"), ("wren", "wren")):
        name_and_label(page, text)
        expect(page.get_by_text(f"“{label}” given to 109 images.")).to_be_visible()
        page.keyboard.press("Control+z")
        expect(page.get_by_text(f"Undone: “{label}” given to 109 images.")).to_be_visible()
        settle(page)
    assert [label_class.name for label_class in store.classes()] == ["clicks", "buzz"]

    field = page.get_by_role("combobox", name="Class")
    field.click()
    page.keyboard.type("2")
    expect(page.get_by_role("option", name="Add a new class: 2")).to_be_visible()
    page.keyboard.press("Escape")
    assert store.images("buzz") == names[:6]
    page.get_by_role("option", name=names[10]).click()
    page.get_by_role("listbox", name="Images").focus()
    page.keyboard.press("2")
    expect(page.get_by_text("“buzz” given to 108 images.")).to_be_visible()
    assert store.images("buzz") == sorted({*names} - {names[10]})
