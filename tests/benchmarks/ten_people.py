"""Ten people who name groups of 20,000 images at once on one server: how long an action takes, and that none is lost.

Run it by `python tests/benchmarks/ten_people.py [ACTIONS]`, with chromium on the path: 1,000 actions if nothing else is
said. Each person has a browser window of their own and names the twenty groups that are theirs, again and again. An
action lasts from Enter until the page says that all images of the group have the new class. Since people never pause
here, it lasts as long as the work of ten actions: of the server, and of ten browsers on the same machine.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import psutil
from playwright.async_api import Page, async_playwright

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.dashboard.browser import CHROMIUM, page_address, serve_dashboard

from covey.components.kinds import Kind
from covey.data.folder import FolderDataset
from covey.data.provenance import Provenance
from covey.data.tables import Clustering, Embedding
from covey.labelling import open_labels

SHORT = ("50",)
PEOPLE, GROUPS, IMAGES = 10, 200, 20_000
PATIENCE_S = 120
NAME_GROUP = """async ([group, name, answer]) => {
  const roots = [...document.querySelectorAll("*")].flatMap((host) => host.shadowRoot ?? []);
  const sheet = roots.map((root) => root.querySelector(".group-sheet")).find(Boolean);
  const row = sheet.querySelector(`[aria-label="Class of Group ${group}"]`).closest("li");
  const note = row.querySelector(".note");
  const hasAnswer = new Promise((resolve) => {
    new MutationObserver(() => note.textContent === answer && resolve()).observe(note, { childList: true });
  });
  const input = row.querySelector("input");
  input.focus();
  input.value = name;
  input.dispatchEvent(new Event("input", { bubbles: true }));
  input.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
  await hasAnswer;
}"""
"""Names a group in the browser, which costs it less than to have it looked at and operated from outside."""


def write_dataset(folder: Path) -> Path:
    """Write 200 groups of 100 images each, with their embedding."""
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(GROUPS), IMAGES // GROUPS).astype(np.int32)
    names = [f"call_{number:05}.png" for number in range(IMAGES)]
    Z = (rng.normal(0, 0.1, (IMAGES, 2)) + rng.normal(0, 9, (GROUPS, 2))[labels]).astype(np.float32)
    reduced = Provenance(kind=Kind.REDUCER, component="flat", tag="flat", version=1, options={}, input="images")
    made_by: dict[str, Any] = {"component": "cut", "tag": "cut", "version": 1, "options": {}}
    clustered = Provenance(kind=Kind.CLUSTERER, input=reduced.key, source=reduced, **made_by)
    FolderDataset(folder).save(
        [Embedding(names=names, Z=Z, map=Z, provenance=reduced),
         Clustering(names=names, labels=labels, provenance=clustered)]
    )  # fmt: skip
    return folder


async def name_groups(page: Page, person: int, actions: int) -> tuple[list[float], dict[int, str]]:
    """Name the groups of one person; return the seconds of each action, and the last name of each group."""
    seconds, name_by_group = [], {}
    for action in range(actions):
        group = person + PEOPLE * (action % (GROUPS // PEOPLE))
        name = name_by_group[group] = f"person {person} round {action // (GROUPS // PEOPLE)}"
        answer = f"All {IMAGES // GROUPS}: {name}"
        begin_s = time.perf_counter()
        with suppress(
            TimeoutError, asyncio.TimeoutError
        ):  # counts as PATIENCE_S; whether it was lost is seen in the end
            await asyncio.wait_for(page.evaluate(NAME_GROUP, [group, name, answer]), PATIENCE_S)
        seconds.append(time.perf_counter() - begin_s)
    return seconds, name_by_group


@attrs.frozen
class SharedWork:
    """What came of ten people who work at once: the seconds of all actions, the last name of each group, and the
    processor seconds that an action took of the server and of the browsers.
    """

    seconds: list[float]
    name_by_group: dict[int, str]
    server_s: float
    browsers_s: float


def processor_seconds(process: psutil.Process) -> float:
    """Return the processor seconds of the processes that a process started, as long as they run."""
    times = [child.cpu_times() for child in process.children(recursive=True)]
    return sum(time.user + time.system for time in times)


async def work_together(address: str, server: psutil.Process, actions: int) -> SharedWork:
    """Let everybody act at once."""
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        pages = [await browser.new_page() for _ in range(PEOPLE)]
        for page in pages:
            await page.goto(page_address(address, "name_groups"), timeout=1000 * PATIENCE_S)
            await page.locator("li.group").first.wait_for(timeout=1000 * PATIENCE_S)
        work = [name_groups(page, person, actions // PEOPLE) for person, page in enumerate(pages)]
        server_s, all_s = processor_seconds(server), processor_seconds(psutil.Process())
        results = await asyncio.gather(*work)
        server_s, all_s = processor_seconds(server) - server_s, processor_seconds(psutil.Process()) - all_s
        await browser.close()
    return SharedWork(
        seconds=[second for times, _ in results for second in times],
        name_by_group={group: name for _, names in results for group, name in names.items()},
        server_s=server_s / actions,
        browsers_s=(all_s - server_s) / actions,
    )


def main(actions: int) -> None:
    """Measure it, and check that every name is there."""
    with tempfile.TemporaryDirectory() as folder:
        dataset = write_dataset(Path(folder) / "calls")
        with serve_dashboard(dataset) as (address, process):
            work = asyncio.run(work_together(address, psutil.Process(process.pid), actions))
        labels_by_image = open_labels(FolderDataset(dataset)).by_image()
    lost = [
        group
        for group, name in work.name_by_group.items()
        if {labels_by_image.get(f"call_{group * 100 + number:05}.png") for number in range(100)} != {(name,)}
    ]
    print("| actions | people | images | median s | 90 % s | server s | browsers s | groups lost |")
    tail = statistics.quantiles(work.seconds, n=10)[-1]
    figures = [statistics.median(work.seconds), tail, work.server_s, work.browsers_s]
    in_words = " | ".join(f"{figure:.2f}" for figure in figures)
    print(f"{'|---' * 8}|\n| {len(work.seconds)} | {PEOPLE} | {IMAGES:,} | {in_words} | {len(lost)} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
