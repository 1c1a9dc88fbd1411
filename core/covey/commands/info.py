"""covey info: what is in a dataset, and how it came about."""

from __future__ import annotations

import json
from typing import Any

import attrs
import click

from covey.locations import open_dataset
from covey.provenance import Provenance
from covey.registry import Registry
from covey.storage import Dataset, Entry

_TITLES = {"features": "Features", "embedding": "Embeddings", "clustering": "Clusterings"}


@click.command()
@click.argument("folder")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def info(folder: str, as_json: bool) -> None:
    """Show what is in a dataset, and what made it."""
    dataset = open_dataset(Registry.installed(), folder)
    images = dataset.images
    count = len(images.names()) if images else 0
    if as_json:
        click.echo(json.dumps(_data(dataset, count), indent=2, ensure_ascii=False))
        return
    click.echo(f"{dataset.location}: {count:,} images" + (f" in {images.root}" if images else ""))
    entries = dataset.entries()
    for kind, title in _TITLES.items():
        of_kind = [entry for entry in entries if entry.kind == kind]
        click.echo(f"\n{title}: {len(of_kind) or 'none'}")
        for entry in of_kind:
            _show(entry)
    for problem in dataset.problems:
        click.echo(f"\n{problem}", err=True)


def _show(entry: Entry) -> None:
    rows, columns = entry.shape
    size = f"{rows:,} images" if entry.kind == "clustering" else f"{rows:,} x {columns:,}"
    click.echo(f"  {entry.name}  {size}")
    made = entry.provenance
    if made is None:
        click.echo("      no provenance: made by another tool")
    while made is not None:
        click.echo(f"      {_sentence(made)}")
        made = made.source


def _sentence(made: Provenance) -> str:
    settings = {**made.options, **{key: str(value)[:15] for key, value in made.identity.items()}}
    settings |= made.details.get("chosen", {})
    told = ", ".join(f"{key}={_value(value)}" for key, value in settings.items())
    broken = len(made.details.get("broken", ()))
    return f"{made.component} ({told})" + (f", {broken} broken images left out" if broken else "")


def _value(value: Any) -> str:
    if isinstance(value, list):
        return "+".join(map(str, value))
    return "none" if value is None else str(value)


def _data(dataset: Dataset, images: int) -> dict[str, Any]:
    tables = [
        {
            "name": entry.name,
            "kind": entry.kind,
            "shape": entry.shape,
            "provenance": None if entry.provenance is None else attrs.asdict(entry.provenance),
        }
        for entry in dataset.entries()
    ]
    return {"location": dataset.location, "images": images, "tables": tables, "problems": dataset.problems}
