"""covey profile: how clusters change along an option."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np

from covey._base.errors import CoveyError, did_you_mean
from covey._base.files import replace_file
from covey._base.terminal_progress import TerminalProgress
from covey.analysis.profiles import Profile, profile_option
from covey.commands.flags import SettingText
from covey.commands.terminal.text_tables import print_table
from covey.components.contracts import Clusterer
from covey.components.kinds import Kind
from covey.components.options import Scalar, option_values
from covey.components.table_kinds import TableKind
from covey.data.dataset import AnyEntry, Dataset, table_stem
from covey.experiments.experiment import build_clusterers
from covey.outputs.outside_images import check_outside_images
from covey.plugins.locations import open_dataset
from covey.plugins.registry import Registry

ROWS = 20
"""Most values in the table; JSON and the picture have all."""


@click.command()
@click.argument("folder")
@click.option(
    "--clusterer", default=Kind.CLUSTERER.default, show_default=True, metavar="NAME", help="What finds groups."
)
@click.option("--option", required=True, metavar="OPTION", help="The option to vary, such as eps.")
@click.option(
    "--set", "settings", multiple=True, type=SettingText(), metavar="KIND.OPTION=VALUE",
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
    """Show how clusters change along an option: their number, the share of noise and the size of the largest.

    Every embedding in FOLDER has a table. It marks plateaus, where the number of clusters stays the same, and the value
    that the data suggest.

    \b
    covey profile birds/ --clusterer dbscan --option eps --png eps.png
    """
    registry = Registry.installed()
    dataset = open_dataset(registry, folder, TerminalProgress())
    if png:
        check_outside_images(png, dataset)
    variants = build_clusterers(clusterer, settings, registry)
    profiles = [
        (entry.stem, variant, _compute_profile(dataset, entry, variant, option))
        for entry in _select_entries(dataset, variants[0].takes, embedding)
        for variant in variants
    ]
    if png:
        _write_picture(
            png, [(f"{name}, {_describe_variant(variant, option)}", curve) for name, variant, curve in profiles]
        )
    if as_json:
        click.echo(json.dumps([_profile_json(*row) for row in profiles], indent=2))
        return
    for name, variant, curve in profiles:
        click.echo(f"\n{name}, {_describe_variant(variant, option)}")
        print_table([option, "clusters", "noise", "largest", ""], _format_rows(curve))
        if curve.reason:
            click.echo(f"Suggested: {option} = {curve.suggested}: {curve.reason}")


def _select_entries(dataset: Dataset, kind: TableKind, name: str | None) -> list[AnyEntry]:
    """Return the tables of one kind, or only that with a name. Raises CoveyError if there is none."""
    entries = [entry for entry in dataset.entries() if entry.kind == kind]
    if not entries:
        raise CoveyError(f"There is no table of kind '{kind}' in {dataset.location}: make one with covey run.")
    if name is None:
        return entries
    names = [entry.stem for entry in entries]
    matching = [entry for entry in entries if entry.stem == table_stem(name)]
    if not matching:
        raise CoveyError(f"There is no {kind} {name!r}.{did_you_mean(name, names)} There is: {', '.join(names)}.")
    return matching


def _compute_profile(dataset: Dataset, entry: AnyEntry, clusterer: Clusterer, option: str) -> Profile:
    Z = dataset.load_points(entry).points
    progress = TerminalProgress()
    return profile_option(clusterer, Z, option, prepared=clusterer.prepare(Z, progress), progress=progress)


def _describe_variant(clusterer: Clusterer, option: str) -> str:
    fixed = ", ".join(f"{key}={value}" for key, value in option_values(clusterer).items() if key != option)
    return f"{clusterer.name} ({fixed})" if fixed else clusterer.name


def _format_rows(profile: Profile) -> list[list[str]]:
    values, count = list(profile.values), len(profile.values)
    evenly_spaced: list[int] = np.linspace(0, count - 1, min(ROWS, count)).round().astype(int).tolist()
    suggested = [position for position, value in enumerate(values) if value == profile.suggested]
    return [
        [
            str(values[position]),
            f"{profile.clusters[position]:,}",
            f"{profile.noise[position]:.0%}",
            f"{profile.largest[position]:.0%}",
            _describe_value(profile, values, position),
        ]
        for position in sorted({*evenly_spaced, *suggested})
    ]


def _describe_value(profile: Profile, values: Sequence[Scalar], position: int) -> str:
    """Return the words after a row: whether its value is suggested, and whether it lies on a plateau."""
    is_on_plateau = any(values.index(first) <= position <= values.index(last) for first, last in profile.plateaus)
    is_suggested = values[position] == profile.suggested
    return ", ".join(word for word, holds in (("suggested", is_suggested), ("plateau", is_on_plateau)) if holds)


def _profile_json(name: str, clusterer: Clusterer, profile: Profile) -> dict[str, object]:
    clusters: list[int] = profile.clusters.tolist()
    noise: list[float] = profile.noise.tolist()
    largest: list[float] = profile.largest.tolist()
    return {
        "table": name,
        "clusterer": {"use": clusterer.name, **option_values(clusterer)},
        "option": profile.option,
        "suggested": profile.suggested,
        "reason": profile.reason,
        "plateaus": [list(plateau) for plateau in profile.plateaus],
        "values": [
            {"value": value, "clusters": count, "noise": noise_share, "largest": largest_share}
            for value, count, noise_share, largest_share in zip(profile.values, clusters, noise, largest, strict=True)
        ],
    }


def _write_picture(path: Path, profiles: Sequence[tuple[str, Profile]]) -> None:
    from covey.outputs.profile_chart import draw_profiles

    with replace_file(path) as file:
        file.write(draw_profiles(profiles))
    click.echo(f"Picture: {path}", err=True)
