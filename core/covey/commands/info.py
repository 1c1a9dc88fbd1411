"""covey info: what is in a dataset or a file, and how it came about."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import attrs
import click

from covey._base.errors import CoveyError
from covey._base.files import WORK
from covey._base.text import count_noun, escape_undecodable, preview
from covey.commands.terminal.progress_bars import TerminalProgress, print_text
from covey.components.table_kinds import TableKind
from covey.data import metadata
from covey.data.dataset import AnyEntry, Dataset
from covey.data.formats import npz
from covey.data.formats.npz_file import open_npz
from covey.data.formats.table_oddities import find_oddities
from covey.data.legacy.names import parse_file_name
from covey.data.legacy.pickles import read_frame
from covey.data.provenance import Provenance
from covey.data.unused_pictures import describe_unused_pictures
from covey.extraction.notes import describe_features
from covey.extraction.shards import Unfinished, list_unfinished
from covey.labelling import kept_labels
from covey.plugins.locations import open_dataset
from covey.plugins.registry import Registry

T = TypeVar("T")
_TITLES = {
    TableKind.FEATURES: "Features",
    TableKind.EMBEDDING: "Embeddings",
    TableKind.CLUSTERING: "Clusterings",
}


@click.command()
@click.argument("place", metavar="FOLDER_OR_FILE")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def info(place: str, as_json: bool) -> None:
    """Show what is in a dataset or in one file of it (.npz, .pkl), what made it, and what is odd about it."""
    path = Path(place)
    match path.suffix.lower() if path.is_file() else None:
        case None:
            _show_dataset(open_dataset(Registry.installed(), place, TerminalProgress()), as_json)
        case ".npz":
            _show_file(path, as_json)
        case ".pkl":
            _show_frame(path, as_json)
        case _:
            readable = "name a folder, a table (.npz) or pickled metadata (.pkl)"
            raise CoveyError(f"{path} is of no kind that covey info reads: {readable}.")


def _show_dataset(dataset: Dataset, as_json: bool) -> None:
    images = dataset.images
    names = images.names() if images else []
    entries, problems = dataset.entries(), list(dataset.problems)
    labels = _tried(lambda: _labels(dataset), problems)
    metadata_summary = _tried(lambda: _metadata(dataset, names), problems)
    unfinished_layers = list_unfinished(dataset.home / WORK)
    notices = list(dict.fromkeys([*describe_unused_pictures(dataset), *_describe_features(dataset)]))
    if as_json:
        tables = [_table(entry) for entry in entries]
        contents = {"tables": tables, "labels": labels, "metadata": metadata_summary, "problems": problems}
        contents["notices"] = notices
        contents["unfinished"] = [{**attrs.asdict(layer), "folder": str(layer.folder)} for layer in unfinished_layers]
        _print({"location": dataset.location, "images": len(names), **contents})
        return
    print_text(f"{dataset.location}: {count_noun(len(names), 'image')}" + (f" in {images.root}" if images else ""))
    for kind, title in _TITLES.items():
        of_kind = [entry for entry in entries if entry.kind == kind]
        print_text(f"\n{title}: {len(of_kind) or 'none'}")
        for entry in of_kind:
            print_text(f"  {entry.name}  {_size(entry)}")
            _show_story(entry)
    _show_labels(labels)
    _show_metadata(metadata_summary, len(names))
    _show_unfinished(unfinished_layers)
    if notices:
        print_text("\n" + "\n".join(["Noticed:", *(f"  {sentence}" for sentence in notices)]))
    for problem in problems:
        print_text(f"\n{problem}", err=True)


def _describe_features(dataset: Dataset) -> Iterator[str]:
    """Yield what was noticed about images and their features when these were computed."""
    for entry in dataset.features():
        if entry.provenance:
            yield from describe_features(entry.provenance, entry.shape[1])


def _tried(find: Callable[[], T], problems: list[str]) -> T | None:
    """Return what is found; None, and one more problem, where it cannot be read."""
    try:
        return find()
    except CoveyError as error:
        problems.append(str(error))
        return None


def _labels(dataset: Dataset) -> dict[str, Any] | None:
    store = kept_labels(dataset)
    classes = {found.name: found.count for found in store.classes()}
    return {"file": str(store.path), "classes": classes, "images": len(store.by_image())} if classes else None


def _metadata(dataset: Dataset, names: Sequence[str]) -> dict[str, Any] | None:
    table = metadata.read_metadata(dataset)
    if table.path is None:
        return None
    return {
        "file": str(table.path),
        "rows": table.count,
        "columns": list(table.columns),
        "images": table.matches(names),
    }


def _show_labels(labels: dict[str, Any] | None) -> None:
    if labels is None:
        print_text("\nLabels: none")
        return
    classes = labels["classes"]
    counts = (
        f"{count_noun(len(classes), 'class')}, {count_noun(labels['images'], 'labelled image')}, in {labels['file']}"
    )
    print_text(f"\nLabels: {counts}\n  {preview([f'{name} ({count:,})' for name, count in classes.items()])}")


def _show_metadata(summary: dict[str, Any] | None, images: int) -> None:
    if summary is None:
        print_text("\nMetadata: none")
        return
    rows, total = count_noun(summary["rows"], "row"), count_noun(images, "image")
    print_text(f"\nMetadata: {rows} for {summary['images']:,} of {total}, in {summary['file']}")
    print_text(f"  {preview(summary['columns'])}")


def _show_unfinished(layers: Sequence[Unfinished]) -> None:
    if layers:
        print_text("\nUnfinished features: the same covey run goes on with them; delete a folder to be rid of it")
    for layer in layers:
        print_text(f"  {layer.tag}: {layer.done:,} of {count_noun(layer.total, 'image')}, in {layer.folder}")


def _show_file(path: Path, as_json: bool) -> None:
    with open_npz(path) as archive:
        archive.verify()
        arrays = {key: {"dtype": head.descr.strip("'"), "shape": head.shape} for key, head in archive.headers.items()}
    entry, odd = _check_file(path)
    if as_json:
        _print({"file": str(path), "arrays": arrays, "checks": odd, **({} if entry is None else _table(entry))})
        return
    print_text(f"{path}: " + (f"{entry.kind}, {_size(entry)}" if entry else "no table"))
    for key, array in arrays.items():
        print_text(f"  {key}: {array['dtype']} {array['shape']}")
    if entry:
        _show_story(entry)
    print_text("\n".join(odd) if odd else "Nothing odd was found.")


def _check_file(path: Path) -> tuple[AnyEntry | None, list[str]]:
    """Return what a file is and what is odd about it; None when it is no table."""
    try:
        return npz.read_entry(path), find_oddities(npz.read(path))
    except CoveyError as error:
        return None, [str(error)]


def _show_frame(path: Path, as_json: bool) -> None:
    frame = read_frame(path)
    rows = max(map(len, frame.values()), default=0)
    if as_json:
        _print({"file": str(path), "rows": rows, "columns": list(frame)})
        return
    print_text(f"{path}: a pickled table of {count_noun(rows, 'row')}\n  " + ", ".join(frame))


def _show_story(entry: AnyEntry) -> None:
    """Print what made a table, its last step first."""
    origin_step = entry.provenance
    if origin_step is None:
        said = parse_file_name(entry.name)
        print_text("      no provenance: made by another tool" + (f", by its name from {said}" if said else ""))
    while origin_step is not None:
        print_text(f"      {_sentence(origin_step)}")
        origin_step = origin_step.source


def _sentence(step: Provenance) -> str:
    settings = {**step.options, **{key: str(value)[:15] for key, value in step.identity.items()}}
    settings |= step.details.chosen
    listed = ", ".join(f"{key}={_value(value)}" for key, value in settings.items())
    broken, runtime = len(step.details.broken), step.details.runtime
    computed = f", computed in {runtime.precision} on {runtime.device}" if runtime and runtime.device else ""
    left_out = f", {count_noun(broken, 'broken image')} left out" if broken else ""
    return f"{step.component} ({listed}){computed}{left_out}"


def _value(setting: Any) -> str:
    if isinstance(setting, list):
        return "+".join(map(str, setting))
    return "none" if setting is None else str(setting)


def _size(entry: AnyEntry) -> str:
    rows, columns = entry.shape
    return count_noun(rows, "image") if entry.kind is TableKind.CLUSTERING else f"{rows:,} x {columns:,}"


def _table(entry: AnyEntry) -> dict[str, Any]:
    said = None if entry.provenance else parse_file_name(entry.name)
    return {
        "name": entry.name,
        "kind": entry.kind,
        "shape": entry.shape,
        "provenance": entry.provenance and entry.provenance.to_dict(),
        "origin": said and attrs.asdict(said),
    }


def _print(document: Any) -> None:
    """Print JSON, in which what is no text stays escaped."""
    click.echo(escape_undecodable(json.dumps(document, indent=2, ensure_ascii=False)))
