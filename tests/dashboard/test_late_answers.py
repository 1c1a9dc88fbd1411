"""What a person does while the answer to their last action is still on its way to the browser."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import attrs
from playwright.sync_api import Browser, Page, WebSocketRoute, expect
from tests.dashboard.browser import choose, find_list, page_address, serve_dashboard, settle

from covey.data.folder import FolderDataset
from covey.data.segment_names import image_name
from covey.labelling import LabelStore, open_labels

Make = Callable[[Path, Sequence[str]], Path]


@attrs.define(slots=False)
class Line:
    """The connection of a page to its server, whose answers can be held back."""

    is_held: bool = False
    held: list[Callable[[], None]] = attrs.field(factory=list)

    @classmethod
    def of(cls, page: Page) -> Line:
        """Watch the connection of a page that is yet to be opened."""
        line = cls()
        page.route_web_socket("**", line.connect)
        return line

    def connect(self, route: WebSocketRoute) -> None:
        """Pass on what either side sends."""
        server = route.connect_to_server()
        route.on_message(server.send)

        def answer(message: str | bytes) -> None:
            if self.is_held:
                self.held.append(lambda: route.send(message))
            else:
                route.send(message)

        server.on_message(answer)

    def release(self) -> None:
        """Let all answers through."""
        self.is_held = False
        for send in self.held:
            send()
        self.held.clear()


def await_answer(page: Page, line: Line) -> None:
    """Wait until the server has run, which none of its answers says to the browser."""
    while not line.held:
        page.wait_for_timeout(100)
    page.wait_for_timeout(2000)


def test_a_class_that_was_clicked_stays_in_view(
    birds: Path, names: list[str], store: LabelStore, chromium: Browser
) -> None:
    store.add(names[:9], "robin")
    store.add(names[9:12], "wren")
    store.add(names[20:21], "owl")
    with serve_dashboard(birds) as (address, _):
        page = chromium.new_page()
        line = Line.of(page)
        page.goto(page_address(address, "labels"))
        settle(page)
        expect(find_list(page, "Show")).to_have_value("robin: 9 images")
        line.is_held = True
        page.locator(".class-list button", has_text="wren").click()
        await_answer(page, line)
        page.get_by_role("button", name="Undo what you did before").click()
        page.wait_for_timeout(1000)
        line.release()
        expect(page.get_by_text("Undone: “owl” given to 1 image.")).to_be_visible()
        expect(find_list(page, "Show")).to_have_value("wren: 3 images")
        page.close()


def test_a_group_that_was_clicked_stays_selected(birds: Path, chromium: Browser) -> None:
    with serve_dashboard(birds) as (address, _):
        page = chromium.new_page()
        line = Line.of(page)
        page.goto(page_address(address, "explore"))
        settle(page)
        show = find_list(page, "Show")
        expect(show).to_have_value("All 115 images")
        group = page.locator(".legend .row").filter(has_text="group 1")
        expect(group).to_be_visible()
        line.is_held = True
        group.click()
        await_answer(page, line)
        page.get_by_role("button", name="Change", exact=True).click()
        page.wait_for_timeout(1000)
        line.release()
        expect(page.get_by_role("button", name="Close", exact=True)).to_be_visible()
        settle(page)
        expect(show).to_have_value(re.compile("roup 1: 30 images"))
        page.close()


def test_a_name_that_is_typed_while_other_images_are_on_their_way_is_whole(
    make: Make, tmp_path: Path, chromium: Browser
) -> None:
    names = [image_name(f"XC{at // 5:06}", at % 5) for at in range(115)]
    folder = make(tmp_path / "birds", names)
    open_labels(FolderDataset(folder)).add(names[:1], "wren")
    with serve_dashboard(folder) as (address, _):
        page = chromium.new_page()
        line = Line.of(page)
        page.goto(page_address(address, "explore"))
        settle(page)
        line.is_held = True
        choose(page, "Show", "Label wren: 1 image")
        await_answer(page, line)
        type_around_answers(page, line)
        expect(page.get_by_text("100% of these images are from one recording")).to_be_visible()
        page.close()


def type_around_answers(page: Page, line: Line) -> None:
    """Type the name of a class; the answers come when half of it is typed."""
    field = page.get_by_role("combobox", name="Class")
    field.click()
    page.keyboard.type("rob")
    line.release()
    settle(page)
    page.keyboard.type("in")
    expect(field).to_have_value("robin")
