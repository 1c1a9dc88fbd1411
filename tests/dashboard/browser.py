"""The dashboard in a browser, both started as a person starts them."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Literal
from urllib.parse import urlencode, urlsplit

import pytest
from playwright.sync_api import Browser, BrowserType, Locator, Page, expect, sync_playwright
from tests.dashboard.waiting import PATIENCE_S

from covey_dashboard.data.recent_datasets import remember_dataset

CHROMIUM = shutil.which("chromium-headless-shell") or shutil.which("chromium")
"""The browser without windows, which takes half the time of the other, where it is installed."""
COVEY = [sys.executable, "-c", "from covey.commands.main import main; main()"]
PATIENCE = round(1000 * PATIENCE_S)
"""Milliseconds that a page may take on a busy machine."""
Browse = Callable[[Path, str, int], AbstractContextManager[Page]]
"""What the fixture `browse` is."""


def free_port() -> int:
    with socket.create_server(("localhost", 0)) as server:
        return int(server.getsockname()[1])


@contextmanager
def serve_dashboard(*words: object, site: Path | None = None) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run `covey dashboard`, with what is installed in `site` too; yield the address that it prints and its process."""
    command = [*COVEY, "dashboard", *map(str, words), "--port", str(free_port()), "--no-browser"]
    path = os.pathsep.join(filter(None, [str(site or ""), os.environ.get("PYTHONPATH")]))
    env = {**os.environ, "PYTHONPATH": path}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env)
    assert process.stdout
    try:
        match = re.search(r"http://\S+", process.stdout.readline())
        assert match
        yield match[0], process
    finally:
        process.terminate()
        process.wait(PATIENCE_S)
        process.stdout.close()


def page_address(address: str, path: str) -> str:
    """Return the address of a page: the one that was printed, token included, with a path."""
    return urlsplit(address)._replace(path=path).geturl()


def dataset_address(address: str, path: str, location: Path) -> str:
    """Return the address of a page with a dataset, which the person has opened before."""
    remember_dataset(str(location))  # an address opens no other
    page = urlsplit(page_address(address, path))
    return page._replace(query=f"{page.query}&{urlencode({'dataset': location})}").geturl()


def origin_of(address: str) -> str:
    """Return what all addresses of a server begin with."""
    return f"http://{urlsplit(address).netloc}"


@contextmanager
def launch_browser() -> Iterator[Browser]:
    """Run the browser of a session of tests; a test that wants one is skipped where there is none."""
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as driver, run_browser(driver.chromium) as browser:
        yield browser


@contextmanager
def run_browser(kind: BrowserType, *flags: str) -> Iterator[Browser]:
    """Run a browser, with further flags; another one is of the kind of the first: `chromium.browser_type`."""
    browser = kind.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", *flags])
    yield browser
    browser.close()


def open_tab(browser: Browser, height: int = 800, theme: Literal["light", "dark"] = "light") -> Page:
    """Open an empty tab, 1280 pixels wide, with cookies of its own; what it waits for may take long."""
    tab = browser.new_page(viewport={"width": 1280, "height": height}, color_scheme=theme)
    tab.set_default_timeout(PATIENCE)
    return tab


@contextmanager
def new_tab(browser: Browser, address: str, height: int = 800) -> Iterator[Page]:
    """Open an address in a tab, 1280 pixels wide, in which no script may fail."""
    tab = open_tab(browser, height)
    errors: list[str] = []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.goto(address)
    yield tab
    assert errors == []
    tab.close()


def settle(page: Page) -> None:
    """Wait until the page has answered, and stays so."""
    for _ in range(2):
        expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
        page.wait_for_timeout(150)


def set_number(page: Page, label: str, value: str) -> None:
    field = page.get_by_label(label, exact=True)
    expect(field).to_be_visible()
    field.fill(value)
    field.press("Enter")


def group_line(page: Page) -> Locator:
    """Return the line that says which groups the page Explore shows."""
    return page.locator(".covey-grouping")


def open_options(page: Page) -> None:
    """Show the options of what finds the groups on the page Explore, unless they are shown."""
    change = page.get_by_role("button", name="Change", exact=True)
    if change.is_visible():
        change.click()
        expect(page.get_by_role("button", name="Close", exact=True)).to_be_visible()


def close_options(page: Page) -> None:
    """Hide them again, so that the map has its full height."""
    page.get_by_role("button", name="Close", exact=True).click()
    expect(page.get_by_role("button", name="Change", exact=True)).to_be_visible()


def choose_in_menu(page: Page, menu: str, label: str, option: str) -> None:
    """Choose from a list in a menu of the page Explore, and close the menu."""
    page.get_by_role("button", name=menu, exact=True).click()
    choose(page, label, option)
    page.keyboard.press("Escape")


def find_list(page: Page, label: str) -> Locator:
    """Return the list with a label; one that it has replaced stays in the page for a moment, where nobody sees it."""
    return page.get_by_role("combobox", name=label, exact=True)


def choose(page: Page, label: str, option: str | re.Pattern[str]) -> None:
    find_list(page, label).click()
    page.get_by_role("option", name=option).click()


def spot(page: Page, x: float, y: float, at: int = 0) -> tuple[float, float]:
    """Return where a place of a map lies on the screen."""
    box = page.locator("canvas.over").nth(at).bounding_box()
    assert box
    middle_x, middle_y, scale = view(page, at)
    return box["x"] + box["width"] / 2 + (x - middle_x) * scale, box["y"] + box["height"] / 2 - (y - middle_y) * scale


def view(page: Page, at: int = 0) -> list[float]:
    """Return the middle of what a map shows, and the pixels of one unit."""
    return [float(number) for number in str(page.locator(".map").nth(at).get_attribute("data-view")).split()]
