"""Several people who label one dataset: each action says whose it is, and everybody undoes their own."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, Page, WebSocket, expect
from tests.dashboard.browser import Browse, open_tab, page_address, serve_dashboard, settle

from covey.labelling import LabelStore


def enter(chromium: Browser, address: str, name: str) -> Page:
    """Open the page Labels in a browser of one's own, and say who one is."""
    page = open_tab(chromium)
    page.goto(page_address(address, "labels"))
    page.get_by_label("Your name").first.fill(name)
    page.get_by_label("Your name").first.press("Enter")
    expect(page.get_by_text("Others can open this dashboard too.")).to_be_hidden()
    settle(page)
    return page


def label_all(page: Page, label: str) -> None:
    page.get_by_role("combobox", name="Class").click()
    page.keyboard.type(label)
    page.keyboard.press("Enter")
    page.keyboard.press("Control+Enter")


def collect_answers(page: Page) -> list[bytes]:
    """Return a list to which all is added that the server sends to a page, its heading where the whole page runs."""
    answers: list[bytes] = []

    def collect(answer: str | bytes) -> None:
        answers.append(answer if isinstance(answer, bytes) else answer.encode())

    def listen(socket: WebSocket) -> None:
        socket.on("framereceived", collect)

    page.on("websocket", listen)
    return answers


def test_everybody_is_asked_once_acts_under_their_name_and_undoes_their_own(
    birds: Path, store: LabelStore, chromium: Browser
) -> None:
    with serve_dashboard(birds, "--behind-proxy") as (address, _):
        ann, ben = enter(chromium, address, "Ann <b>"), enter(chromium, address, "Ben")
        label_all(ann, "robin")
        expect(ann.get_by_text("“robin” given to 115 images.")).to_be_visible()
        ann.reload()
        expect(ann.get_by_role("button", name="Undo", exact=True)).to_be_enabled()
        assert ann.get_by_text("Others can open this dashboard too.").count() == 0

        expect(ben.get_by_role("button", name="Undo what Ann <b> did")).to_be_visible()
        expect(ben.get_by_role("button", name="Undo", exact=True)).to_be_disabled()
        store.add(["call_000.png"], "wren")
        ann.keyboard.press("Control+z")
        expect(ann.get_by_text("Undone: “robin” given to 115 images, by Ann <b>.")).to_be_visible()
        assert [action.author for action in store.history(2)][1] == "Ann <b>"
        assert [row.label for row in store.rows()] == ["wren"]


def test_nobody_is_asked_on_a_machine_of_ones_own(birds: Path, browse: Browse) -> None:
    with browse(birds, "labels", 800) as page:
        settle(page)
        assert page.get_by_text("Others can open this dashboard too.").count() == 0


def test_what_others_label_runs_only_what_shows_labels(birds: Path, store: LabelStore, chromium: Browser) -> None:
    with serve_dashboard(birds) as (address, _):
        for name in ("labels", "worklist", "explore"):
            page = open_tab(chromium)
            answers = collect_answers(page)
            page.goto(page_address(address, name))
            settle(page)
            assert any(b"covey-heading" in answer for answer in answers)
            answers.clear()
            store.add(["call_000.png"], f"robin of {name}")
            expect(page.locator(".chip", has_text=f"robin of {name}")).to_be_visible()
            settle(page)
            assert not any(b"covey-heading" in answer for answer in answers)
            page.close()
