"""The page Compare: two results side by side."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from html import unescape
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Page, expect
from streamlit.testing.v1 import AppTest
from tests.dashboard.browser import Browse, settle, spot
from tests.dashboard.waiting import wait_until

from covey import Clustering, Embedding
from covey.components.kinds import Kind
from covey.data import cluster_colours as colours
from covey.data.folder import FolderDataset
from covey.data.provenance import Provenance
from covey.labelling import LabelStore

GROUPS = np.repeat([0, 1, 2, -1], [60, 30, 20, 5]).astype(np.int32)
Open = Callable[..., AppTest]


@pytest.fixture
def open_page(view: Open) -> Open:
    """The page about a dataset, once it has compared everything."""
    return partial(view, "compare")


def provenance_of(name: str, source: Provenance, kind: Kind = Kind.CLUSTERER, **options: Any) -> Provenance:
    return Provenance(kind=kind, component=name, tag=name, version=1, options=options, input=source.key, source=source)


def flat(folder: Path) -> Provenance:
    """Return what made the first embedding of a dataset."""
    computed = next(entry.provenance for entry in FolderDataset(folder).entries() if entry.kind == "embedding")
    assert computed
    return computed


def gridded(folder: Path, names: Sequence[str]) -> Provenance:
    """Write a second embedding of all images but the last 15: ten by ten, the last ones first."""
    source = flat(folder).source
    assert source
    origin = provenance_of("grid", source, Kind.REDUCER)
    Z = np.stack([np.arange(100) % 10, np.arange(100) // 10], axis=1).astype(np.float32)
    Z = Z[::-1]
    FolderDataset(folder).save([Embedding(names=names[99::-1], Z=Z, map=Z, provenance=origin)])
    return origin


def cluster(folder: Path, source: Provenance, names: Sequence[str], labels: NDArray[np.int32], **options: Any) -> None:
    provenance = provenance_of("cut", source, **options)
    FolderDataset(folder).save([Clustering(names=names, labels=labels, provenance=provenance)])


def text_of(app: AppTest) -> str:
    html = unescape(re.sub("<.*?>", " ", " ".join(item.value for item in app.html)))
    return " ".join([html, *(item.value for item in app.text), *(item.value for item in app.caption)])


def test_clusters_on_the_right_have_the_numbers_of_the_same_ones_on_the_left(
    open_page: Open, birds: Path, names: list[str]
) -> None:
    cluster(birds, flat(birds), names, GROUPS, turn=0)
    turned = np.where(GROUPS < 0, GROUPS, (GROUPS + 1) % 3).astype(np.int32)
    turned[:10] = 7
    cluster(birds, flat(birds), names, turned, turn=1)
    app = open_page(birds)
    assert "The same 115 images on both sides." in text_of(app)
    for at in range(2):
        app.selectbox[at].select_index(app.selectbox[at].options.index(f"Groups: cut · flat · made (turn {at})")).run()
    assert app.dataframe[0].value.to_numpy().tolist() == [
        ["group 0", "group 0", 50, "83%", "100%"],
        ["group 1", "group 1", 30, "100%", "100%"],
        ["group 2", "group 2", 20, "100%", "100%"],
        ["group 0", "group 3", 10, "17%", "100%"],
        ["noise", "noise", 5, "100%", "100%"],
    ]


def test_the_agreement_of_all_clusterings(open_page: Open, birds: Path, names: list[str]) -> None:
    for turn in range(3):
        turned = np.where(GROUPS < 0, GROUPS, (GROUPS + turn) % 3).astype(np.int32)
        cluster(birds, flat(birds), names, turned, turn=turn)
    cluster(birds, flat(birds), names, np.arange(115, dtype=np.int32) % 4, turn=9)
    cluster(birds, flat(birds), ["elsewhere.png"], np.zeros(1, np.int32), turn=10)
    app = open_page(birds)
    wait_until(lambda: len(app.run().dataframe) > 1)
    frame = app.dataframe[1].value
    by_title = {title.partition("(")[2]: row for title, *row in frame.to_numpy().tolist()}
    order = [title.partition("(")[2] for title in frame["grouping"]]
    same = [order.index(f"turn {turn})") for turn in range(3)]
    assert [by_title["turn 0)"][at] for at in same] == ["1.00"] * 3
    assert abs(float(by_title["turn 0)"][order.index("turn 9)")])) < 0.05
    assert by_title["turn 0)"][order.index("turn 10)")] == "-"
    app.radio[0].set_value("ARI").run()
    assert not app.exception
    assert app.dataframe[1].value.iloc[0, 1] == "1.00"


def test_the_measures_that_are_installed_rank_all_clusterings(
    open_page: Open, birds: Path, names: list[str], store: LabelStore, outlets: None
) -> None:
    cluster(birds, flat(birds), names, GROUPS, turn=0)
    cluster(birds, flat(birds), names, np.arange(115, dtype=np.int32) % 4, turn=1)
    store.add(names[:60], "robin")
    store.add(names[60:90], "wren")
    app = open_page(birds)
    wait_until(lambda: len(app.run().dataframe) > 2)
    frame = app.dataframe[2].value
    assert [title.partition("(")[2] for title in frame["grouping"]] == ["turn 0)", "turn 1)"]
    assert frame["overlap"].tolist()[0] == 1
    assert frame["clusters"].tolist() == [3, 4]
    assert json.loads(app.dataframe[2].proto.columns)["clusters"]["label"] == "groups"
    assert "singles is unknown for cut · flat · made (turn 0)" in text_of(app)
    assert "singles of covey-outlets 1.0 failed in compute (ZeroDivisionError" in text_of(app)
    app.radio[0].set_value("Rand").run()
    assert "Share of the pairs of images on which two groupings agree" in text_of(app)
    assert app.dataframe[1].value.iloc[0, 1] == "1.00"


def test_many_images_are_measured_when_a_person_says_so(
    open_page: Open, birds: Path, names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("covey_dashboard.data.measures.MOST_AT_ONCE", 100)
    cluster(birds, flat(birds), names, GROUPS)
    gridded(birds, names)
    app = open_page(birds)
    assert "Computing the measures." not in text_of(app)
    assert "The best grouping comes first" not in text_of(app)
    app.toggle[0].set_value(True).run()
    wait_until(lambda: "The best grouping comes first" in text_of(app.run()))


def test_more_clusterings_than_fit_are_said(open_page: Open, birds: Path, names: list[str]) -> None:
    for turn in range(23):
        cluster(birds, flat(birds), names, np.roll(GROUPS, turn), turn=turn)
    app = open_page(birds)
    wait_until(lambda: len(app.run().dataframe) > 1)
    assert app.dataframe[1].value.shape == (20, 21)
    assert "20 of 23 groupings" in text_of(app)


def test_two_embeddings_of_different_images(open_page: Open, birds: Path, names: list[str]) -> None:
    gridded(birds, names)
    app = open_page(birds)
    assert sorted(app.selectbox[0].options) == ["Embedding: flat · made", "Embedding: grid · made"]
    assert "100 are in both" in text_of(app)
    assert "This needs groups on both sides" in text_of(app)
    assert "This needs two groupings or more" in text_of(app)


def test_a_clustering_without_its_embedding_is_shown_on_another_map(
    open_page: Open, birds: Path, names: list[str]
) -> None:
    cluster(birds, attrs.evolve(flat(birds), version=2), names, GROUPS)
    np.savez(birds / "clusters_old.npz", labels=GROUPS, N=np.array(names))
    app = open_page(birds)
    for at in range(3):
        app.selectbox[1].select_index(at).run()
        assert not app.exception
    assert "Groups: clusters_old.npz" in app.selectbox[0].options


def test_what_is_missing_is_said(open_page: Open, birds: Path, images: Path) -> None:
    assert "choose one on the page Start" in text_of(open_page())
    assert "no embedding, and so no map, yet" in text_of(open_page(images))
    assert "There is nothing to compare this result with yet" in text_of(open_page(birds))


def test_a_damaged_file_is_said(open_page: Open, birds: Path) -> None:
    (birds / "clusters_bad.npz").write_bytes(b"no")
    assert "clusters_bad.npz" in text_of(open_page(birds))


@pytest.fixture
def page(birds: Path, names: list[str], browse: Browse) -> Iterator[Page]:
    """The page in a browser, with the first embedding on the left and the grid on the right."""
    cluster(birds, flat(birds), names, GROUPS)
    gridded(birds, names)
    with browse(birds, "compare", 900) as opened_page:
        expect(opened_page.locator(".map[data-drawn]")).to_have_count(2)
        opened_page.get_by_label("Right").click()
        opened_page.get_by_role("option", name="Embedding: grid").click()
        expect(opened_page.get_by_text("100 are in both")).to_be_visible()
        settle(opened_page)
        yield opened_page


def drag(page: Page, at: int, *places: tuple[float, float]) -> None:
    """Draw along some places of a map."""
    page.mouse.move(*spot(page, *places[0], at))
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*spot(page, *place, at), steps=4)
    page.mouse.up()


def colour(page: Page, at: int, x: float, y: float) -> NDArray[np.intp]:
    """Return the colour that is seen at a place of a map."""
    across, down = spot(page, x, y, at)
    data = page.screenshot(clip={"x": across - 1, "y": down - 1, "width": 3, "height": 3})
    pixels = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), dtype=int)
    computed: NDArray[np.intp] = pixels[1, 1]
    return computed


def test_what_is_encircled_on_one_map_stands_out_on_the_other(page: Page) -> None:
    red = np.array(list(bytes.fromhex(colours.cluster_colour(1)[1:])))
    page.get_by_label("Select an area").first.click()
    drag(page, 0, (3, -2), (7, -2), (7, 2), (3, 2))
    expect(page.get_by_text("The encircled area: 30 images on the left, 30 on the right.")).to_be_visible()
    expect(page.locator(".count")).to_have_text("30 images")
    settle(page)
    assert np.abs(colour(page, 1, 8, 7) - red).sum() < 80
    assert colour(page, 1, 8, 0).min() > 180
    page.keyboard.down("Shift")
    drag(page, 1, (-0.5, -0.5), (9.5, 0.5))
    page.keyboard.up("Shift")
    expect(page.get_by_text("The encircled area: 10 images on the left, 10 on the right.")).to_be_visible()
    settle(page)
    assert colour(page, 1, 8, 7).min() > 180
    assert colour(page, 1, 8, 0).min() < 80
    page.mouse.click(*spot(page, 8, 7, 1))
    expect(page.get_by_text("Group 1: 30 images on the left, 30 on the right.")).to_be_visible()


def views(page: Page) -> list[str]:
    return [str(page.locator(".map").nth(at).get_attribute("data-view")) for at in range(2)]


def test_maps_move_together_to_the_same_place_of_one_embedding_else_to_the_same_images(page: Page) -> None:
    whole_views = views(page)
    page.mouse.move(*spot(page, 5, 0, 0))
    for _ in range(10):
        page.mouse.wheel(0, -240)

    def shows_group() -> bool:
        """Whether the right map shows images 60 to 89, which are group 1, larger than in the whole."""
        x, y, scale = map(float, views(page)[1].split())
        is_larger = scale > float(whole_views[1].split()[2])
        return is_larger and (x, y) == pytest.approx((4.5, 7), abs=0.1)

    wait_until(shows_group)
    page.get_by_label("All: show everything").first.click()
    expect(page.locator(".map").nth(1)).to_have_attribute("data-view", whole_views[1])
    assert views(page) == whole_views
    page.get_by_label("Right").click()
    page.get_by_role("option", name="Embedding: flat").click()
    expect(page.get_by_text("The same 115 images on both sides.")).to_be_visible()
    settle(page)
    page.get_by_label("Zoom out", exact=True).nth(1).click()
    settle(page)
    left_view, right_view = views(page)
    assert left_view == right_view
    page.mouse.click(*spot(page, 5, 0, 1))
    expect(page.get_by_text("Group 1: 30 images on the left, 30 on the right.")).to_be_visible()
    settle(page)
    assert views(page) == [left_view, right_view]


def test_a_band_between_two_groups_selects_its_images(birds: Path, names: list[str], browse: Browse) -> None:
    moved = np.where(np.arange(115) < 10, 1, GROUPS).astype(np.int32)
    for turn, labels in enumerate((GROUPS, moved)):
        cluster(birds, flat(birds), names, labels, turn=turn)
    with browse(birds, "compare", 1100) as page:
        page.locator(".band", has_text="10 images from group 0 to group 1").dispatch_event("click")
        expect(
            page.get_by_text("Group 0 on the left, Group 1 on the right: 10 images on the left, 10 on the right.")
        ).to_be_visible()
        expect(page.locator(".count")).to_have_text("10 images")
        diagram = page.get_by_role("application", name="Groups to groups")
        diagram.focus()
        page.keyboard.press("ArrowDown")
        expect(page.get_by_text("50 images from group 0 to group 0").last).to_be_visible()
        page.keyboard.press("Enter")
        expect(
            page.get_by_text("Group 0 on the left, Group 0 on the right: 50 images on the left, 50 on the right.")
        ).to_be_visible()


def test_how_far_two_people_agree(open_page: Open, birds: Path, names: list[str], store: LabelStore) -> None:
    assert "This needs labels of two people" in text_of(open_page(birds))
    ann, ben = (attrs.evolve(store, author=name, session=name) for name in ("Ann", "Ben"))
    ann.add(names[:50], "robin")
    ann.add(names[50:60], "wren")
    ben.add(names[:40], "robin")
    ben.add(names[40:60], "wren")
    ben.add(names[60:70], "wren")
    app = open_page(birds)
    numbers = {metric.label: metric.value for metric in app.metric}
    assert numbers["Images that both labelled"] == "60"
    assert numbers["Of these the same classes"] == "50 (83%)"
    assert numbers["Agreement beyond chance (Cohen's kappa)"] == "0.57"
    assert "robin wren 10" in " ".join(text_of(app).split())
