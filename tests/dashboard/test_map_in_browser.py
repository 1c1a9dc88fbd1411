"""The map for those who use no mouse, and what it shows after something has changed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from tests.dashboard.browser import (
    Browse,
    dataset_address,
    find_list,
    group_line,
    new_tab,
    open_options,
    set_number,
    settle,
    spot,
    view,
)
from tests.dashboard.conftest import plain_names, write

from covey.labelling import LabelStore

LOSE_CONTEXT = "canvas => { window.lost = canvas.getContext('webgl').getExtension('WEBGL_lose_context'); }"
PICTURE = """canvas => {
    const copy = document.createElement("canvas");
    Object.assign(copy, { width: canvas.width, height: canvas.height });
    copy.getContext("2d").drawImage(canvas, 0, 0);
    return copy.toDataURL();
}"""
OUTLINE = (
    "element => { const style = getComputedStyle(element); return `${style.outlineStyle} ${style.outlineWidth}`; }"
)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, dashboard: str) -> str:
    folder = write(tmp_path_factory.mktemp("map") / "birds", plain_names())
    return dataset_address(dashboard, "explore", folder)


@pytest.fixture
def page(chromium: Browser, address: str) -> Iterator[Page]:
    """The page Explore."""
    with new_tab(chromium, address) as tab:
        expect(tab.locator(".map[data-drawn]")).to_be_visible()
        settle(tab)
        yield tab


def canvas(page: Page) -> Locator:
    return page.get_by_role("application", name="Map")


def test_the_keys_move_and_zoom_the_map_and_pick_a_point(page: Page) -> None:
    canvas(page).focus()
    x, y, scale = view(page)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    assert view(page) == pytest.approx([x + 60 / scale, y + 60 / scale, scale])
    page.keyboard.press("+")
    assert view(page)[2] == pytest.approx(1.5 * scale)
    page.keyboard.press("0")
    assert view(page) == pytest.approx([x, y, scale])
    move_to_cluster(page, 5, 0)
    expect(page.locator(".tip")).to_contain_text("group 1")
    page.keyboard.press("Enter")
    expect(find_list(page, "Show")).to_have_value(re.compile("Group 1:"))


def move_to_cluster(page: Page, x: float, y: float) -> None:
    """Bring a place of the map to its middle with the keys."""
    for _ in range(12):
        page.keyboard.press("+")
        for _ in range(40):
            middle_x, middle_y, scale = view(page)
            across, up = (x - middle_x) * scale, (y - middle_y) * scale
            if max(abs(across), abs(up)) <= 31:
                break
            if abs(across) > abs(up):
                page.keyboard.press("ArrowRight" if across > 0 else "ArrowLeft")
            else:
                page.keyboard.press("ArrowUp" if up > 0 else "ArrowDown")
        if page.locator(".tip").is_visible():
            return


def test_whatever_has_the_focus_in_the_map_is_outlined(page: Page) -> None:
    page.get_by_role("button", name="Move: ").focus()
    for _ in range(3):
        page.keyboard.press("Tab")
        focused = page.locator(".map :focus")
        assert focused.evaluate(OUTLINE) == "solid 2px", focused.evaluate("element => element.outerHTML")
    page.get_by_role("button", name="SVG: ").focus()
    page.keyboard.press("Tab")
    assert canvas(page).evaluate("element => element.matches(':focus-visible')")
    assert canvas(page).evaluate(OUTLINE) == "solid 2px"


def test_the_tooltip_says_the_cluster_that_a_point_has_now(page: Page) -> None:
    page.mouse.move(*spot(page, 5, 0))
    expect(page.locator(".tip")).to_contain_text("group 1")
    open_options(page)
    set_number(page, "Group tightness (eps)", "30")
    expect(group_line(page)).to_contain_text(" 1 group ")
    settle(page)
    page.mouse.move(*spot(page, 3, 3))
    page.mouse.move(*spot(page, 5, 0))
    expect(page.locator(".tip")).to_contain_text("group 0")


def test_the_tooltip_of_noise_says_where_it_may_belong(page: Page) -> None:
    page.mouse.move(*spot(page, 20, 20))
    expect(page.locator(".tip")).to_contain_text(re.compile(r"noise, maybe group \d \([01]\.\d\d\)"))


def test_the_tooltip_stays_within_the_map(page: Page) -> None:
    box = page.locator(".map .stage").bounding_box()
    assert box
    for x, y in [(0, 0), (5, 0), (0, 5)]:
        page.mouse.move(*spot(page, x, y))
        tooltip = page.locator(".tip")
        expect(tooltip).to_be_visible()
        edges = tooltip.bounding_box()
        assert edges
        assert box["x"] <= edges["x"]
        assert edges["x"] + edges["width"] <= box["x"] + box["width"]
        assert box["y"] <= edges["y"]
        assert edges["y"] + edges["height"] <= box["y"] + box["height"]


def test_a_map_shows_everything_in_its_new_size_until_somebody_moves_it(page: Page) -> None:
    narrow = page.locator(".map").get_attribute("data-view")
    page.set_viewport_size({"width": 1800, "height": 1200})
    expect(page.locator(".map")).not_to_have_attribute("data-view", str(narrow))
    settle(page)
    wide = view(page)
    page.get_by_label("Show everything").click()
    assert view(page) == wide
    page.get_by_label("Zoom in", exact=True).click()
    zoomed = view(page)
    page.set_viewport_size({"width": 1280, "height": 800})
    settle(page)
    assert view(page) == zoomed


def test_points_come_back_when_the_graphics_card_was_away(page: Page) -> None:
    points = page.locator("canvas.points")
    before = points.evaluate(PICTURE)
    points.evaluate(LOSE_CONTEXT)
    points.evaluate(f"(canvas, before) => {{ window.asBefore = () => ({PICTURE})(canvas) === before; }}", before)
    page.evaluate("window.lost.loseContext()")
    page.wait_for_function("!window.asBefore()")
    page.evaluate("window.lost.restoreContext()")
    page.wait_for_function("window.asBefore()")


def test_the_legend_names_the_class_that_most_images_of_a_group_have(
    birds: Path, names: list[str], store: LabelStore, browse: Browse
) -> None:
    store.add(names[60:76], "wren")
    store.add(names[:30], "owl")
    with browse(birds, "explore", 800) as page:
        rows = page.locator(".legend .row .words")
        texts = ["group 060 images", "group 1wren, 30 images", "group 220 images", "left out (noise)5 images"]
        expect(rows).to_have_text(texts)
