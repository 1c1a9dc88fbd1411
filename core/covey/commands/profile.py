"""covey profile: how clusters change along one option."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np

from covey._base.errors import CoveyError, did_you_mean
from covey._base.files import replace_file
from covey.analysis.profiles import Profile
from covey.analysis.profiles import profile_option as profile_of
from covey.commands.terminal.progress_bars import TerminalProgress
from covey.commands.terminal.text_tables import show
from covey.components.contracts import Clusterer
from covey.components.kinds import Kind
from covey.components.options import option_values as written_options
from covey.data.dataset import AnyEntry, Dataset, table_stem
from covey.experiments.experiment import build_clusterers
from covey.plugins.locations import open_dataset
from covey.plugins.registry import Registry

ROWS = 20
"""Values shown in the table; JSON and the picture have all."""


@click.command()
@click.argument("folder")
@click.option(
    "--clusterer", default=Kind.CLUSTERER.default, show_default=True, metavar="NAME", help="What finds groups."
)
@click.option("--option", required=True, metavar="OPTION", help="The option to look along, such as eps.")
@click.option(
    "--set", "settings", multiple=True, metavar="KIND.OPTION=VALUE",
    help="Set another option, as in clusterer.min_samples=5; several values (5,10) mean: try each.",
)  # fmt: skip
@click.option("--embedding", metavar="NAME", help="The table to cluster, as covey info lists it. [default: all]")
@click.option("--png", type=click.Path(path_type=Path), metavar="FILE", help="Draw a picture into this file.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with all values.")
def profile(
    folder: str,
    clusterer: str,
    option: str,
    settings: tuple[str, ...],
    embedding: str | None,
    png: Path | None,
    as_json: bool,
) -> None:
    """Show how clusters change along an option: how many, how much noise, how large the largest.

    For every embedding in FOLDER. Stretches where the number of clusters stays the same are marked as plateaus, and
    the value that the data suggest.

    \b
    covey profile birds/ --clusterer dbscan --option eps --png eps.png
    """
    registry = Registry.installed()
    dataset = open_dataset(registry, folder, TerminalProgress())
    variants = build_clusterers(clusterer, settings, registry)
    profiles = [
        (entry.stem, variant, _profile(dataset, entry, variant, option))
        for entry in _entries(dataset, variants[0].takes, embedding)
        for variant in variants
    ]
    if png:
        _draw(png, [(f"{name}, {_describe_variant(variant, option)}", curve) for name, variant, curve in profiles])
    if as_json:
        click.echo(json.dumps([_data(*row) for row in profiles], indent=2))
        return
    for name, variant, curve in profiles:
        click.echo(f"\n{name}, {_describe_variant(variant, option)}")
        show([option, "clusters", "noise", "largest", ""], _rows(curve))


def _entries(dataset: Dataset, kind: str, name: str | None) -> list[AnyEntry]:
    entries = [entry for entry in dataset.entries() if entry.kind == kind]
    if not entries:
        raise CoveyError(f"There is no table of kind {kind!r} in {dataset.location}: make one with covey run.")
    if name is None:
        return entries
    names = [entry.stem for entry in entries]
    matching = [entry for entry in entries if entry.stem == table_stem(name)]
    if not matching:
        raise CoveyError(f"There is no {kind} {name!r}.{did_you_mean(name, names)} There is: {', '.join(names)}.")
    return matching


def _profile(dataset: Dataset, entry: AnyEntry, clusterer: Clusterer, option: str) -> Profile:
    Z = dataset.load_points(entry).points
    progress = TerminalProgress()
    return profile_of(clusterer, Z, option, prepared=clusterer.prepare(Z, progress), progress=progress)


def _describe_variant(clusterer: Clusterer, option: str) -> str:
    fixed = ", ".join(f"{key}={value}" for key, value in written_options(clusterer).items() if key != option)
    return f"{clusterer.name} ({fixed})" if fixed else clusterer.name


def _rows(profile: Profile) -> list[list[str]]:
    values = list(profile.values)
    places = set(np.linspace(0, len(values) - 1, min(ROWS, len(values))).round().astype(int).tolist())
    places |= {place for place, value in enumerate(values) if value == profile.suggested}
    return [
        [
            str(values[place]),
            f"{profile.clusters[place]:,}",
            f"{profile.noise[place]:.0%}",
            f"{profile.largest[place]:.0%}",
            _mark(profile, values, place),
        ]
        for place in sorted(places)
    ]


def _mark(profile: Profile, values: Sequence[Any], place: int) -> str:
    level = any(values.index(first) <= place <= values.index(last) for first, last in profile.plateaus)
    suggested = values[place] == profile.suggested
    return ", ".join(word for word, holds in (("suggested", suggested), ("plateau", level)) if holds)


def _data(name: str, clusterer: Clusterer, profile: Profile) -> dict[str, Any]:
    columns = profile.values, profile.clusters.tolist(), profile.noise.tolist(), profile.largest.tolist()
    keys = ("value", "clusters", "noise", "largest")
    return {
        "table": name,
        "clusterer": {"use": clusterer.name, **written_options(clusterer)},
        "option": profile.option,
        "suggested": profile.suggested,
        "plateaus": [list(plateau) for plateau in profile.plateaus],
        "values": [dict(zip(keys, row, strict=True)) for row in zip(*columns, strict=True)],
    }


def _draw(path: Path, profiles: Sequence[tuple[str, Profile]]) -> None:
    from covey.outputs.profile_chart import draw_profiles

    with replace_file(path) as file:
        file.write(draw_profiles(profiles))
    click.echo(f"Picture: {path}", err=True)
