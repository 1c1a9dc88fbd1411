"""The gallery: the thumbnails of some images, page by page, so that every one can be seen."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from html import escape

import streamlit as st
from PIL import Image

from covey.images import THREADS, BrokenImage, ImageFolder

PAGE = 48
"""Images on a page."""
SIDE = 240
"""Pixels of a thumbnail's longer side."""
HEIGHT = 470


@st.fragment
def show(folder: ImageFolder | None, names: Sequence[str], what: str) -> None:
    """Show the page of images that a person turned to; another `what` starts at the first page again."""
    start = (_page(len(names), what) - 1) * PAGE
    tiles = "".join(_tiles(folder, names[start : start + PAGE]))
    with st.container(height=HEIGHT, border=False):
        st.html(f'<div class="covey-gallery">{tiles}</div>')


def _page(count: int, what: str) -> int:
    """Return the page that a person turned to, from 1."""
    pages = -(-count // PAGE)
    if pages < 2:
        return 1
    left, right = st.columns(2, vertical_alignment="center")
    page = int(right.number_input("Page", 1, pages, key=f"page {what}", label_visibility="collapsed"))
    left.text(f"page {page:,} of {pages:,}")
    return page


def _tiles(folder: ImageFolder | None, names: Sequence[str]) -> list[str]:
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(lambda name: _tile(folder, name), names))


def _tile(folder: ImageFolder | None, name: str) -> str:
    told = escape(name)
    try:
        if folder is None:
            raise BrokenImage("the images are not there")
        picture = f'<img src="{_thumbnail(folder, name)}" alt="{told}">'
    except BrokenImage as error:
        picture = f'<div class="grey">{escape(str(error))}</div>'
    return f'<figure title="{told}">{picture}<figcaption><bdi dir="ltr">{told}</bdi></figcaption></figure>'


@lru_cache(maxsize=4096)
def _thumbnail(folder: ImageFolder, name: str) -> str:
    """Return a small picture as a data address. Raises BrokenImage."""
    image = Image.fromarray(folder.pixels(name))
    image.thumbnail((SIDE, SIDE))
    data = io.BytesIO()
    image.save(data, "JPEG", quality=88)
    return "data:image/jpeg;base64," + base64.b64encode(data.getvalue()).decode("ascii")
