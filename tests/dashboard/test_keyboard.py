"""The keyboard reaches every control of every page: no part of a page holds the focus."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect
from tests.dashboard.browser import launched, page_address, served, settle

PAGES = ("start", "explore", "similar", "name_groups", "worklist", "labels", "compare", "about", "methods", "plugins")
MOST = 400
"""Presses of Tab after which a page counts as one that holds the focus."""
FOCUSED = """() => {
    let active = document.activeElement;
    while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
    if (!active || active === document.body) return null;
    window.coveyIds ??= new WeakMap();
    if (!window.coveyIds.has(active)) window.coveyIds.set(active, (window.coveyCount = (window.coveyCount ?? 0) + 1));
    return [window.coveyIds.get(active), active.outerHTML.slice(0, 120)];
}"""


@pytest.mark.parametrize("name", PAGES)
def test_tab_passes_from_the_first_to_the_last_control(name: str, birds: Path) -> None:
    with launched() as browser, served(birds) as (address, _):
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(page_address(address, name))
        settle(page)
        visited: list[int] = []
        for _ in range(MOST):
            page.keyboard.press("Tab")
            focused = page.evaluate(FOCUSED)
            if focused is None:
                break  # past the last control, where the browser's own begin
            number, html = focused
            assert [number] != visited[-1:], f"Tab does not leave {html}"
            if number in visited[:1]:
                break  # around once
            visited.append(number)
        else:
            pytest.fail(f"Tab goes in a circle on the page {name}")
        assert len(visited) >= len(PAGES)


def test_the_map_lets_the_keys_of_the_browser_through(birds: Path) -> None:
    with launched() as browser, served(birds) as (address, _):
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(page_address(address, "explore"))
        settle(page)
        page.evaluate("addEventListener('keydown', (event) => { window.lastPrevented = event.defaultPrevented; })")
        page.locator("canvas.over").first.focus()
        for key in ("PageDown", "a", "Home", "Control+ArrowDown"):
            page.keyboard.press(key)
            assert page.evaluate("window.lastPrevented") is False, key


def test_a_click_in_the_viewer_is_not_cancelled(birds: Path) -> None:
    """A link in it, such as the one to the recording at xeno-canto, would be dead."""
    with launched() as browser, served(birds) as (address, _):
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(page_address(address, "explore"))
        settle(page)
        page.locator(".tile").first.dblclick()
        dialog = page.locator("dialog")
        expect(dialog).to_be_visible()
        click = "element => !element.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true }))"
        assert dialog.locator("div").first.evaluate(click) is False
