"""A folder of recordings becomes a dataset of spectrogram images."""

from __future__ import annotations

import json
import math
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from operator import attrgetter
from pathlib import Path, PurePosixPath
from typing import Any

import attrs

from covey._base.errors import CoveyError, reason
from covey._base.files import make_folder, replace_file, write_text
from covey._base.progress import SILENT, Progress
from covey.components.options import build, option_values
from covey.data.images import THREADS, ImageFolder
from covey.data.segment_names import image_name
from covey.data.segment_names import recordings_of_images as recordings_of
from covey.sound import png, recordings
from covey.sound.recordings import BrokenRecording, Recording
from covey.sound.segments import Segment, choose_segments, cut_segments
from covey.sound.spectrograms import Recipe

NARROWEST = 0.5
"""The least share of the band that a recording may leave to all others."""
WIDE = 2
"""A recording whose rate is more than so many times the recipe's holds sound that people may miss: bats, say."""
PARAMETERS = "_feature_extraction_parameters.json"
LEDGER = "_recordings.jsonl"


@attrs.frozen(kw_only=True)
class Made:
    """What was made of one recording: one line of the ledger beside the images.

    `name` is the recording's; `recording` leads to it from the image folder. `images` counts them, `silent`
    the segments left out. `problem` says why there are none, or not all.
    """

    name: str
    recording: str
    bytes: int
    time: int
    images: int = 0
    silent: int = 0
    problem: str = ""

    @property
    def stub(self) -> str:
        """What the names of its images begin with."""
        return str(PurePosixPath(self.name).with_suffix(""))


@attrs.frozen(kw_only=True)
class Report:
    """What a conversion did.

    `made` are the recordings that have images now, `new` the images made this time, `kept` those that were there.
    `problems` names each recording that has none, or not all, with the reason.
    """

    folder: Path
    made: Sequence[Made]
    new: int
    kept: int
    problems: Sequence[str]

    @property
    def silent(self) -> int:
        """Segments left out because they are silent."""
        return sum(made.silent for made in self.made)


def convert_recordings(
    source: Path, dataset: Path, recipe: Recipe | None = None, progress: Progress = SILENT
) -> Report:
    """Make spectrogram images of all recordings in `source`, into `dataset`/images.

    Images are named `<stub>_segm_<SSSS.mmm>.png` after the recording and the start of the segment in seconds;
    subfolders are kept. What was made before by the same recipe is not made again, unless the recording has changed.

    Raises:
        CoveyError: no recordings; the folder holds images of another recipe; it cannot be written.
    """
    recipe = recipe or Recipe()
    _check_libraries()
    examined = _with_band([_check_rate(recording, recipe) for recording in _examined(source, progress)], recipe)
    good = [recording for recording in examined if not recording.problem]
    folder = dataset / "images"
    if good:
        recipe = in_common_band(recipe, good, progress)
        _sign(folder, recipe)
    present = images_of(folder)
    before = {stub: made for stub, made in read_ledger(folder).items() if made.images == len(present[stub])}
    unchanged = [before[recording.stub] for recording in good if _same(recording, before.get(recording.stub))]
    to_do = [recording for recording in good if not _same(recording, before.get(recording.stub))]
    new = list(_make_all(to_do, folder, recipe, present, progress))
    return Report(
        folder=folder,
        made=[made for made in (*unchanged, *new) if made.images],
        new=sum(made.images for made in new),
        kept=sum(made.images for made in unchanged),
        problems=sorted([*_list_problems(examined), *_list_problems(unchanged), *_list_problems(new)]),
    )


def in_common_band(recipe: Recipe, usable: Sequence[Recording], progress: Progress = SILENT) -> Recipe:
    """Return the recipe as it is for these recordings: what tells recordings of different rates apart is taken off.

    Above half of its own rate a recording has nothing, and below that it fades when its rate is converted. So the rate
    is lowered to the lowest among the recordings, and in the band "common" all pass the same filter. Where all have the
    recipe's rate there is nothing to take off: the band is then "full".
    """
    lowest, highest = min(usable, key=attrgetter("rate")), max(usable, key=attrgetter("rate"))
    if highest.rate > WIDE * recipe.rate:
        progress.note(
            f"Sound above {recipe.rate / 2:g} Hz is not shown; {highest.name} has some up to {highest.rate / 2:g} Hz:"
            f" --rate {highest.rate} shows it."
        )
    if recipe.band == "full" or lowest.rate == highest.rate == recipe.rate:
        return build(Recipe, {**option_values(recipe), "band": "full"})
    if lowest.rate != highest.rate or lowest.rate < recipe.rate:
        recipe = build(Recipe, {**option_values(recipe), "rate": min(recipe.rate, lowest.rate)})
        progress.note(
            f"The recordings have rates from {lowest.rate} Hz ({lowest.name}) to {highest.rate} Hz ({highest.name})."
            f" All images show the band that each of them has, 0 to {recipe.rate / 2:g} Hz."
            + f" For more, put {lowest.name} into a dataset of its own, or take --band full."
            * (recipe.rate == lowest.rate)
        )
    return recipe


def images_of(folder: Path) -> Mapping[str, list[str]]:
    """Return the names of the images in a folder by the stub of their recording."""
    names_by_stub: dict[str, list[str]] = defaultdict(list)
    for name, stub in recordings_of(ImageFolder(folder).walk()).items():
        names_by_stub[stub].append(name)
    return names_by_stub


def read_ledger(folder: Path) -> dict[str, Made]:
    """Return what was made of each recording, by stub, from the ledger beside the images; a torn line is left out."""
    try:
        lines = (folder / LEDGER).read_text("utf-8").splitlines()
    except FileNotFoundError:
        return {}
    entries = filter(None, map(_read_line, lines))
    return {entry.stub: entry for entry in entries}


def _list_problems(items: Iterable[Recording] | Iterable[Made]) -> list[str]:
    return [f"{item.name}: {item.problem}." for item in items if item.problem]


def _check_libraries() -> None:
    if missing := Recipe.missing():
        raise CoveyError(f'Reading sound needs libraries that are not installed: pip install "{" ".join(missing)}"')


def _examined(source: Path, progress: Progress) -> list[Recording]:
    paths = recordings.find_recordings(source)
    with (
        progress.step("Looking at the recordings", len(paths), "recording") as step,
        ThreadPoolExecutor(THREADS) as pool,
    ):
        examined = [
            step.tick(recording)
            for recording in pool.map(lambda path: recordings.examine_recording(path, source), paths)
        ]
    return list(_mark_namesakes(examined))


def _mark_namesakes(examined: Iterable[Recording]) -> Iterator[Recording]:
    """Yield the recordings; of those whose images would bear the same names, all but the first with a problem."""
    first: dict[str, str] = {}
    for recording in examined:
        namesake = recording.name if recording.problem else first.setdefault(recording.stub.casefold(), recording.name)
        if namesake != recording.name:
            recording = attrs.evolve(
                recording, problem=f"its images would be named like those of {namesake}; rename one of them"
            )
        yield recording


def _check_rate(recording: Recording, recipe: Recipe) -> Recording:
    """Return a recording, with a problem when its rate is too low for the recipe."""
    if recording.problem or recipe.band == "full" or recording.rate * recipe.segment >= recipe.window:
        return recording
    few = f"at its rate of {recording.rate} Hz a segment is shorter than the window of {recipe.window} samples"
    return attrs.evolve(recording, problem=f"{few}; take longer segments or a shorter window")


def _with_band(examined: Sequence[Recording], recipe: Recipe) -> list[Recording]:
    """Return recordings, with a problem for those whose low rate would cost all others most of their band."""
    rates = [min(recording.rate, recipe.rate) for recording in examined if not recording.problem]
    least = max(rates, default=0) * NARROWEST
    return [_checked_band(recording, least) if recipe.band == "common" else recording for recording in examined]


def _checked_band(recording: Recording, least: float) -> Recording:
    if recording.problem or recording.rate >= least:
        return recording
    effect = f"at its rate of {recording.rate} Hz all images would end at {recording.rate / 2:g} Hz"
    return attrs.evolve(recording, problem=f"{effect}; put it into a dataset of its own, or take --band full")


def _sign(folder: Path, recipe: Recipe) -> None:
    """Write the recipe beside the images, or check that those there were made by it."""
    path, ours = folder / PARAMETERS, recipe.parameters()
    if not path.exists():
        if next(ImageFolder(folder).walk(), None):
            raise CoveyError(f"{folder} holds images made by an unknown recipe: choose another dataset folder.")
        make_folder(folder)
        write_text(path, json.dumps(ours, indent=4) + "\n")
    elif difference := _difference(_read_parameters(path), ours):
        raise CoveyError(
            f"{folder} holds images made by another recipe ({difference}): give the same options, or another dataset"
            " folder."
        )


def _read_parameters(path: Path) -> dict[str, Any]:
    try:
        theirs = json.loads(path.read_text("utf-8"))
        return {**theirs, **theirs.get("covey", {})}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise CoveyError(f"{path} cannot be read ({reason(error)}): choose another dataset folder.") from error


def _difference(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> str:
    """Return in words what differs between two recipes, or ""."""
    if "options" not in theirs or theirs["version"] != ours["covey"]["version"]:
        return "made by another tool or version"
    options = theirs["options"]
    return ", ".join(
        f"{name} {options.get(name)} there, {value} here"
        for name, value in ours["covey"]["options"].items()
        if options.get(name) != value
    )


def _same(recording: Recording, entry: Made | None) -> bool:
    return entry is not None and (entry.bytes, entry.time) == (recording.bytes, recording.time)


def _make_all(
    to_do: Sequence[Recording], folder: Path, recipe: Recipe, present: Mapping[str, list[str]], progress: Progress
) -> Iterator[Made]:
    """Make the images of several recordings at a time; each recording that is done gets its line in the ledger."""
    with progress.step("Making spectrograms", len(to_do), "recording") as step, ThreadPoolExecutor(THREADS) as pool:
        futures = [pool.submit(_make, item, folder, recipe, present.get(item.stub, [])) for item in to_do]
        try:
            for future in as_completed(futures):
                _append(folder / LEDGER, future.result())
                yield step.tick(future.result())
        finally:
            pool.shutdown(cancel_futures=True)


def _make(recording: Recording, folder: Path, recipe: Recipe, old: Iterable[str]) -> Made:
    """Make the images of one recording; older ones of it that it no longer has are removed."""
    written: set[str] = set()
    tally = Tally()
    make_folder((folder / recording.name).parent)
    try:
        blocks = recordings.blocks(recording.path, recipe.rate, filtered=recipe.band == "common")
        for segment in choose_segments(tally.audible(cut_segments(blocks, recipe), recipe), recipe):
            written.add(_write(segment, recording, folder, recipe))
    except BrokenRecording as error:
        tally.problem = str(error)
    for name in set(old) - written:
        (folder / name).unlink(missing_ok=True)
    return Made(
        name=recording.name,
        recording=_relative_path(folder, recording.path),
        bytes=recording.bytes,
        time=recording.time,
        images=len(written),
        silent=tally.silent,
        problem=tally.problem or ("" if written else tally.why_none(recipe)),
    )


@attrs.define
class Tally:
    """Counts the segments of one recording as they pass."""

    seen: int = 0
    silent: int = 0
    problem: str = ""

    def audible(self, segments: Iterable[Segment], recipe: Recipe) -> Iterator[Segment]:
        """Yield the segments that are loud enough. Raises BrokenRecording when one holds what is no number."""
        for segment in segments:
            self.seen += 1
            if math.isnan(segment.level):
                raise BrokenRecording("it holds values that are no numbers")
            if segment.level > recipe.silence:
                yield segment
            else:
                self.silent += 1

    def why_none(self, recipe: Recipe) -> str:
        """Return why a recording has no images."""
        if self.seen:
            return f"it is silent: no segment is above {recipe.silence:g} dB of full scale"
        return f"it is shorter than a segment of {recipe.segment:g} s"


def _write(segment: Segment, recording: Recording, folder: Path, recipe: Recipe) -> str:
    name = image_name(recording.stub, segment.start)
    with replace_file(folder / name, durable=False) as file:
        file.write(png.encode(recipe.pixels(segment.samples)))
    return name


def _append(ledger: Path, entry: Made) -> None:
    try:
        with ledger.open("a", encoding="utf-8") as file:
            file.write(json.dumps(attrs.asdict(entry)) + "\n")
    except OSError as error:
        raise CoveyError(f"{ledger} could not be written: {reason(error)}. Make room and start again.") from error


def _read_line(line: str) -> Made | None:
    try:
        return Made(**json.loads(line))
    except (ValueError, TypeError):
        return None


def _relative_path(folder: Path, path: Path) -> str:
    """Return the way from a folder to a file; the whole path where it lies on another drive."""
    try:
        return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()
    except ValueError:
        return path.resolve().as_posix()
