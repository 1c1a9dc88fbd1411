"""Recordings become spectrogram images: the right pixels, the right names, and a word about every bad recording."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner
from numpy.typing import NDArray
from PIL import Image
from scipy.signal import spectrogram
from tests.fixture_types import Cli

from covey._base.errors import CoveyError
from covey._base.progress import Progress
from covey.commands.main import main
from covey.data.images import ImageFolder
from covey.sound.conversion import convert_recordings
from covey.sound.conversion_report import ConversionReport
from covey.sound.decoder import Decoder
from covey.sound.frequency_scales import row_frequencies
from covey.sound.spectrograms import Recipe

Pixels = NDArray[np.uint8]
Sound = NDArray[np.float64]
RATE = 24000


class Heard(Progress):
    """Keeps the notes."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


def noise(seconds: float, rate: int = RATE, channels: int = 1, seed: int = 0) -> Sound:
    return 0.1 * np.random.default_rng(seed).standard_normal((round(seconds * rate), channels))


def chirp(seconds: float = 1.2) -> Sound:
    t = np.arange(round(seconds * RATE)) / RATE
    return np.asarray(0.3 * np.sin(2 * np.pi * (2000 * t + 2500 * t**2)))[:, None] + 0.05 * noise(seconds)


def write(path: Path, sound: Sound, rate: int = RATE, **how: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, sound, rate, **how)
    return path


def plain_levels(samples: Sound, equalize: bool) -> NDArray[np.float64]:
    """The recipe as scipy says it, in double precision: levels from 0 to 256."""
    _, _, S = spectrogram(samples, RATE, "hamming", 256, 220, detrend="constant", scaling="spectrum", mode="psd")
    S = S[:-1][::-1]
    if equalize:
        middle = np.median(S, axis=1, keepdims=True)
        S = np.maximum((S - middle) / (middle - S.min(axis=1, keepdims=True)), 1)
    S = np.log10(S + 1e-10)
    return np.asarray((S - S.min()) / np.ptp(S) * 256)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return tmp_path / "recordings"


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return tmp_path / "dataset"


def names(report: ConversionReport) -> list[str]:
    return ImageFolder(report.folder).names()


def pixels(report: ConversionReport, name: str) -> Pixels:
    return ImageFolder(report.folder).pixels(name)


def problem_of(report: ConversionReport, name: str) -> str:
    (message,) = [problem for problem in report.problems if problem.startswith(f"{name}: ")]
    return message


@pytest.mark.parametrize("equalize", [True, False])
def test_grey_levels_are_those_of_scipy(source: Path, dataset: Path, equalize: bool) -> None:
    sound = write(source / "a.wav", chirp(), subtype="FLOAT")
    report = convert_recordings(source, dataset, Recipe(colormap="gray", noise="equalize" if equalize else "none"))
    heard, _ = soundfile.read(sound)
    for index, name in enumerate(names(report)):
        begin = int(RATE * (index * 0.8 * 0.394))
        expected = plain_levels(heard[begin : begin + 9456], equalize)
        assert abs(pixels(report, name)[:, :, 0] + 0.5 - expected).max() <= 1.5
    assert report.new == 3


def test_colours_are_those_of_matplotlib(source: Path, dataset: Path) -> None:
    matplotlib = pytest.importorskip("matplotlib")
    write(source / "a.wav", chirp(0.4), subtype="FLOAT")
    grey = convert_recordings(source, dataset / "gray", Recipe(colormap="gray"))
    colour = convert_recordings(source, dataset / "viridis")
    table = (matplotlib.colormaps["viridis"](np.arange(256))[:, :3] * 255).astype(np.uint8)
    (name,) = names(colour)
    assert (pixels(colour, name) == table[pixels(grey, name)[:, :, 0]]).all()


def test_colours_are_those_of_the_original_tools(xc_dev: Path, source: Path, dataset: Path) -> None:
    originals = ImageFolder(xc_dev / "images")
    theirs = set().union(*(_colours(originals.pixels(name)) for name in originals.names()[:40]))
    write(source / "a.wav", noise(8))
    report = convert_recordings(source, dataset, Recipe(noise="none"))
    ours = set().union(*(_colours(pixels(report, name)) for name in names(report)))
    assert len(theirs) > 240
    assert len(ours & theirs) > 0.97 * len(ours)


def test_images_and_parameters_are_laid_out_as_the_original_tools_do(xc_dev: Path, source: Path, dataset: Path) -> None:
    write(source / "XC1_Corvus.wav", noise(11))
    report = convert_recordings(source, dataset)
    assert names(report)[:4] == [
        f"XC1_Corvus_segm_{start}.png" for start in ("0000.000", "0000.315", "0000.630", "0000.946")
    ]
    with Image.open(report.folder / names(report)[0]) as image:
        assert (image.mode, image.size) == ("RGB", (256, 128))
    ours, theirs = (
        json.loads((folder / "_feature_extraction_parameters.json").read_text())
        for folder in (report.folder, xc_dev / "images")
    )
    assert set(theirs) < set(ours)
    for axis in ("frequency_axis", "time_axis"):
        assert ours[axis] == pytest.approx(theirs[axis])


def test_high_frequencies_are_on_top_and_channels_are_averaged(source: Path, dataset: Path) -> None:
    t = np.arange(RATE // 2) / RATE
    click = np.hanning(len(t)) ** 8
    high, low = (np.sin(2 * np.pi * f * t) * click for f in (9000, 3000))
    write(source / "both.wav", np.stack([high, low], axis=1))
    report = convert_recordings(source, dataset, Recipe(colormap="gray", noise="none"))
    image = pixels(report, "both_segm_0000.000.png")[:, :, 0].astype(int)
    bright = set(np.argsort(image.max(axis=1))[-6:] // 3)
    assert bright <= {31 // 3, 32 // 3, 94 // 3, 95 // 3, 96 // 3, 33 // 3}


def test_interleaved_channels_are_not_read_as_one(source: Path, dataset: Path) -> None:
    mono = chirp()
    write(source / "mono.wav", mono)
    write(source / "stereo.wav", np.repeat(mono, 2, axis=1))
    report = convert_recordings(source, dataset)
    ours, theirs = ([name for name in names(report) if name.startswith(stub)] for stub in ("mono", "stereo"))
    assert len(ours) == len(theirs) == 3
    for first, two in zip(ours, theirs, strict=True):
        assert (pixels(report, first) == pixels(report, two)).all()


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3"])
@pytest.mark.parametrize("rate", [24000, 44100])
def test_every_format_and_rate_is_read_at_the_recipes_rate(source: Path, suffix: str, rate: int) -> None:
    t = np.arange(3 * rate) / rate
    path = write(source / f"a.{suffix}", 0.5 * np.sin(2 * np.pi * 3000 * t), rate)
    sound = np.concatenate(list(Decoder(path=path, rate=RATE).blocks()))
    assert len(sound) == pytest.approx(3 * RATE, rel=0.02)
    spectrum = abs(np.fft.rfft(sound[RATE : 2 * RATE]))
    assert spectrum.argmax() == 3000
    assert abs(sound[RATE : 2 * RATE]).max() == pytest.approx(0.5, abs=0.05)


def test_the_filter_for_all_leaves_sound_as_loud_as_it_is(source: Path) -> None:
    t = np.arange(RATE) / RATE
    path = write(source / "a.wav", 0.5 * np.sin(2 * np.pi * 3000 * t), subtype="FLOAT")
    plain, filtered = (
        np.concatenate(list(Decoder(path=path, rate=RATE, filtered=how).blocks())) for how in (False, True)
    )
    assert abs(plain - filtered)[1000:-1000].max() < 1e-3
    assert len(plain) == len(filtered)


@pytest.mark.parametrize("rates", [(16000, 24000, 48000), (24000, 44100)])
def test_native_rates_cannot_be_told_from_the_images(source: Path, dataset: Path, rates: tuple[int, ...]) -> None:
    for rate in rates:
        write(source / f"r{rate}.wav", noise(8, rate), rate, subtype="FLOAT")
    heard = Heard()
    report = convert_recordings(source, dataset, Recipe(colormap="gray", noise="none"), heard)
    profiles = [
        np.mean(
            [pixels(report, name)[:, :, 0].mean(axis=1) for name in names(report) if name.startswith(f"r{rate}_")],
            axis=0,
        )
        for rate in rates
    ]
    assert np.ptp(profiles, axis=0).max() < 12
    (note,) = heard.notes
    assert f"from {rates[0]} Hz (r{rates[0]}.wav) to {rates[-1]} Hz" in note
    assert f"0 to {rates[0] / 2:g} Hz" in note


def test_the_full_band_is_there_for_who_wants_it(source: Path, dataset: Path) -> None:
    write(source / "low.wav", noise(1, 16000), 16000, subtype="FLOAT")
    heard = Heard()
    report = convert_recordings(source, dataset, Recipe(colormap="gray", noise="none", band="full"), heard)
    image = pixels(report, "low_segm_0000.000.png")[:, :, 0]
    assert image[:30].mean() < 0.5 * image[60:].mean()
    assert not heard.notes


def test_one_rate_alone_gets_no_note(source: Path, dataset: Path) -> None:
    write(source / "a.wav", noise(1))
    heard = Heard()
    convert_recordings(source, dataset, progress=heard)
    assert not heard.notes


def test_a_rate_that_all_have_and_the_recipe_has_not_is_told(source: Path, dataset: Path) -> None:
    for name in "ab":
        write(source / f"{name}.wav", noise(1, 16000), 16000)
    heard = Heard()
    convert_recordings(source, dataset, progress=heard)
    assert heard.notes == ["All recordings have a rate of 16000 Hz, so that the images show 0 to 8000 Hz."]


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "empty.wav": (lambda path: path.write_bytes(b""), "it is empty"),
    "nothing.wav": (lambda path: write(path, noise(0)), "it holds no sound"),
    "text.wav": (lambda path: path.write_text("no sound at all\n" * 99), "it is no sound that can be read"),
    "text.mp3": (lambda path: path.write_text("no sound at all\n" * 99), "it is no sound that can be read"),
    "short.wav": (lambda path: write(path, noise(0.39)), "it is shorter than a segment of 0.394 s"),
    "silent.wav": (lambda path: write(path, 0 * noise(1)), "it is silent"),
    "constant.wav": (lambda path: write(path, 0 * noise(1) + 0.25), "it is silent"),
    "torn.wav": (lambda path: _tear(write(path, noise(0.6))), "it is truncated or damaged: 0.3 of 0.6 s"),
    "torn.flac": (lambda path: _tear(write(path, noise(0.6))), "it is truncated or damaged: 0."),
    "nan.wav": (lambda path: write(path, noise(1) * np.nan, subtype="FLOAT"), "it holds values that are no numbers"),
    "slow.wav": (lambda path: write(path, noise(5, 500), 500), "at its rate of 500 Hz a segment is shorter"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_recordings_are_named_and_harm_nobody(source: Path, dataset: Path, name: str) -> None:
    make, reason = BROKEN[name]
    source.mkdir()
    make(source / name)
    write(source / "good.wav", noise(0.5))
    report = convert_recordings(source, dataset)
    assert reason in problem_of(report, name)
    assert names(report) == ["good_segm_0000.000.png"]
    assert pixels(report, names(report)[0]).shape == (128, 256, 3)


def test_a_recording_torn_late_keeps_the_images_before(source: Path, dataset: Path) -> None:
    source.mkdir()
    _tear(write(source / "long.flac", noise(30)))
    report = convert_recordings(source, dataset)
    assert "truncated" in problem_of(report, "long.flac")
    assert 5 < len(names(report)) < 60


@pytest.mark.parametrize("rate", [8000, 384000])
def test_odd_rates_and_clipped_sound_are_used(source: Path, dataset: Path, rate: int) -> None:
    write(source / "loud.wav", np.clip(30 * noise(1, rate), -1, 1), rate)
    report = convert_recordings(source, dataset, Recipe(segment=0.5))
    assert not report.problems
    assert len(np.unique(pixels(report, "loud_segm_0000.000.png"))) > 50


def test_silent_segments_are_left_out_and_counted(source: Path, dataset: Path) -> None:
    write(source / "half.wav", np.concatenate([noise(1), 0 * noise(2)]))
    report = convert_recordings(source, dataset)
    assert (report.new, report.silent) == (4, 5)


def test_the_loudest_segments_are_taken_in_order(source: Path, dataset: Path) -> None:
    gains = np.repeat([0.1, 1, 0.2, 0.9, 0.3], RATE)[:, None]
    write(source / "a.wav", gains * noise(5))
    report = convert_recordings(source, dataset, Recipe(segment=1, step=1, loudest=2))
    assert names(report) == ["a_segm_0001.000.png", "a_segm_0003.000.png"]


def test_long_segments_and_mel(source: Path, dataset: Path) -> None:
    t = np.arange(2 * RATE) / RATE
    write(source / "a.wav", np.sin(2 * np.pi * 1500 * t) * np.hanning(len(t)) ** 8 + 1e-4 * noise(2)[:, 0])
    report = convert_recordings(source, dataset, Recipe(segment=2, scale="mel", colormap="gray", noise="none"))
    image = pixels(report, "a_segm_0000.000.png")[:, :, 0]
    assert image.shape == (128, 1327)
    row = 127 - int(image[:, 663].argmax())
    assert row_frequencies(RATE, 256, "mel", 0)[row] == pytest.approx(1500, abs=80)


def test_subfolders_keep_namesakes_apart(source: Path, dataset: Path) -> None:
    write(source / "north" / "a.wav", noise(0.4, seed=1))
    write(source / "south" / "a.wav", noise(0.4, seed=2))
    write(source / "south" / "a.flac", noise(0.4, seed=3))
    report = convert_recordings(source, dataset)
    assert names(report) == ["north/a_segm_0000.000.png", "south/a_segm_0000.000.png"]
    assert "rename it or south/a.flac" in problem_of(report, "south/a.wav")


def test_started_again_it_makes_only_what_is_missing_or_changed(source: Path, dataset: Path) -> None:
    for name in "abc":
        write(source / f"{name}.wav", noise(1))
    first = convert_recordings(source, dataset)
    before = {name: (first.folder / name).stat().st_ino for name in names(first)}
    (first.folder / "a_segm_0000.315.png").unlink()
    write(source / "b.wav", noise(0.4, seed=1))
    write(source / "d.wav", noise(0.4))
    second = convert_recordings(source, dataset)
    assert (first.new, second.new, second.images) == (6, 4, 6)
    assert names(second) == [*names_of("a", 2), *names_of("b", 1), *names_of("c", 2), *names_of("d", 1)]
    assert [(first.folder / name).stat().st_ino for name in names_of("c", 2)] == [before[n] for n in names_of("c", 2)]


def test_problems_are_told_again(source: Path, dataset: Path) -> None:
    write(source / "silent.wav", 0 * noise(1))
    assert convert_recordings(source, dataset).problems == convert_recordings(source, dataset).problems != []


def test_another_recipe_is_refused_with_what_differs(source: Path, dataset: Path) -> None:
    write(source / "a.wav", noise(1))
    before = names(convert_recordings(source, dataset))
    with pytest.raises(CoveyError, match=r"another recipe \(step 0.8 there, 0.5 here\): give the same options"):
        convert_recordings(source, dataset, Recipe(step=0.5))
    assert ImageFolder(dataset / "images").names() == before


def test_images_of_the_original_tools_are_left_alone(source: Path, dataset: Path, images: Path) -> None:
    write(source / "a.wav", noise(1))
    with pytest.raises(CoveyError, match="made by an unknown recipe: choose another dataset folder"):
        convert_recordings(source, images.parent)
    (images / "_feature_extraction_parameters.json").write_text('{"sampling_frequency": 24000}')
    with pytest.raises(CoveyError, match="made by another tool"):
        convert_recordings(source, images.parent)


@pytest.mark.parametrize(
    ("options_given", "sentence"),
    [
        ({"segment": 0.01}, "fewer than the window of 256"),
        ({"overlap": 256}, "needs a window longer than 256"),
        ({"step": 0.001}, "less than a millisecond apart"),
        ({"segment": 60.0, "overlap": 255}, "An image would have 1,439,745 columns"),
        ({"colormap": "virdis"}, "Did you mean 'viridis'"),
    ],
)
def test_options_that_cannot_be_are_refused(options_given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(CoveyError, match=sentence):
        Recipe(**options_given)


def test_a_folder_without_recordings_is_refused(source: Path, dataset: Path) -> None:
    with pytest.raises(CoveyError, match="is not a folder"):
        convert_recordings(source, dataset)
    source.mkdir()
    with pytest.raises(CoveyError, match="There are no recordings"):
        convert_recordings(source, dataset)


def test_the_command_says_what_it_did(covey: Cli, source: Path, dataset: Path) -> None:
    write(source / "a.wav", noise(3))
    write(source / "b.wav", 0 * noise(3))
    result = covey("spectrograms", source, dataset, "--segment", "1.0", "--step", "0.5")
    assert result.exit_code == 0, result.output
    assert f"5 images of 1 recording in {dataset / 'images'}" in result.output
    assert "b.wav: it is silent" in result.output
    assert result.output.endswith(f"Of 2 recordings 1 used; not used: 1 (it is silent)\n\nNext: covey run {dataset}\n")


def names_of(stub: str, count: int) -> list[str]:
    return [f"{stub}_segm_{start}.png" for start in ("0000.000", "0000.315")[:count]]


def _colours(image: Pixels) -> set[tuple[int, ...]]:
    return set(map(tuple, image.reshape(-1, 3).tolist()))


def _tear(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def test_one_recording_of_a_low_rate_does_not_narrow_all_others(source: Path, dataset: Path) -> None:
    write(source / "good.wav", noise(1.2))
    write(source / "low.wav", noise(5, 2000), 2000)
    report = convert_recordings(source, dataset, Recipe(segment=1.0))
    assert "at its rate of 2000 Hz all images would end at 1000 Hz" in problem_of(report, "low.wav")
    assert pixels(report, "good_segm_0000.000.png").shape[0] == 128


def test_sound_far_above_the_images_is_told(source: Path, dataset: Path) -> None:
    write(source / "bat.wav", noise(1, 384000), 384000)
    heard = Heard()
    convert_recordings(source, dataset, progress=heard)
    assert any("bat.wav has some up to 192000 Hz: a rate of 384000 shows it" in note for note in heard.notes)


def test_recordings_of_which_none_can_be_used_are_an_error(source: Path, dataset: Path) -> None:
    source.mkdir()
    (source / "text.wav").write_text("no sound at all\n" * 99)
    done = CliRunner().invoke(main, ["spectrograms", str(source), str(dataset)])
    assert done.exit_code == 2
    assert "No recording in" in done.stderr
    assert "text.wav: it is no sound that can be read" in done.stderr
    assert not dataset.exists()
