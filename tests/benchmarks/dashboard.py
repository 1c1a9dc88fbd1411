"""How quick the page Explore is in a browser, and how much memory the server needs, for 20,000 and 100,000 images.

Run it by `python tests/benchmarks/dashboard.py [COUNT ...]`, on Linux, with chromium on the path. The images are made
up: 60 groups in 8 dimensions, which the dataset keeps. Each figure is the median of several tries; a cold server is one
that was started anew for each try, and the seconds count from the first request to the map.
"""

from __future__ import annotations

import io
import itertools
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.dashboard.browser import find_list, free_port

from covey.components.kinds import Kind
from covey.components.options import build
from covey.data.folder import FolderDataset
from covey.data.provenance import Provenance
from covey.data.segment_names import image_name
from covey.data.tables import Clustering, Embedding, NearestGroups
from covey.plugins.registry import Registry

SHORT = ("20000",)

COUNTS = (20_000, 100_000)
GROUPS, DIMENSIONS, CUTS = 60, 8, 50
TRIES, COLD_TRIES, SESSIONS = 7, 3, 4
PATIENCE = 120_000
COVEY = [sys.executable, "-c", "from covey.commands.main import main; main()"]
PICKED = itertools.count()
"""Which cluster is picked next."""
TENS = itertools.count()
"""Which ten recordings are labelled next."""
DRAWN = """(map, before) => new Promise((done) => {
    const look = () => (map.dataset.drawn !== before ? done() : requestAnimationFrame(look));
    look();
})"""
LOADED = """(gallery, before) => new Promise((done) => {
    const look = () => {
        const found = gallery.querySelector(".tile img");
        const ready = found && found.getAttribute("src") !== before && found.complete && found.naturalWidth;
        ready ? done() : requestAnimationFrame(look);
    };
    look();
})"""


def main(*counts: str) -> None:
    """Print the table."""
    print(
        "| images | map, cold server, s | map, warm, s | slider to map, s | first images, s | 500 labelled, s |", end=""
    )
    print(" server at the map, MB | server at the end, MB | each further session, MB |")
    print("|---|---|---|---|---|---|---|---|---|")
    for count in map(int, counts or COUNTS):
        with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
            generate(Path(folder) / "birds", count)
            os.environ["COVEY_HOME"] = str(Path(folder) / "home")
            browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            birds = Path(folder) / "birds"
            cold = statistics.median(open_cold(browser, birds) for _ in range(COLD_TRIES))
            with serve_dashboard(birds) as (address, server):
                print(f"| {count:,} | {cold:.2f} | {' | '.join(measured(browser, address, server))} |", flush=True)
            browser.close()


def measured(browser: Browser, address: str, server: int) -> list[str]:
    """Return the row of a table."""
    page = open_page(browser, address)[0]
    at_map = memory(server)
    thumbnails = median(partial(pick, page))
    page.get_by_role("button", name="Change", exact=True).click()
    page.locator(".profile").wait_for(timeout=PATIENCE)
    page.wait_for_timeout(2000)
    slider, labelled = (median(partial(act, page)) for act in (slide, label))
    reloaded(page)
    first = memory(server)
    others = [open_page(browser, address) for _ in range(SESSIONS)]
    page.wait_for_timeout(2000)
    each = (memory(server) - first) / SESSIONS
    opening = statistics.median(seconds for _, seconds in others)
    seconds = [f"{figure:.2f}" for figure in (opening, slider, thumbnails, labelled)]
    return [*seconds, *(f"{size:.0f}" for size in (at_map, first, each))]


def open_cold(browser: Browser, birds: Path) -> float:
    """Return the seconds until there is a map, after a server was started."""
    with serve_dashboard(birds) as (address, _):
        page, seconds = open_page(browser, address)
        page.close()
        return seconds


def open_page(browser: Browser, address: str) -> tuple[Page, float]:
    """Return a page, and the seconds until there is a map on it."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    start = time.perf_counter()
    page.goto(address)
    page.locator(".map[data-drawn]").wait_for(timeout=PATIENCE)
    seconds = time.perf_counter() - start
    wait_until_still(page)
    tour = page.get_by_role("button", name="No, thanks")
    if tour.is_visible():
        tour.click()
        tour.wait_for(state="detached", timeout=PATIENCE)
        wait_until_still(page)
    return page, seconds


def wait_until_still(page: Page) -> None:
    """Wait until the server has answered everything."""
    page.get_by_test_id("stApp").and_(page.locator('[data-test-script-state="notRunning"]')).wait_for(timeout=PATIENCE)


def slide(page: Page) -> float:
    """Move the slider one step; return the seconds until the map is drawn anew."""
    drawn, start = page.locator(".map").get_attribute("data-drawn"), time.perf_counter()
    page.get_by_role("slider").first.press("ArrowRight")
    page.locator(".map").evaluate(DRAWN, drawn)
    seconds = time.perf_counter() - start
    page.wait_for_timeout(700)
    return seconds


def pick(page: Page) -> float:
    """Pick another cluster; return the seconds until a thumbnail of it is there."""
    tile = page.locator(".tile img").first
    before = tile.get_attribute("src")
    find_list(page, "Show").click()
    title = f"Group {next(PICKED)}:"
    page.keyboard.type(title)
    option = page.get_by_role("option", name=re.compile(f"^{title}"))
    option.wait_for(timeout=PATIENCE)
    start = time.perf_counter()
    option.click()
    page.locator(".gallery").evaluate(LOADED, before)
    return time.perf_counter() - start


def label(page: Page) -> float:
    """Give a new class to the images of ten recordings; return the seconds until the page says so."""
    place = next(TENS)
    page.get_by_label("Search", exact=True).fill(f"XC{place:05}")
    page.keyboard.press("Enter")
    page.get_by_label("Class", exact=True).click()
    page.keyboard.type(f"class {place}")
    page.keyboard.press("Enter")
    button = page.get_by_role("button", name="Label 500 images")
    button.and_(page.locator(":enabled")).wait_for(timeout=PATIENCE)
    button.hover()
    page.wait_for_timeout(700)
    start = time.perf_counter()
    page.mouse.down()
    page.mouse.up()
    page.get_by_text(f"“class {place}” given to 500 images.").wait_for(timeout=PATIENCE)
    seconds = time.perf_counter() - start
    page.wait_for_timeout(700)
    return seconds


def reloaded(page: Page) -> None:
    """See that the labels are there after a reload."""
    page.reload()
    find_list(page, "Show").click()
    page.keyboard.type("class 0")
    page.get_by_role("option", name="Label class 0: 500 images").wait_for(timeout=PATIENCE)
    page.keyboard.press("Escape")


def median(act: Callable[[], float]) -> float:
    """Return the median of the seconds that something takes."""
    return statistics.median(act() for _ in range(TRIES))


def memory(server: int) -> float:
    """Return the MB that the server's processes hold."""
    features_of_images = subprocess.run(
        ["ps", "-o", "rss=", "--ppid", str(server)], capture_output=True, text=True, check=True
    )
    return max(map(int, features_of_images.stdout.split())) / 1e3


@contextmanager
def serve_dashboard(folder: Path) -> Iterator[tuple[str, int]]:
    """Run the dashboard; yield its address and its process."""
    words = ["dashboard", str(folder), "--port", str(free_port()), "--no-browser"]
    process = subprocess.Popen([*COVEY, *words], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        match = re.search(r"http://\S+", process.stdout.readline())
        assert match
        yield match[0], process.pid
    finally:
        process.terminate()  # what runs in the background may not be interrupted
        process.wait()


def generate(folder: Path, count: int) -> None:
    """Write a dataset: small images of recordings with CUTS each, and an embedding with GROUPS groups."""
    rng = np.random.default_rng(0)
    groups = rng.integers(0, GROUPS, count)
    centres = np.hstack([rng.normal(0, 6, (GROUPS, 2)), rng.normal(0, 1.5, (GROUPS, DIMENSIONS))])
    places = centres[groups] + rng.normal(0, 0.25, (count, 2 + DIMENSIONS))
    names = [image_name(f"XC{at // CUTS:06}", at % CUTS) for at in range(count)]
    (folder / "images").mkdir(parents=True)
    pictures = [picture(rng) for _ in range(16)]
    for name, group in zip(names, groups, strict=True):
        (folder / "images" / name).write_bytes(pictures[group % len(pictures)])
    provenance = Provenance(kind=Kind.REDUCER, component="made", tag="made", version=1, options={}, input="images")
    Z, flat = places[:, 2:].astype(np.float32), places[:, :2].astype(np.float32)
    clusterer = build(Registry.installed().get(Kind.CLUSTERER, "dbscan"), {"eps": 0.5, "min_samples": 12})
    labels = groups.astype(np.int32)
    nearest = NearestGroups(labels, np.ones(count, dtype=np.float32))
    kept = Clustering(names=names, labels=labels, provenance=Provenance.of(clusterer, provenance), nearest=nearest)
    FolderDataset(folder).save([Embedding(names=names, Z=Z, map=flat, provenance=provenance), kept])


def picture(rng: np.random.Generator) -> bytes:
    """Return a small PNG."""
    data = io.BytesIO()
    Image.fromarray(rng.integers(0, 255, (64, 96, 3), dtype=np.uint8)).save(data, "PNG")
    return data.getvalue()


if __name__ == "__main__":
    main(*sys.argv[1:])
