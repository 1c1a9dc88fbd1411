"""The way of somebody who has recordings, or none, to groups on the map, in a browser and without a terminal."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.dashboard.browser import PATIENCE, choose, new_tab, open_tab, serve_dashboard, set_number, settle
from tests.invented_recordings import InventedRecordings, encode_sound
from tests.xenocanto_server import XenoCantoServer

from covey.data.folder import FolderDataset
from covey.experiments.jobs import list_jobs
from covey.labelling import open_labels

FIRST_NUMBER = 100_000
"""The first of the recordings that the archive has."""


@pytest.fixture(scope="module")
def archive() -> Iterator[XenoCantoServer]:
    """A xeno-canto with 40 recordings."""
    server = XenoCantoServer(InventedRecordings(40, seconds=6, first=FIRST_NUMBER))
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def address(archive: XenoCantoServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The dashboard without a dataset, of a person whose home folder is empty and who has no keys."""
    home = tmp_path_factory.mktemp("person")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COVEY_XENOCANTO_URL", archive.url)
        patch.setenv("HOME", str(home))
        patch.setenv("COVEY_HOME", str(home / "covey"))
        for name in ("Documents", "covey"):
            (home / name).mkdir()
        for name in ("XENO_CANTO_API_KEY", "XC_API_KEY", "XCKEY"):
            patch.delenv(name, raising=False)
        with serve_dashboard() as (printed, _):
            yield printed


@pytest.fixture
def page(chromium: Browser, address: str) -> Iterator[Page]:
    """The dashboard at its first visit."""
    with new_tab(chromium, address) as page:
        settle(page)
        yield page


@pytest.fixture
def wavs(tmp_path: Path) -> Path:
    """A folder with 40 recordings of four kinds of call."""
    folder = tmp_path / "my recordings"
    folder.mkdir()
    for number in range(40):
        (folder / f"rec_{number:02}.wav").write_bytes(encode_sound(number % 4, number, 2, 24000, ".wav"))
    return folder


class Clicks:
    """Counts the clicks on the way."""

    def __init__(self, page: Page) -> None:
        self.page, self.count = page, 0

    def button(self, name: str) -> None:
        self.count += 1
        self.page.get_by_role("button", name=name, exact=True).click()

    def link(self, name: str) -> None:
        self.count += 1
        self.page.get_by_role("link", name=name).click()


def test_from_a_folder_of_recordings_to_groups_on_the_map(page: Page, wavs: Path) -> None:
    set_number(page, "Open a folder", f'"{wavs}" ')  # as Windows copies a path
    expect(page.get_by_text("40 recordings, 1.3 minutes, sampled at 24 kHz.")).to_be_visible()
    clicks = Clicks(page)
    clicks.button("Make images")
    expect(page.get_by_role("button", name="Make images")).to_have_count(0)
    expect(page.get_by_text("of 40 recordings in")).to_be_visible()
    clicks.button("Find groups")
    bar = page.locator(".st-key-job_bar")
    expect(bar.get_by_role("button", name="Cancel")).to_be_in_viewport()
    expect(bar.get_by_role("link", name="See the groups")).to_be_visible(timeout=3 * PATIENCE)
    clicks.link("See the groups")
    expect(page.get_by_role("heading", name="Explore", level=1)).to_be_visible()
    expect(page.locator(".map[data-drawn]")).to_be_visible()
    assert clicks.count == 3, "three are left to choose a group and to name it"
    page.get_by_role("link", name="Start", exact=True).click()
    expect(page.locator(".covey-group")).not_to_have_count(0)
    for image in page.locator(".covey-group img").all():
        assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    assert page.locator(".covey-group").first.locator("img").count() == 6
    assert page.get_by_test_id("stException").count() == 0
    assert len(list_jobs(FolderDataset(wavs))) == 2
    assert open_labels(FolderDataset(wavs)).classes() == []


def test_the_preview_follows_every_option_and_has_axes(page: Page, wavs: Path) -> None:
    set_number(page, "Open a folder", str(wavs))
    pictures = page.locator(".covey-previews img")
    expect(pictures).to_have_count(6)
    assert page.locator(".covey-previews .axes").first.inner_text().split() == [
        *("kHz", "0", "2.5", "5", "7.5", "10", "0", "0.2", "0.4", "0.6", "0.8", "s")
    ]
    page.get_by_text("Change the recipe").click()
    for label, value in (("Length of a piece (segment)", "0.5"), ("Frequency detail (window)", "512")):
        before = pictures.first.get_attribute("src")
        set_number(page, label, value)
        expect(pictures.first).not_to_have_attribute("src", str(before))
    page.get_by_text("Frogs: up to 8 kHz").click()
    expect(page.locator(".covey-previews .hz").first).to_have_text("246")
    assert not (wavs / "images").exists()


def test_from_an_archive_to_a_group_with_a_name_and_its_table(page: Page, archive: XenoCantoServer) -> None:
    home = Path(os.environ["HOME"])
    page.get_by_text("Look for a folder, or make a new one").click()
    expect(page.get_by_text(f"{home}: 2 folders, 0 files")).to_be_visible()
    set_number(page, "Name of a new folder in it", "tits")
    page.get_by_role("button", name="Make and open it").click()
    expect(page.get_by_role("heading", name="Next: get recordings")).to_be_visible()
    asked_before = len(archive.requests)
    set_number(page, "Your key of xeno-canto", archive.key)
    page.get_by_role("button", name="Keep this key").click()
    set_number(page, "What do you look for?", "gen:Parus lic:by")
    page.get_by_text("Which of them, and how many").click()
    set_number(page, "At most (most)", "12")
    page.get_by_role("button", name="Count what there is").click()
    expect(page.get_by_role("cell", name="to fetch")).to_be_visible()
    expect(page.locator(".covey-table")).to_contain_text("CC BY")
    assert not any("download" in path for path in archive.paths()[asked_before:]), "nothing comes before one agrees"
    page.get_by_role("button", name="Get 12 recordings").click()
    expect(page.get_by_role("heading", name="Next: make images of the recordings")).to_be_visible()
    expect(page.get_by_text("12 recordings, ")).to_be_visible()
    expect(page.locator(".covey-previews img")).to_have_count(6)
    settle(page)
    page.get_by_role("button", name="Make images").click()
    expect(page.get_by_role("heading", name="Next: find groups")).to_be_visible()
    assert archive.key not in page.content()
    page.get_by_role("button", name="Find groups", exact=True).click()
    see_groups = page.locator(".st-key-job_bar").get_by_role("link", name="See the groups")
    expect(see_groups).to_be_visible(timeout=3 * PATIENCE)
    see_groups.click()
    expect(page.locator(".map[data-drawn]")).to_be_visible()
    table = name_first_group(page, "Parus song")
    labels = open_labels(FolderDataset(home / "tits")).images("Parus song")
    assert len(labels) >= 5
    assert all(re.match(r"XC1000\d\d", name) for name in labels)
    assert table[0] == ["", "filename", "Parus song"]
    assert sorted(name for _, name, is_labelled in table[1:] if is_labelled == "1.0") == sorted(labels)
    assert len(table) > len(labels) + 1


def name_first_group(page: Page, name: str) -> list[list[str]]:
    """Give the images of the first group on Explore a class, and return the table that Labels offers for download."""
    settle(page)
    choose(page, "Show", re.compile("^Group 1:"))
    page.get_by_role("combobox", name="Class").click()
    page.keyboard.type(name)
    page.keyboard.press("Enter")
    page.get_by_role("button", name=re.compile(r"^Label \d+ images")).click()
    expect(page.get_by_text(f"“{name}” given to")).to_be_visible()
    page.get_by_role("link", name="Labels", exact=True).click()
    page.get_by_role("tab", name="Export and import").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="One row for each image").click()
    return list(csv.reader(download.value.path().read_text("utf-8").splitlines()))


def test_an_error_names_no_flag_and_leads_on(page: Page, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    set_number(page, "Open a folder", str(tmp_path / "nowhere"))
    expect(page.get_by_role("alert")).to_contain_text("There is no folder")
    set_number(page, "Open a folder", str(tmp_path / "empty"))
    expect(page.get_by_text("There are neither recordings nor images here.")).to_be_visible()
    for name in ("Explore", "Work-list", "Methods", "Compare"):
        page.get_by_role("link", name=name, exact=True).click()
        expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
        page.get_by_role("link", name="Open the page Start").click()
        expect(page.get_by_role("heading", name="Next: get recordings")).to_be_visible()
        assert "--" not in page.get_by_test_id("stMain").inner_text()


def test_the_tour_is_offered_once_and_can_be_taken_again(page: Page, chromium: Browser, address: str) -> None:
    page.get_by_role("button", name="Take the tour").click()
    for number in range(1, 6):
        expect(page.get_by_text(f"Step {number} of 5")).to_be_visible()
        if number < 5:
            page.get_by_role("button", name="Next", exact=True).click()
    page.get_by_role("link", name="Open the page Labels").click()
    expect(page.get_by_text("Step 5 of 5")).to_be_visible()
    page.get_by_role("button", name="End the tour").click()
    expect(page.get_by_text("Step 5 of 5")).to_have_count(0)
    later = open_tab(chromium)
    later.goto(address)
    settle(later)
    expect(later.get_by_text("New here?")).to_have_count(0)
    later.get_by_role("button", name="Tour", exact=True).click()
    expect(later.get_by_text("Step 1 of 5")).to_be_visible()
    later.close()
