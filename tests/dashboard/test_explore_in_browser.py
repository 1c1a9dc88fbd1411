"""What a person does on the page Explore, in a browser: keeping groups, coming back, sending the view to others."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from tests.dashboard.browser import (
    choose,
    find_list,
    group_line,
    new_tab,
    open_options,
    page_address,
    serve_dashboard,
    set_number,
    settle,
    spot,
)
from tests.dashboard.conftest import plain_names, write
from tests.distributions import install_modules

from covey.components.kinds import Kind
from covey.components.options import build
from covey.data.folder import FolderDataset
from covey.data.tables import Clustering
from covey.experiments.keep_clustering import keep_clustering
from covey.plugins.registry import Registry

SLOW = """
import time
import numpy as np
from pathlib import Path
from covey import Clusterer, component, hookimpl, option

@component
class Slow(Clusterer):
    '''Two groups, as soon as somebody lets it.'''
    name = "slow"
    gate: str = option(default="", help="A file for which it waits.")
    def cluster(self, Z):
        while not Path(__file__).with_name("gate").exists():
            time.sleep(0.05)
        return (np.arange(len(Z)) % 2).astype(np.int32)

@hookimpl
def covey_clusterers():
    yield Slow
"""


def keep(folder: Path, eps: float, name: str) -> Clustering:
    """Keep the groups of dbscan, and return them as the dataset has them."""
    registry, dataset = Registry.installed(), FolderDataset(folder)
    clusterer = build(registry.get(Kind.CLUSTERER, "dbscan"), {"eps": eps, "min_samples": 5})
    entry = keep_clustering(str(folder), dataset.embeddings()[0], clusterer, name, registry)
    return dataset.load(entry)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a clusterer that waits for a file called gate."""
    site = tmp_path_factory.mktemp("site")
    install_modules(site, "covey-slow", {"slow": "slow_plugin"}, {"slow_plugin": SLOW})
    return site


@pytest.fixture(scope="module")
def birds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset with recordings in its metadata, and three groups that are kept as owls."""
    folder = write(tmp_path_factory.mktemp("explore") / "birds", plain_names())
    rows = [f"{name},{'night' if at % 4 else 'day'},{at}" for at, name in enumerate(plain_names())]
    (folder / "metadata.csv").write_text("\n".join(["filename,light,height", *rows]))
    keep(folder, 0.5, "owls")
    return folder


@pytest.fixture(scope="module")
def address(birds: Path, site: Path) -> Iterator[str]:
    with serve_dashboard(birds, site=site) as (address, _):
        yield page_address(address, "explore")


@pytest.fixture
def page(chromium: Browser, address: str) -> Iterator[Page]:
    """The page Explore with the groups that are kept."""
    with new_tab(chromium, address) as tab:
        ready(tab)
        yield tab


def ready(page: Page) -> None:
    expect(page.locator(".map[data-drawn]")).to_be_visible()
    settle(page)


def selection_line(page: Page) -> Locator:
    return find_list(page, "Show")


def entry(page: Page, name: str) -> Locator:
    """Return a group in the legend."""
    return page.locator(".legend .row").filter(has_text=name)


def leave_and_return(page: Page) -> None:
    page.get_by_role("link", name="Plugins").click()
    expect(page.locator(".map")).to_have_count(0)
    settle(page)
    page.get_by_role("link", name="Explore", exact=True).click()
    ready(page)


def set_all(page: Page) -> None:
    """Change all that can be set: groups, colours, hidden groups, a filter, the selection and its images."""
    open_options(page)
    set_number(page, "Group tightness (eps)", "0.3")
    expect(group_line(page)).to_contain_text("(eps) 0.3 ")
    settle(page)
    page.get_by_role("button", name="Filter").click()
    page.get_by_role("button", name=re.compile("^night: ")).click()
    expect(group_line(page)).to_contain_text("86 of 115 images pass the filters")
    page.keyboard.press("Escape")
    entry(page, "group 0").hover()
    entry(page, "group 0").get_by_title("Hide this group").click()
    expect(page.locator(".legend .row.hidden")).to_have_count(1)
    entry(page, "group 1").click()
    expect(selection_line(page)).to_have_value(re.compile("Group 1: "))
    settle(page)
    page.locator(".tile").first.click()
    expect(page.get_by_role("button", name="Label 21 images")).to_be_visible()
    settle(page)


def see_all(page: Page) -> None:
    """See what `set_all` has set."""
    expect(group_line(page)).to_contain_text("(eps) 0.3 ")
    expect(group_line(page)).to_contain_text("86 of 115 images pass the filters")
    expect(page.locator(".legend .row.hidden")).to_contain_text("group 0")
    expect(selection_line(page)).to_have_value(re.compile("Group 1: "))
    expect(page.locator(".tile.out")).to_have_count(1)


def test_what_a_person_sets_outlives_another_page_a_reload_and_a_link(page: Page, chromium: Browser) -> None:
    set_all(page)
    leave_and_return(page)
    see_all(page)
    page.wait_for_url(re.compile("view="))
    page.reload()
    ready(page)
    see_all(page)
    cookies = page.context.cookies()
    other = chromium.new_context(viewport={"width": 1280, "height": 800})
    other.add_cookies([{**cookie} for cookie in cookies])  # type: ignore[typeddict-item]
    second = other.new_page()
    second.goto(page.url)
    ready(second)
    see_all(second)
    other.close()


@pytest.mark.parametrize("view", ["x", "A" * 20_000, "eNpLBAAAYgBi", "%00", "eNqrVkpVslJKVNJRSgZRxUpWSqmpSrUAOgwFqQ"])
def test_a_hostile_address_does_no_harm(page: Page, address: str, view: str) -> None:
    page.goto(f"{address.split('?')[0]}?view={view}")
    ready(page)
    expect(group_line(page)).to_contain_text(" 3 groups ")


def test_kept_groups_have_their_own_numbers_whatever_was_seen_before(page: Page, birds: Path) -> None:
    table = keep(birds, 0.5, "owls")
    sizes = {int(number): int(size) for number, size in zip(*np.unique(table.labels, return_counts=True), strict=True)}
    open_options(page)
    for value in ("30", "0.3", "0.02"):
        set_number(page, "Group tightness (eps)", value)
        expect(group_line(page)).to_contain_text(f"(eps) {value} ")
        settle(page)
    find_list(page, "Find groups with").click()
    page.get_by_role("option", name="Kept: owls").click()
    expect(group_line(page)).to_contain_text(" 3 groups ")
    for number in (0, 1, 2):
        expect(entry(page, f"group {number}")).to_contain_text(f"{sizes[number]} images")


def test_a_grouping_is_kept_under_a_name_and_is_everywhere(page: Page, birds: Path) -> None:
    open_options(page)
    set_number(page, "Group tightness (eps)", "0.4")
    expect(group_line(page)).to_contain_text("(eps) 0.4 ")
    settle(page)
    page.get_by_role("button", name="Keep this grouping").click()
    page.get_by_label("Name of these groups").fill("fine owls")
    page.get_by_role("button", name="Keep", exact=True).click()
    expect(page.get_by_text("These groups are kept as fine owls.")).to_be_visible()
    expect(find_list(page, "Find groups with")).to_have_value("Kept: fine owls")
    (kept,) = [entry for entry in FolderDataset(birds).clusterings() if entry.given_name == "fine owls"]
    assert kept.provenance
    assert kept.provenance.options == {"eps": 0.4, "min_samples": 5}
    with (birds / "clusters.csv").open(encoding="utf-8", newline="") as file:
        assert "fine owls" in next(csv.reader(file))
    page.get_by_role("link", name="Methods").click()
    page.get_by_role("combobox").first.click()
    expect(page.get_by_role("option", name=re.compile("fine owls"))).to_be_visible()


def test_while_groups_are_looked_for_the_page_says_so_and_can_be_told_to_stop(page: Page, site: Path) -> None:
    (site / "gate").unlink(missing_ok=True)
    before = page.locator(".legend").inner_text()
    choose(page, "Find groups with", "Find with slow")
    expect(page.locator(".waiting")).to_have_text("Finding groups with slow …")
    expect(group_line(page)).to_have_text("Finding groups with slow …")
    assert page.locator(".map.stale canvas.points").evaluate("canvas => getComputedStyle(canvas).opacity") == "0.35"
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator(".waiting")).to_be_hidden()
    assert page.locator(".legend").inner_text() == before
    choose(page, "Find groups with", "Find with slow")
    expect(page.locator(".waiting")).to_be_visible()
    (site / "gate").touch()
    expect(group_line(page)).to_contain_text(" 2 groups ")
    expect(page.locator(".waiting")).to_be_hidden()


def test_the_legend_is_used_by_keyboard(page: Page) -> None:
    page.locator(".legend .entries").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(selection_line(page)).to_have_value("Group 1: 30 images")
    settle(page)
    page.keyboard.press("a")
    expect(page.locator(".legend .row.hidden")).to_have_count(3)
    settle(page)
    page.get_by_role("button", name="Show all groups").click()
    expect(page.locator(".legend .row.hidden")).to_have_count(0)


def test_pictures_and_tables_bear_the_name_of_the_dataset(page: Page) -> None:
    for button, name in (("PNG: ", "birds-map.png"), ("SVG: ", "birds-map.svg")):
        with page.expect_download() as download:
            page.get_by_role("button", name=button).click()
        assert download.value.suggested_filename == name
    assert "<circle" in download.value.path().read_text("utf-8")
    page.mouse.click(*spot(page, 5, 0))
    expect(selection_line(page)).to_have_value("Group 1: 30 images")
    settle(page)
    page.get_by_role("button", name="Map", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Selected images as CSV").click()
    assert download.value.suggested_filename == "birds-selection.csv"
    rows = list(csv.DictReader(download.value.path().read_text("utf-8").splitlines()))
    assert {row["filename"] for row in rows} == {*plain_names()[60:90]}
    assert {row["group"] for row in rows} == {"1"}


@pytest.mark.parametrize(("width", "height"), [(853, 533), (768, 1024), (1280, 800)])
def test_the_first_images_are_seen_without_scrolling(page: Page, width: int, height: int) -> None:
    page.set_viewport_size({"width": width, "height": height})
    if page.get_by_role("button", name="No, thanks").is_visible():
        page.get_by_role("button", name="No, thanks").click()
    settle(page)
    box = page.locator(".tile").first.bounding_box()
    stage = page.locator(".stage").bounding_box()
    assert box
    assert stage
    assert box["y"] + 40 < height
    assert stage["y"] + stage["height"] <= height
    for name in ("Undo", "Redo", "Add similar"):
        expect(page.get_by_role("button", name=re.compile(f"^{name}"))).to_be_in_viewport(ratio=1)
    expect(page.locator(".covey-heading")).to_contain_text("birds")
    expect(page.locator(".covey-heading")).to_be_in_viewport(ratio=1)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert group_line(page).evaluate("line => line.scrollWidth <= line.clientWidth")
