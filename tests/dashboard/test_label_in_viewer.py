"""The enlarged image gets its class where it is seen, by the keyboard alone."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect
from tests.dashboard.browser import Browse, settle

from covey.data.folder import FolderDataset
from covey.labelling import open_labels

CONTROLS = """(dialog) => [...dialog.querySelectorAll("button, input, dl")].filter(
    (control) => control.checkVisibility() && (control.tagName !== "DL" || control.tabIndex === 0)
).length"""
AT = """() => {
    let active = document.activeElement;
    while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
    const dialog = active?.closest("dialog");
    return dialog ? [...dialog.querySelectorAll("*")].indexOf(active) : -1;
}"""


def test_the_enlarged_image_is_labelled_by_the_keyboard_and_tab_reaches_all_controls(
    birds: Path, browse: Browse
) -> None:
    with browse(birds, "explore", 900) as page:
        settle(page)
        expect(page.locator(".tile").first).to_be_visible()
        page.locator(".tile").first.dblclick()
        dialog = page.locator("dialog")
        first = str(dialog.locator(".name").text_content())
        controls, reached = dialog.evaluate(CONTROLS), []
        for _ in range(controls):
            page.keyboard.press("Tab")
            reached.append(page.evaluate(AT))
        assert controls > 8
        assert reached == sorted({place for place in reached if place >= 0})
        dialog.get_by_label("Class of this image").focus()
        page.keyboard.type("wren")
        page.keyboard.press("Enter")
        expect(dialog.locator(".facts .class")).to_have_text("wren")
        page.keyboard.press("ArrowRight")
        expect(dialog.locator(".name")).not_to_have_text(first)
        second = str(dialog.locator(".name").text_content())
        page.keyboard.press("1")
        expect(dialog.locator(".facts .class")).to_have_text("wren")
    assert dict(open_labels(FolderDataset(birds)).by_image()) == {first: ("wren",), second: ("wren",)}
