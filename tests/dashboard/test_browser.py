"""The dashboard as a person meets it: started by its command, seen in a browser."""

from __future__ import annotations

import io
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect
from tests.dashboard.browser import (
    COVEY,
    close_options,
    find_list,
    free_port,
    group_line,
    open_options,
    open_tab,
    origin_of,
    page_address,
    serve_dashboard,
    set_number,
    settle,
    spot,
    view,
)
from tests.dashboard.waiting import PATIENCE_S, wait_until
from tests.fixture_types import Cli

from covey.data.cluster_colours import cluster_colour

Scattered = Callable[..., Path]
not_windows = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals and file names")


@pytest.fixture(scope="module")
def address(strange: Path) -> Iterator[str]:
    with serve_dashboard(strange) as (opened_page, _):
        yield opened_page


@pytest.fixture
def page(chromium: Browser, address: str) -> Iterator[Page]:
    """The page Explore with 3 clusters on it, at 1280 x 800."""
    tab = new(chromium, address)
    open_options(tab)
    set_number(tab, "Group tightness (eps)", "0.5")
    expect(group_line(tab)).to_contain_text("4 % left out")
    close_options(tab)
    settle(tab)
    yield tab
    tab.close()


def new(chromium: Browser, address: str) -> Page:
    """Return a page with a map on it."""
    tab = open_tab(chromium)
    tab.goto(address)
    expect(tab.locator(".map[data-drawn]")).to_be_visible()
    settle(tab)
    return tab


def selection_line(page: Page) -> Locator:
    return find_list(page, "Show")


def drag(page: Page, *places: tuple[float, float]) -> None:
    """Draw along some places of the map."""
    spots = [spot(page, *place) for place in places]
    page.mouse.move(*spots[0])
    page.mouse.down()
    for place in spots[1:]:
        page.mouse.move(*place, steps=4)
    page.mouse.up()


def ground(page: Page, x: float, y: float) -> np.ndarray:
    """Return the colours that are seen around a place of the map (m, 3)."""
    across, down = spot(page, x, y)
    data = page.screenshot(clip={"x": across - 30, "y": down - 30, "width": 60, "height": 60})
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), dtype=int).reshape(-1, 3)


def open_page(chromium: Browser, address: str, folder: Path) -> Page:
    """Return the page Explore with a dataset that was opened on the page Start."""
    page = open_tab(chromium)
    page.goto(page_address(address, "start"))
    page.get_by_text("Open another folder or dataset").click()
    field = page.get_by_label("Open a folder", exact=True)
    field.fill(str(folder))
    field.press("Enter")
    expect(page.get_by_text(str(folder)).first).to_be_visible()
    page.get_by_role("link", name="Explore the groups").click()
    expect(page.locator(".map[data-drawn]")).to_be_visible()
    settle(page)
    return page


@not_windows
class TestExplore:
    def test_a_moved_option_changes_the_clusters_and_leaves_the_map_where_it_is(self, page: Page) -> None:
        page.mouse.move(*spot(page, 5, 0))
        page.mouse.wheel(0, -500)
        drag(page, (3, 3), (2, 2))
        moved = view(page)
        open_options(page)
        set_number(page, "Group tightness (eps)", "30")
        expect(group_line(page)).to_contain_text(" 1 group ")
        settle(page)
        assert view(page) == moved
        page.get_by_label("Show everything").click()
        assert view(page) != moved

    def test_the_points_have_the_colours_of_their_clusters(self, page: Page) -> None:
        for cluster, place in enumerate([(0, 0), (5, 0), (0, 5)]):
            expected = list(bytes.fromhex(cluster_colour(cluster)[1:]))
            page.get_by_label("Show everything").click()
            settle(page)
            page.mouse.move(*spot(page, *place))
            for _ in range(6):
                page.mouse.wheel(0, -120)
            page.mouse.move(5, 5)  # away from the map, whose tooltip would cover points
            settle(page)
            assert np.abs(ground(page, *place) - expected).sum(axis=1).min() < 60

    def test_a_click_picks_the_cluster_and_beside_all_points_everything(self, page: Page) -> None:
        page.mouse.move(*spot(page, 5, 0))
        expect(page.locator(".tip")).to_contain_text("group 1")
        page.mouse.click(*spot(page, 5, 0))
        expect(selection_line(page)).to_have_value("Group 1: 30 images")
        page.mouse.click(*spot(page, 3, 3))
        expect(selection_line(page)).to_have_value("All 115 images")

    def test_a_lasso_and_a_rectangle_select(self, page: Page) -> None:
        page.get_by_label("Select an area").click()
        drag(page, (-1, -1), (1, -1), (1, 1), (-1, 1))
        expect(selection_line(page)).to_have_value("The encircled area: 60 images")
        page.keyboard.down("Shift")
        drag(page, (-1, 4), (1, 6))
        page.keyboard.up("Shift")
        expect(selection_line(page)).to_have_value("The encircled area: 20 images")

    def test_a_click_on_the_profile_sets_the_value(self, page: Page) -> None:
        open_options(page)
        curve = page.locator(".profile svg")
        expect(curve).to_be_visible()
        box = curve.bounding_box()
        assert box
        page.mouse.click(box["x"] + box["width"] - 2, box["y"] + 50)
        expect(group_line(page)).to_contain_text("0 % left out")
        settle(page)
        assert float(page.get_by_label("Group tightness (eps)", exact=True).input_value()) > 5

    def test_no_cluster_at_all_is_shown_as_none(self, page: Page) -> None:
        open_options(page)
        set_number(page, "Group tightness (eps)", "0.0001")
        expect(group_line(page)).to_contain_text(" 0 groups ")
        expect(group_line(page)).to_contain_text("100 % left out")
        settle(page)
        expect(page.locator("canvas.over")).to_be_visible()
        assert not page.get_by_test_id("stException").count()

    def test_the_slider_sets_the_value(self, page: Page) -> None:
        open_options(page)
        before = float(page.get_by_label("Group tightness (eps)", exact=True).input_value())
        page.get_by_role("slider", name="eps").press("End")
        expect(group_line(page)).to_contain_text(" 1 group ")
        settle(page)
        assert float(page.get_by_label("Group tightness (eps)", exact=True).input_value()) > before

    def test_slider_field_and_curve_say_the_value_that_is_computed_with(self, page: Page) -> None:
        slider, field = page.get_by_label("eps", exact=True), page.get_by_label("Group tightness (eps)", exact=True)
        words = page.locator(".profile .words")
        open_options(page)
        set_number(page, "Group tightness (eps)", "0.12345")
        expect(slider).to_have_attribute("aria-valuetext", "0.12345")
        expect(words).to_contain_text("at 0.12345:3 groups")
        expect(group_line(page)).to_contain_text(" 3 groups ")
        for _ in range(3):
            slider.press("ArrowRight")
        expect(slider).not_to_have_attribute("aria-valuetext", "0.12345")
        settle(page)
        value = str(slider.get_attribute("aria-valuetext"))
        assert float(value) > 0.12345
        expect(field).to_have_value(value)
        counted = re.search(r"[\d,]+ groups?", group_line(page).inner_text())
        assert counted
        expect(words).to_contain_text(f"at {value}:{counted[0]}")

    def test_another_option_changed_at_once_leaves_a_typed_value_as_it_is(self, page: Page) -> None:
        open_options(page)
        set_number(page, "Group tightness (eps)", "0.12345")
        set_number(page, "Neighbours that make a group (min_samples)", "11")
        expect(group_line(page)).to_contain_text(" 3 groups ")
        settle(page)
        expect(page.get_by_label("Group tightness (eps)", exact=True)).to_have_value("0.12345")
        expect(page.get_by_label("Neighbours that make a group (min_samples)", exact=True)).to_have_value("11")

    def test_outliers_do_not_squeeze_the_map(
        self, chromium: Browser, address: str, scattered: Scattered, tmp_path: Path
    ) -> None:
        places = np.concatenate([np.random.default_rng(0).normal(size=(999, 2)), [[1e6, -1e6]]])
        page = open_page(chromium, address, scattered(tmp_path / "far", places))
        assert view(page)[2] > 30
        page.close()

    def test_no_point_is_behind_the_buttons(
        self, chromium: Browser, address: str, scattered: Scattered, tmp_path: Path
    ) -> None:
        page = open_page(chromium, address, scattered(tmp_path / "tall", np.stack([np.zeros(50), range(50)], axis=1)))
        box = page.get_by_label("Show everything").bounding_box()
        assert box
        assert spot(page, 0, 49)[1] > box["y"] + box["height"]
        page.close()

    def test_a_map_of_one_image(self, chromium: Browser, address: str, scattered: Scattered, tmp_path: Path) -> None:
        page = open_page(chromium, address, scattered(tmp_path / "one", np.zeros((1, 2))))
        expect(group_line(page)).to_contain_text(" 0 groups ")
        page.mouse.click(*spot(page, 0, 0))
        expect(selection_line(page)).to_have_value("Left out (noise): 1 image")
        page.close()

    def test_a_map_of_very_many_clusters(
        self, chromium: Browser, address: str, scattered: Scattered, tmp_path: Path
    ) -> None:
        grid = np.stack(np.meshgrid(np.arange(200), np.arange(150)), axis=2).reshape(-1, 2)
        page = open_page(chromium, address, scattered(tmp_path / "grid", grid))
        open_options(page)
        set_number(page, "Group tightness (eps)", "0.5")
        set_number(page, "Neighbours that make a group (min_samples)", "1")
        expect(group_line(page)).to_contain_text(" 30,000 groups ")
        settle(page)
        page.mouse.click(*spot(page, 0, 0))
        expect(selection_line(page)).to_have_value("Group 0: 1 image")
        page.close()

    def test_names_are_shown_as_text(self, page: Page) -> None:
        page.mouse.move(*spot(page, 20, 20))
        expect(page.locator(".tip")).to_contain_text("<b>bold<s>.png")
        expect(page.locator(".tip")).to_contain_text("noise")
        assert page.title() == "covey"

    def test_another_page_and_a_reload_keep_what_is_open(self, page: Page, strange: Path) -> None:
        page.get_by_role("link", name="Start", exact=True).click()
        expect(page.get_by_text(f"115 images in {strange}")).to_be_visible()
        page.reload()
        expect(page.get_by_text(f"115 images in {strange}")).to_be_visible()
        page.get_by_role("link", name="Explore", exact=True).click()
        expect(page.locator(".map[data-drawn]")).to_be_visible()

    def test_without_webgl_the_map_is_drawn_too(self, chromium: Browser, address: str) -> None:
        page = open_tab(chromium)
        page.add_init_script(
            "const get = HTMLCanvasElement.prototype.getContext;"
            "HTMLCanvasElement.prototype.getContext = function (kind, ...more) {"
            " return kind === 'webgl' ? null : get.call(this, kind, ...more); }"
        )
        page.goto(address)
        expect(page.locator(".map[data-drawn]")).to_be_visible()
        settle(page)
        drawn = page.locator("canvas.points").evaluate(
            "one => one.getContext('2d').getImageData(0, 0, one.width, one.height).data.some(value => value)"
        )
        assert drawn
        page.close()

    def test_nothing_comes_from_elsewhere_or_scrolls_sideways(self, chromium: Browser, address: str) -> None:
        page = open_tab(chromium)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        for place in ("", "/data"):
            page.goto(page_address(address, place))
            settle(page)
            assert page.evaluate("document.documentElement.scrollWidth") <= 1280
        assert [url for url in asked if not url.startswith((origin_of(address), "data:", "blob:"))] == []
        page.close()


def test_a_port_that_is_taken_is_a_sentence(covey: Cli, birds: Path) -> None:
    with socket.create_server(("localhost", 0)) as server:
        port = server.getsockname()[1]
        done = covey("dashboard", birds, "--port", port)
    assert done.exit_code == 2
    assert f"Port {port} cannot be used (Address already in use): end the program that uses it" in done.stderr


def test_a_dataset_that_is_not_there_is_a_sentence(covey: Cli, tmp_path: Path) -> None:
    done = covey("dashboard", tmp_path / "nowhere")
    assert done.exit_code == 2
    assert "There is no folder" in done.stderr


@not_windows
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_ends_the_server_quietly(birds: Path, ending: signal.Signals) -> None:
    with serve_dashboard(birds) as (address, process):
        process.send_signal(ending)
        assert process.wait(PATIENCE_S) == 0
        socket.create_server(("localhost", urlsplit(address).port)).close()


@pytest.mark.skipif(sys.platform != "linux", reason="only there is /proc")
@pytest.mark.parametrize("serving", [False, True])
def test_ctrl_c_in_a_terminal_ends_it_without_a_word(birds: Path, serving: bool) -> None:
    """A terminal interrupts all that it runs: the command and its server."""
    words = [*COVEY, "dashboard", str(birds), "--port", str(free_port()), "--no-browser"]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdout=pipe, stderr=pipe, text=True, start_new_session=True) as process:
        assert process.stdout
        assert process.stderr
        if serving:
            process.stdout.readline()
        else:
            wait_until(lambda: has_started_server(process.pid))
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(PATIENCE_S) == 0
        assert process.stderr.read() == ""


def has_started_server(pid: int) -> bool:
    """Whether a process has started another one, and listens to interruptions again."""
    status = Path(f"/proc/{pid}/status").read_text()
    ignored = int(re.findall(r"SigIgn:\s*(\w+)", status)[0], 16)
    return bool(Path(f"/proc/{pid}/task/{pid}/children").read_text()) and not ignored & 1 << (signal.SIGINT - 1)
