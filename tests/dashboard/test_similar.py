"""The page Find similar: a piece of a recording finds the clip that it was cut from, words the images they go with."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect
from tests.dashboard.browser import new_tab, page_address, run_browser, serve_dashboard, settle
from tests.distributions import install_modules

from covey import Runtime
from covey.data.folder import FolderDataset
from covey.experiments.pipeline import Pipeline
from covey.frontend import Recipe
from covey.sound.conversion import convert_recordings

soundfile = pytest.importorskip("soundfile")
RATE = 24_000
PLUGIN = """
import numpy as np
from covey import component, hookimpl
from covey.testing import Brightness

@component
class Wordy(Brightness):
    name = "wordy"

    def describe_text(self, texts, runtime):
        return np.array([9 * [0] + 3 * [1] if "low" in text else 3 * [1] + 9 * [0] for text in texts], np.float32)

@hookimpl
def covey_feature_extractors():
    yield Wordy
"""


def chirp(seed: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    rng = np.random.default_rng(seed)
    times_s = np.arange(4 * RATE) / RATE
    sweep = np.sin(2 * np.pi * (1500 + 1500 * seed + 400 * times_s) * times_s)
    return np.asarray(0.4 * sweep + rng.normal(0, 0.05, len(times_s)), dtype=np.float32)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an installed extractor that needs no network and knows a word."""
    site = tmp_path_factory.mktemp("site")
    install_modules(site, "covey-wordy", {"wordy": "covey_wordy"}, {"covey_wordy": PLUGIN})
    return site


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, site: Path) -> Path:
    """Images of five recordings, and their features."""
    home = tmp_path_factory.mktemp("similar")
    (home / "recordings").mkdir()
    for seed in range(5):
        soundfile.write(home / "recordings" / f"r{seed}.wav", chirp(seed), RATE)
    convert_recordings(home / "recordings", home, Recipe(segment=0.5, step=1.0, noise="none"))
    dataset = FolderDataset(home)
    assert dataset.images
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(site))
        from covey_wordy import Wordy  # type: ignore[import-not-found]

        Pipeline(dataset, dataset.images, Runtime()).extract_features(Wordy())
    return home


@pytest.fixture(scope="module")
def page(chromium: Browser, home: Path, site: Path) -> Iterator[Page]:
    with serve_dashboard(home, site=site) as (url, _), new_tab(chromium, page_address(url, "similar"), 900) as tab:
        expect(tab.locator(".tile").first).to_be_visible()
        settle(tab)
        yield tab


def choose_way(page: Page, way: str) -> None:
    page.get_by_text(way, exact=True).click()
    settle(page)


def test_a_piece_of_a_recording_finds_the_clip_that_it_was_cut_from(page: Page, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "piece.flac", chirp(3)[RATE : RATE + RATE // 2], RATE)
    choose_way(page, "A sound")
    page.locator("input[type=file]").set_input_files(tmp_path / "piece.flac")
    expect(page.get_by_text("most like the sound, nearest first")).to_be_visible()
    expect(page.locator("#tile-0")).to_have_attribute("title", "r3_segm_0001.000.png")
    expect(page.get_by_text("As the network saw it")).to_be_visible()


def test_a_piece_that_is_played_to_the_microphone_finds_the_recording_that_it_was_cut_from(
    chromium: Browser, home: Path, site: Path, tmp_path: Path
) -> None:
    times_s = np.linspace(0, 0.5, 24_000, endpoint=False)
    piece = np.interp(times_s, np.arange(RATE // 2) / RATE, chirp(3)[RATE : RATE + RATE // 2])
    soundfile.write(tmp_path / "piece.wav", piece, 48_000)
    played = f"--use-file-for-fake-audio-capture={tmp_path / 'piece.wav'}"
    flags = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", played]
    with (
        run_browser(chromium.browser_type, *flags) as browser,
        serve_dashboard(home, site=site) as (address, _),
        new_tab(browser, page_address(address, "similar"), 900) as tab,
    ):
        settle(tab)
        choose_way(tab, "A sound")
        tab.get_by_role("button", name="Record", exact=True).click()
        tab.wait_for_timeout(4000)
        tab.get_by_role("button", name="Stop recording").click()
        expect(tab.get_by_text("most like the sound, nearest first")).to_be_visible()
        expect(tab.locator("#tile-0")).to_have_attribute("title", re.compile(r"^r3_segm_"))


def test_a_picture_finds_its_image(page: Page, home: Path) -> None:
    choose_way(page, "A picture")
    page.locator("input[type=file]").set_input_files(home / "images" / "r1_segm_0002.500.png")
    expect(page.get_by_text("most like the picture, nearest first")).to_be_visible()
    expect(page.locator("#tile-0")).to_have_attribute("title", "r1_segm_0002.500.png")


def test_what_is_no_sound_is_said(page: Page, tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("no sound")
    choose_way(page, "A sound")
    page.locator("input[type=file]").set_input_files(tmp_path / "text.wav")
    expect(page.get_by_role("alert")).to_contain_text("No image can be made of this sound")


def test_words_find_the_images_that_go_with_them(page: Page) -> None:
    choose_way(page, "Words")
    field = page.get_by_placeholder("a high whistle")
    field.fill("a low hum")
    field.press("Enter")
    expect(page.get_by_text("most like words, nearest first")).to_be_visible()
    expect(page.locator("#tile-0")).to_be_visible()


def test_images_are_found_from_a_tile_by_the_mouse_and_by_a_key_and_from_the_viewer(page: Page) -> None:
    choose_way(page, "Images")
    page.get_by_label("Images:").focus()
    tile = page.locator("#tile-4")
    chosen = tile.get_attribute("title")
    tile.hover()
    sign = tile.get_by_title("More like this")
    box = sign.bounding_box()
    assert box
    assert min(box["width"], box["height"]) >= 24
    sign.click()
    expect(page.get_by_text("most like 1 image, nearest first")).to_be_visible()
    expect(page.locator(f'.tile[title="{chosen}"]')).to_have_count(0)
    nearest = page.locator("#tile-0").get_attribute("title")
    assert nearest
    page.get_by_label("Images:").focus()
    page.keyboard.press("m")
    expect(page.locator(f'.tile[title="{nearest}"]')).to_have_count(0)
    second = str(page.locator("#tile-0").get_attribute("title"))
    page.locator("#tile-0").dblclick()
    page.keyboard.press("m")
    expect(page.locator(f'.tile[title="{second}"]')).to_have_count(0)
    page.get_by_role("button", name="Forget 1 image").click()
    expect(page.locator(".count")).to_have_text("40 images")
