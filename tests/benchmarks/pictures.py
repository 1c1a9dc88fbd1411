"""Takes the pictures of dashboard/: `python tests/benchmarks/pictures.py DATASET`, a dataset that `covey demo` made.

Those of first_evening.md are taken on the way from 40 of its recordings to groups, clicked as a person does.
"""

from __future__ import annotations

import io
import shutil
import sys
from itertools import groupby, islice
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import Browser, Page, expect

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.dashboard.browser import PATIENCE, launch_browser, page_address, serve_dashboard, set_number, settle

NO_SHORT = "it makes pictures"

PAGES = ("start", "explore", "worklist", "labels")
PICTURES = Path(__file__).parents[2] / "dashboard" / "pictures"
COLOURS, STILL_MS = 160, 4000


def main(dataset: Path) -> None:
    """Open each page of the dashboard and save what it looks like."""
    PICTURES.mkdir(exist_ok=True)
    with launch_browser() as browser, serve_dashboard(dataset) as (address, _):
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        for name in PAGES:
            page.goto(page_address(address, name))
            wait_and_save(page, name)
    with TemporaryDirectory() as folder, launch_browser() as browser, serve_dashboard() as (address, _):
        show_evening(browser, address, copy_recordings(dataset, Path(folder) / "my recordings"))


def copy_recordings(demo: Path, folder: Path) -> Path:
    """Copy five recordings of each kind of call, 40 in all."""
    folder.mkdir()
    for _, paths in groupby(sorted((demo / "audio").glob("*.wav")), lambda path: path.name.partition("-")[0]):
        for path in islice(paths, 5):
            shutil.copy(path, folder)
    return folder


def show_evening(browser: Browser, address: str, recordings: Path) -> None:
    """Go from recordings to groups, and save what the pages look like on the way."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.set_default_timeout(PATIENCE)
    page.goto(address)
    page.get_by_role("button", name="No, thanks").click()
    settle(page)
    set_number(page, "Open a folder", str(recordings))
    expect(page.get_by_role("button", name="Make images")).to_be_visible()
    wait_and_save(page, "evening_start")
    page.get_by_text("Change the recipe").click()
    set_number(page, "Length of a piece (segment)", "0.4")
    settle(page)
    page.get_by_role("button", name="Make images", exact=True).click()
    page.get_by_role("button", name="Find groups", exact=True).click()
    page.locator(".st-key-job_bar").get_by_role("link", name="See the groups").click()
    expect(page.locator(".map[data-drawn]")).to_be_visible()
    wait_and_save(page, "evening_explore")
    page.get_by_role("link", name="Name groups", exact=True).click()
    wait_and_save(page, "evening_names")


def wait_and_save(page: Page, name: str) -> None:
    """Save a page once it has been still for a while."""
    settle(page)
    page.wait_for_timeout(STILL_MS)
    save(page, PICTURES / f"{name}.png")


def save(page: Page, path: Path) -> None:
    """Save a picture with few colours, which keeps the repository small."""
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.quantize(COLOURS).save(path, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
