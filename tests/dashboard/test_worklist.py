"""The page Work-list: images without a class in batches, which a person accepts, corrects or skips."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from streamlit.testing.v1 import AppTest
from tests.dashboard.browser import Browse
from tests.dashboard.elements import button, chooser, name_class

from covey._base.text import count_noun
from covey.analysis.assist.worklist import Worklist
from covey.components.kinds import Kind
from covey.data.folder import FolderDataset
from covey.data.provenance import Provenance
from covey.data.tables import Extra, Features
from covey.labelling import LabelStore, open_labels
from covey_dashboard.current_dataset import current_embedding
from covey_dashboard.current_labels import observe_labels
from covey_dashboard.data import worklist_session
from covey_dashboard.data.datasets import OpenEmbedding, load_embedding
from covey_dashboard.data.labels import read_image_labels
from covey_dashboard.data.worklist_session import WorklistSession, mark_classes
from covey_dashboard.server import server

KINDS = {"robin": range(60), "wren": range(60, 90), "tit": range(90, 110)}
HOSTILE = "<b onclick=alert(1)>**bold**</b> 🐦 ‮gnp"


Open = Callable[..., AppTest]


@pytest.fixture
def open_page(birds: Path, view: Open, monkeypatch: pytest.MonkeyPatch) -> Open:
    """The page in a new window, for somebody who looks at a batch in no time."""
    monkeypatch.setattr(worklist_session, "GLANCE", 0)
    return lambda location=birds: view("worklist", location)


def html(app: AppTest) -> str:
    return " ".join(item.value for item in app.html)


def text_of(app: AppTest) -> str:
    """Return the sentences on the page."""
    captions = [item.value for item in app.caption]
    return " ".join([*map(unescape, re.findall(r'role="\w+">(.*?)</div>', html(app))), *captions])


def question(app: AppTest) -> str:
    """Return what is said of the batch, "" when there is none."""
    matches = re.findall(r'covey-question">(.*?)</div>', html(app))
    return unescape(re.sub("<.*?>", "", matches[0])) if matches else ""


def progress(app: AppTest) -> list[int]:
    """Return how many images are labelled, nearly sure, likely and open."""
    return [int(count.replace(",", "")) for count in re.findall(r"</i>([\d,]+) ", html(app))]


def offers(app: AppTest, label: str) -> bool:
    return any(found.label.startswith(label) for found in app.button)


def call(app: AppTest, label: str) -> AppTest:
    """Give the batch a class."""
    name_class(app, label).run()
    return button(app, "Label").click().run()


def suggestion(app: AppTest) -> AppTest:
    """Skip groups until a class is suggested."""
    for _ in range(30):
        if "look alike" in question(app):
            button(app, "Skip").click().run()
    assert "likely" in question(app)
    return app


def test_without_labels_it_asks_what_a_group_is(open_page: Open, store: LabelStore) -> None:
    store.add(["gone.png"], "robin")
    app = open_page()
    assert re.fullmatch(r"These \d+ images look alike. What are they\?", question(app))
    assert progress(app) == [0, 0, 0, 115]
    button(app, "Label").click().run()
    assert "First type the name of a class, or choose one." in text_of(app)
    count = int(re.findall(r"\d+", question(app))[0])
    call(app, "robin")
    assert not app.exception
    assert f"“robin” given to {count} images." in text_of(app)
    assert [row.how for row in store.rows() if row.filename != "gone.png"] == ["work-list"] * count
    assert progress(app)[0] == count


def test_a_suggestion_is_accepted_and_undone(open_page: Open, store: LabelStore, names: list[str]) -> None:
    for kind, rows in KINDS.items():
        store.add([names[row] for row in rows[:5]], kind)
    app = suggestion(open_page())
    asked, before = question(app), store.by_image()
    count, kind = re.fullmatch(r"(\d+) images, likely: (\w+)", asked).groups()  # type: ignore[union-attr]
    button(app, f"Accept {count} images").click().run()
    assert f"“{kind}” given to {count} images." in text_of(app)
    new = set(store.by_image()) - set(before)
    assert len(new) == int(count)
    assert new - {names[row] for row in KINDS[kind]} <= set(names[110:])
    assert question(app) != asked
    button(app, "Undo").click().run()
    assert store.by_image() == before
    assert question(app) == asked
    button(app, "Redo").click().run()
    assert set(store.by_image()) - set(before) == new


def test_a_person_chooses_how_many_images_are_shown(open_page: Open, store: LabelStore, names: list[str]) -> None:
    store.add(names[:30], "robin")
    store.add(names[60:80], "wren")
    app = suggestion(open_page())
    chooser(app, "Images at once").set_value(10).run()
    assert question(app).startswith("10 images, likely: ")
    button(app, "Accept 10 images").click().run()
    assert question(app).startswith("10 images, likely: ")
    chooser(app, "Images at once").set_value(20).run()
    assert question(app).startswith("20 images, likely: ")


def test_a_suggestion_is_corrected(open_page: Open, store: LabelStore, names: list[str]) -> None:
    store.add(names[:5], "robin")
    store.add(names[60:65], "wren")
    store.add(["gone.png"], "tit")
    app = suggestion(open_page())
    count, kind = re.fullmatch(r"(\d+) images, likely: (\w+)", question(app)).groups()  # type: ignore[union-attr]
    call(app, "tit")
    assert not app.exception
    assert len(store.images("tit")) == int(count) + 1
    assert len(store.images(kind)) == 5


def test_what_was_skipped_does_not_come_again_until_it_is_brought_back(open_page: Open) -> None:
    app = open_page()
    first = question(app)
    for skipped in range(1, 30):
        button(app, "Skip").click().run()
        assert offers(app, f"Skipped: {skipped}")
        if not question(app):
            break
    assert "Nothing more can be suggested for the 115 images without a class" in text_of(app)
    button(app, "Skipped").click().run()
    assert question(app) == first
    assert not offers(app, "Skipped")


def test_what_is_clicked_out_is_refused_until_its_action_is_undone(birds: Path, store: LabelStore) -> None:
    open_page = current_embedding(str(birds))
    assert open_page
    table, session = load_embedding(open_page), WorklistSession()
    shown = session.next_batch(
        Worklist(table.Z, table.Z), read_image_labels(open_page, observe_labels(open_page.location)), []
    )
    assert shown
    out, rest = shown.batch.rows[:2], shown.batch.rows[2:]
    session.reply("robin", out, store.add(table.names[rest].tolist(), "robin"))
    assert refused(session, store, open_page) == set(out)
    store.undo()
    assert refused(session, store, open_page) == set()
    store.redo()
    assert refused(session, store, open_page) == set(out)


def refused(session: WorklistSession, store: LabelStore, open_page: OpenEmbedding) -> set[int]:
    """Return the rows of the images that were said not to be of a class."""
    _, is_refused = mark_classes(
        read_image_labels(open_page, observe_labels(open_page.location)), session.valid_replies(store)
    )
    return set(np.flatnonzero(is_refused.any(axis=1)))


def test_a_second_click_on_a_batch_does_not_answer_the_next(
    open_page: Open, store: LabelStore, names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    store.add(names[:5], "robin")
    app = suggestion(open_page())
    monkeypatch.setattr(worklist_session, "GLANCE", 3600)
    button(app, "Accept").click().run()
    button(app, "Skip").click().run()
    assert store.images("robin") == names[:5]


def test_one_class_only(open_page: Open, store: LabelStore, names: list[str]) -> None:
    store.add(names[90:95], "tit")
    app = suggestion(open_page())
    button(app, "Accept").click().run()
    assert len(store.images("tit")) > 5
    assert set(store.images("tit")) <= set(names[90:])


def test_classes_with_one_image(open_page: Open, store: LabelStore, names: list[str]) -> None:
    store.add(names[:1], "robin")
    assert suggestion(open_page())
    store.add(names[60:61], "wren")
    assert suggestion(open_page())
    store.add(names[1:9], "robin")
    assert suggestion(open_page())


def test_labels_on_images_that_are_gone_are_counted(open_page: Open, store: LabelStore, names: list[str]) -> None:
    store.add([*names[:5], "gone.png", "gone too.png"], "robin")
    store.add(["nowhere.png"], "wren")
    app = open_page()
    assert "left out here: 3 images with labels." in text_of(app)
    assert progress(app)[0] == 5


def test_when_every_image_has_a_class_it_says_so(open_page: Open, store: LabelStore, names: list[str]) -> None:
    store.add(names, "robin")
    app = open_page()
    assert "Every image has a class." in text_of(app)
    assert progress(app) == [115, 0, 0, 0]
    button(app, "Undo what").click().run()
    assert question(app)


def test_without_the_features_the_embedding_alone_is_used(
    open_page: Open, birds: Path, store: LabelStore, names: list[str]
) -> None:
    next(birds.glob("full_features_*")).unlink()
    store.add(names[:5], "robin")
    app = suggestion(open_page())
    assert "come from the embedding alone" in text_of(app)
    button(app, "Accept").click().run()
    assert set(store.images("robin")) <= set(names[:60])


def test_all_features_are_used_and_what_a_network_hears_comes_first(
    open_page: Open, birds: Path, names: list[str]
) -> None:
    """Of images that nothing else tells apart, those in which the same species is heard are asked about first."""
    shared: dict[str, Any] = {"kind": Kind.EXTRACTOR, "tag": "ear", "version": 1, "options": {}, "input": "images"}
    heard = {names[row] for row in range(10, 60, 2)}
    columns = {
        "species": np.array([["<b>Parus</b> major"]] * len(names)),
        "score": np.array([[0.99 if name in heard else 0.01] for name in names], np.float32),
    }
    X = np.random.default_rng(0).normal(size=(len(names), 20)).astype(np.float32)
    FolderDataset(birds).save(
        [
            Extra(names=names, columns=columns, provenance=Provenance(component="ear", output="species", **shared)),
            Features(names=names, X=X, provenance=Provenance(component="ear", **shared)),
        ]
    )
    app = open_page()
    assert "Suggestions come from 2 tables of features, joined." in text_of(app)
    assert any("ear suggests: <b>Parus</b> major 0.99 (25 images)" in item.value for item in app.text)
    button(app, "Skip").click().run()
    assert not any("(25 images)" in item.value for item in app.text)


def test_without_an_embedding_it_says_what_to_do(
    open_page: Open, scattered: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = scattered(tmp_path / "features", np.zeros((3, 2)), features=True)
    monkeypatch.setenv(server.LOCATION, str(folder))
    app = AppTest.from_file(str(server.APP), default_timeout=120).run()
    app.switch_page("../pages/worklist/page.py").run()
    assert not app.exception
    assert "no embedding, and so no work-list, yet" in text_of(app)


@pytest.mark.parametrize("images", [1, 2])
def test_hardly_any_images(open_page: Open, scattered: Callable[..., Path], tmp_path: Path, images: int) -> None:
    folder = scattered(tmp_path / "few", np.arange(2.0 * images).reshape(-1, 2))
    assert "Nothing more can be suggested" in text_of(open_page(folder))
    open_labels(FolderDataset(folder)).add(["call_00000.png"], "robin")
    assert text_of(open_page(folder))


def test_a_label_file_that_goes_bad_is_a_sentence(open_page: Open, store: LabelStore, names: list[str]) -> None:
    store.add(names[:5], "robin")
    app = suggestion(open_page())
    store.path.write_bytes(b"no labels" * 1000)
    button(app, "Accept").click().run()
    assert not app.exception
    assert "are damaged" in text_of(app)


def test_a_class_that_goes_while_its_batch_is_shown(open_page: Open, store: LabelStore, names: list[str]) -> None:
    store.add(names[:5], "robin")
    store.add(names[60:65], "wren")
    app = suggestion(open_page())
    button(app, "Accept").click().run()
    store.delete("robin")
    app.run()
    assert not app.exception
    suggestion(app)
    assert "robin" not in question(app)


def test_a_batch_stays_when_others_label_other_images(open_page: Open, store: LabelStore, names: list[str]) -> None:
    store.add(names[:5], "robin")
    app = suggestion(open_page())
    asked = question(app)
    store.add(names[60:75], "wren")
    app.run()
    assert question(app) == asked
    assert question(open_page()) != asked
    assert progress(app)[0] == 20
    store.add(names, "all")
    app.run()
    assert "Every image has a class." in text_of(app)


def test_names_are_text(open_page: Open, store: LabelStore, names: list[str]) -> None:
    store.add(names[:5], HOSTILE)
    app = suggestion(open_page())
    assert question(app).endswith(HOSTILE)
    assert "<b onclick" not in html(app)
    button(app, "Accept").click().run()
    assert len(store.images(HOSTILE)) > 5


@pytest.fixture
def page(birds: Path, browse: Browse) -> Iterator[Page]:
    """The page in a browser."""
    with browse(birds, "worklist", 1000) as page:
        page.locator(".covey-progress").wait_for()
        yield page


def batch(page: Page) -> list[str]:
    """Return the images of the batch that is shown, once it was looked at."""
    expect(page.get_by_role("button", name="Skip", exact=True)).to_be_visible()
    page.wait_for_timeout(1000 * worklist_session.GLANCE + 100)
    tiles = page.get_by_role("listbox", name="Images").get_by_role("option")
    return [str(name) for name in tiles.evaluate_all("tiles => tiles.map(tile => tile.title)")]


def suggested(page: Page) -> str:
    """Return the class that is suggested, "" for a group."""
    return page.locator(".covey-question").inner_text().partition("likely: ")[2]


def skip(page: Page, tiles: list[str]) -> None:
    page.get_by_role("button", name="Skip", exact=True).click()
    replaced(page, tiles)


def replaced(page: Page, tiles: list[str]) -> None:
    """Wait for another batch than the one that is shown."""
    first = page.get_by_role("listbox", name="Images").get_by_role("option").first
    expect(first).not_to_have_attribute("title", tiles[0])


def accept(page: Page, tiles: list[str], wrong: list[str]) -> None:
    """Click out what is wrong and, at once, accept the others."""
    for name in wrong:
        page.get_by_role("option", name=name).click()
    page.get_by_role("button", name=re.compile("^(Accept|Label) ")).click()
    expect(page.get_by_text(f"given to {count_noun(len(tiles) - len(wrong), 'image')}.")).to_be_visible()
    replaced(page, tiles)


def call_group(page: Page, label: str) -> None:
    """Type the name of a group, with spaces around it."""
    page.get_by_role("combobox", name="Class").click()
    page.keyboard.type(f" {label} ")
    page.keyboard.press("Enter")


def test_a_batch_is_accepted_without_two_images_and_undone_then_all_are_labelled(
    page: Page, store: LabelStore, names: list[str]
) -> None:
    store.add(names[60:65], "wren")
    while not suggested(page):
        skip(page, batch(page))
    tiles, kind, before = batch(page), suggested(page), store.by_image()
    accept(page, tiles, tiles[1:3])
    assert set(tiles) - set(store.images(kind)) == set(tiles[1:3])
    page.keyboard.press("Control+z")
    expect(page.get_by_text(f"Undone: “{kind}” given to")).to_be_visible()
    assert store.by_image() == before
    assert (batch(page), suggested(page)) == (tiles, kind)
    page.get_by_role("button", name="Skipped").click()
    label_all(page, store, {names[row]: kind for kind, rows in KINDS.items() for row in rows})


def label_all(page: Page, store: LabelStore, truth: dict[str, str]) -> None:
    """Label 95 % of each class."""
    for _ in range(60):
        if all(len(store.images(kind)) >= 0.95 * len(rows) for kind, rows in KINDS.items()):
            break
        tiles = batch(page)
        kind = suggested(page) or truth.get(tiles[0], "")
        wrong = [name for name in tiles if truth.get(name) != kind]
        if not kind or len(wrong) == len(tiles):
            skip(page, tiles)
            continue
        if not suggested(page):
            call_group(page, kind)
        accept(page, tiles, wrong)
    assert {name: labels for name, labels in store.by_image().items() if labels != (truth[name],)} == {}
    assert all(len(store.images(kind)) >= 0.95 * len(rows) for kind, rows in KINDS.items())
