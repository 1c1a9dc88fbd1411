"""covey report: one page that holds all it shows, fetches nothing, and is safe whatever a name holds."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.fixture_types import Cli

from covey.data.cluster_colours import cluster_colour
from covey.outputs.report.map_picture import draw_map_picture

EVIL = "<img src=x onerror=alert(1)>&\"'.png"


@pytest.fixture
def run(covey: Cli, images: Path, brightness: None) -> Path:
    (images / "call_00.png").rename(images / EVIL.replace("/", "_"))
    covey("run", images, "--extractor", "brightness", "--reducer", "pca", "--set", "reducer.sizes=2",
          "--set", "clusterer.min_samples=3", "--set", "clusterer.eps=0.6,9")  # fmt: skip
    return images


class Tags(HTMLParser):
    """Collects every element with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))


def page(covey: Cli, run: Path, out: Path, *words: object) -> str:
    done = covey("report", run, "-o", out, *words)
    assert done.exit_code == 0, done.stderr
    return out.read_text("utf-8")


@pytest.mark.skipif("os.name == 'nt'", reason="such names cannot be files there")
def test_a_page_holds_everything_and_escapes_every_name(covey: Cli, run: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels.csv"
    rows = [f"call_{number:02}.png,{number % 3}" for number in range(1, 24)]
    labels.write_text(
        "\n".join(["filename,label", '"' + EVIL.replace('"', '""') + '",<script>alert(2)</script>', *rows])
    )
    text = page(covey, run, tmp_path / "report.html", "--labels", labels)
    tags = Tags(text).elements
    names = {tag for tag, _ in tags}
    assert not names & {"script", "iframe", "link", "object", "form"}
    assert all(str(given["src"]).startswith("data:image/") for tag, given in tags if tag == "img")
    assert not [name for _, given in tags for name in given if name.startswith("on") or name == "href"]
    assert EVIL in [given.get("title") for tag, given in tags if tag == "img"]
    assert "default-src 'none'" in text
    assert "brightness" in text
    assert re.search(r"<h3>.*Cluster 0</h3>", text)
    assert "prefers-color-scheme: dark" in text


def test_the_clustering_that_is_asked_for_is_shown(covey: Cli, run: Path, tmp_path: Path) -> None:
    names = sorted(path.stem for path in run.glob("clusters_*.npz"))
    for name in names:
        assert f"<b>{name}</b>" in page(covey, run, tmp_path / "report.html", "--clustering", name)
    done = covey("report", run, "--clustering", names[0][:-1], "-o", tmp_path / "none.html")
    assert done.exit_code == 2
    assert f"Did you mean '{names[0]}'" in done.stderr
    assert not (tmp_path / "none.html").exists()


def test_pictures_are_written_as_files(covey: Cli, run: Path, tmp_path: Path) -> None:
    page(covey, run, tmp_path / "report.html", "--png", tmp_path / "png", "--sort", "clusters")
    computed = sorted(path.name for path in (tmp_path / "png").iterdir())
    assert computed == ["cluster_0000.png", "cluster_0001.png", "cluster_0002.png", "map.png", "profile.png"]
    with Image.open(tmp_path / "png" / "cluster_0000.png") as sheet:
        assert sheet.width == 6 * (48 + 4)


def test_images_that_are_gone_are_named(covey: Cli, run: Path, tmp_path: Path) -> None:
    for path in run.glob("call_0*.png"):
        path.unlink()
    text = page(covey, run, tmp_path / "report.html")
    assert "call_01.png: No such file or directory" in text


def test_the_map_shows_every_cluster_in_its_colour() -> None:
    places = np.repeat(np.array([[0, 0], [10, 0], [0, 10]], np.float32), 5, axis=0)
    labels = np.repeat(np.array([-1, 0, 1], np.int32), 5)
    colours = {pixel[:3] for _, pixel in draw_map_picture(places, labels).getcolors(10**6) or [] if pixel[3] == 255}  # type: ignore[index]
    assert {tuple(bytes.fromhex(cluster_colour(label)[1:])) for label in (-1, 0, 1)} <= colours
    assert draw_map_picture(places[:0], labels[:0]).getbbox() is None


@pytest.mark.parametrize("inner", ["pictures", "deeper/pictures", "../{}/pictures"])
def test_pictures_never_become_images(covey: Cli, run: Path, tmp_path: Path, inner: str) -> None:
    before = sorted(run.rglob("*.png"))
    folder = run / inner.format(run.name)
    for words in (
        ("report", run, "-o", tmp_path / "report.html", "--png", folder),
        ("profile", run, "--clusterer", "dbscan", "--option", "eps", "--png", folder / "eps.png"),
    ):
        done = covey(*words)
        assert (done.exit_code, "lies in the folder with the images of the dataset" in done.stderr) == (2, True)
    assert sorted(run.rglob("*.png")) == before
    assert not (tmp_path / "report.html").exists()


def test_the_leaderboard_shows_the_measures_of_plugins(covey: Cli, run: Path, tmp_path: Path, outlets: None) -> None:
    text = page(covey, run, tmp_path / "report.html", "--sort", "singles")
    assert "<th></th><th>singles</th>" in text
    assert "singles of covey-outlets 1.0 failed in compute (ZeroDivisionError" in text
