"""Takes the pictures of dashboard/README.md: `python tests/benchmarks/pictures.py DATASET`, made by `covey demo`."""

from __future__ import annotations

import io
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.dashboard.browser import launched, page_address, served, settle

NO_SHORT = "it makes pictures"

PAGES = ("explore", "worklist", "labels")
PICTURES = Path(__file__).parents[2] / "dashboard" / "pictures"
COLOURS = 160


def main(dataset: Path) -> None:
    """Open each page of the dashboard and save what it looks like."""
    PICTURES.mkdir(exist_ok=True)
    with launched() as browser, served(dataset) as (address, _):
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        for name in PAGES:
            page.goto(page_address(address, name))
            settle(page)
            page.wait_for_timeout(4000)
            save(page, PICTURES / f"{name}.png")


def save(page: Page, path: Path) -> None:
    """Save a picture with few colours, which keeps the repository small."""
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.quantize(COLOURS).save(path, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
