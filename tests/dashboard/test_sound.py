"""Images that covey made of recordings: their axes are right, and their sound is there or is asked for."""

from __future__ import annotations

import io
import json
import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from click.testing import CliRunner
from playwright.sync_api import Browser, Locator, Page, Route, expect
from tests.dashboard.browser import PATIENCE, dataset_address, new_tab, settle, spot

from covey import Embedding
from covey.commands.main import main
from covey.components.kinds import Kind
from covey.data.folder import FolderDataset
from covey.data.provenance import Provenance
from covey_dashboard.server.clips import image_facts, surroundings
from covey_dashboard.server.recording_audio import Recordings

soundfile = pytest.importorskip("soundfile")
RATE, SECONDS, TONE_HZ = 24_000, 8, 3000
STUBS = ("meadow", "pond", "wood")
AXE = Path(__file__).parents[2] / "dashboard/node_modules/axe-core/axe.min.js"
BRIGHTEST = """image => {
    const canvas = document.createElement("canvas");
    const [width, height] = [image.naturalWidth, image.naturalHeight];
    Object.assign(canvas, { width, height });
    const pen = canvas.getContext("2d");
    pen.drawImage(image, 0, 0);
    const { data } = pen.getImageData(width / 2, 0, 1, height);
    const sums = Array.from({ length: height }, (_, row) => data[4 * row] + data[4 * row + 1] + data[4 * row + 2]);
    return (sums.indexOf(Math.max(...sums)) + 0.5) / height;
}"""


# Listeners for keys that come later hear first: as if the gallery had arrived before the map, or the map before it.
LATER_FIRST = """
const listeners = [];
const add = document.addEventListener.bind(document);
document.addEventListener = (kind, listener, ...rest) => {
    if (kind !== "keydown") return add(kind, listener, ...rest);
    listeners.forEach((each) => document.removeEventListener(kind, each));
    listeners.unshift(listener);
    listeners.forEach((each) => add(kind, each));
};"""


def tone(seed: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """A tone in some noise."""
    times_s = np.arange(SECONDS * RATE) / RATE
    noise = np.random.default_rng(seed).normal(0, 0.01, len(times_s))
    return np.asarray(0.5 * np.sin(2 * np.pi * TONE_HZ * times_s) + noise, dtype=np.float32)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of three recordings on the mel scale, with a map on which each image is a point of its own."""
    card = tmp_path_factory.mktemp("card")
    for seed, stub in enumerate(STUBS):
        soundfile.write(card / f"{stub}.wav", tone(seed), RATE)
    home = card.parent / "birds"
    words = ("spectrograms", card, home, "--segment", 1, "--step", 1, "--scale", "mel", "--noise", "none")
    assert CliRunner().invoke(main, list(map(str, words))).exit_code == 0
    (home / "metadata.csv").write_text("recording,gen,cnt\nmeadow,Parus,Norway\n")
    names = sorted(path.name for path in (home / "images").glob("*.png"))
    places = np.array([[index % 6, index // 6] for index in range(len(names))], dtype=np.float32)
    reduced = Provenance(kind=Kind.REDUCER, component="flat", tag="flat", version=1, options={}, input="images")
    FolderDataset(home).save([Embedding(names=names, Z=places, map=places, provenance=reduced)])
    return home


@pytest.fixture(scope="module")
def page(chromium: Browser, dashboard: str, home: Path) -> Iterator[Page]:
    with new_tab(chromium, dataset_address(dashboard, "explore", home), 900) as tab:
        expect(tab.locator(".tile").first).to_be_visible()
        settle(tab)
        yield tab


@pytest.fixture
def viewer(page: Page) -> Iterator[Locator]:
    """The viewer with the second image: that of the second second of the first recording."""
    page.locator("#tile-1").dblclick()
    yield page.locator("dialog")
    page.keyboard.press("Escape")


def wait_for_sound(audio: Locator) -> None:
    audio.page.wait_for_function(
        "audio => audio.currentTime > 0.05 && !audio.paused && !audio.muted",
        arg=audio.element_handle(),
        timeout=PATIENCE,
    )


def test_a_tile_has_frequencies_and_says_when_its_image_is_in_the_recording(page: Page) -> None:
    tile = page.locator("#tile-1")
    expect(tile.locator(".times")).to_have_text(re.compile(r"1\.00 s(1\.99|2\.00) s"))
    expect(tile.locator(".caption")).to_have_text("meadow")
    expect(tile.locator(".unit")).to_have_text("kHz")
    assert "10" in tile.locator(".frequencies .tick").all_inner_texts()


def test_the_viewer_reads_the_frequency_of_a_tone_and_the_time_in_the_recording(page: Page, viewer: Locator) -> None:
    image = viewer.locator(".whole img")
    expect(image).to_have_js_property("complete", True)
    expect(viewer.locator(".metadata")).to_contain_text("Parus")
    down = image.evaluate(BRIGHTEST)
    box = viewer.locator(".whole .window").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + down * box["height"])
    written = re.fullmatch(r"([\d.]+) kHz · ([\d.]+) s · ([\d.]+) s in the recording", read(viewer))
    assert written
    assert float(written[1]) == pytest.approx(TONE_HZ / 1000, abs=0.06)  # a row is 0.11 kHz high there
    assert float(written[2]) == pytest.approx(0.5, abs=0.01)
    assert float(written[3]) == pytest.approx(1.5, abs=0.01)


def read(viewer: Locator) -> str:
    return str(viewer.locator(".readout").text_content())


def test_what_is_known_of_the_recording_stands_in_the_viewer(viewer: Locator) -> None:
    expect(viewer.locator(".metadata")).to_have_text("genusParuscountryNorway")


def test_zoom_changes_the_axes_and_contrast_the_picture(page: Page, viewer: Locator) -> None:
    ticks = viewer.locator(".whole .frequencies .tick")
    expect(ticks.first).to_have_text("10")
    for _ in range(4):
        page.keyboard.press("+")
    expect(ticks.first).not_to_have_text("10")
    page.get_by_label("Contrast").fill("2")
    expect(viewer.locator(".whole .moved")).to_have_css("filter", "contrast(2) brightness(1)")
    page.get_by_role("button", name="The whole image").click()
    expect(ticks.first).to_have_text("10")
    expect(viewer.locator(".whole .moved")).to_have_css("filter", "contrast(1) brightness(1)")


def test_what_is_known_of_a_recording_may_come_after_the_user_has_zoomed(page: Page) -> None:
    held: list[Route] = []
    page.route("**/covey/facts*", lambda route: held.append(route))
    page.locator("#tile-1").dblclick()
    viewer = page.locator("dialog")
    ticks = viewer.locator(".whole .frequencies .tick")
    expect(ticks.first).to_have_text("10")
    for _ in range(4):
        page.keyboard.press("+")
    expect(ticks.first).not_to_have_text("10")
    held[0].continue_()
    page.unroute("**/covey/facts*")
    expect(viewer.locator(".metadata")).to_contain_text("Parus")
    expect(ticks.first).not_to_have_text("10")
    page.keyboard.press("ArrowRight")
    expect(ticks.first).to_have_text("10")
    page.keyboard.press("Escape")


def test_the_sound_goes_on_while_its_image_is_labelled_and_that_is_undone(page: Page, viewer: Locator) -> None:
    label, audio = viewer.locator(".facts .class"), page.locator(".gallery audio")
    viewer.get_by_role("button", name="Loop").click()
    viewer.get_by_role("button", name="Play (P)").click()
    wait_for_sound(audio)
    address = audio.get_attribute("src")
    viewer.get_by_label("Class of this image").fill("great tit")
    page.keyboard.press("Enter")
    expect(label).to_have_text("great tit")
    page.keyboard.press("Control+z")
    expect(label).to_have_count(0)
    assert audio.get_attribute("src") == address
    wait_for_sound(audio)
    expect(viewer.get_by_role("button", name="Stop (P)")).to_be_visible()
    page.keyboard.press("Control+Shift+z")
    expect(label).to_have_text("great tit")
    viewer.get_by_role("button", name="Loop").click()


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm ci in dashboard/")
def test_tiles_tooltip_and_viewer_are_accessible(page: Page) -> None:
    page.add_script_tag(path=AXE)
    page.locator("#tile-1").hover()
    page.locator("canvas.over").first.focus()
    page.keyboard.press("ArrowRight")
    assert list_serious(page) == []
    page.locator("#tile-1").dblclick()
    expect(page.locator("dialog .strip")).to_be_visible()
    assert list_serious(page) == []
    page.keyboard.press("Escape")


def list_serious(page: Page) -> list[str]:
    """Return what axe-core finds serious on the page; colours are those of the theme."""
    violations = page.evaluate("axe.run(document, { rules: { 'color-contrast': { enabled: false } } })")["violations"]
    serious = [each for each in violations if each["impact"] in ("serious", "critical")]
    return [f"{each['id']}: {each['nodes'][0]['html']}" for each in serious]


def test_the_tooltip_of_the_map_plays_by_key_and_by_button(page: Page) -> None:
    page.mouse.move(*spot(page, 1, 0))
    tip = page.locator(".tip")
    expect(tip.locator(".name")).to_have_text("meadow_segm_0001.000.png")
    expect(tip.locator(".times")).to_contain_text("1.00 s")
    expect(tip.locator(".frequencies .tick").first).to_have_text("10")
    page.keyboard.press("p")
    wait_for_sound(page.locator(".map audio"))
    expect(tip.locator(".cursor")).to_be_visible()
    page.keyboard.press("p")
    expect(tip.get_by_role("button", name="Play")).to_have_text("▶ Play (P)")
    box = tip.get_by_role("button", name="Play").bounding_box()
    assert box
    assert box["height"] >= 24
    page.mouse.move(box["x"] + 10, box["y"] + 10, steps=12)
    page.mouse.down()
    page.mouse.up()
    wait_for_sound(page.locator(".map audio"))
    page.keyboard.press("p")
    page.mouse.move(5, 5)


def test_two_sounds_are_never_heard_at_once(page: Page) -> None:
    page.mouse.move(*spot(page, 1, 0))
    expect(page.locator(".tip .times")).to_contain_text("1.00 s")
    page.keyboard.press("p")
    wait_for_sound(page.locator(".map audio"))
    page.locator("#tile-0").hover()
    page.locator("#tile-0").get_by_title("Play").click()
    wait_for_sound(page.locator(".gallery audio"))
    assert page.locator(".map audio").get_attribute("src") is None


@pytest.mark.parametrize("script", ["", LATER_FIRST])
def test_a_key_plays_what_the_pointer_is_on_though_a_tile_has_the_focus(
    chromium: Browser, dashboard: str, home: Path, script: str
) -> None:
    with new_tab(chromium, "about:blank", 900) as tab:
        tab.add_init_script(script)
        tab.goto(dataset_address(dashboard, "explore", home))
        expect(tab.locator(".tile").first).to_be_visible()
        settle(tab)
        tab.locator("#tile-0").click()
        tab.mouse.move(*spot(tab, 1, 0))
        expect(tab.locator(".tip .times")).to_contain_text("1.00 s")
        tab.keyboard.press("p")
        wait_for_sound(tab.locator(".map audio"))


def test_where_the_recordings_are_gone_a_person_says_where_they_are_and_hears_them_at_once(
    page: Page, home: Path
) -> None:
    card = Path(FolderDataset(home).recording_folders[0])
    card.rename(card.with_name("archive"))
    (home.parent / "empty").mkdir()
    page.reload()
    expect(page.locator(".tile").first).to_be_visible()
    settle(page)
    page.locator("#tile-1").dblclick()
    viewer = page.locator("dialog")
    reason, field = viewer.locator(".reason"), viewer.get_by_label("Folder with the recordings")
    expect(reason).to_have_text("No sound: no folder with recordings is known, or it is gone.")
    field.fill(str(home.parent / "empty"))
    field.press("Enter")
    expect(reason).to_contain_text("There are no recordings in")
    field.fill(f'"{card.with_name("archive")}"')
    viewer.get_by_role("button", name="Play the recordings in this folder").click()
    expect(viewer.get_by_role("button", name="Play (P)")).to_be_visible()
    page.keyboard.press("p")
    wait_for_sound(page.locator(".gallery audio"))
    page.keyboard.press("Escape")


NAME = "meadow_segm_0001.000.png"


@pytest.fixture
def recordings(home: Path) -> Recordings:
    return Recordings(FolderDataset(home), "here")


def play(wav: bytes | None) -> tuple[np.ndarray[tuple[int], np.dtype[np.float32]], int]:
    assert wav
    samples, rate = soundfile.read(io.BytesIO(wav), dtype="float32")
    return samples, rate


def test_what_is_around_a_clip_is_that_of_the_recording(recordings: Recordings) -> None:
    samples, rate = play(recordings.clip(NAME, around_s=2))
    assert rate == RATE
    np.testing.assert_allclose(samples, tone(0)[: 4 * RATE], atol=2 / 2**15)  # 1 s before the clip, 2 after


def test_slower_sound_has_the_same_samples_at_a_lower_rate(recordings: Recordings) -> None:
    samples, rate = play(recordings.clip(NAME, slow=2))
    assert rate == RATE // 2
    np.testing.assert_allclose(samples, tone(0)[RATE : 2 * RATE], atol=2 / 2**15)


def test_where_browsers_cannot_play_the_rate_it_is_converted(recordings: Recordings) -> None:
    samples, rate = play(recordings.clip(NAME, slow=10))
    assert rate == 8000
    assert len(samples) == 10 * rate
    spectrum = np.abs(np.fft.rfft(samples[rate : 2 * rate]))
    assert spectrum.argmax() == TONE_HZ / 10


def test_bats_are_heard_at_a_tenth_of_the_speed_sample_by_sample(tmp_path: Path) -> None:
    ultrasound = np.random.default_rng(5).uniform(-0.5, 0.5, 384_000).astype(np.float32)
    (tmp_path / "audio").mkdir()
    soundfile.write(tmp_path / "audio" / "bat.wav", ultrasound, 384_000)
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "bat_segm_0000.250.png").write_bytes(b"")
    (tmp_path / "images" / "_feature_extraction_parameters.json").write_text('{"segment_duration_sec": 0.5}')
    bats = Recordings(FolderDataset(tmp_path), "bats")
    samples, rate = play(bats.clip("bat_segm_0000.250.png", slow=10))
    assert rate == 38_400
    np.testing.assert_allclose(samples, ultrasound[96_000:288_000], atol=2 / 2**15)
    assert play(bats.clip("bat_segm_0000.250.png"))[1] == 48_000
    facts = image_facts.describe_image(bats, "bat_segm_0000.250.png")
    assert facts["rate"] == 384_000
    axes = surroundings.axes_of(bats, 384_000)
    assert axes.scale == "linear"
    assert axes.high_hz == pytest.approx(192_000, rel=0.01)


def test_a_browser_may_ask_for_a_part_of_a_sound(page: Page) -> None:
    page.locator("#tile-0").hover()
    page.locator("#tile-0").get_by_title("Play").click()
    address = str(page.locator(".gallery audio").evaluate("audio => audio.src"))
    cookies = "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in page.context.cookies())
    whole = fetch(address, cookies, "")
    for asked, part in (("bytes=100-", whole[100:]), ("bytes=0-43", whole[:44]), ("bytes=-8", whole[-8:])):
        assert fetch(address, cookies, asked) == part
    assert json.loads(fetch(address.replace("/sound", "/facts"), cookies, ""))["start"] == 0
    assert fetch(address.replace("/sound", "/surroundings") + "&around=2", cookies, "")[1:4] == b"PNG"
    stranger = address.partition("of=")[0] + f"of=nobody&name={quote(NAME)}"
    with pytest.raises(urllib.error.HTTPError, match="404"):
        fetch(stranger.replace("/sound", "/facts"), cookies, "")


def fetch(address: str, cookies: str, asked: str) -> bytes:
    headers = {"Cookie": cookies, **({"Range": asked} if asked else {})}
    with urllib.request.urlopen(urllib.request.Request(address, headers=headers)) as answer:
        assert answer.status == (206 if asked else 200)
        body = answer.read()
        assert isinstance(body, bytes)
        return body
