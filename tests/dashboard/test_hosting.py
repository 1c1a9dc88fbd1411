"""The dashboard for everybody, as web hosts start it: plain `streamlit run` on a read-only file system."""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.dashboard.browser import free_port, open_tab, settle
from tests.dashboard.conftest import plain_names, write
from tests.dashboard.http_client import ask, handshake, host_of
from tests.dashboard.test_journey import classed, press
from tests.dashboard.test_read_only import contents
from tests.dashboard.waiting import PATIENCE_S, wait_until

from covey.data.folder import FolderDataset
from covey.labelling import open_labels
from covey_dashboard.server.public_server import DATASET
from covey_dashboard.server.read_only import NO_DATASET, VISIT_LABELS

TOP = Path(__file__).parents[2]
START = [sys.executable, "-m", "streamlit", "run", "dashboard/streamlit_app.py"]
PRINTED = "printed.txt"
READ_ONLY_FILES = 'mount --bind "$TMPDIR" "$TMPDIR" && mount -o remount,ro,bind / && ! touch "$SEALED" && exec "$@"'
"""Starts a program that can write to its temporary folder alone."""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two datasets, the first with labels, and an empty folder `scratch`."""
    folder = tmp_path_factory.mktemp("lab")
    open_labels(FolderDataset(write(folder / "birds", plain_names()))).add(plain_names()[:3], "wren")
    write(folder / "bats", [f"bat_{name}" for name in plain_names()])
    (folder / "scratch").mkdir()
    return folder


def start(port: int, setting: str, scratch: Path, sealed: str = "") -> subprocess.Popen[bytes]:
    """Start the dashboard as on a desk; with `sealed`, a path, it can write to `scratch` alone.

    What it prints is kept in `scratch`; the browser that it opens does nothing.
    """
    places = {
        "TMPDIR": str(scratch),
        "COVEY_HOME": str(scratch / "covey"),
        "HOME": str(scratch),
        "BROWSER": "true",
        "SEALED": sealed,
    }
    settings = {DATASET: setting, "STREAMLIT_SERVER_PORT": str(port), "STREAMLIT_SERVER_HEADLESS": "false"}
    jail = ["unshare", "--mount", "sh", "-c", READ_ONLY_FILES, "sh"] if sealed else []
    with (scratch / PRINTED).open("w") as output:
        environment = {**os.environ, **places, **settings}
        return subprocess.Popen([*jail, *START], cwd=TOP, env=environment, stdin=subprocess.DEVNULL, stdout=output)


def answers(address: str) -> bool:
    try:
        return ask(address, "GET /_stcore/health", host_of(address)).status == 200
    except OSError:
        return False


@pytest.fixture(scope="module")
def address(lab: Path) -> Iterator[str]:
    """A server that shows both datasets."""
    is_jail = shutil.which("unshare") and hasattr(os, "geteuid") and os.geteuid() == 0
    port = free_port()
    process = start(port, f"{lab / 'birds'}, {lab / 'bats'}", lab / "scratch", str(lab / "x") if is_jail else "")
    address = f"http://localhost:{port}"
    try:
        wait_until(lambda: answers(address))
        yield address
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


def open_explore(chromium: Browser, address: str) -> Page:
    page = open_tab(chromium, 900)
    page.goto(address)
    expect(page.locator(".map[data-drawn]")).to_be_visible()
    settle(page)
    return page


def read_classes(page: Page) -> set[str]:
    """Return the classes in the table that a visitor downloads."""
    page.get_by_role("link", name="Labels", exact=True).click()
    page.get_by_role("tab", name="Export and import").click()
    with page.expect_download() as download:
        press(page, "One row for each label")
    rows = list(csv.DictReader(download.value.path().read_text("utf-8-sig").splitlines()))
    return {row["label"] for row in rows}


def test_a_visitor_labels_and_takes_the_labels_home_and_nobody_else_sees_them(
    chromium: Browser, address: str, lab: Path
) -> None:
    before = contents(lab / "birds", lab / "bats")
    first, second = open_explore(chromium, address), open_explore(chromium, address)
    expect(first.get_by_text(VISIT_LABELS)).to_be_visible()
    classed(first, "robin")
    press(first, "Label 115 images")
    expect(first.get_by_text("“robin” given to 115 images.")).to_be_visible()
    assert read_classes(first) == {"wren", "robin"}
    assert read_classes(second) == {"wren"}
    expect(first.locator("img[src*='/covey/image']").first).to_be_visible()
    assert contents(lab / "birds", lab / "bats") == before
    assert not any("label" in path for path in contents(lab / "scratch"))
    for page in (first, second):
        page.context.close()


def test_the_address_chooses_among_the_datasets_of_the_setting_alone(
    chromium: Browser, address: str, lab: Path
) -> None:
    for dataset, shown in ((lab / "bats", "bats"), (lab, "birds"), ("kaggle:owner/name", "birds")):
        page = open_explore(chromium, f"{address}/?dataset={dataset}")
        expect(page.get_by_text(shown, exact=True).first).to_be_visible()
        page.context.close()


def test_it_answers_under_every_name_to_pages_of_every_site_and_changes_nothing(address: str) -> None:
    assert ask(address, "GET /", "Host: covey.example.org").status == 200
    assert handshake(address, "Host: 10.0.0.7:8080", "Origin: https://covey.example.org") == 101
    for path in ("/", "/_stcore/upload_file/a/b", "/covey/image"):
        assert ask(address, f"POST {path}", "Host: covey.example.org").status == 403


def test_without_the_setting_it_says_what_is_missing_and_streamlit_asks_for_nothing(
    chromium: Browser, tmp_path: Path
) -> None:
    port = free_port()
    process = start(port, "", tmp_path)
    try:
        wait_until(lambda: answers(f"http://localhost:{port}"))
        page = open_tab(chromium)
        page.goto(f"http://localhost:{port}/")
        expect(page.get_by_text(NO_DATASET)).to_be_visible()
        page.close()
        assert not re.search("mail|statistics", (tmp_path / PRINTED).read_text(), re.IGNORECASE)
    finally:
        process.terminate()
        process.wait(PATIENCE_S)
