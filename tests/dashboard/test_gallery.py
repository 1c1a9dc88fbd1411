"""The gallery as a person meets it, and what stands between the browser and the files: thumbnails and sound."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, TimeoutError, expect
from tests.dashboard.browser import find_list, free_port, new_tab
from tests.dashboard.waiting import PATIENCE_S, wait_until

from covey.data.folder import FolderDataset
from covey.frontend import PARAMETERS_FILE
from covey_dashboard.server.recording_audio import MOST_SAMPLES, Recordings
from covey_dashboard.widgets.gallery import GalleryContent

RATE = 8000
LENGTH = 0.5

RECORDED = [f"XC{number}_call_segm_{start:08.3f}.png" for number in (12345, 678901) for start in np.arange(0, 6, 0.4)]
HOSTILE = [
    "<img src=x onerror=document.title='hurt'>.png",
    'it\'s "quoted" & 100% of #1?.png',
    "🐦 ‮gnp.png",
    "n" * 240 + ".png",
]
BROKEN = ["broken.png", "missing.png", "m" * 300 + ".png"]
OUTSIDE = ["../secret.png", "sub/../../secret.png", "link.png"]

PAGE = """
import json, sys
from pathlib import Path

import numpy as np
import streamlit as st

from covey.data.folder import FolderDataset
from covey.data.images import ImageFolder
from covey_dashboard.server import recording_audio as sound, thumbnails
from covey_dashboard.widgets import gallery

home = Path({home!r})
folder, dataset = ImageFolder(home / "images"), FolderDataset(home)
names = json.loads((home / "names.json").read_text("utf-8"))
told = {{"image": thumbnails.address(folder), "sound": sound.address(dataset)}}
(home / "addresses.json").write_text(json.dumps(told))

def like(found):
    st.session_state["asked"] = found

many, fewer = st.toggle("Many"), st.toggle("Fewer")
shown = [f"XC{{number}}_segm_0000.000.png" for number in range(20_000)] if many else names[::2] if fewer else names
what = st.text_input("What", "all")

@st.fragment
def panel():
    left = gallery.show_gallery(
        shown, selection_key=what, folder=folder, dataset=dataset, clusters=np.arange(len(shown), dtype=np.int32) - 1,
        rate_oddity=lambda: np.arange(len(shown), dtype=np.float32)[::-1], show_similar=like,
        labels_by_image={{shown[1]: ("wren",), shown[2]: ("robin", "wren")}},
    )
    st.text(f"shown: {{what}}")
    st.text("out: " + json.dumps(sorted(set(shown) - set(left)), ensure_ascii=False))

st.text("asked: " + json.dumps(st.session_state.get("asked")))
panel()
"""
WEB = """
from streamlit.starlette import App

from covey_dashboard.server import recording_audio as sound, thumbnails
from covey_dashboard.server.clips import image_facts, surroundings

app = App({page!r}, routes=[*thumbnails.ROUTES, *sound.ROUTES, *image_facts.ROUTES, *surroundings.ROUTES])
"""

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such file names"),
]


def tone() -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.random.default_rng(0).uniform(-0.5, 0.5, 8 * RATE).astype(np.float32)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset with one of its two recordings, with images that are broken, missing or elsewhere."""
    soundfile = pytest.importorskip("soundfile")
    home = tmp_path_factory.mktemp("gallery")
    images, audio = home / "images", home / "audio"
    images.mkdir()
    audio.mkdir()
    for place, name in enumerate([*RECORDED, *HOSTILE]):
        Image.new("RGB", (64, 32), (5 * place, 90, 120)).save(images / name)
    Image.new("RGB", (9, 9)).save(home / "secret.png")
    (images / "link.png").symlink_to(home / "secret.png")
    (images / BROKEN[0]).write_bytes(b"\x89PNG nothing more")
    (images / "_feature_extraction_parameters.json").write_text(f'{{"segment_duration_sec": {LENGTH}}}')
    soundfile.write(audio / "XC12345_call.flac", tone(), RATE)
    soundfile.write(home / "private_call.wav", tone(), RATE)
    (home / "names.json").write_text(json.dumps([*RECORDED, *HOSTILE, *BROKEN, *OUTSIDE]), "utf-8")
    return home


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    """A page with nothing but a gallery, and our own routes."""
    (home / "page.py").write_text(PAGE.format(home=str(home)), "utf-8")
    (home / "site_web.py").write_text(WEB.format(page=str(home / "page.py")), "utf-8")
    port = free_port()
    flags = [f"--server.port={port}", "--server.address=localhost", "--server.headless=true"]
    quiet = ["--server.fileWatcherType=none", "--browser.gatherUsageStats=false", "--logger.level=error"]
    command = [sys.executable, "-m", "streamlit", "run", str(home / "site_web.py"), *flags, *quiet]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        yield f"http://localhost:{port}"
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


@pytest.fixture(scope="module")
def gallery_page(chromium: Browser, address: str) -> Iterator[Page]:
    wait(address)
    with new_tab(chromium, address, 900) as tab:
        yield tab
        assert "hurt" not in tab.title()


@pytest.fixture
def page(gallery_page: Page, request: pytest.FixtureRequest) -> Page:
    """The page with all images, none of them out."""
    if gallery_page.locator("dialog").is_visible():
        gallery_page.keyboard.press("Escape")
    for name in ("Many", "Fewer"):
        if gallery_page.get_by_label(name).is_checked():
            switch(gallery_page, name)
    choose_order(gallery_page, "Unsorted")
    gallery_page.get_by_label("What").fill(request.node.name)
    gallery_page.get_by_label("What").press("Enter")
    expect(gallery_page.get_by_text("shown: ")).to_have_text(f"shown: {request.node.name}")
    expect(tile(gallery_page, 0).locator("img")).to_be_visible()
    expect(tile(gallery_page, 0)).to_have_attribute("title", RECORDED[0])
    expect(gallery_page.locator(".count")).to_have_text("40 images")
    return gallery_page


def wait(address: str) -> None:
    wait_until(lambda: status(f"{address}/_stcore/health") == 200)


def status(url: str) -> int:
    try:
        with urllib.request.urlopen(url) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def tile(page: Page, place: int) -> Locator:
    return page.locator(f"#tile-{place}")


def expect_out(page: Page, names: list[str]) -> None:
    message = "[" + ", ".join(f'"{name}"' for name in sorted(names)) + "]"
    expect(page.get_by_text("out: ", exact=False).last).to_have_text(f"out: {message}")


def audio_of(page: Page, expression: str) -> object:
    return page.locator(".gallery audio").evaluate(f"audio => {expression}")


def expect_played(page: Page, seconds: float) -> None:
    """Check that sound of a length is heard: time goes by, and then it ends."""
    audio = page.locator(".gallery audio").element_handle()
    is_heard = "audio.currentTime > 0.05 && !audio.muted && audio.volume === 1"
    duration_s = page.wait_for_function(f"audio => {is_heard} && audio.duration", arg=audio)  # before it ends
    assert duration_s.json_value() == pytest.approx(seconds, abs=0.01)
    page.wait_for_function("audio => !audio.hasAttribute('src')", arg=audio)


def choose_order(page: Page, name: str) -> None:
    option = page.get_by_role("option", name=name)
    find_list(page, "Order").click()
    try:
        option.click(timeout=5000)
    except TimeoutError:  # the page was drawn anew in the meantime, which closes the list
        find_list(page, "Order").click()
        option.click()


def switch(page: Page, name: str) -> None:
    page.get_by_text(name, exact=True).click()


class TestTakingOut:
    def test_a_click_takes_an_image_out_and_another_back_in(self, page: Page) -> None:
        tile(page, 2).click()
        expect_out(page, [RECORDED[2]])
        expect(page.locator(".count")).to_have_text("39 of 40 images")
        expect(tile(page, 2)).to_have_attribute("aria-selected", "false")
        tile(page, 2).click()
        expect_out(page, [])

    def test_a_click_with_shift_takes_a_range(self, page: Page) -> None:
        tile(page, 9).click()
        tile(page, 4).click(modifiers=["Shift"])
        expect_out(page, RECORDED[4:10])
        tile(page, 5).click()
        tile(page, 6).click(modifiers=["Shift"])
        expect_out(page, [RECORDED[4], *RECORDED[7:10]])

    def test_all_are_removed_kept_and_swapped(self, page: Page) -> None:
        tile(page, 2).click()
        page.get_by_role("button", name="Keep those that were removed").click()
        expect(page.locator(".count")).to_have_text("1 of 40 images")
        expect(tile(page, 2)).to_have_attribute("aria-selected", "true")
        page.get_by_role("button", name="Remove all images").click()
        expect(page.locator(".count")).to_have_text("0 of 40 images")
        expect(page.get_by_text("out: ", exact=False)).to_contain_text(RECORDED[-1])
        page.get_by_role("button", name="Keep all images").click()
        expect_out(page, [])

    def test_the_keyboard_is_enough(self, page: Page) -> None:
        page.locator(".grid").focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press(" ")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Shift+ ")
        expect_out(page, RECORDED[1:4])
        page.keyboard.press("Enter")
        expect(page.locator("dialog .name")).to_have_text(RECORDED[3])
        page.keyboard.press("ArrowRight")
        page.keyboard.press(" ")
        expect(page.locator("dialog")).to_contain_text("Put back")
        page.keyboard.press("Escape")
        expect(page.locator("dialog")).to_be_hidden()
        expect_out(page, RECORDED[1:5])
        page.keyboard.press("ArrowLeft")
        page.keyboard.press(" ")
        expect_out(page, [RECORDED[1], RECORDED[2], RECORDED[4]])

    def test_what_is_out_stays_out_in_another_order_and_when_the_images_change(self, page: Page) -> None:
        tile(page, 2).click()
        tile(page, 3).click()
        expect_out(page, RECORDED[2:4])
        choose_order(page, "Typical first")
        expect(tile(page, 0)).to_have_attribute("title", OUTSIDE[-1])
        expect_out(page, RECORDED[2:4])
        tile(page, 0).click()
        expect_out(page, [OUTSIDE[-1], *RECORDED[2:4]])
        switch(page, "Fewer")
        expect(page.locator(".count")).to_have_text("19 of 20 images")
        expect_out(page, [RECORDED[2]])

    def test_another_selection_begins_whole(self, page: Page) -> None:
        tile(page, 2).click()
        expect_out(page, [RECORDED[2]])
        page.get_by_label("What").fill("another")
        page.get_by_label("What").press("Enter")
        expect_out(page, [])
        expect(tile(page, 2)).to_have_attribute("aria-selected", "true")


class TestLooking:
    def test_every_one_of_20_000_images_can_be_reached(self, page: Page) -> None:
        switch(page, "Many")
        expect(page.locator(".count")).to_have_text("20,000 images")
        page.locator(".grid").focus()
        page.keyboard.press("End")
        expect(tile(page, 19_999)).to_have_attribute("title", "XC19999_segm_0000.000.png")
        assert page.locator(".tile").count() < 150
        page.keyboard.press(" ")
        expect_out(page, ["XC19999_segm_0000.000.png"])

    def test_the_size_of_thumbnails_is_kept(self, page: Page) -> None:
        page.locator(".size input").fill("300")
        assert (tile(page, 0).bounding_box() or {"width": 0})["width"] >= 300
        page.reload()
        expect(tile(page, 0)).to_be_visible()
        assert (tile(page, 0).bounding_box() or {"width": 0})["width"] >= 300
        page.locator(".size input").fill("132")

    def test_what_is_known_of_an_image(self, page: Page) -> None:
        tile(page, 3).dblclick()
        expect(page.locator("dialog .facts")).to_have_text("4 of 40group 2recording XC12345_call")
        expect(page.locator("dialog .whole img")).to_have_js_property("naturalWidth", 64)
        expect_out(page, [])

    def test_a_screen_reader_is_told_which_of_how_many_images_it_is_and_meets_no_control_within(
        self, page: Page
    ) -> None:
        fifth = page.get_by_role("option", name=RECORDED[4])
        assert fifth.evaluate("element => [element.ariaPosInSet, element.ariaSetSize]") == ["5", "40"]
        assert page.locator(".tile").locator("button, a, [tabindex]").count() == 0
        tile(page, 4).hover()
        tile(page, 4).get_by_title("Enlarge").click()
        expect(page.get_by_role("dialog", name=RECORDED[4])).to_be_visible()
        expect(page.locator(".count")).to_have_text("40 images")

    def test_the_recordings_of_what_is_left(self, page: Page) -> None:
        tile(page, 0).click()
        page.get_by_role("button", name="The recordings").click()
        expect(page.locator(".source")).to_have_text(["XC678901_call15", "XC12345_call14"])

    def test_more_like_one_and_like_all_that_are_in(self, page: Page) -> None:
        tile(page, 3).dblclick()
        page.get_by_role("button", name="nearest to this one").click()
        expect(page.get_by_text("asked:")).to_have_text(f'asked: ["{RECORDED[3]}"]')
        switch(page, "Fewer")
        expect(page.locator(".count")).to_have_text("20 images")
        tile(page, 0).click()
        page.get_by_role("button", name="nearest to those that are kept").click()
        expect(page.get_by_text("asked:")).to_contain_text(f'asked: ["{RECORDED[2]}"')

    def test_names_are_text_and_what_cannot_be_shown_is_grey(self, page: Page) -> None:
        page.locator(".grid").focus()
        page.keyboard.press("End")
        for place, name in enumerate(HOSTILE, len(RECORDED)):
            expect(tile(page, place).locator(".caption")).to_have_text(name)
            expect(tile(page, place).locator("img")).to_be_visible()
        for place, name in enumerate([*BROKEN, *OUTSIDE], len(RECORDED) + len(HOSTILE)):
            expect(tile(page, place).locator(".grey")).to_have_text(name)
            expect(tile(page, place).locator("img")).to_have_count(0)
        tile(page, len(RECORDED)).dblclick()
        expect(page.locator("dialog .name")).to_have_text(HOSTILE[0])
        assert page.evaluate("document.documentElement.scrollWidth") <= 1280


class TestSound:
    """A1b, A2, A7, A8 of the review of the dashboard."""

    def test_the_sign_on_a_tile_and_the_key_p_play_its_clip(self, page: Page) -> None:
        tile(page, 3).hover()
        sign = tile(page, 3).get_by_title("Play")
        box = sign.bounding_box()
        assert box
        assert min(box["width"], box["height"]) >= 24
        sign.click()
        expect_played(page, LENGTH)
        expect_out(page, [])
        tile(page, 4).hover()
        page.keyboard.press("p")
        expect_played(page, LENGTH)
        page.mouse.move(0, 0)
        page.locator(".grid").focus()
        page.keyboard.press("P")
        expect(tile(page, 0)).to_have_class(re.compile("heard"))
        page.keyboard.press("p")
        expect(tile(page, 0)).not_to_have_class(re.compile("heard"))

    def test_a_tile_says_when_its_image_is_in_which_recording(self, page: Page) -> None:
        expect(tile(page, 3).locator(".times")).to_have_text("1.20 s1.70 s")
        expect(tile(page, 3).locator(".caption")).to_have_text("XC12345_call")

    def test_a_tile_has_a_mark_of_its_class(self, page: Page) -> None:
        expect(tile(page, 0).locator(".class")).to_have_count(0)
        expect(tile(page, 1).locator(".class")).to_have_text("wren")
        expect(tile(page, 2).locator(".class")).to_have_text("robin, wren")

    def test_the_viewer_plays_slower_over_and_over_and_with_what_is_around(self, page: Page) -> None:
        tile(page, 6).dblclick()
        page.keyboard.press("p")
        expect_played(page, LENGTH)
        page.get_by_role("button", name="A tenth of the speed").click()
        page.keyboard.press("p")
        page.wait_for_function("audio => audio.currentTime > 0.3", arg=page.locator(".gallery audio").element_handle())
        assert audio_of(page, "audio.duration") == pytest.approx(10 * LENGTH, abs=0.01)
        expect(page.locator("dialog .whole .cursor")).to_be_visible()
        page.get_by_role("button", name="As it was recorded").click()
        page.keyboard.press("a")
        page.keyboard.press("l")
        page.wait_for_function("audio => audio.duration > 4", arg=page.locator(".gallery audio").element_handle())
        assert audio_of(page, "audio.duration") == pytest.approx(2 + LENGTH + 2, abs=0.01)
        assert audio_of(page, "audio.loop") is True
        page.keyboard.press("l")
        page.keyboard.press("a")
        page.keyboard.press("p")
        expect(page.get_by_role("button", name="Play (P)")).to_be_visible()

    def test_what_is_around_the_clip_is_drawn_and_a_click_plays_from_there(self, page: Page) -> None:
        tile(page, 6).dblclick()
        strip = page.locator("dialog .strip")
        expect(strip.locator("img")).to_have_js_property("complete", True)
        marked, window = strip.locator(".marked").bounding_box(), strip.locator(".window").bounding_box()
        assert marked
        assert window
        assert marked["width"] / window["width"] == pytest.approx(LENGTH / (2 * 2 + LENGTH), rel=0.05)
        strip.locator(".window").click(position={"x": window["width"] * 0.9, "y": 20})
        page.wait_for_function("audio => audio.currentTime > 3.9", arg=page.locator(".gallery audio").element_handle())

    def test_else_the_viewer_says_why_there_is_none_and_where_it_can_be_heard(self, page: Page) -> None:
        page.context.route("https://xeno-canto.org/**", lambda route: route.fulfill(body="XC678901"))
        tile(page, len(RECORDED) // 2).dblclick()
        link = page.locator("dialog a")
        expect(link).to_have_attribute("href", "https://xeno-canto.org/678901")
        expect(page.locator("dialog .silence")).to_contain_text("No sound: there is no recording of that name.")
        expect(page.get_by_role("button", name="Play (P)")).to_be_hidden()
        with page.context.expect_page() as gallery_page:
            link.click()
        assert gallery_page.value.url == "https://xeno-canto.org/678901"
        gallery_page.value.close()
        link.focus()
        with page.context.expect_page() as gallery_page:
            page.keyboard.press("Enter")
        gallery_page.value.close()

    def test_a_tile_without_sound_says_why(self, page: Page) -> None:
        page.locator(".grid").focus()
        tile(page, len(RECORDED) // 2).hover()
        page.keyboard.press("p")
        expect(page.locator(".message")).to_have_text("No sound: there is no recording of that name.")

    def test_an_image_that_names_no_recording_says_so(self, page: Page) -> None:
        page.locator(".grid").focus()
        page.keyboard.press("End")
        tile(page, len(RECORDED)).dblclick()
        reason = page.locator("dialog .silence .reason")
        expect(reason).to_have_text("No sound: nothing tells which recording the image shows.")
        page.keyboard.press("Escape")
        page.locator(".grid").focus()
        page.keyboard.press("Home")

    def test_no_frequencies_are_invented(self, page: Page) -> None:
        tile(page, 3).dblclick()
        expect(page.locator("dialog .note")).to_contain_text("The frequencies are not known")
        expect(page.locator("dialog .whole .frequencies .tick")).to_have_count(0)


@pytest.fixture(scope="module")
def routes(gallery_page: Page, home: Path, address: str) -> dict[str, str]:
    """The addresses of thumbnails and of sound."""
    expect(tile(gallery_page, 0)).to_be_visible()
    document = json.loads((home / "addresses.json").read_text())
    return {what: address + path for what, path in document.items()}


class TestRoutes:
    def test_a_thumbnail_is_small_and_kept_by_the_browser(self, routes: dict[str, str]) -> None:
        url = routes["image"] + quote(HOSTILE[1], safe="")
        with urllib.request.urlopen(url) as answer:
            assert Image.open(answer).format == "JPEG"
            tag = answer.headers["ETag"]
        asked = urllib.request.Request(url, headers={"If-None-Match": tag})
        with pytest.raises(urllib.error.HTTPError, match="304"):
            urllib.request.urlopen(asked)

    @pytest.mark.parametrize(
        "name",
        [*BROKEN, *OUTSIDE, "", ".", "..", "nothing.png", "/etc/hostname", "names.json", "../names.json", "a\0b.png"],
    )
    def test_nothing_else_is_given(self, routes: dict[str, str], home: Path, name: str) -> None:
        assert status(routes["image"] + quote(RECORDED[0], safe="")) == 200
        assert status(routes["image"] + quote(name, safe="")) == 404
        assert status(routes["image"] + quote(str(home / "secret.png"), safe="")) == 404
        assert status(routes["sound"] + quote(name, safe="")) == 404

    def test_an_unknown_token_opens_nothing(self, routes: dict[str, str]) -> None:
        for what in ("image", "sound"):
            before, _, _ = routes[what].partition("?")
            for token in ("", "of=", "of=images", "of=%2e%2e"):
                assert status(f"{before}?{token}&name={quote(RECORDED[0], safe='')}") == 404

    def test_a_segment_is_what_the_recording_holds_there(self, routes: dict[str, str]) -> None:
        import soundfile

        with urllib.request.urlopen(routes["sound"] + quote(RECORDED[3], safe="")) as answer:
            assert answer.headers["Content-Type"] == "audio/wav"
            samples, rate = soundfile.read(io.BytesIO(answer.read()), dtype="float32")
        start = round(1.2 * RATE)
        assert rate == RATE
        np.testing.assert_allclose(samples, tone()[start : start + round(LENGTH * RATE)], atol=2 / 2**15)

    @pytest.mark.parametrize("stub", ["../private_call", "sub/../../private_call", "XC678901_call"])
    def test_no_sound_comes_from_elsewhere(self, routes: dict[str, str], stub: str) -> None:
        assert status(routes["sound"] + quote(f"{stub}_segm_0000.000.png", safe="")) == 404

    def test_a_recording_that_unpacks_to_very_much_is_cut(self, tmp_path: Path) -> None:
        soundfile = pytest.importorskip("soundfile")
        Image.new("RGB", (9, 9)).save(tmp_path / "XC1_call_segm_0000.000.png")
        (tmp_path / PARAMETERS_FILE).write_text('{"segment_duration_sec": 60}')
        (tmp_path / "audio").mkdir()
        soundfile.write(tmp_path / "audio" / "XC1_call.flac", np.zeros((150 * 192_000, 1), dtype=np.int16), 655_350)
        wav = Recordings(FolderDataset(tmp_path), "here").clip("XC1_call_segm_0000.000.png")
        assert wav
        assert soundfile.info(io.BytesIO(wav)).duration == pytest.approx(MOST_SAMPLES / 655_350, abs=0.01)

    def test_a_segment_after_the_end_is_none(self, routes: dict[str, str]) -> None:
        assert status(routes["sound"] + quote("XC12345_call_segm_0099.000.png", safe="")) == 404


def test_an_answer_to_what_was_shown_before_is_understood() -> None:
    content = GalleryContent(
        selection_key="all", names=list("abcd"), out=np.zeros(4, np.bool_), order=np.arange(4)[::-1]
    )
    content.begin_version()
    earlier = content.version
    content.order = np.arange(4)
    content.begin_version()
    content = content.replace_names(["d", "b", "e"])
    content.apply_answer({"version": earlier, "runs": [0, 1]})
    assert content.remaining == ["b", "e"]
    content.apply_answer({"version": "of another selection", "runs": [0, 2]})
    assert content.remaining == ["b", "e"]
