"""The way of a person through the dashboard, in a browser: from the images to a table of labels."""

from __future__ import annotations

import csv
import socket
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect
from tests.dashboard.browser import (
    choose,
    choose_in_menu,
    close_options,
    group_line,
    open_options,
    open_tab,
    serve_dashboard,
    set_number,
    settle,
    spot,
)
from tests.distributions import install_modules

from covey.data.folder import FolderDataset
from covey.data.segment_names import image_name
from covey.labelling import open_labels

COUNT = 115
HOSTILE = ["<b onclick=document.title='hurt'>wren</b>", "'\"; **md** :red[x] $x$ <img src=x>", "🐦 ‮gnp", "x" * 500]
PLUGIN = """
import numpy as np
from covey import Clusterer, component, hookimpl, option

@component
class Stripes(Clusterer):
    '''Every so many images a group.'''
    name = "stripes"
    groups: int = option(default=5, ge=1, le=100, help="How many groups. Raising it makes more.")
    def cluster(self, Z):
        return np.arange(len(Z), dtype=np.int32) % self.groups

@hookimpl
def covey_clusterers():
    yield Stripes
"""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such file names")
Make = Callable[[Path, Sequence[str]], Path]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a distribution that nobody knows."""
    site = tmp_path_factory.mktemp("site")
    install_modules(site, "covey-stripes", {"stripes": "stripes_plugin"}, {"stripes_plugin": PLUGIN})
    return site


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """The dashboard with the plugin, and no dataset."""
    with serve_dashboard(site=site) as (opened_page, _):
        yield opened_page


@pytest.fixture
def cuts() -> list[str]:
    """The names of the images: five cuts of each recording, in the order of the groups."""
    return [image_name(f"XC{at // 5:06}", at % 5) for at in range(COUNT)]


@pytest.fixture
def birds(make: Make, tmp_path: Path, cuts: list[str]) -> Path:
    return make(tmp_path / "birds", cuts)


@pytest.fixture
def page(chromium: Browser, address: str, birds: Path) -> Iterator[Page]:
    """The page Explore of the dataset `birds`, with 3 clusters."""
    tab = open_page(chromium, address, birds)
    open_options(tab)
    set_number(tab, "Group tightness (eps)", "0.5")
    expect(group_line(tab)).to_contain_text("4 % left out")
    close_options(tab)
    settle(tab)
    yield tab
    tab.close()


def open_page(chromium: Browser, address: str, folder: Path) -> Page:
    """Return the page Explore of a dataset that a person opened on the page Start."""
    page = open_tab(chromium)
    page.goto(address)
    set_number(page, "Open a folder", str(folder))
    page.get_by_text(str(folder)).first.wait_for()
    page.get_by_role("link", name="Explore the groups").click()
    ready(page)
    return page


def ready(page: Page) -> None:
    """Wait until there is a map, and the page has answered."""
    expect(page.locator(".map[data-drawn]")).to_be_visible()
    expect(group_line(page)).to_contain_text("group")
    settle(page)


def classed(page: Page, name: str) -> None:
    """Type the name of a class."""
    page.get_by_role("combobox", name="Class").click()
    page.keyboard.type(name)
    page.keyboard.press("Enter")


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).click()


def labels(folder: Path, label: str) -> list[str]:
    return open_labels(FolderDataset(folder)).images(label)


def test_from_the_images_to_a_table_of_labels(page: Page, birds: Path, cuts: list[str]) -> None:
    choose(page, "Show", "Group 1: 30 images")
    classed(page, "wren")
    expect(page.get_by_role("button", name="Label 30 images")).to_be_enabled()
    settle(page)
    drawn = page.locator(".map").get_attribute("data-drawn")
    for name in cuts[60:62]:
        page.get_by_role("option", name=name).click()
    expect(page.locator(".bar .count")).to_have_text("28 of 30 images")
    expect(page.get_by_role("button", name="Label 28 images")).to_be_visible()
    settle(page)
    assert page.locator(".map").get_attribute("data-drawn") == drawn
    press(page, "Label 28 images")
    expect(page.get_by_text("“wren” given to 28 images.")).to_be_visible()
    page.reload()
    ready(page)
    choose(page, "Show", "Label wren: 28 images")
    expect(page.locator(".bar .count")).to_have_text("28 images")
    press(page, "Undo what")
    expect(page.get_by_text("Undone: “wren” given to 28 images.")).to_be_visible()
    assert labels(birds, "wren") == []
    press(page, "Redo what")
    expect(page.get_by_text("Done again: “wren” given to 28 images.")).to_be_visible()
    page.get_by_role("link", name="Labels").click()
    page.get_by_role("tab", name="Export and import").click()
    with page.expect_download() as download:
        press(page, "One row for each image")
    rows = list(csv.reader(download.value.path().read_text("utf-8").splitlines()))
    assert rows[0] == ["", "filename", "wren"]
    assert {name: given for _, name, given in rows[1:]} == {
        name: "1.0" if name in cuts[62:90] else "0.0" for name in cuts
    }


def test_an_image_taken_out_just_before_the_button_or_the_key_gets_no_label(
    page: Page, birds: Path, cuts: list[str]
) -> None:
    choose(page, "Show", "Group 1: 30 images")
    classed(page, "wren")
    expect(page.get_by_role("button", name="Label 30 images")).to_be_enabled()
    page.get_by_role("option", name=cuts[60]).click()
    press(page, "Label ")
    expect(page.get_by_text("“wren” given to 29 images.")).to_be_visible()
    assert labels(birds, "wren") == cuts[61:90]
    classed(page, "robin")
    expect(page.get_by_role("button", name="Label 29 images")).to_be_enabled()
    page.get_by_role("option", name=cuts[61]).click()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("“robin” given to 28 images.")).to_be_visible()
    assert labels(birds, "robin") == cuts[62:90]
    page.get_by_role("option", name=cuts[61]).dblclick()
    expect(page.locator("dialog")).to_contain_text("group 1")


def test_an_image_taken_out_while_the_page_answers_stays_out(page: Page, birds: Path, cuts: list[str]) -> None:
    """Its tiles are drawn anew with the label that was given a moment before, by a server that did not know of it."""
    choose(page, "Show", "Group 1: 30 images")
    classed(page, "wren")
    expect(page.get_by_role("button", name="Label 30 images")).to_be_enabled()
    out, beside = (page.get_by_role("option", name=name) for name in cuts[60:62])
    page.keyboard.press("Control+Enter")
    out.evaluate("tile => tile.click()")
    expect(beside).to_contain_text("wren")
    expect(out).to_have_attribute("aria-selected", "false")
    assert labels(birds, "wren") == cuts[60:90]
    classed(page, "robin")
    press(page, "Label 29 images")
    expect(page.get_by_text("“robin” given to 29 images.")).to_be_visible()
    assert labels(birds, "robin") == cuts[61:90]


def tighten(page: Page) -> None:
    """Change an option of what finds the groups."""
    open_options(page)
    set_number(page, "Group tightness (eps)", "0.6")


def test_a_name_that_is_typed_while_the_page_answers_a_click_is_kept(page: Page, birds: Path, cuts: list[str]) -> None:
    field = page.get_by_role("combobox", name="Class")
    acts: dict[str, Callable[[], None]] = {
        "point": lambda: page.mouse.click(*spot(page, 5, 0)),
        "option": lambda: tighten(page),
        "image": lambda: page.get_by_role("option", name=cuts[60]).click(),
        "label": lambda: press(page, "Label 29 images"),
        "undo": lambda: press(page, "Undo"),
    }
    for name, act in acts.items():
        act()
        field.click()
        page.keyboard.type(name, delay=50)
        settle(page)
        expect(field).to_have_value(name)
        page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Label 29 images")).to_be_enabled()
    press(page, "Label 29 images")
    expect(page.get_by_text("“undo” given to 29 images.")).to_be_visible()
    assert labels(birds, "undo") == cuts[61:90]


def test_two_windows_see_each_others_labels_and_lose_none(
    page: Page, chromium: Browser, address: str, birds: Path, cuts: list[str]
) -> None:
    second = open_page(chromium, address, birds)
    open_options(second)
    set_number(second, "Group tightness (eps)", "0.5")
    expect(group_line(second)).to_contain_text("4 % left out")
    for window, cluster, count, name in ((page, "Group 1", 30, "wren"), (second, "Group 2", 20, "robin")):
        choose_in_menu(window, "Map", "Colour by", "label")
        expect(window.locator(".map .title")).to_contain_text("Colours: label")
        choose(window, "Show", cluster)
        expect(window.get_by_role("button", name=f"Label {count} images")).to_be_visible()
        classed(window, name)
        expect(window.get_by_role("button", name=f"Label {count} images")).to_be_enabled()
    for window in (page, second):
        press(window, "Label ")
    for window in (page, second):
        expect(window.locator(".legend")).to_contain_text("wren")
        expect(window.locator(".legend")).to_contain_text("robin")
    assert labels(birds, "wren") == cuts[60:90]
    assert labels(birds, "robin") == cuts[90:110]
    second.close()


def test_a_clusterer_that_nobody_knows_gets_a_form_and_works(page: Page) -> None:
    choose(page, "Find groups with", "stripes")
    expect(group_line(page)).to_contain_text(" 5 groups ")
    page.get_by_role("slider", name="Groups").press("End")
    expect(group_line(page)).to_contain_text(" 100 groups ")


def test_names_are_text_on_every_page(
    chromium: Browser, address: str, make: Make, tmp_path: Path, cuts: list[str]
) -> None:
    """Of images, recordings, classes and columns, in the metadata and in the search."""
    name = "<img src=x onerror=document.title='hurt'>_segm_0000.000.png"
    folder = make(tmp_path / "<b>birds", [name, *cuts[1:]])
    for label in HOSTILE:
        open_labels(FolderDataset(folder)).add([name], label)
    with (folder / "metadata.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["filename", *HOSTILE], [name, *reversed(HOSTILE)]])
    page = open_page(chromium, address, folder)
    set_number(page, "Search", "<img src=x")
    expect(page.get_by_role("button", name="Label 1 image")).to_be_visible()
    choose_in_menu(page, "Map", "Colour by", HOSTILE[0])
    expect(page.locator(".map .title")).to_contain_text(HOSTILE[0])
    choose_in_menu(page, "Map", "Colour by", "label")
    expect(page.locator(".legend")).to_contain_text(HOSTILE[0])
    harmless(page)
    for place in ("Labels", "Start"):
        page.get_by_role("link", name=place, exact=True).click()
        settle(page)
        words = page.get_by_text(HOSTILE[0] if place == "Labels" else "4 classes with 4 labels")
        expect(words.filter(visible=True).first).to_be_visible()
        harmless(page)
    page.close()


def harmless(page: Page) -> None:
    """See that no name became an element or ran, and that none makes the page wider."""
    assert page.locator("img[src=x], b[onclick], [onerror]").count() == 0
    assert page.title() == "covey"
    main = page.get_by_test_id("stMain")
    assert main.evaluate("main => main.scrollWidth <= main.clientWidth")


@pytest.mark.skipif(sys.platform != "linux", reason="only there is 127.0.0.2 this machine too")
def test_the_server_answers_this_machine_alone(address: str) -> None:
    port = urlsplit(address).port
    socket.create_connection(("127.0.0.1", port), 5).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", port), 5)


def test_labels_that_are_locked_or_of_a_newer_version_are_told_of_and_left(page: Page, birds: Path) -> None:
    store = open_labels(FolderDataset(birds))
    store.add([image_name("XC000000", 0)], "wren")
    choose(page, "Show", "Label wren: 1 image")
    classed(page, "robin")
    button = page.get_by_role("button", name="Label 1 image")
    expect(button).to_be_enabled()
    with closing(sqlite3.connect(store.path, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        button.click()
        expect(page.get_by_role("alert").filter(has_text=store.path.name)).to_be_visible()
        db.execute("ROLLBACK")
        db.execute("PRAGMA user_version=99")
    before = store.path.read_bytes()
    expect(page.get_by_text("were written by a newer covey")).to_be_visible()
    expect(button).to_have_count(0)
    page.get_by_role("link", name="Labels").click()
    expect(page.get_by_text("were written by a newer covey")).to_be_visible()
    assert store.path.read_bytes() == before


def test_an_embedding_without_a_map_is_named(chromium: Browser, address: str, birds: Path) -> None:
    embedding_file = next(birds.glob("dimred_*.npz"))
    with np.load(embedding_file, allow_pickle=False) as arrays:
        arrays_left = {name: arrays[name] for name in arrays.files if name != "X_2D"}
    np.savez(embedding_file, **arrays_left)
    page = open_tab(chromium)
    page.goto(address)
    set_number(page, "Open a folder", str(birds))
    expect(page.get_by_role("alert").filter(has_text=embedding_file.name)).to_be_visible()
    page.get_by_role("link", name="Explore", exact=True).click()
    expect(page.get_by_role("alert").filter(has_text=embedding_file.name)).to_be_visible()
    expect(page.get_by_text("has no embedding, and so no map, yet")).to_be_visible()
    page.close()
