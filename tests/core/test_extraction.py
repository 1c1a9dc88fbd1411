"""Features that survive: interruptions, changes of the images, bad values, two runs at once."""

from __future__ import annotations

import json
import os
import platform
import random
import signal
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from tests.fixture_types import Cli

from covey import CoveyError, Runtime, component
from covey._base.progress import Progress
from covey.components.contracts import Extract, Floats, Pixels
from covey.components.options import evolve
from covey.data.folder import FolderDataset
from covey.data.formats import npz
from covey.data.provenance import Copies, Details
from covey.data.tables import Features
from covey.engines.local import Local
from covey.engines.processes import Processes
from covey.experiments.pipeline import Pipeline
from covey.extraction.extraction_speed import SpeedMeter, TimeEstimate, estimate_time
from covey.testing import Brightness, tiny_images, tiny_tables
from covey.testing.samples import random_picture

SMALL = Runtime(batch_size=32)
BOTH = ("mean", "deviation")


class Told(Progress):
    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


@component
class Watched(Brightness):
    """Tells how many pictures it has seen, and can be interrupted before a batch."""

    name = "watched"
    uses = frozenset({"device", "precision"})
    seen: ClassVar[list[int]] = []
    stop: ClassVar[int] = -1

    def load(self, runtime: Runtime) -> Extract:
        work = super().load(runtime)

        def watch(pixels: Pixels) -> Sequence[Floats]:
            if len(self.seen) == self.stop:
                raise KeyboardInterrupt
            self.seen.append(len(np.unique(pixels, axis=0)))
            return work(pixels)

        return watch


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    Watched.seen.clear()
    yield
    Watched.stop = -1


def extract(
    home: Path, extractor: Brightness | None = None, runtime: Runtime = SMALL, progress: Progress | None = None
) -> list[Features]:
    """Return the features of the images in `home`, computed as the pipeline does."""
    dataset = FolderDataset(home)
    assert dataset.images
    pipeline = Pipeline(dataset, dataset.images, runtime, progress or Told())
    tables = [dataset.load(entry) for entry in pipeline.extract_features(extractor or Watched())]
    return [table for table in tables if isinstance(table, Features)]


def interrupted(home: Path, batches: int, runtime: Runtime = SMALL, **options: Any) -> None:
    """Let an extraction end after some batches."""
    Watched.stop = len(Watched.seen) + batches
    with pytest.raises(KeyboardInterrupt):
        extract(home, Watched(**options), runtime)
    Watched.stop = -1


def details(table: Features) -> Details:
    assert table.provenance
    return table.provenance.details


def runtime_of(table: Features) -> Runtime:
    runtime = details(table).runtime
    assert runtime
    return runtime


def files(home: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in home.glob("*.npz")}


def dataset(folder: Path, count: int = 176) -> Path:
    """Return a dataset with images of two sizes."""
    tiny_images(folder / "images", count)
    for index in range(0, count, 5):
        path = folder / "images" / f"image_{index:03d}.png"
        Image.open(path).resize((20, 32)).save(path)
    return folder


KILLED = """
import os, signal, sys
from pathlib import Path
from covey import Runtime
from covey.data.folder import FolderDataset
from covey.experiments.pipeline import Pipeline
from covey._base.progress import SILENT
from covey.testing import Brightness

home, left = Path(sys.argv[1]), int(sys.argv[2])

def watch(event, words):
    global left
    writing = event in ("os.rename", "os.mkdir") or event == "open" and set(str(words[1])) & set("xw")
    if writing and "features" in str(words[0]) or event == "os.remove":
        left -= 1
        if not left:
            os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))

sys.addaudithook(watch)
dataset = FolderDataset(home)
extractor = Brightness(layers=("mean", "deviation"))
Pipeline(dataset, dataset.images, Runtime(batch_size=32), SILENT).extract_features(extractor)
"""


def killed(home: Path, moment: int) -> bool:
    """Extract in a process that is killed before it writes for the `moment`-th time; return whether it came so far."""
    words = [sys.executable, "-c", KILLED, str(home), str(moment)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode in (0, -9) or os.name == "nt", done.stderr
    return done.returncode != 0


def test_a_run_killed_again_and_again_ends_in_the_same_files(tmp_path: Path) -> None:
    extract(dataset(tmp_path / "whole", 80), Brightness(layers=BOTH))
    home, rng = dataset(tmp_path / "killed", 80), random.Random(4)
    moments = [rng.randrange(2, 9) for _ in range(6)]
    assert all(killed(home, moment) for moment in moments)
    assert not all(killed(home, 5) for _ in range(30))  # before the second file of a run is in its place
    assert files(home) == files(tmp_path / "whole")
    assert not list(home.glob(".*.tmp"))
    assert not list((home / ".covey" / "features").iterdir())


def test_a_layer_goes_on_whatever_its_siblings_are(tmp_path: Path) -> None:
    extract(dataset(tmp_path / "whole"), Watched(layers=BOTH))
    home = dataset(tmp_path / "home")
    interrupted(home, 6, layers=BOTH)
    Watched.seen.clear()
    extract(home, Watched(layers=("deviation",)))
    assert Watched.seen == [12]
    extract(home, Watched(layers=BOTH))
    assert Watched.seen == [12, 12]
    assert files(home) == files(tmp_path / "whole")


def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    extract(dataset(tmp_path / "whole"))
    home = dataset(tmp_path / "home")
    Watched.seen.clear()
    interrupted(home, 3)
    assert Watched.seen == [32, 4, 32]
    progress = Told()
    extract(home, progress=progress)
    assert Watched.seen == [32, 4, 32, 32, 32, 32, 12]
    assert progress.notes[0] == "watched: going on where an earlier run stopped, 68 of 176 images are done."
    assert files(home) == files(tmp_path / "whole")


def test_few_images_at_once_are_kept_in_batches_all_the_same(tmp_path: Path) -> None:
    (whole,) = extract(dataset(tmp_path / "whole"))
    home = dataset(tmp_path / "home")
    Watched.seen.clear()
    interrupted(home, 7, Runtime(batch_size=8))
    progress = Told()
    (table,) = extract(home, runtime=Runtime(batch_size=8), progress=progress)
    assert Watched.seen[:9] == [8, 8, 8, 8, 4, 8, 8, 8, 8]
    assert progress.notes[0] == "watched: going on where an earlier run stopped, 36 of 176 images are done."
    np.testing.assert_array_equal(table.X, whole.X)


def test_the_settings_of_the_first_start_stay(tmp_path: Path) -> None:
    (whole,) = extract(dataset(tmp_path / "whole"))
    home, progress = dataset(tmp_path / "home"), Told()
    interrupted(home, 2)
    extract(home, runtime=Runtime(batch_size=56, threads=1), progress=progress)
    assert "batch_size=32" in progress.notes[1]
    assert ".covey" in progress.notes[1]
    assert runtime_of(whole).batch_size == 32
    assert files(home) == files(tmp_path / "whole")


def test_settings_under_which_nothing_was_finished_are_forgotten(tmp_path: Path) -> None:
    home, progress = dataset(tmp_path), Told()
    interrupted(home, 0, Runtime(batch_size=32, precision="bfloat16"))
    (table,) = extract(home, runtime=Runtime(batch_size=32, precision="float32"), progress=progress)
    assert runtime_of(table).precision == "float32"
    assert not any("keeps the settings" in note for note in progress.notes)


def test_features_in_another_precision_than_asked_for_are_told(tmp_path: Path) -> None:
    home, progress = dataset(tmp_path), Told()
    extract(home, runtime=Runtime(precision="float32"))
    extract(home, runtime=Runtime(precision="bfloat16"), progress=progress)
    assert (
        "watched was computed in float32 earlier: to compute it in bfloat16, delete its file first." in progress.notes
    )


def test_a_damaged_batch_is_computed_again(tmp_path: Path) -> None:
    extract(dataset(tmp_path / "whole"))
    home = dataset(tmp_path / "home")
    interrupted(home, 4)
    first, *_ = (home / ".covey" / "features").rglob("*.npz")
    first.write_bytes(first.read_bytes()[:-40])
    Watched.seen.clear()
    extract(home)
    assert len(Watched.seen) == 4
    assert files(home) == files(tmp_path / "whole")


def test_only_what_is_new_or_changed_is_computed(tmp_path: Path) -> None:
    home = dataset(tmp_path)
    (before,) = extract(home)
    images = home / "images"
    tiny_images(images / "new", 3, (30, 40))
    Image.new("RGB", (48, 32), "white").save(images / "image_003.png")
    (images / "image_004.png").rename(images / "moved.png")
    Watched.seen.clear()
    progress = Told()
    (after,) = extract(home, progress=progress)
    assert sorted(Watched.seen) == [1, 3]
    assert progress.notes[:3] == [
        "1 image renamed since the last look: image_004.png is moved.png.",
        "1 image has other contents now: image_003.png.",
        "watched: the features of 175 unchanged images stay.",
    ]
    old, new = ({name: row.tolist() for name, row in zip(one.names, one.X, strict=True)} for one in (before, after))
    assert list(new) == sorted(new)
    assert new["moved.png"] == old["image_004.png"]
    assert new["image_003.png"] == [1.0] * 12
    assert set(old) - set(new) == {"image_004.png"}
    assert all(new[name] == row for name, row in old.items() if name not in ("image_003.png", "image_004.png"))
    earlier = details(after).earlier
    assert earlier
    assert earlier.rows == 175


def test_images_that_vanish_leave_the_features_and_are_told(tmp_path: Path) -> None:
    home, progress = dataset(tmp_path), Told()
    extract(home)
    for index in range(5):
        (home / "images" / f"image_{index:03d}.png").unlink()
    Watched.seen.clear()
    (after,) = extract(home, progress=progress)
    assert Watched.seen == []
    assert len(after.names) == 171
    gone = "Gone since the last look, and left out: image_000.png, image_001.png, image_002.png and 2 more."
    assert gone in progress.notes


def test_the_speed_of_an_extractor_is_remembered_for_all_its_layers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COVEY_HOME", str(tmp_path / "home"))
    assert estimate(1000) is None
    extract(dataset(tmp_path / "few", 3), Brightness())
    assert estimate(1000) is None
    extract(dataset(tmp_path / "many"), Brightness(layers=("mean",)))
    hundred, thousand = estimate(100), estimate(1000)
    assert hundred
    assert thousand
    assert hundred.settings == ""  # it obeys none
    assert estimate(100, Runtime(device="cuda")) == hundred
    assert thousand.seconds == pytest.approx(10 * hundred.seconds)
    assert estimate_time(Watched(), 100, Runtime(), Local()) is None


def test_a_speed_counts_only_for_the_settings_with_which_it_was_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COVEY_HOME", str(tmp_path / "home"))
    meter = SpeedMeter()
    for _ in range(2):
        meter.count(32)
    meter.remember(Brightness(), Runtime(device="cpu", precision="float32", threads=3), Local())
    measured = estimate(100)
    assert measured
    assert measured.settings == "cpu, float32, 3 threads"
    assert estimate(100, Runtime(device="cpu", threads=3)) == measured
    assert estimate(100, Runtime(device="cuda")) is None
    assert estimate(100, Runtime(precision="bfloat16")) is None
    assert estimate(100, Runtime(threads=1)) is None
    assert estimate_time(Brightness(), 100, Runtime(), Processes()) is None


def estimate(images: int, runtime: Runtime | None = None) -> TimeEstimate | None:
    """Return what is expected of Brightness."""
    return estimate_time(Brightness(), images, runtime or Runtime(), Local())


def test_images_that_come_and_go_while_a_run_is_interrupted(tmp_path: Path) -> None:
    home = dataset(tmp_path)
    interrupted(home, 3)
    (home / "images" / "image_000.png").unlink()
    (home / "images" / "image_174.png").unlink()
    Image.new("RGB", (48, 32), "white").save(home / "images" / "white.png")
    Watched.seen.clear()
    (after,) = extract(home, runtime=Runtime(batch_size=56))
    assert sum(Watched.seen) == 176 - 68 - 1 + 1
    assert runtime_of(after).batch_size == 32
    names = sorted(path.name for path in (home / "images").iterdir())
    assert after.names.tolist() == names
    (direct,) = extract(home, Brightness())
    np.testing.assert_array_equal(after.X, direct.X)


def test_added_images_survive_an_interruption_too(tmp_path: Path) -> None:
    for folder in ("whole", "home"):
        extract(dataset(tmp_path / folder))
        tiny_images(tmp_path / folder / "images" / "new", 72, (30, 40))
    extract(tmp_path / "whole")
    interrupted(tmp_path / "home", 1)
    extract(tmp_path / "home")
    assert len(files(tmp_path / "home")) == 2
    assert files(tmp_path / "home") == files(tmp_path / "whole")


def test_without_the_list_of_old_images_all_are_computed(tmp_path: Path) -> None:
    home = dataset(tmp_path)
    extract(home)
    for path in (home / ".covey" / "inputs").iterdir():
        path.write_text("{")
    tiny_images(home / "images" / "new", 1, (30, 40))
    Watched.seen.clear()
    (after,) = extract(home)
    assert sum(Watched.seen) == 177
    assert len(after.names) == 177


@component
class Disturbed(Brightness):
    """Something happens to the images when it starts."""

    name = "disturbed"
    happen: ClassVar[Callable[[], object]] = staticmethod(lambda: None)

    def load(self, runtime: Runtime) -> Extract:
        type(self).happen()
        return super().load(runtime)


def disturb(monkeypatch: pytest.MonkeyPatch, happen: Callable[[], object]) -> Disturbed:
    monkeypatch.setattr(Disturbed, "happen", staticmethod(happen))
    return Disturbed()


def test_an_image_deleted_while_a_run_is_at_work_is_named_and_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    progress = Told()
    remove = (dataset(tmp_path) / "images" / "image_003.png").unlink
    (table,) = extract(tmp_path, disturb(monkeypatch, remove), progress=progress)
    assert len(table.names) == 175
    assert "image_003.png is left out: it was deleted while the run was at work." in progress.notes


def test_of_two_copies_one_may_be_deleted_while_a_run_is_at_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = dataset(tmp_path, 8) / "images"
    for name in ("a.png", "z.png"):
        (images / name).write_bytes((images / "image_003.png").read_bytes())
    for index, name in enumerate(("a.png", "z.png")):
        progress = Told()
        (table,) = extract(tmp_path, disturb(monkeypatch, (images / name).unlink), progress=progress)
        assert "image_003.png" in table.names.tolist()
        assert not any("left out: it was deleted" in note for note in progress.notes)
        assert len(table.names) == 10 - index
        Image.fromarray(random_picture(99 + index, (32, 48))).save(images / "image_000.png")
        for path in tmp_path.glob("*.npz"):
            path.unlink()


def test_an_image_replaced_while_a_run_is_at_work_is_named_and_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images, progress = dataset(tmp_path) / "images", Told()
    replacement = (images / "image_004.png").read_bytes()
    replace = lambda: (images / "image_003.png").write_bytes(replacement)  # noqa: E731
    (table,) = extract(tmp_path, disturb(monkeypatch, replace), progress=progress)
    assert "image_003.png" not in table.names.tolist()
    assert any(note.startswith("image_003.png is left out: it was replaced while") for note in progress.notes)
    (again,) = extract(tmp_path)
    assert len(again.names) == 176


def test_a_folder_of_images_that_is_gone_stops_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = dataset(tmp_path) / "images"
    with pytest.raises(CoveyError, match=r"image_\d+\.png cannot be read any more \(No such file"):
        extract(tmp_path, disturb(monkeypatch, lambda: images.rename(tmp_path / "away")))
    assert not files(tmp_path)


def large_images(folder: Path, *shapes: tuple[int, int]) -> Path:
    """Return a dataset with one image of each height and width."""
    (folder / "images").mkdir(parents=True)
    for index, shape in enumerate(shapes):
        Image.fromarray(random_picture(index, shape)).save(folder / "images" / f"{index}.png", compress_level=1)
    return folder


@component
class Measured(Brightness):
    """Remembers how many images it was handed at once."""

    name = "measured"
    counts: ClassVar[list[int]] = []

    def load(self, runtime: Runtime) -> Extract:
        def work(pixels: Pixels) -> Sequence[Floats]:
            self.counts.append(len(pixels))
            return self._extract(pixels)

        return work


@pytest.mark.parametrize(
    ("shape", "count"),
    [((32, 48), 8), ((256, 512), 8), ((257, 512), 7), ((512, 512), 4), ((600, 800), 2), ((1000, 1500), 1)],
)
def test_the_larger_images_are_the_fewer_go_through_together(
    shape: tuple[int, int], count: int, tmp_path: Path
) -> None:
    Measured.counts.clear()
    (table,) = extract(large_images(tmp_path, shape, shape, shape), Measured(), Runtime(batch_size=8))
    assert set(Measured.counts) == {count}
    assert len(table.names) == 3
    assert len(Measured.counts) == -(-3 // count)


@component
class Cramped(Brightness):
    """Has no memory for images of more than 300 columns."""

    name = "cramped"

    def load(self, runtime: Runtime) -> Extract:
        def work(pixels: Pixels) -> Sequence[Floats]:
            if pixels.shape[2] > 300:
                raise MemoryError("Unable to allocate 117. MiB for an array with shape (1, 2)")
            return self._extract(pixels)

        return work


def test_a_large_image_without_memory_for_it_is_named_and_the_others_are_computed(tmp_path: Path) -> None:
    progress = Told()
    (table,) = extract(large_images(tmp_path, (32, 48), (1000, 1500)), Cramped(), progress=progress)
    assert table.names.tolist() == ["0.png"]
    reason = "memory is too small for it: cut it into shorter images or make it smaller"
    assert f"1.png is left out: {reason}." in progress.notes


ENDING = """
import os, signal, sys
from pathlib import Path
import numpy as np
from covey import Runtime, component
from covey.data.folder import FolderDataset
from covey.experiments.pipeline import Pipeline
from covey._base.progress import Progress
from covey.testing import Brightness

@component
class Ending(Brightness):
    name = "ending"

    def load(self, runtime):
        def work(pixels):
            if (pixels.reshape(len(pixels), -1) == 255).all(1).any():
                os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
            return self._extract(pixels)
        return work

class Printed(Progress):
    def note(self, text):
        print(text)

dataset = FolderDataset(Path(sys.argv[1]))
Pipeline(dataset, dataset.images, Runtime(batch_size=8), Printed()).extract_features(Ending())
"""


def starts_until_finished(home: Path) -> tuple[int, str]:
    """Start a run until it is not killed; return how many were, and what the last one said."""
    for killed_runs in range(10):
        done = subprocess.run([sys.executable, "-c", ENDING, str(home)], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return killed_runs, done.stdout
    raise AssertionError(done.stderr)


def test_a_large_image_that_ends_the_process_is_left_out_at_the_next_start(tmp_path: Path) -> None:
    large_images(tmp_path, (32, 48), (1000, 1500), (1000, 1500))
    Image.new("RGB", (1500, 1000), "white").save(tmp_path / "images" / "1.png")
    killed_runs, notes = starts_until_finished(tmp_path)
    assert killed_runs == 1
    assert "1.png is left out: the program ended while it was in work" in notes
    (table,) = [npz.read(path) for path in tmp_path.glob("*.npz")]
    assert table.names.tolist() == ["0.png", "2.png"]


def test_a_small_image_that_ends_the_process_is_found_by_halving(tmp_path: Path) -> None:
    tiny_images(tmp_path / "images", 12)
    Image.new("RGB", (48, 32), "white").save(tmp_path / "images" / "image_005.png")
    killed_runs, _ = starts_until_finished(tmp_path)
    assert killed_runs == 4  # it was among 8, 4, 2, and alone
    (table,) = [npz.read(path) for path in tmp_path.glob("*.npz")]
    names = [f"image_{index:03d}.png" for index in range(12) if index != 5]
    assert table.names.tolist() == names
    tiny_images(tmp_path / "images" / "new", 1)
    assert starts_until_finished(tmp_path)[0] == 0


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"images": [[]], "deaths": "x"}', '{"left_out": 5}', '{"a": 1}', "[" * 9999]
)
def test_a_damaged_record_of_images_in_work_is_ignored(text: str, tmp_path: Path) -> None:
    home = dataset(tmp_path, 4)
    (home / ".covey").mkdir()
    (home / ".covey" / "in_work.json").write_text(text)
    (table,) = extract(home)
    assert len(table.names) == 4


def test_images_in_work_when_a_run_is_interrupted_are_not_to_blame(tmp_path: Path) -> None:
    home = dataset(tmp_path)
    for _ in range(6):
        interrupted(home, 0)
    extract(home)
    assert not (home / ".covey" / "in_work.json").exists()


@component
class Holey(Brightness):
    """Gives what is no number for dark images, and the same last feature for all."""

    name = "holey"

    def load(self, runtime: Runtime) -> Extract:
        def work(pixels: Pixels) -> Sequence[Floats]:
            features_of_images = self._extract(pixels)
            for X in features_of_images:
                X[X.mean(1) < 0.05, 0] = np.nan
                X[:, -1] = 7
            return features_of_images

        return work


def test_what_is_noticed_is_told_after_every_run_and_kept(tmp_path: Path) -> None:
    home = dataset(tmp_path, 20)
    for name in ("a", "b", "c", "d"):
        Image.new("RGB", (48, 32), "white").save(home / "images" / f"{name}.png")
    Image.new("RGB", (48, 32), "black").save(home / "images" / "dark.png")
    for _ in range(2):
        progress = Told()
        (table,) = extract(home, Holey(), progress=progress)
        assert progress.notes == [
            "dark.png is left out: its features are not finite.",
            "3 images are copies of another: b.png, c.png, d.png.",
            "4 images are of one colour throughout: a.png, b.png, c.png and 1 more.",
            "4 images are of another size than 48 x 32 pixels: 4 of 20 x 32.",
            "1 of the 12 features of holey are the same for all images.",
        ]
    assert np.isfinite(table.X).all()
    assert details(table).broken == {"dark.png": "its features are not finite"}
    assert details(table).copies == Copies(count=3, first=("b.png", "c.png", "d.png"))
    assert details(table).sizes == {"48 x 32": 20, "20 x 32": 4}
    assert details(table).constant == 1


def test_images_with_nothing_in_them_are_named_also_when_their_rows_are_reused(tmp_path: Path) -> None:
    images = dataset(tmp_path, 4) / "images"
    Image.new("RGB", (48, 32), (9, 3, 0)).save(images / "dark.png")
    Image.new("RGB", (48, 32), (99, 3, 0)).save(images / "plain.png")
    Image.new("RGBA", (48, 32), (99, 3, 0, 0)).save(images / "clear.png")
    for names in ([], ["new.png"]):
        for name in names:
            Image.fromarray(random_picture(7, (32, 48))).save(images / name)
        progress = Told()
        (table,) = extract(tmp_path, progress=progress)
        assert set(progress.notes) >= {
            "1 image is black or nearly black (no colour above 15 of 255): dark.png.",
            "1 image is of one colour throughout: plain.png.",
            "1 image is fully transparent: clear.png.",
        }
        assert set(details(table).odd) == {"dark.png", "plain.png", "clear.png"}
    assert details(table).earlier


def deep_picture(index: int, brightest: int) -> Image.Image:
    greys = random_picture(index, (32, 48))[:, :, 0].astype(np.uint16)
    return Image.fromarray((greys * (brightest / greys.max())).astype(np.uint16))


def test_deep_greys_are_scaled_alike_and_computed_again_when_the_range_changes(tmp_path: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()
    for index, brightest in enumerate((1000, 4000)):
        deep_picture(index, brightest).save(images / f"{index}.png")
    progress = Told()
    (table,) = extract(tmp_path, Brightness(), progress=progress)
    sentence = "2 images have greys of more than 8 bits that do not use all of 16: values from 0 to 4095 were scaled"
    assert any(note.startswith(sentence) for note in progress.notes)
    shown = FolderDataset(tmp_path).images
    assert shown
    assert [int(shown.pixels(name).max()) for name in shown.names()] == [1000 >> 4, 4000 >> 4]
    deep_picture(3, 65535).save(images / "3.png")
    progress = Told()
    (again,) = extract(tmp_path, Brightness(), progress=progress)
    np.testing.assert_allclose(again.X[:2], table.X / 16, atol=0.004)
    assert not any("scaled" in note for note in progress.notes)


def test_nothing_is_told_where_nothing_is_wrong(tmp_path: Path) -> None:
    tiny_images(tmp_path / "images", 5)
    progress = Told()
    extract(tmp_path, progress=progress)
    assert progress.notes == []


def test_no_finite_row_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    Image.new("RGB", (10, 32), "black").save(tmp_path / "images" / "dark.png")
    for _ in range(2):
        with pytest.raises(CoveyError, match=r"None of the 1 images .* dark\.png: its features are not finite"):
            extract(tmp_path, Holey())
    assert not files(tmp_path)


@component
class Uneven(Brightness):
    """As many features as an image is wide."""

    name = "uneven"

    def load(self, runtime: Runtime) -> Extract:
        return lambda pixels: [pixels.mean(axis=(1, 3), dtype=np.float32)]


def test_a_number_of_features_that_differs_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CoveyError, match=r"20 for image_000\.png, 48 for image_001\.png"):
        extract(dataset(tmp_path), Uneven())


@component
class Fickle(Brightness):
    """A feature fewer each time."""

    name = "fickle"

    def load(self, runtime: Runtime) -> Extract:
        widths = iter(range(20, 0, -1))
        return lambda pixels: [pixels.mean(axis=(1, 3), dtype=np.float32)[:, : next(widths)]]


def test_a_number_of_features_that_differs_for_images_of_one_size_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CoveyError, match="differing numbers of features for images of one size"):
        extract(dataset(tmp_path), Fickle(), Runtime(batch_size=8))


@component
class Short(Brightness):
    """A row too few."""

    name = "short"

    def load(self, runtime: Runtime) -> Extract:
        return lambda pixels: [pixels[1:].mean(axis=(1, 3), dtype=np.float32)]


def test_a_number_of_rows_that_differs_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CoveyError, match=r"must return 1 arrays of 32 rows, but returned \[\(31, 20\)\]"):
        extract(dataset(tmp_path), Short())


LOCKED = """
import sys
from pathlib import Path
from covey._base.run_lock import hold_run_lock
with hold_run_lock(Path(sys.argv[1])):
    print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.mark.usefixtures("brightness")
def test_a_second_run_in_the_folder_says_so_until_the_first_is_killed(covey: Cli, images: Path) -> None:
    words = ["run", images, "--extractor", "brightness", "--reducer", "pca"]
    lock = images / ".covey" / "lock"
    lock.parent.mkdir()
    command = [sys.executable, "-c", LOCKED, str(lock)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout
        assert first.stdout.readline() == "ready\n"
        second = covey(*words)
        first.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
    assert second.exit_code == 2
    assert "Another run is at work" in second.stderr
    assert not files(images)
    assert covey(*words).exit_code == 0


def test_a_run_lets_go_of_the_folder_even_if_it_fails(tmp_path: Path) -> None:
    from covey._base.run_lock import hold_run_lock

    with pytest.raises(KeyboardInterrupt), hold_run_lock(tmp_path / "lock"):
        raise KeyboardInterrupt
    with (
        hold_run_lock(tmp_path / "lock"),
        pytest.raises(CoveyError, match="Another run"),
        hold_run_lock(tmp_path / "lock"),
    ):
        pass


def test_features_written_block_by_block_are_the_same_file(tmp_path: Path) -> None:
    names = [f"{index}.png" for index in range(600)]
    (table, *_) = tiny_tables(names)
    assert isinstance(table, Features)
    assert table.provenance
    for folder in ("whole", "blocks"):
        (tmp_path / folder).mkdir()
    FolderDataset(tmp_path / "whole").save([table])
    blocks = (table.X[start : start + 100] for start in range(0, 600, 100))
    FolderDataset(tmp_path / "blocks").save_features(table.names, blocks, table.provenance)
    assert files(tmp_path / "blocks") == files(tmp_path / "whole")


def test_writing_block_by_block_needs_the_memory_of_a_few(tmp_path: Path) -> None:
    names = [f"{index}.png" for index in range(10_000)]
    provenance = tiny_tables(names[:2])[0].provenance
    assert provenance

    def block(index: int) -> NDArray[np.float32]:
        return np.full((100, 500), index, np.float32)

    tracemalloc.start()
    FolderDataset(tmp_path).save_features(np.array(names), (block(index) for index in range(100)), provenance)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5e6 < (tmp_path / next(iter(files(tmp_path)))).stat().st_size / 3


def test_a_list_of_images_is_plain_json(tmp_path: Path) -> None:
    extract(dataset(tmp_path, 3))
    (path,) = (tmp_path / ".covey" / "inputs").iterdir()
    assert [name for name, _ in json.loads(path.read_text("utf-8"))] == [f"image_{index:03d}.png" for index in range(3)]


def computed_elsewhere(home: Path, machine: str) -> None:
    """Let finished batches look as if another machine had computed them."""
    for path in (home / ".covey" / "features").rglob("*.npz"):
        with np.load(path) as shard:
            arrays: dict[str, Any] = {key: shard[key] for key in shard}
        np.savez(path, **(arrays | {key: np.array(machine) for key in arrays if key.endswith("/machine")}))


def test_features_from_two_machines_are_reported_and_refused_if_strict(tmp_path: Path) -> None:
    home, progress = dataset(tmp_path), Told()
    interrupted(home, 4)
    computed_elsewhere(home, "torch 1.0, m68k")
    with pytest.raises(CoveyError, match=r"different machines or library versions .*torch 1.0, m68k"):
        extract(home, runtime=evolve(SMALL, strict=True))
    (table,) = extract(home, progress=progress)
    machines = details(table).machines
    assert len(machines) == 2
    assert machines[0] == "torch 1.0, m68k"
    assert any("computed on different machines" in note and "torch 1.0, m68k" in note for note in progress.notes)


def test_features_say_what_computed_them(tmp_path: Path) -> None:
    (table,) = extract(dataset(tmp_path))
    (machine,) = details(table).machines
    assert platform.machine() in machine
