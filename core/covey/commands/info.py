"""covey info: the contents of a dataset or a file, and how they were made."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import attrs
import click

from covey._base.errors import CoveyError
from covey._base.files import WORK
from covey._base.terminal_progress import TerminalProgress, print_text
from covey._base.text import count_noun, escape_undecodable, preview
from covey.commands.terminal.left_out import describe_confirmation
from covey.components.table_kinds import TableKind
from covey.data.catalogue.catalogue import Catalogue
from covey.data.catalogue.clip_finder import NO_CLIP
from covey.data.dataset import AnyEntry, Dataset
from covey.data.formats import npz
from covey.data.formats.npz_file import open_npz
from covey.data.formats.table_oddities import find_oddities
from covey.data.legacy.file_names import describe_origin, parse_file_name
from covey.data.legacy.pickles import read_frame
from covey.data.metadata import read_metadata
from covey.data.named_recordings import name_recordings
from covey.data.pointer import read_pointer
from covey.data.provenance import JOINED, Provenance
from covey.data.unused_pictures import describe_unused_pictures
from covey.extraction.learning import UnfinishedLearning, list_unfinished_learning
from covey.extraction.notes import describe_copies, describe_features, describe_sample
from covey.extraction.shards import Unfinished, list_unfinished
from covey.labelling import locate_labels, open_labels_read_only
from covey.plugins.locations import create_dataset, open_dataset
from covey.plugins.registry import Registry
from covey.sound.refresh_catalogue import DatasetLook, look_at_dataset
from covey.sources.verify_recordings import verify_recordings

T = TypeVar("T")


@attrs.frozen
class _LabelSummary:
    file: str
    classes: dict[str, int]
    """The number of images of each class."""
    images: int
    out_of_date: list[str]
    """The images that have another content than when they were labelled: these labels are not counted."""
    nothing_there: int
    """The number of images in which somebody found nothing."""


@attrs.frozen
class _MetadataSummary:
    file: str
    rows: int
    columns: list[str]
    images: int
    """The number of images that have a row."""
    balance: str


@attrs.frozen
class _RecordingSummary:
    folders: list[str]
    folders_gone: list[str]
    """The folders that were named for them and are no longer there."""
    recordings: int
    hours: float
    rates: list[int]
    unreadable: list[str]
    images: int
    """The number of images that show a clip of a recording that is there."""
    used: int
    """The number of recordings that these show."""
    images_without: dict[str, int]
    """Why the other images have no sound, and how many they are."""


_TITLES = {
    TableKind.FEATURES: "Features",
    TableKind.EMBEDDING: "Embeddings",
    TableKind.CLUSTERING: "Clusterings",
    TableKind.STATE: "Learned",
    TableKind.EXTRA: "Extra tables",
}


@click.command()
@click.argument("place", metavar="FOLDER_OR_FILE")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--images",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Remember that the images of the dataset lie in FOLDER, outside it or one of several in it.",
)
@click.option(
    "--recordings",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Remember that the recordings of the dataset lie in FOLDER.",
)
@click.option("--check", is_flag=True, help="Read all images and recordings again, also those that look unchanged.")
def info(place: str, as_json: bool, images: Path | None, recordings: Path | None, check: bool) -> None:
    """Show what is in a dataset or in one file (.npz, .pkl), what made it, and what is odd about it."""
    path = Path(place)
    registry = Registry.installed()
    if images:
        open_dataset(registry, place, TerminalProgress())  # a name that is misspelled makes no dataset
        create_dataset(registry, place, images)
    if recordings:
        name_recordings(open_dataset(registry, place, TerminalProgress()), recordings)
    match path.suffix.lower() if path.is_file() else None:
        case None:
            _show_dataset(open_dataset(registry, place, TerminalProgress()), as_json, check)
        case ".npz":
            _show_file(path, as_json)
        case ".pkl":
            _show_frame(path, as_json)
        case _:
            readable = "name a folder, a table (.npz) or pickled metadata (.pkl)"
            raise CoveyError(f"{path} is of no kind that covey info reads: {readable}.")


def _show_dataset(dataset: Dataset, as_json: bool, check: bool) -> None:
    images = dataset.images
    look = look_at_dataset(dataset, images, TerminalProgress(), check) if images else None
    image_count = look.images.total if look else 0
    entries, problems = dataset.entries(), [*dataset.problems, *describe_confirmation(dataset)]
    label_sentences = _read_or_report(lambda: locate_labels(dataset).sentences, problems) or []
    labels = _read_or_report(lambda: _summarize_labels(dataset), problems)
    metadata = _read_or_report(lambda: _summarize_metadata(dataset), problems)
    fetched = _read_or_report(lambda: _verify_fetched(dataset), problems) if check else None
    unfinished_layers = list_unfinished(dataset.home / WORK)
    unfinished_learning = list_unfinished_learning(dataset.home / WORK)
    changes = look.describe_changes() if look else ()
    notices = list(
        dict.fromkeys(
            [
                *changes,
                *([fetched] if fetched else []),
                *label_sentences,
                *describe_unused_pictures(dataset),
                *_describe_tables(dataset),
            ]
        )
    )
    recordings = _summarize_recordings(dataset, look) if look else None
    if as_json:
        _print_json(
            {
                "location": dataset.location,
                "images": image_count,
                "recordings": recordings and attrs.asdict(recordings),
                "tables": [_describe_entry(entry) for entry in entries],
                "labels": labels and attrs.asdict(labels),
                "metadata": metadata and attrs.asdict(metadata),
                "problems": problems,
                "notices": notices,
                "unfinished": [{**attrs.asdict(layer), "folder": str(layer.folder)} for layer in unfinished_layers],
                "unfinished_learning": [
                    {**attrs.asdict(learning), "file": str(learning.file)} for learning in unfinished_learning
                ],
            }
        )
        return
    print_text(f"{dataset.location}: {count_noun(image_count, 'image')}" + (f" in {images.root}" if images else ""))
    _show_recordings(recordings, image_count)
    for kind, title in _TITLES.items():
        entries_of_kind = [entry for entry in entries if entry.kind == kind]
        if kind in (TableKind.STATE, TableKind.EXTRA) and not entries_of_kind:
            continue
        print_text(f"\n{title}: {len(entries_of_kind) or 'none'}")
        for entry in entries_of_kind:
            print_text(f"  {entry.name}  {_size(entry)}")
            _show_steps(entry)
    _show_labels(labels)
    _show_metadata(metadata, image_count)
    _show_unfinished(unfinished_layers, unfinished_learning)
    if notices:
        print_text("\n" + "\n".join(["Noticed:", *(f"  {sentence}" for sentence in notices)]))
    for problem in problems:
        print_text(f"\n{problem}", err=True)


def _describe_tables(dataset: Dataset) -> Iterator[str]:
    """Yield what was noticed about images, features and copies when the tables were computed."""
    for entry in dataset.entries():
        if entry.provenance and entry.kind is TableKind.FEATURES:
            yield from describe_features(entry.provenance, entry.shape[1])
        elif entry.provenance:
            yield from describe_sample(entry.provenance.details.sample)
            if entry.provenance.details.copies:
                yield from describe_copies(entry.provenance.details.copies)


def _read_or_report(read: Callable[[], T], problems: list[str]) -> T | None:
    """Return what a function reads; if it raises CoveyError, add the message to the problems and return None."""
    try:
        return read()
    except CoveyError as error:
        problems.append(str(error))
        return None


def _verify_fetched(dataset: Dataset) -> str:
    """Return the balance of the recordings that a source has handed over; "" if there are none."""
    balance = verify_recordings(dataset.home, dataset.recording_folders, TerminalProgress())
    return balance.describe() if balance else ""


def _summarize_labels(dataset: Dataset) -> _LabelSummary | None:
    store = open_labels_read_only(dataset)
    classes = {label_class.name: label_class.count for label_class in store.classes()}
    out_of_date = sorted({row.filename for row in store.out_of_date()})
    absence_count = len(store.absences())
    if not (classes or absence_count or out_of_date):
        return None
    return _LabelSummary(str(store.path), classes, len(store.by_image()), out_of_date, absence_count)


def _summarize_metadata(dataset: Dataset) -> _MetadataSummary | None:
    table, images = read_metadata(dataset), dataset.images
    if table.path is None:
        return None
    names = Catalogue(images).rows(("name",)).names.texts() if images else []
    return _MetadataSummary(
        str(table.path), table.count, list(table.columns), table.matches(names), table.join(names).balance.describe()
    )


def _summarize_recordings(dataset: Dataset, look: DatasetLook) -> _RecordingSummary | None:
    recordings, clips = look.recordings.recordings, look.clips
    if not recordings and not clips.images and {*clips.problems} <= {NO_CLIP}:
        return None
    folders = [str(folder) for folder in dataset.recording_folders]
    return _RecordingSummary(
        folders=folders,
        folders_gone=[str(folder) for folder in _named_folders(dataset) if not folder.is_dir()],
        recordings=len(recordings),
        hours=sum(each.seconds for each in recordings if math.isfinite(each.seconds)) / 3600,
        rates=sorted({each.rate for each in recordings if each.rate}),
        unreadable=sorted(each.name for each in recordings if each.problem),
        images=clips.images,
        used=clips.recordings,
        images_without=dict(clips.problems),
    )


def _named_folders(dataset: Dataset) -> list[Path]:
    pointer = read_pointer(dataset.home)
    return [pointer.resolve(location) for location in pointer.recordings] if pointer else []


def _show_recordings(summary: _RecordingSummary | None, images: int) -> None:
    if summary is None:
        return
    if not summary.recordings:
        gone = f" ({preview(summary.folders_gone)} is gone)" if summary.folders_gone else ""
        print_text(f"\nRecordings: none are known{gone}; to say where they are: covey info DATASET --recordings FOLDER")
        return
    rates = f", {preview([f'{rate / 1000:g} kHz' for rate in summary.rates])}" if summary.rates else ""
    places = f", in {preview(summary.folders)}" if summary.folders else ""
    print_text(f"\nRecordings: {summary.recordings:,} ({_describe_hours(summary.hours)}{rates}){places}")
    of_recordings = f"of {count_noun(summary.used, 'recording')}" if summary.images else ""
    print_text(f"  {summary.images:,} of {count_noun(images, 'image')} show clips {of_recordings}".rstrip())
    for problem, count in summary.images_without.items():
        print_text(f"  {count_noun(count, 'image')} without sound: {problem}")
    if summary.unreadable:
        print_text(
            f"  {count_noun(len(summary.unreadable), 'recording')} cannot be read: {preview(summary.unreadable)}"
        )


def _describe_hours(hours: float) -> str:
    return f"{hours:.1f} h" if hours >= 1 else f"{hours * 60:.0f} min" if hours * 60 >= 1 else f"{hours * 3600:.0f} s"


def _show_labels(labels: _LabelSummary | None) -> None:
    if labels is None:
        print_text("\nLabels: none")
        return
    classes, images = count_noun(len(labels.classes), "class"), count_noun(labels.images, "labelled image")
    print_text(f"\nLabels: {classes}, {images}, in {labels.file}")
    if labels.classes:
        print_text(f"  {preview([f'{name} ({count:,})' for name, count in labels.classes.items()])}")
    if labels.nothing_there:
        print_text(f"  Looked at, nothing there: {count_noun(labels.nothing_there, 'image')}")
    if labels.out_of_date:
        images = count_noun(len(labels.out_of_date), "image")
        print_text(
            f"  Out of date, and not counted: the labels of {images} whose content has changed since"
            f" ({preview(labels.out_of_date)}); covey labels check names them all"
        )


def _show_metadata(metadata: _MetadataSummary | None, images: int) -> None:
    if metadata is None:
        print_text("\nMetadata: none")
        return
    rows, total = count_noun(metadata.rows, "row"), count_noun(images, "image")
    print_text(f"\nMetadata: {rows} for {metadata.images:,} of {total}, in {metadata.file}")
    print_text(f"  {preview(metadata.columns)}\n  {metadata.balance}")


def _show_unfinished(layers: Sequence[Unfinished], learning: Sequence[UnfinishedLearning]) -> None:
    if layers:
        print_text("\nUnfinished features: the same covey run goes on with them; to discard them, delete the folder")
    for layer in layers:
        print_text(f"  {layer.tag}: {layer.done:,} of {count_noun(layer.total, 'image')}, in {layer.folder}")
    if learning:
        print_text("\nUnfinished learning: the same covey run goes on with it; to discard it, delete the file")
    for extractor in learning:
        print_text(f"  {extractor.component}: {count_noun(extractor.epochs, 'epoch')}, in {extractor.file}")


def _show_file(path: Path, as_json: bool) -> None:
    with open_npz(path) as archive:
        archive.verify()
        arrays = {key: (header.dtype.str, header.shape) for key, header in archive.headers.items()}
    entry, oddities = _check_file(path)
    if as_json:
        listed = {key: {"dtype": dtype, "shape": shape} for key, (dtype, shape) in arrays.items()}
        description = {} if entry is None else _describe_entry(entry)
        _print_json({"file": str(path), "arrays": listed, "checks": oddities, **description})
        return
    print_text(f"{path}: " + (f"{entry.kind}, {_size(entry)}" if entry else "no table"))
    for key, (dtype, shape) in arrays.items():
        print_text(f"  {key}: {dtype} {shape}")
    if entry:
        _show_steps(entry)
    print_text("\n".join(oddities) if oddities else "Nothing odd was found.")


def _check_file(path: Path) -> tuple[AnyEntry | None, list[str]]:
    """Return the table in a file, None if there is none, and what is odd about the file."""
    try:
        return npz.read_entry(path), find_oddities(npz.read(path))
    except CoveyError as error:
        return None, [str(error)]


def _show_frame(path: Path, as_json: bool) -> None:
    frame = read_frame(path)
    rows = max(map(len, frame.values()), default=0)
    if as_json:
        _print_json({"file": str(path), "rows": rows, "columns": list(frame)})
        return
    print_text(f"{path}: a pickled table of {count_noun(rows, 'row')}\n  " + ", ".join(frame))


def _show_steps(entry: AnyEntry) -> None:
    """Print the steps that made a table, the last one first."""
    if _is_foreign(entry):
        print_text(f"      no provenance: {describe_origin(entry.name)}")
        return
    for step in reversed(entry.provenance.lineage if entry.provenance else []):
        print_text(f"      {_describe_step(step)}")


def _is_foreign(entry: AnyEntry) -> bool:
    return entry.provenance is None or entry.provenance.is_foreign


def _describe_step(step: Provenance) -> str:
    if step.is_foreign:
        return f"{step.details.file}: {describe_origin(step.details.file)}"
    identity = {name: _shorten(part) for name, part in step.identity.items() if name != JOINED}
    settings: dict[str, object] = {**step.options, **identity, **step.details.chosen}
    listed = ", ".join(f"{name}={_format_setting(setting)}" for name, setting in settings.items())
    broken, computation = len(step.details.broken), step.details.describe_computation()
    computed = f", computed {computation}" if computation else ""
    left_out = f", {count_noun(broken, 'broken image')} left out" if broken else ""
    joined = f" of {' and '.join(source.title for source in step.sources)}" if step.joined else ""
    lacking = "".join(f", {count_noun(count, 'image')} not in {title}" for title, count in step.details.lacking.items())
    return f"{step.component}{joined} ({listed}){computed}{left_out}{lacking}{_describe_losses(step)}"


def _shorten(part: object) -> str:
    """Return a part of an identity, such as a hash, in a few characters."""
    if isinstance(part, Mapping):
        return " and ".join(f"{name} {_shorten(entry)}" for name, entry in part.items())
    return str(part)[:15]


def _describe_losses(step: Provenance) -> str:
    losses = step.details.losses
    if not losses:
        return ""
    return f", learned in {count_noun(len(losses), 'epoch')}, with a loss of {losses[0]:.4g} to {losses[-1]:.4g}"


def _format_setting(setting: object) -> str:
    if isinstance(setting, list):
        return "+".join(map(str, setting))
    return "none" if setting is None else str(setting)


def _size(entry: AnyEntry) -> str:
    rows, columns = entry.shape
    if entry.kind is TableKind.STATE:
        return f"{count_noun(columns, 'number')}, learned from {count_noun(rows, 'image')}"
    return count_noun(rows, "image") if entry.kind is TableKind.CLUSTERING else f"{rows:,} x {columns:,}"


def _describe_entry(entry: AnyEntry) -> dict[str, object]:
    """Return a table as JSON has it; its origin, if there is no provenance, is guessed from the file name."""
    origin = parse_file_name(entry.name) if _is_foreign(entry) else None
    return {
        "name": entry.name,
        "kind": entry.kind,
        "shape": entry.shape,
        "provenance": entry.provenance and entry.provenance.to_dict(),
        "origin": origin and attrs.asdict(origin),
    }


def _print_json(document: Mapping[str, object]) -> None:
    """Print JSON, in which bytes that are no text stay escaped."""
    click.echo(escape_undecodable(json.dumps(document, indent=2, ensure_ascii=False)))
