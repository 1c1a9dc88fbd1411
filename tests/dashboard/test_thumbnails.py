"""Thumbnails: what decoding them costs, however many are asked for at once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

SIDE, COUNT = 7000, 10
MOST_MB = 750
"""One such picture takes 350 MB while it is decoded, Python with Streamlit 100 MB."""
ASK_AT_ONCE = """
import asyncio, json, re, sys
from pathlib import Path

from starlette.requests import Request

from covey.data.images import ImageFolder
from covey_dashboard.server import thumbnails

folder = ImageFolder(Path(sys.argv[1]))
query = thumbnails.address(folder).partition("?")[2]

async def ask(name):
    scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": (query + name).encode()}
    return await thumbnails.ROUTES[0].endpoint(Request(scope))

async def ask_all():
    return await asyncio.gather(*(ask(name + how) for name in folder.names() for how in ("", "&whole")))

replies = asyncio.run(ask_all())
peak = int(re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024
print(json.dumps([[reply.status_code for reply in replies], peak]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says how much memory a process needed itself")
def test_a_page_of_huge_pictures_takes_no_more_memory_than_one(tmp_path: Path) -> None:
    for place in range(COUNT):
        Image.new("L", (SIDE, SIDE), place).save(tmp_path / f"{place}.png")
    asked = subprocess.run([sys.executable, "-c", ASK_AT_ONCE, tmp_path], check=True, capture_output=True)
    statuses, peak = json.loads(asked.stdout)
    assert statuses == [200] * 2 * COUNT
    assert peak < MOST_MB


def test_a_picture_whose_size_cannot_be_read_is_missing_and_the_others_are_there(tmp_path: Path) -> None:
    Image.new("RGB", (20, 10)).save(tmp_path / "good.png")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    asked = subprocess.run([sys.executable, "-c", ASK_AT_ONCE, tmp_path], check=True, capture_output=True)
    assert json.loads(asked.stdout)[0] == [404, 404, 200, 200]
