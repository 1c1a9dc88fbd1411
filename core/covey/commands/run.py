"""covey run: a folder of images goes through plugins and becomes groups."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from covey import clusters
from covey.commands.flags import flags_of
from covey.commands.tables import show
from covey.commands.terminal import TerminalProgress
from covey.errors import CoveyError
from covey.experiment import DEFAULTS, Experiment, from_flags, read
from covey.options import build
from covey.pipeline import run as run_experiment
from covey.registry import Registry
from covey.runtime import Machine
from covey.tables import Clustering
from covey.validity import shape


@click.command()
@click.argument("source", metavar="FOLDER|FILE.toml")
@click.option("--out", metavar="FOLDER", help="Where the results go; by default into the dataset itself.")
@click.option(
    "--extractor", multiple=True, metavar="NAME", help=f"What describes the images. [default: {DEFAULTS['extractor']}]"
)
@click.option(
    "--reducer", multiple=True, metavar="NAME", help=f"What reduces the description. [default: {DEFAULTS['reducer']}]"
)
@click.option(
    "--clusterer", multiple=True, metavar="NAME", help=f"What finds groups. [default: {DEFAULTS['clusterer']}]"
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KIND.OPTION=VALUE",
    help="Set an option, as in clusterer.eps=0.3; several values (0.3,0.4) mean: try each.",
)
@flags_of(Machine)
def run(
    source: str,
    out: str | None,
    extractor: tuple[str, ...],
    reducer: tuple[str, ...],
    clusterer: tuple[str, ...],
    settings: tuple[str, ...],
    **machine: Any,
) -> None:
    """Turn a folder of spectrogram images into groups.

    FOLDER holds images, or is a dataset with images/ in it; FILE.toml describes an experiment. Components may be
    named several times: every combination is made. What is kept from an earlier run is not computed again.

    \b
    covey run birds/
    covey run birds/ --reducer pca --clusterer dbscan --set clusterer.eps=0.3,0.4
    covey run covey.toml

    `covey plugins list` shows the components, `covey plugins show NAME` their options.
    """
    registry = Registry.installed()
    names = {"extractor": extractor, "reducer": reducer, "clusterer": clusterer}
    experiment = _experiment(source, out, names, settings, registry)
    results = run_experiment(experiment, registry, TerminalProgress(), build(Machine, machine))
    stems = [entry.name.removesuffix(".npz") for entry in results.clusterings]
    tables = [results.dataset.load(entry) for entry in results.clusterings]
    clusterings = [table for table in tables if isinstance(table, Clustering)]
    path = results.dataset.home / clusters.FILE
    clusters.export(list(zip(stems, clusterings, strict=True)), path)
    show(
        ["images", "clusters", "assigned", "clustering"], [_row(*pair) for pair in zip(stems, clusterings, strict=True)]
    )
    click.echo(f"{results.made} tables made, {results.kept} kept from before. Clusters of every image: {path}")


def _experiment(
    source: str, out: str | None, names: dict[str, tuple[str, ...]], settings: tuple[str, ...], registry: Registry
) -> Experiment:
    if not source.lower().endswith(".toml"):
        return from_flags(source, out, names, settings, registry)
    if any(names.values()) or settings or out:
        raise CoveyError(f"{source} says it all: leave out the other flags, or write them into the file.")
    return read(Path(source), registry)


def _row(name: str, clustering: Clustering) -> list[str]:
    found = shape(clustering)
    return [f"{found.images:,}", f"{found.clusters:,}", f"{found.coverage:.0%}", name]
