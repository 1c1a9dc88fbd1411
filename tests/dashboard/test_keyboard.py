"""The keyboard reaches every control of every page, and no page has a barrier that axe-core knows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, expect
from tests.dashboard.browser import dataset_address, new_tab, open_tab, settle
from tests.dashboard.conftest import plain_names, write
from tests.dashboard.test_name_groups import write_groups

from covey.data.folder import FolderDataset
from covey.labelling import open_labels

AddressOf = Callable[[str], str]
PAGES = ("start", "explore", "similar", "name_groups", "worklist", "labels", "compare", "about", "methods", "plugins")
AXE = Path(__file__).parents[2] / "dashboard" / "node_modules" / "axe-core" / "axe.min.js"
FIND_BARRIERS = """async () => {
    const runOnly = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
    const { violations } = await axe.run(document, { runOnly });
    const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
    return serious.flatMap(({ id, nodes }) => nodes.map(({ html }) => [id, html.slice(0, 200)]));
}"""
NAMES, TILE = "label-content-name-mismatch", '<div class="tile'
"""An image among others is called by its file, which need not be all that stands on it."""
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


@pytest.fixture(scope="module")
def address_of(tmp_path_factory: pytest.TempPathFactory, dashboard: str) -> AddressOf:
    """Gives the address of each page of a dataset with groups, of which one has a name."""
    names = plain_names()
    folder = write(tmp_path_factory.mktemp("all pages") / "birds", names)
    write_groups(folder, names)
    open_labels(FolderDataset(folder)).add(names[:11], "robin")
    return lambda name: dataset_address(dashboard, name, folder)


@pytest.mark.parametrize("name", PAGES)
def test_tab_passes_from_the_first_to_the_last_control(name: str, address_of: AddressOf, chromium: Browser) -> None:
    page = open_tab(chromium, 900)
    page.goto(address_of(name))
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
    page.close()
    assert len(visited) >= len(PAGES)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_page_has_a_serious_barrier(
    theme: Literal["light", "dark"], address_of: AddressOf, chromium: Browser
) -> None:
    """As axe-core knows them: contrast, names, roles, and targets of 24 pixels."""
    if not AXE.exists():
        pytest.skip("axe-core is not installed: npm ci in dashboard/")
    page = open_tab(chromium, 800, theme)
    barriers = []
    for name in PAGES:
        page.goto(address_of(name))
        settle(page)
        page.evaluate(AXE.read_text("utf-8"))
        findings = page.evaluate(FIND_BARRIERS)
        barriers += [(name, rule, html) for rule, html in findings if not (rule == NAMES and html.startswith(TILE))]
    page.close()
    assert barriers == []


def test_the_map_lets_the_keys_of_the_browser_through(chromium: Browser, address_of: AddressOf) -> None:
    with new_tab(chromium, address_of("explore"), 900) as page:
        settle(page)
        page.evaluate("addEventListener('keydown', (event) => { window.lastPrevented = event.defaultPrevented; })")
        page.locator("canvas.over").first.focus()
        for key in ("PageDown", "a", "Home", "Control+ArrowDown"):
            page.keyboard.press(key)
            assert page.evaluate("window.lastPrevented") is False, key


def test_a_click_in_the_viewer_is_not_cancelled(chromium: Browser, address_of: AddressOf) -> None:
    """A link in it, such as the one to the recording at xeno-canto, would be dead."""
    with new_tab(chromium, address_of("explore"), 900) as page:
        settle(page)
        page.locator(".tile").first.dblclick()
        dialog = page.locator("dialog")
        expect(dialog).to_be_visible()
        click = "element => !element.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true }))"
        assert dialog.locator("div").first.evaluate(click) is False
