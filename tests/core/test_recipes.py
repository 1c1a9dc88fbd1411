"""Recipes: noise, scales, windows, colour maps, presets, the file beside the images, and events."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from PIL import Image
from scipy.interpolate import interp1d
from scipy.signal import spectrogram
from tests.fixture_types import Cli

from covey._base.errors import CoveyError
from covey.components.options import allowed_choices, option_values
from covey.data.folder import FolderDataset
from covey.data.images import ImageFolder
from covey.sound.colour_maps import COLOUR_MAPS, colour_table
from covey.sound.draw_spectrogram import draw_spectrogram
from covey.sound.frequency_scales import row_frequencies
from covey.sound.noise_reduction import FULL_SCALE, pcen
from covey.sound.recipe_file import read_like, read_recipe
from covey.sound.recipe_presets import PRESETS
from covey.sound.spectrograms import Recipe

Sound = NDArray[np.float64]
RATE = 24000
PARAMETERS = "_feature_extraction_parameters.json"


def sweep(seconds: float = 4, rate: int = RATE) -> Sound:
    t = np.arange(round(seconds * rate)) / rate
    noise = np.random.default_rng(0).standard_normal(len(t))
    return np.asarray(0.3 * np.sin(2 * np.pi * (500 * t + 600 * t**2)) + 0.03 * noise)


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    """A folder with `a.wav` of 4 s and `site/b.wav` of 2 s, of 16 bits as the original tools read them."""
    folder = tmp_path / "recordings"
    (folder / "site").mkdir(parents=True)
    soundfile.write(folder / "a.wav", sweep(4), RATE, subtype="PCM_16")
    soundfile.write(folder / "site" / "b.wav", sweep(2), RATE, subtype="PCM_16")
    return folder


def originals_levels(sound: Sound, recipe: Recipe, start_s: float) -> NDArray[np.float64]:
    """What the original tools draw, written from their description: levels from 0 to 256 in double precision."""
    samples = sound[int(recipe.rate * start_s) :][: int(recipe.rate * recipe.segment)]
    _, _, X = spectrogram(
        samples - samples.mean(), recipe.rate, "hamming", recipe.window, recipe.overlap, detrend="constant",
        scaling="spectrum", mode="psd",
    )  # fmt: skip
    X = X[:-1]
    if recipe.noise == "equalize":
        middle = np.median(X, axis=1, keepdims=True)
        X = np.maximum((X - middle) / (middle - X.min(axis=1, keepdims=True)), 1)
    X = np.log10(X + 1e-10)
    if recipe.noise == "subtract":
        X = np.maximum(X - np.median(X, axis=1, keepdims=True), 0)
    if recipe.scale == "log":
        axis, rows = np.linspace(0, 0.5, len(X)), np.logspace(np.log10(recipe.log_min), np.log10(0.5), len(X))
        X = interp1d(axis, X, axis=0, bounds_error=False, fill_value=0.0)(rows)
    X = np.flip(X, axis=0)
    return np.asarray((X - X.min()) / np.ptp(X) * 256)


@pytest.mark.parametrize("preset", ["original-2024", "original-2025"])
@pytest.mark.parametrize("noise", ["none", "equalize", "subtract"])
@pytest.mark.parametrize("scale", ["linear", "log"])
def test_pixels_are_those_of_the_original_tools(
    covey: Cli, recordings: Path, tmp_path: Path, preset: str, noise: str, scale: str
) -> None:
    flags = ["--preset", preset, "--noise", noise, "--scale", scale, "--colormap", "gray"]
    done = covey("spectrograms", recordings, tmp_path / "d", *flags)
    assert done.exit_code == 0, done.output
    recipe = read_recipe(tmp_path / "d" / "images")
    assert recipe is not None
    sound, _ = soundfile.read(recordings / "a.wav")
    images = ImageFolder(tmp_path / "d" / "images")
    names = [name for name in images.names() if name.startswith("a_")]
    assert len(names) == (12 if preset == "original-2024" else 2)
    for index, name in enumerate(names):
        expected = originals_levels(sound, recipe, index * recipe.step * recipe.segment)
        assert abs(images.pixels(name)[:, :, 0] + 0.5 - expected).max() <= 1.5


def test_the_recipe_of_2025_is_named(covey: Cli, recordings: Path, tmp_path: Path) -> None:
    assert covey("spectrograms", recordings, tmp_path, "--preset", "original-2025").exit_code == 0
    document = json.loads((tmp_path / "images" / PARAMETERS).read_text())
    with Image.open(tmp_path / "images" / "a_segm_0001.651.png") as image:
        assert image.size == (1152, 128)
    assert (document["fft_window_overlap_bins"], document["specsub"], document["log_f_min"]) == (220.5, True, 0.02)
    assert (document["segment_duration_sec"], document["segment_step_size"]) == (1.738, 0.95)


def test_a_preset_gives_way_to_what_is_asked_for(covey: Cli, recordings: Path, tmp_path: Path) -> None:
    words = ["--preset", "original-2025", "--scale", "linear", "--segment", "0.5", "--first", "2"]
    assert covey("spectrograms", recordings, tmp_path, *words).exit_code == 0
    recipe = read_recipe(tmp_path / "images")
    assert recipe == Recipe(
        scale="linear", segment=0.5, first=2, step=0.95, overlap=220.5, noise="subtract", band="full"
    )
    assert ImageFolder(tmp_path / "images").names() == [
        f"{stub}_segm_000{start}.png" for stub in ("a", "site/b") for start in ("0.000", "0.475")
    ]


@pytest.mark.parametrize("name", PRESETS)
def test_presets_draw_images_with_axes(name: str) -> None:
    recipe = PRESETS[name]
    document = recipe.parameters()
    axes: dict[str, Any] = document["covey"]["axes"]  # type: ignore[index]
    height, width, _ = draw_spectrogram(sweep(2, recipe.rate).astype(np.float32)[:, None], recipe.rate, recipe).shape
    assert (height, width) == (axes["rows"], axes["columns"]) == (recipe.window // 2, len(document["time_axis"]))  # type: ignore[arg-type]
    assert width >= 256
    assert 0 <= axes["f_min"] < axes["f_max"] < recipe.rate / 2


@pytest.mark.parametrize("scale", ["linear", "mel", "log"])
def test_a_tone_lies_in_the_row_of_its_frequency(scale: str) -> None:
    recipe = Recipe(scale=scale, noise="none", colormap="gray")
    tone = np.sin(2 * np.pi * 3000 * np.arange(recipe.length) / RATE).astype(np.float32)
    row = 127 - int(recipe.pixels(tone)[:, 100, 0].argmax())
    document = recipe.parameters()
    assert document["frequency_axis"][row] == pytest.approx(3000, rel=0.02)  # type: ignore[index]


def test_pcen_is_that_of_librosa() -> None:
    librosa = pytest.importorskip("librosa")
    magnitude = np.abs(np.random.default_rng(0).standard_normal((16, 61))).astype(np.float32) * 1e-3
    pace = (np.sqrt(1 + 4 * (0.4 / 0.0015) ** 2) - 1) / (2 * (0.4 / 0.0015) ** 2)
    start = (1 - pace) * FULL_SCALE * np.median(magnitude, axis=1, keepdims=True)
    expected = librosa.pcen(magnitude * FULL_SCALE, sr=1 / 0.0015, hop_length=1, zi=start)
    assert pcen(magnitude, 0.0015) == pytest.approx(expected, rel=1e-3)


def test_pcen_is_drawn(covey: Cli, recordings: Path, tmp_path: Path) -> None:
    assert covey("spectrograms", recordings, tmp_path, "--noise", "pcen", "--colormap", "gray").exit_code == 0
    pixels = ImageFolder(tmp_path / "images").pixels("a_segm_0001.261.png")[:, :, 0]
    tone_row = 127 - round((500 + 1200 * (1.261 + 0.197)) / 93.75)
    assert abs(int(pixels[:, 130].argmax()) - tone_row) <= 2
    assert np.median(pixels) < 100


@pytest.mark.parametrize("flag", ["--window hann", "--window blackmanharris", "--window=boxcar"])
def test_windows_are_those_of_scipy(covey: Cli, recordings: Path, tmp_path: Path, flag: str) -> None:
    taper = re.split("[ =]", flag)[1]
    words = [*flag.split(), "--window", "512", "--noise", "none", "--colormap", "gray"]
    assert covey("spectrograms", recordings, tmp_path, *words).exit_code == 0
    sound, _ = soundfile.read(recordings / "a.wav")
    _, _, X = spectrogram(sound[:9456], RATE, taper, 512, 220, detrend="constant", scaling="spectrum")
    X = np.log10(X[:-1][::-1] + 1e-10)
    pixels = ImageFolder(tmp_path / "images").pixels("a_segm_0000.000.png")[:, :, 0]
    assert abs(pixels + 0.5 - (X - X.min()) / np.ptp(X) * 256).max() <= 1.5


def test_colour_maps_are_those_of_matplotlib() -> None:
    matplotlib = pytest.importorskip("matplotlib")
    levels = (np.arange(256) + 0.5) / 256
    names = [name for name in matplotlib.colormaps if name in COLOUR_MAPS]
    assert {"viridis", "magma", "inferno_r", "twilight", "tab10", "gray"} <= set(names)
    for name in names:
        table = (matplotlib.colormaps[name](levels)[:, :3] * 255).astype(int)
        tolerance = 1 if name.startswith(("gray", "grey")) or name.endswith("_r") else 0  # matplotlib rounds both anew
        assert abs(colour_table(name).astype(int) - table).max() <= tolerance, name


def test_a_form_offers_the_colour_maps() -> None:
    choices = allowed_choices(Recipe(), "colormap")
    assert choices is not None
    assert choices[0] == "viridis"
    assert "cubehelix_r" in choices


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--window", "1024", "--segment", "0.03"], "fewer than the window of 1024"),
        (["--overlap", "256"], "An overlap of 256 samples needs a window longer than 256"),
        (["--overlap", "300.5"], "An overlap of 300.5 samples needs a window longer than 256"),
        (["--scale", "log", "--log-min", "0.6"], "must be a number at least 0.0005 and less than 0.5, not 0.6"),
        (["--log-min", "0.1"], "makes a difference only if scale is log"),
        (["--colormap", "infenro"], "There is no colour map 'infenro'. Did you mean 'inferno'"),
        (["--window", "hanning"], "must be one of hamming, hann, "),
        (["--window=hanning"], "must be one of hamming, hann, "),
        (["--noise", "substract"], "Did you mean 'subtract'"),
        (["--preset", "birds", "--like", "."], "give one of them"),
        (["--cut", "whole"], "name the tables of events to cut around"),
        (["--preset", "birds", "--around", "nowhere.csv"], "There is no table nowhere.csv"),
        (["--like", "nowhere"], "There is no folder nowhere"),
        (["--like", "."], "nothing says how its images were made"),
    ],
)
def test_options_that_cannot_be_are_one_sentence(
    covey: Cli, recordings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = covey("spectrograms", recordings, tmp_path / "d", *words)
    assert done.exit_code == 2
    assert sentence in " ".join(done.output.split())
    assert not (tmp_path / "d").exists()


ORIGINAL = {
    "sampling_frequency": 24000, "segment_duration_sec": 0.5, "segment_step_size": 0.9, "fft_window_size_bins": 512,
    "fft_window_overlap_bins": 400.5, "colormap": "magma", "max_segm_per_file": 3, "eps": 1e-10, "frequency_axis": [0],
}  # fmt: skip
LIKE = Recipe(segment=0.5, step=0.9, window=512, overlap=400.5, colormap="magma", first=3)


@pytest.mark.parametrize(
    ("keys", "changes", "note"),
    [
        ({"equalize": True}, {"noise": "equalize"}, ""),
        ({"equalize": False}, {"noise": "none"}, ""),
        ({"specsub": True}, {"noise": "subtract"}, "does not say whether the frequency axis is logarithmic"),
        ({"specsub": False}, {"noise": "none"}, "log_f_min is missing"),
        ({"specsub": True, "log_f_min": None}, {"noise": "subtract"}, ""),
        ({"specsub": True, "log_f_min": 0.03}, {"noise": "subtract", "scale": "log", "log_min": 0.03}, ""),
        ({"equalize": True, "eps": 1e-6}, {"noise": "equalize"}, "adds 1e-06 before the logarithm"),
    ],
)
def test_the_recipe_is_taken_from_images_of_the_original_tools(
    tmp_path: Path, keys: dict[str, Any], changes: dict[str, Any], note: str
) -> None:
    folder = tmp_path / "images_24000sps_20250707_101010"
    folder.mkdir()
    (folder / PARAMETERS).write_text(json.dumps({**ORIGINAL, **keys}))
    for place in (folder, tmp_path, folder / PARAMETERS):
        like = read_like(place)
        assert option_values(like.recipe) == {**option_values(LIKE), **changes}
        assert note in " ".join(like.notes)
        assert bool(like.notes) == bool(note)


def test_the_recipe_is_taken_from_images_of_covey(covey: Cli, recordings: Path, tmp_path: Path) -> None:
    words = ["--preset", "original-2025", "--log-min", "0.05", "--segment", "0.7"]
    assert covey("spectrograms", recordings, tmp_path / "a", *words).exit_code == 0
    done = covey("spectrograms", recordings, tmp_path / "b", "--like", tmp_path / "a", "--colormap", "gray")
    assert done.exit_code == 0
    first, second = (read_recipe(tmp_path / name / "images") for name in "ab")
    assert first
    assert second
    assert option_values(second) == {**option_values(first), "colormap": "gray"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "cannot be read"),
        ("[]", "says nothing of how images were made"),
        ('{"sampling_frequency": 24000}', "says nothing of segment_duration_sec"),
        (json.dumps({**ORIGINAL, "colormap": 5}), "option 'colormap' must be a text, not 5"),
        (json.dumps({**ORIGINAL, "fft_window_overlap_bins": 512}), "An overlap of 512 samples needs a window"),
        (json.dumps({"covey": {"version": 2, "options": {"rate": "x"}}}), "option 'rate' must be a whole number"),
        (json.dumps({**ORIGINAL, "covey": {"version": 99, "options": {}}}), "was written by a newer covey"),
    ],
)
def test_a_file_that_is_no_recipe_is_named(
    covey: Cli, recordings: Path, tmp_path: Path, text: str, sentence: str
) -> None:
    (tmp_path / PARAMETERS).write_text(text)
    done = covey("spectrograms", recordings, tmp_path / "d", "--like", tmp_path)
    assert done.exit_code == 2
    assert sentence in done.output
    assert PARAMETERS in done.output


def test_of_several_recipes_one_is_to_be_named(tmp_path: Path) -> None:
    for name in ("images_a", "images_b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / PARAMETERS).write_text(json.dumps({**ORIGINAL, "equalize": True}))
    with pytest.raises(CoveyError, match=r"several recipes: name one of .*images_a, .*images_b"):
        read_like(tmp_path)


FIRST_RECIPE = {
    "rate": 24000, "segment": 0.394, "step": 0.8, "window": 256, "overlap": 220, "equalize": True,
    "colormap": "viridis", "scale": "linear", "loudest": 0, "silence": -90.0, "channel": "mean", "last": "drop",
    "band": "full",
}  # fmt: skip


def test_images_of_the_first_recipe_are_continued_as_they_were_made(
    covey: Cli, recordings: Path, tmp_path: Path
) -> None:
    """A folder that an earlier covey made: what is there stays, what is new begins at the nearest sample."""
    assert covey("spectrograms", recordings, tmp_path, "--starts", "nearest").exit_code == 0
    images = tmp_path / "images"
    file = images / PARAMETERS
    document = json.loads(file.read_text())
    for name in ("specsub", "log_f_min"):
        del document[name]
    file.write_text(json.dumps({**document, "covey": {"version": 1, "options": FIRST_RECIPE}}))
    old_file, old_pixels = (
        file.read_text(),
        {name: (images / name).read_bytes() for name in ImageFolder(images).names()},
    )
    old_inodes = {name: (images / name).stat().st_ino for name in old_pixels}
    soundfile.write(recordings / "c.wav", sweep(3), RATE, subtype="PCM_16")
    done = covey("spectrograms", recordings, tmp_path)
    assert done.exit_code == 0, done.output
    assert f"({len(old_pixels)} were there already)" in done.output
    assert "begin at the sample nearest to their start, like those of the images that are there" in done.stderr
    assert file.read_text() == old_file
    assert {name: (images / name).stat().st_ino for name in old_inodes} == old_inodes
    new = {name: (images / name).read_bytes() for name in ImageFolder(images).names() if name.startswith("c_")}
    assert len(new) == 9
    assert all(new[name] == old_pixels[name.replace("c_", "a_")] for name in new), "a.wav and c.wav begin alike"
    assert covey("spectrograms", recordings, tmp_path, "--noise", "none").exit_code == 2


def test_the_earlier_flags_work(covey: Cli, recordings: Path, tmp_path: Path) -> None:
    assert covey("spectrograms", recordings, tmp_path, "--no-equalize").exit_code == 0
    recipe = read_recipe(tmp_path / "images")
    assert recipe
    assert recipe.noise == "none"


EVENTS = "recording,start_s,end_s,label\n"


def cut_around(covey: Cli, recordings: Path, dataset: Path, rows: str, *words: str) -> Any:
    table = recordings.parent / "events.csv"
    table.write_text(EVENTS + rows)
    return covey("spectrograms", recordings, dataset, "--around", table, *words)


def test_events_are_cut_around_their_middle(covey: Cli, recordings: Path, tmp_path: Path) -> None:
    rows = "a.wav,1.0,1.2,song\nb,0.0,0.1,call\na.wav,3.9,4.5,call\nb.wav,1.5,1.7,call\n"
    done = cut_around(
        covey, recordings, tmp_path / "d", rows, "--segment", "1", "--noise", "none", "--colormap", "gray"
    )
    assert done.exit_code == 0, done.output
    images = ImageFolder(tmp_path / "d" / "images")
    assert images.names() == [
        "a_segm_0000.600.png", "a_segm_0003.000.png", "site/b_segm_0000.000.png", "site/b_segm_0001.000.png"
    ]  # fmt: skip
    sound, _ = soundfile.read(recordings / "a.wav")
    expected = Recipe(segment=1, noise="none", colormap="gray").pixels(sound[14400:38400].astype(np.float32))
    assert (images.pixels("a_segm_0000.600.png") == expected).all()
    assert "Of 4 events in 1 table 4 used." in done.output


def test_whole_events_keep_their_length(covey: Cli, recordings: Path, tmp_path: Path) -> None:
    rows = "a.wav,0.5,2.0,song\na.wav,1.0,1.1,call\na.wav,3.5,9,call\na.wav,2,2.001,call\n"
    done = cut_around(covey, recordings, tmp_path / "d", rows, "--cut", "whole")
    assert done.exit_code == 0, done.output
    images = ImageFolder(tmp_path / "d" / "images")
    widths = {name: images.pixels(name).shape[1] for name in images.names()}
    assert widths == {
        "a_segm_0000.500.png": (36000 - 256) // 36 + 1,
        "a_segm_0001.000.png": (2400 - 256) // 36 + 1,
        "a_segm_0003.500.png": (12000 - 256) // 36 + 1,
    }
    assert "events shorter than a window of 0.0107 s: 1" in done.output
    report = json.loads(covey("info", tmp_path / "d", "--json").stdout)
    assert report["recordings"]["images"] == 3
    lengths = [row.split(",")[3] for row in (images.root / "clips.csv").read_text().split()[1:]]
    assert [float(length) for length in lengths] == pytest.approx([1.5, 0.1, 0.5], abs=0.002)


def test_events_beyond_the_end_and_rows_without_use_are_named(covey: Cli, recordings: Path, tmp_path: Path) -> None:
    rows = "a.wav,1,2,song\na.wav,5,6,song\nz.wav,1,2,song\na.wav,soon,2,song\n"
    done = cut_around(covey, recordings, tmp_path / "d", rows)
    assert done.exit_code == 0, done.output
    assert "a.wav: events beyond its end: 1" in done.output
    assert "site/b.wav: no event is annotated in it" in done.output
    assert "Of 4 events in 1 table 2 used; 1 in recordings that are not there (z.wav); 1 without times" in done.output


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ("z.wav,1,2,song\n", "There is no event to cut around. Of 1 event in 1 table 0 used"),
        ("", "There is no event to cut around. Of 0 events"),
        ("a.wav,50,60,song\n", "a.wav: events beyond its end: 1"),
    ],
)
def test_tables_without_a_row_of_use_are_refused(
    covey: Cli, recordings: Path, tmp_path: Path, rows: str, sentence: str
) -> None:
    done = cut_around(covey, recordings, tmp_path / "d", rows)
    assert done.exit_code == 2
    assert sentence in done.output


def test_a_table_of_something_else_is_refused(covey: Cli, recordings: Path, tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("filename,label\na_segm_0000.000.png,song\n")
    done = covey("spectrograms", recordings, tmp_path / "d", "--around", tmp_path / "labels.csv")
    assert done.exit_code == 2
    assert "is no table of events: it needs columns for recording, start and end in seconds" in done.output


RAVEN_HEADS = "Begin Time (s)\tEnd Time (s)\tBegin File\tSpecies"


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("e.csv", "recording,start,end,start\na.wav,1,2,3\n", "1 from a table with several columns 'start' ("),
        ("e.csv", "recording,file,start,end\na.wav,b.wav,1,2\n", "several columns 'recording' and 'file'"),
        ("e.csv", 'recording,start,end\n"a.wav,1,2\n', "cannot be read: unexpected end of data (after line"),
        ("e.csv", "note,recording,start,end\nlow, far,a.wav,1,2\n", "with more cells than the table has columns"),
        ("e.txt", f"{RAVEN_HEADS}\n1\t2\ta.wav\tlow\twren\n", "with more cells than the table has columns"),
        ("e.txt", f"{RAVEN_HEADS}\tBegin Time (s)\n1\t2\ta.wav\twren\t3\n", "several columns 'Begin Time (s)'"),
        ("e.txt", f"{RAVEN_HEADS}\n1\t2\ta.wav\tx\n3\t4\tb.wav\tx\n", "from a table of several files without"),
    ],
)
def test_odd_tables_of_events_are_refused_as_an_import_does(
    covey: Cli, recordings: Path, tmp_path: Path, name: str, text: str, sentence: str
) -> None:
    (tmp_path / name).write_text(text)
    done = covey("spectrograms", recordings, tmp_path / "d", "--around", tmp_path / name)
    assert done.exit_code == 2
    assert sentence in done.output


def test_tables_of_other_programs_are_read_from_a_folder(covey: Cli, recordings: Path, tmp_path: Path) -> None:
    tables = tmp_path / "tables"
    tables.mkdir()
    (tables / "a.Table.1.selections.txt").write_text("Begin Time (s)\tEnd Time (s)\tSpecies\n1\t1.2\twren\n")
    (tables / "b.txt").write_text("0.5\t0.7\tcall\n")
    (tables / "a.BirdNET.results.csv").write_text("Start (s),End (s),Common name,File\n2,2.5,Wren,a.wav\n")
    done = covey("spectrograms", recordings, tmp_path / "d", "--around", tables, "--segment", "0.4")
    assert done.exit_code == 0, done.output
    assert ImageFolder(tmp_path / "d" / "images").names() == [
        "a_segm_0000.900.png", "a_segm_0002.050.png", "site/b_segm_0000.400.png"
    ]  # fmt: skip


@pytest.mark.parametrize("heads", ["recording,start,end", "file,start_time,end_time"])
def test_columns_are_known_by_the_names_that_people_use(
    covey: Cli, recordings: Path, tmp_path: Path, heads: str
) -> None:
    (tmp_path / "events.csv").write_text(f"{heads}\na,1.0,1.2\n")
    done = covey("spectrograms", recordings, tmp_path / "d", "--around", tmp_path / "events.csv", "--segment", "0.4")
    assert ImageFolder(tmp_path / "d" / "images").names() == ["a_segm_0000.900.png"], done.output


def test_more_annotations_draw_that_recording_anew(covey: Cli, recordings: Path, tmp_path: Path) -> None:
    rows = "a.wav,1,2,song\nb.wav,1,1.5,song\n"
    assert cut_around(covey, recordings, tmp_path / "d", rows).exit_code == 0
    again = cut_around(covey, recordings, tmp_path / "d", rows)
    assert "(2 were there already)" in again.output
    more = cut_around(covey, recordings, tmp_path / "d", rows + "a.wav,3,3.5,song\n")
    assert "3 images of 2 recordings" in more.output
    assert "(1 were there already)" in more.output
    grid = covey("spectrograms", recordings, tmp_path / "d")
    assert grid.exit_code == 2
    assert "cut middle there, grid here" in grid.output


def test_one_spectrogram_is_drawn_without_files(tmp_path: Path) -> None:
    recipe = Recipe(channel="right", colormap="gray", noise="none")
    stereo = np.stack([0 * sweep(1, 48000), sweep(1, 48000)], axis=1).astype(np.float32)
    pixels = draw_spectrogram(stereo, 48000, recipe)
    assert pixels.shape == (128, 256, 3)
    mono = draw_spectrogram(sweep(1, 48000).astype(np.float32)[:, None], 48000, Recipe(colormap="gray", noise="none"))
    assert (pixels == mono).all()
    with pytest.raises(CoveyError, match=r"0\.1 s of sound are shorter than a segment of 0\.394 s"):
        draw_spectrogram(stereo[:4800], 48000, recipe)


def test_the_catalogue_tells_the_frequency_scale(covey: Cli, recordings: Path, tmp_path: Path) -> None:
    from covey.data.catalogue.clip_finder import ClipFinder

    assert covey("spectrograms", recordings, tmp_path, "--preset", "original-2025").exit_code == 0
    axes = ClipFinder.of([], tmp_path / "images", []).axes
    frequencies_hz = row_frequencies(RATE, 256, "log", 0.02)
    assert (axes.low_hz, axes.high_hz, axes.scale) == (frequencies_hz[0], frequencies_hz[-1], "log")
    (tmp_path / "images" / PARAMETERS).write_text(json.dumps({**ORIGINAL, "specsub": True}))
    assert ClipFinder.of([], tmp_path / "images", []).axes.scale == ""


def test_folders_of_different_recipes_are_offered_by_name(covey: Cli, recordings: Path, tmp_path: Path) -> None:
    project, names = tmp_path / "project", ("images_24000sps_a", "images_24000sps_b")
    for name, preset in zip(names, ("original-2024", "original-2025"), strict=True):
        assert covey("spectrograms", recordings, tmp_path / name, "--preset", preset).exit_code == 0
        project.mkdir(exist_ok=True)
        (tmp_path / name / "images").rename(project / name)
    told = covey("info", project).stdout
    assert ": 0 images" in told
    choices = (
        f"different recipes, which are not mixed: {', '.join(names)}. Choose one on the page Start of the dashboard"
    )
    assert f"{choices}, or by covey info {project}" in told
    refused = covey("run", project)
    assert refused.exit_code == 2
    assert f"--images {project / names[0]}" in refused.output
    assert f": 3 images in {project / names[1]}" in covey("info", project, "--images", project / names[1]).stdout
    assert f": 18 images in {project / names[0]}" in covey("info", project, "--images", project / names[0]).stdout


def test_a_folder_in_the_place_of_a_recipe_is_none(images: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    for name in "ab":
        shutil.copytree(images, project / name)
    (project / "a" / PARAMETERS).mkdir()
    (project / "b" / PARAMETERS).write_text("{}")
    assert not FolderDataset(project).image_choices
    assert FolderDataset(project).images is not None


def test_folders_of_one_recipe_are_one_dataset(covey: Cli, recordings: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    for name in "ab":
        assert covey("spectrograms", recordings, tmp_path / name).exit_code == 0
        (tmp_path / name / "images").rename(project / name)
    assert ": 36 images in" in covey("info", project).stdout
