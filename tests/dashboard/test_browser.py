"""The dashboard as a person meets it: started by its command, seen in a browser."""

from __future__ import annotations

import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import Result
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

CHROMIUM = shutil.which("chromium")
COVEY = [sys.executable, "-c", "from covey.commands.main import main; main()"]
PATIENCE = 30_000
"""Milliseconds that a page may take on a busy machine."""

VIEW = "document.querySelector('.js-plotly-plot')._fullLayout.xaxis.range"

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
not_windows = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals and file names")


def free_port() -> int:
    with socket.create_server(("localhost", 0)) as server:
        return int(server.getsockname()[1])


@contextmanager
def served(location: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run `covey dashboard`; yield its address and its process."""
    words = ["dashboard", str(location), "--port", str(free_port()), "--no-browser"]
    process = subprocess.Popen([*COVEY, *words], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    try:
        found = re.search(r"http://localhost:\d+", process.stdout.readline())
        assert found
        yield found[0], process
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def address(strange: Path) -> Iterator[str]:
    with served(strange) as (found, _):
        yield found


@pytest.fixture
def page(chromium: Browser, address: str) -> Iterator[Page]:
    """The page Explore with 3 clusters on it, at 1280 x 800."""
    expect.set_options(timeout=PATIENCE)
    found = chromium.new_page(viewport={"width": 1280, "height": 800})
    found.goto(address)
    expect(metric(found, "Clusters")).to_have_text("3")
    set_number(found, "Eps", "0.5")
    expect(metric(found, "Assigned")).to_have_text("96%")
    settle(found)
    yield found
    found.close()


def settle(page: Page) -> None:
    """Wait until the page has answered."""
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    expect(page.locator(".js-plotly-plot canvas").first).to_be_visible()


def set_number(page: Page, label: str, value: str) -> None:
    field = page.get_by_label(label, exact=True)
    expect(field).to_be_visible()
    field.fill(value)
    field.press("Enter")


def metric(page: Page, label: str) -> Locator:
    return page.get_by_test_id("stMetric").filter(has_text=label).get_by_test_id("stMetricValue")


def choose(page: Page, label: str, option: str) -> None:
    page.get_by_label(label).click()
    page.get_by_role("option", name=option).click()


def shown(page: Page) -> Locator:
    return page.locator(".covey-gallery figure")


def spot(page: Page, x: float, y: float) -> tuple[float, float]:
    """Return where a place of the map lies on the screen, once the map is drawn."""
    settle(page)
    code = """([x, y]) => {
        const plot = document.querySelector(".js-plotly-plot"), box = plot.getBoundingClientRect();
        const {xaxis, yaxis} = plot._fullLayout;
        return [box.left + xaxis._offset + xaxis.l2p(x), box.top + yaxis._offset + yaxis.l2p(y)];
    }"""
    across, down = page.evaluate(code, [x, y])
    return float(across), float(down)


def view(page: Page) -> list[float]:
    return [float(edge) for edge in page.evaluate(VIEW)]


@needs_chromium
@not_windows
class TestExplore:
    def test_a_moved_option_changes_the_clusters(self, page: Page) -> None:
        expect(metric(page, "Images")).to_have_text("115")
        expect(metric(page, "Largest cluster")).to_have_text("60")
        set_number(page, "Eps", "30")
        expect(metric(page, "Clusters")).to_have_text("1")

    def test_a_picked_cluster_shows_its_thumbnails(self, page: Page) -> None:
        expect(shown(page)).to_have_count(48)
        choose(page, "Show", "Cluster 1: 30 images")
        expect(shown(page)).to_have_count(30)
        widths = page.locator(".covey-gallery img").evaluate_all("found => found.map(image => image.naturalWidth)")
        assert widths == [48] * 30

    def test_the_last_page_holds_the_rest(self, page: Page) -> None:
        set_number(page, "Page", "3")
        expect(shown(page)).to_have_count(115 - 2 * 48)

    def test_a_click_on_the_map_picks_the_cluster_and_leaves_the_map_as_it_is(self, page: Page) -> None:
        across, down = spot(page, 20, 20)
        before = view(page)
        page.mouse.move(across, down)
        page.mouse.wheel(0, -300)
        page.wait_for_function(f"before => {VIEW}[0] != before", arg=before[0])
        moved = view(page)
        page.mouse.move(*spot(page, 20, 20))
        expect(page.locator(".hoverlayer")).to_contain_text("noise")
        page.mouse.click(*spot(page, 20, 20))
        expect(page.get_by_label("Show")).to_have_value("Noise: 5 images")
        expect(shown(page)).to_have_count(5)
        settle(page)
        assert view(page) == moved

    def test_outliers_do_not_squeeze_the_map(self, page: Page) -> None:
        spot(page, 0, 0)
        assert view(page)[1] < 56

    def test_file_names_are_shown_as_text(self, page: Page, strange: Path) -> None:
        names = sorted(path.name for path in (strange / "images").iterdir() if "call" not in path.name)
        choose(page, "Show", "Cluster 0: 60 images")
        expect(page.get_by_text("page 1 of 2")).to_be_visible()
        captions = page.locator(".covey-gallery figcaption").all_inner_texts()
        assert set(names) - set(captions) == {"<b>bold<s>.png"}
        page.mouse.move(*spot(page, 20, 20))
        expect(page.locator(".hoverlayer")).to_contain_text("<b>bold<s>.png")
        assert page.title() == "covey"

    def test_nothing_comes_from_elsewhere_or_scrolls_sideways(self, chromium: Browser, address: str) -> None:
        page = chromium.new_page(viewport={"width": 1280, "height": 800})
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(address)
        spot(page, 0, 0)
        assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 1280
        page.close()


def test_a_port_that_is_taken_is_a_sentence(covey: Callable[..., Result], birds: Path) -> None:
    with socket.create_server(("localhost", 0)) as server:
        port = server.getsockname()[1]
        done = covey("dashboard", birds, "--port", port)
    assert done.exit_code == 2
    assert f"Port {port} cannot be used (Address already in use): end the program that uses it" in done.stderr


def test_a_dataset_that_is_not_there_is_a_sentence(covey: Callable[..., Result], tmp_path: Path) -> None:
    done = covey("dashboard", tmp_path / "nowhere")
    assert done.exit_code == 2
    assert "There is no folder" in done.stderr


@not_windows
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_ends_the_server_quietly(birds: Path, ending: signal.Signals) -> None:
    with served(birds) as (address, process):
        process.send_signal(ending)
        assert process.wait(20) == 0
        socket.create_server(("localhost", int(address.rpartition(":")[2]))).close()
