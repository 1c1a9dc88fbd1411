"""The page Name groups: all groups of a clustering are named on one page."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
import streamlit as st
from playwright.sync_api import Browser, Locator, Page, expect
from streamlit.testing.v1 import AppTest
from tests.dashboard.browser import Browse, new_tab, page_address, serve_dashboard, settle

from covey import Clustering
from covey.components.contracts import Labels
from covey.components.kinds import Kind
from covey.data.folder import FolderDataset
from covey.data.image_contents import hash_images
from covey.data.provenance import Provenance
from covey.frontend import PARAMETERS_FILE, ImageFolder, Recipe, is_entry_of, read_image_axes
from covey.labelling import LabelStore
from covey_dashboard.current_labels import observe_labels_together
from covey_dashboard.data.datasets import list_tables
from covey_dashboard.pages.name_groups.frequency_bands import describe_bands, list_row_frequencies, measure_band
from covey_dashboard.pages.name_groups.group_summaries import count_labels
from covey_dashboard.server.read_only import VISIT_LABELS

MOST_ACTIONS = 25
"""Clicks, keys and typed names with which ten groups are named from a fresh result."""
GROUPS = (np.arange(115) // 11).astype(np.int32)
"""Ten groups of 11 images and one of 5."""

NONSENSE = ("", "{", "[1]", '[{"id": 1}]', '[{"id": "x", "group": 3, "name": "y"}]',
            '[{"id": 1e999, "group": 3, "name": "y"}]', "[" * 10**5, "x" * 10**7)  # fmt: skip
"""What is no list of names."""
NAMES = "**/covey/names?*"
"""Where names of groups are sent."""


def write_groups(folder: Path, names: list[str], groups: Labels = GROUPS) -> None:
    source = next(entry.provenance for entry in FolderDataset(folder).entries() if entry.kind == "embedding")
    assert source
    shared: dict[str, Any] = {"component": "cut", "tag": "cut", "version": 1, "options": {}}
    provenance = Provenance(kind=Kind.CLUSTERER, input=source.key, source=source, **shared)
    labels = np.where(groups > 9, -1, groups).astype(np.int32)
    FolderDataset(folder).save([Clustering(names=names, labels=labels, provenance=provenance)])


def write_recipe(folder: Path, colormap: str) -> None:
    """Say of images of 32 rows that they show up to 12 kHz."""
    recipe = Recipe(rate=24_000, window=64, overlap=32, colormap=colormap)
    (folder / "images" / PARAMETERS_FILE).write_text(json.dumps(recipe.parameters()))


@attrs.define
class Person:
    """Somebody who clicks and types, and whose actions are counted."""

    page: Page
    action_count: int = 0

    def click(self, target: Locator) -> None:
        target.click()
        self.action_count += 1

    def write(self, name: str) -> None:
        self.page.keyboard.type(name)
        self.page.keyboard.press("Enter")
        self.action_count += 2


def field(page: Page, group: int) -> Locator:
    return page.get_by_role("combobox", name=f"Class of Group {group}", exact=True)


def name_without_answer(page: Page) -> None:
    """Name group 3 while nothing that is sent arrives, until the page says so."""
    settle(page)
    page.route(NAMES, lambda route: route.abort())
    field(page, 3).click()
    Person(page).write("robin")
    expect(page.get_by_text("Not saved yet: the server does not answer.")).to_be_visible()


def test_ten_groups_are_named_with_few_actions_without_waiting(
    birds: Path, names: list[str], store: LabelStore, browse: Browse
) -> None:
    write_groups(birds, names)
    write_recipe(birds, "gray")
    store.add([names[0]], "odd")
    with browse(birds, "explore", 800) as page:
        settle(page)
        person = Person(page)
        person.click(page.get_by_role("link", name="Name groups"))
        expect(page.locator("li.group").first).to_contain_text("8.6-11.6 kHz")
        person.click(field(page, 0))
        for group in range(10):
            person.write(f"kind {group}")
        assert person.action_count <= MOST_ACTIONS
        for group in range(10):
            expect(field(page, group)).to_have_value(f"kind {group}")
            note = f"All 11: kind {group}" if group else "Of 11: 10 kind 0, 1 odd"
            expect(page.get_by_role("status").filter(has_text=note)).to_be_visible()
        assert store.images("kind 3") == names[33:44]
        assert store.images("kind 0") == names[1:11]
        assert store.images("odd") == [names[0]]
        assert set(store.by_image()) == set(names[:110])

        expect(page.get_by_role("button", name="Undo", exact=True)).to_be_enabled()
        page.keyboard.press("Control+z")
        expect(page.get_by_text("Undone: “kind 9” given to 11 images.")).to_be_visible()
        expect(field(page, 9)).to_have_value("")
        field(page, 4).click()
        person.write("KIND 5")
        expect(field(page, 4)).to_have_value("kind 5")
        expect(page.get_by_text("All 11: kind 5")).to_have_count(2)
        assert store.images("kind 5") == names[44:66]
        assert store.images("kind 4") == []
        field(page, 5).click()
        person.write("kind 6")  # although group 4 has the class that was made for group 5
        expect(page.get_by_text("All 11: kind 6")).to_have_count(2)
        assert (store.images("kind 5"), store.images("kind 6")) == (names[44:55], names[55:77])


def test_a_visitor_names_groups_for_the_visit_alone(
    birds: Path, names: list[str], store: LabelStore, chromium: Browser
) -> None:
    write_groups(birds, names)
    with (
        serve_dashboard(birds, "--read-only") as (address, _),
        new_tab(chromium, page_address(address, "name_groups")) as page,
    ):
        expect(page.get_by_text(VISIT_LABELS)).to_be_visible()
        field(page, 3).click()
        Person(page).write("robin")
        expect(page.get_by_text("All 11: robin")).to_be_visible()
    assert store.rows() == []


def test_a_name_that_does_not_arrive_is_sent_again(
    birds: Path, names: list[str], store: LabelStore, browse: Browse
) -> None:
    write_groups(birds, names)
    with browse(birds, "name_groups", 800) as page:
        name_without_answer(page)
        expect(field(page, 3)).to_have_value("robin")
        assert store.rows() == []
        page.unroute(NAMES)
        expect(page.get_by_text("All 11: robin")).to_be_visible()
        assert store.images("robin") == names[33:44]


def test_a_name_is_saved_though_the_page_is_left_before_it_arrives(
    birds: Path, names: list[str], store: LabelStore, browse: Browse
) -> None:
    write_groups(birds, names)
    store.add([names[0]], "odd")
    with browse(birds, "name_groups", 800) as page:
        name_without_answer(page)
        page.get_by_role("link", name="Labels", exact=True).click()
        settle(page)
        assert list(store.class_colours()) == ["odd"]
        page.unroute(NAMES)
        expect(page.get_by_text("“robin” given to 11 images.")).to_be_visible()
        assert store.images("robin") == names[33:44]


def test_a_name_that_arrives_twice_is_given_once_and_nonsense_is_refused(
    birds: Path, names: list[str], store: LabelStore, browse: Browse
) -> None:
    write_groups(birds, names)
    with browse(birds, "name_groups", 800) as page:
        settle(page)
        field(page, 3).click()
        with page.expect_request(NAMES) as sent:
            Person(page).write("robin")
        expect(page.get_by_text("All 11: robin")).to_be_visible()
        address, body = sent.value.url, sent.value.post_data or ""
        again = page.request.post(address, data=body)
        assert again.json()["groups"][0]["label"] == "robin"
        for odd in NONSENSE:
            assert page.request.post(address, data=odd).status == 400
        assert page.request.post(f"{address}x", data=body).status == 404
        assert page.request.post(address, data='[{"id": 9e15, "group": 999, "name": "y"}]').status == 200
        assert [action.description for action in store.history(5)] == ["“robin” given to 11 images"]


def test_groups_that_were_found_on_explore_are_kept_and_shown_by_one_button(birds: Path, browse: Browse) -> None:
    with browse(birds, "explore", 800) as page:
        settle(page)
        page.get_by_role("link", name="Name groups").click()
        keep = page.get_by_role("button", name="Keep the groups of the page Explore, to name them here")
        keep.click()
        expect(page.get_by_text("These groups are kept as")).to_be_visible()
        expect(field(page, 0)).to_be_visible()
        expect(keep).to_have_count(0)


def test_windows_share_one_look_at_labels_and_images(
    birds: Path, names: list[str], store: LabelStore, view: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_groups(birds, names)
    store.add(names[:11], "robin")
    reads: list[LabelStore] = []
    looks: list[str] = []
    read_labels = LabelStore.by_image

    def count_read(self: LabelStore) -> dict[str, tuple[str, ...]]:
        reads.append(self)
        return read_labels(self)

    def count_look(images: ImageFolder, wanted: Collection[str]) -> dict[str, str]:
        looks.extend(wanted)
        return hash_images(images, wanted)

    # However busy the machine is, all windows open within the seconds for which a look counts.
    monkeypatch.setattr("streamlit.runtime.caching.cache_utils.TTLCACHE_TIMER", lambda: 0.0)
    monkeypatch.setattr(LabelStore, "by_image", count_read)
    monkeypatch.setattr("covey.data.dataset.hash_images", count_look)
    windows = [view("name_groups", birds) for _ in range(3)]
    assert (len(reads), sorted(looks)) == (1, names[:11])
    store.add(names[11:22], "wren")
    looks.clear()
    for window in windows:
        window.run()
    assert (len(reads), sorted(looks)) == (2, names[11:22])


def test_images_that_were_replaced_are_counted_no_more_after_the_next_look(
    birds: Path, names: list[str], store: LabelStore
) -> None:
    write_groups(birds, names)
    store.add(names[:11], "robin")
    location = str(birds)
    entry = next(entry for entry in list_tables(location).entries if is_entry_of(entry, Clustering))
    assert count_labels(location, entry, observe_labels_together(location))[0] == {"robin": 11}
    (birds / "images" / names[0]).write_bytes((birds / "images" / names[100]).read_bytes())
    st.cache_resource.clear()
    assert count_labels(location, entry, observe_labels_together(location))[0] == {"robin": 10}


def test_what_is_missing_is_said(birds: Path, view: Callable[..., AppTest]) -> None:
    assert "This dataset has no groups yet" in view("name_groups", birds).html[0].value


def test_groupings_without_groups_are_no_empty_sheet(
    birds: Path, names: list[str], view: Callable[..., AppTest]
) -> None:
    write_groups(birds, names, np.full(len(names), -1, dtype=np.int32))
    assert any("No image is in a group here" in html.value for html in view("name_groups", birds).html)


@pytest.mark.parametrize(
    ("colormap", "band"), [("gray", "8.6-11.6 kHz"), ("jet", None), ("", None)], ids=["gray", "jet", "no recipe"]
)
def test_frequencies_are_those_of_the_images_or_are_not_told(
    birds: Path, names: list[str], colormap: str, band: str | None
) -> None:
    write_groups(birds, names)
    if colormap:
        write_recipe(birds, colormap)
    entry = next(entry for entry in list_tables(str(birds)).entries if is_entry_of(entry, Clustering))
    assert describe_bands(str(birds), entry).get(0) == band


@pytest.mark.parametrize("scale", ["linear", "mel", "log"])
@pytest.mark.parametrize("noise", ["none", "subtract", "equalize", "pcen"])
@pytest.mark.parametrize("highest_hz", [3000, 8000])
def test_the_band_of_a_sweep_is_measured(tmp_path: Path, scale: str, noise: str, highest_hz: int) -> None:
    recipe = Recipe(rate=24_000, segment=1.0, scale=scale, noise=noise, colormap="gray")
    time_s = np.arange(recipe.length) / recipe.rate
    part = np.clip((time_s - 0.3) / 0.4, 0, 1)
    sweep = np.sin(2 * np.pi * (2000 * time_s + (highest_hz - 2000) * 0.2 * part**2)) * (part > 0) * (part < 1)
    sound = (sweep + np.random.default_rng(0).normal(0, 0.1, len(time_s))).astype(np.float32)
    (tmp_path / PARAMETERS_FILE).write_text(json.dumps(recipe.parameters()))
    rows_hz = list_row_frequencies(read_image_axes(tmp_path))
    band = measure_band(recipe.pixels(sound)[:, :, 0].astype(np.float32), rows_hz)
    assert band == pytest.approx((2000, highest_hz), abs=400)
