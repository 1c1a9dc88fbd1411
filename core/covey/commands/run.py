"""covey run: images become groups."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import attrs
import click

from covey._base.errors import CoveyError
from covey._base.terminal_progress import TerminalProgress
from covey._base.text import count_noun, preview
from covey.analysis.describe_suggestion import describe_suggestion
from covey.analysis.measures.own_measures import cluster_sizes, coverage
from covey.commands.flags import SettingText, flags_of
from covey.commands.foreign_experiment import confirm_destination
from covey.commands.terminal.text_tables import print_column_groups, print_table
from covey.commands.terminal.tracebacks import show_traceback
from covey.components.contracts import Runtime, Storage
from covey.components.kinds import STEPS, Kind
from covey.components.options import build, evolve, options
from covey.data.clusters_csv import FILE
from covey.data.provenance import Details
from covey.experiments.experiment import Experiment, build_engine, build_storages, from_flags, read_experiment
from covey.experiments.pipeline import Failure
from covey.experiments.plan import PlanLine
from covey.experiments.published_embeddings import choose_published_embeddings
from covey.experiments.reproduce import Reproduction, reproduce
from covey.experiments.run_experiment import Results, plan_run, run_experiment
from covey.plugins.locations import open_dataset
from covey.plugins.registry import Registry

FAILED = 1
"""Exit code if a table could not be computed, or a reproduced table differs."""


@click.command()
@click.argument("source", metavar="FOLDER|FILE.toml", required=False)
@click.option("--out", metavar="FOLDER", help="Where the results go; by default into the dataset itself.")
@click.option(
    "--extractor",
    multiple=True,
    metavar="NAME",
    help=f"What describes images. [default: {Kind.EXTRACTOR.default}]",
)
@click.option(
    "--reducer", multiple=True, metavar="NAME", help=f"What reduces the features. [default: {Kind.REDUCER.default}]"
)
@click.option(
    "--clusterer", multiple=True, metavar="NAME", help=f"What finds groups. [default: {Kind.CLUSTERER.default}]"
)
@click.option("--engine", metavar="NAME", help=f"Where features are computed. [default: {Kind.ENGINE.default}]")
@click.option(
    "--set",
    "settings",
    multiple=True,
    type=SettingText(),
    metavar="KIND.OPTION=VALUE",
    help="Set an option, as in clusterer.eps=0.3; several values (0.3,0.4) mean: try each.",
)
@click.option(
    "--features",
    multiple=True,
    metavar="FILE.npz",
    help="Features in the dataset to use too, such as imported ones and those of other programs.",
)
@click.option(
    "--embedding",
    "embeddings",
    multiple=True,
    metavar="FILE.npz",
    help="Embeddings in the dataset to cluster as they are, such as those of other programs.",
)
@click.option(
    "--join",
    metavar="NAME,NAME,...",
    help="Sets of features to join by image and use too: extractors, or features in the dataset.",
)
@click.option("--whiten", metavar="0 to 1", help="How far joined features are whitened; several values: try each.")
@click.option(
    "--learn-again",
    is_flag=True,
    help="Let extractors that learn do so from the images as they are now, even if they have learned before.",
)
@click.option("--dry-run", is_flag=True, help="Show which tables exist and which would be computed; compute nothing.")
@click.option("--check", is_flag=True, help="Read every image again, even if its size and times have not changed.")
@click.option("--allow-outside", is_flag=True, help="Let FILE.toml write outside the folder in which it lies.")
@click.option(
    "--like", type=click.Path(path_type=Path), metavar="FILE.npz",
    help="Make this result again in a temporary folder, and say whether it is identical.",
)  # fmt: skip
@flags_of(Runtime)
def run(
    source: str | None,
    out: str | None,
    extractor: tuple[str, ...],
    reducer: tuple[str, ...],
    clusterer: tuple[str, ...],
    engine: str | None,
    settings: tuple[str, ...],
    features: tuple[str, ...],
    embeddings: tuple[str, ...],
    join: str | None,
    whiten: str | None,
    learn_again: bool,
    dry_run: bool,
    check: bool,
    allow_outside: bool,
    like: Path | None,
    **runtime: object,
) -> None:
    """Turn a folder of spectrogram images into groups.

    FOLDER contains images, or is a dataset with images/ in it; FILE.toml describes an experiment. Components may be
    named several times: every combination is computed. Tables of earlier runs are not computed again; failures are
    listed at the end and do not stop the rest.

    \b
    covey run birds/
    covey run birds/ --reducer pca --clusterer dbscan --set clusterer.eps=0.3,0.4
    covey run birds/ --join timm,torchvision --whiten 0.5
    covey run birds/ --embedding dimred_8_neigh_10_ResNet50_layer3.5.conv3.npz
    covey run birds/ --engine processes --set engine.workers=4
    covey run covey.toml --dry-run
    covey run --like birds/clusters_dbscan_8_neigh_10_umap_vgg16~1a2b3c4d.npz

    `covey plugins list` shows the components, `covey plugins show NAME` their options.
    """
    registry = Registry.installed()
    names = {Kind.EXTRACTOR: extractor, Kind.REDUCER: reducer, Kind.CLUSTERER: clusterer}
    names[Kind.ENGINE] = (engine,) if engine else ()
    if like:
        _check_no_other_flags(like, [source, out, *names.values(), settings, features, embeddings, join, whiten])
        sys.exit(_print_reproduction(reproduce(like, registry, TerminalProgress())))
    if source is None:
        raise CoveyError("Say what to run: covey run FOLDER, or covey run FILE.toml.")
    joined = [name.strip() for name in (join or "").split(",") if name.strip()]
    _refuse_files_elsewhere([*features, *embeddings, *joined], [folder for folder in (source, out) if folder])
    named_tables = _NamedTables(_file_names(features), _file_names(embeddings), _set_names(joined), whiten)
    experiment = _read_source(source, out, names, settings, named_tables, registry)
    experiment = attrs.evolve(
        experiment,
        runtime=_merge_runtimes(experiment.runtime, build(Runtime, runtime)),
        learn_again=learn_again or experiment.learn_again,
    )
    if _is_file(source) and not (out or allow_outside):
        confirm_destination(Path(source), experiment, registry)
    if dry_run:  # it computes nothing, but looks at images and says where they lie, in the dataset of the results
        _print_plan(plan_run(experiment, registry, TerminalProgress(), check))
        return
    _run(experiment, registry, check)


def _run(experiment: Experiment, registry: Registry, check: bool) -> None:
    """Run an experiment, and print what came of it. Leaves the program if something failed."""
    results = run_experiment(experiment, registry, TerminalProgress(), check=check)
    _print_results(results)
    if results.failures:
        _print_failures(results.failures)
        sys.exit(FAILED)


def _merge_runtimes(from_file: Runtime, from_flags: Runtime) -> Runtime:
    """Return the settings of the file, changed by the flags that were given."""
    changed = {
        option.name: getattr(from_flags, option.name)
        for option in options(Runtime)
        if getattr(from_flags, option.name) != option.default
    }
    return evolve(from_file, **changed)


def _check_no_other_flags(like: Path, flags: Sequence[object]) -> None:
    if any(flags):
        raise CoveyError(f"{like} says what to make again: leave out the folder and the other flags.")


def _print_reproduction(reproduction: Reproduction) -> int:
    """Print how each reproduced step compares with the old one; return the exit code."""
    words = {None: "not in the dataset, so not compared", "": "identical"}
    outcomes = [[step.component, words.get(step.difference, step.difference or "")] for step in reproduction.steps]
    print_table(["step", ""], outcomes)
    if reproduction.versions:
        print_table(["library", "then", "now"], [list(version) for version in reproduction.versions])
    click.echo(_describe_verdict(reproduction))
    return 0 if reproduction.identical else FAILED


def _describe_verdict(reproduction: Reproduction) -> str:
    """Return in one sentence whether the result is identical, and whether what it was made from is."""
    if not reproduction.identical:
        return "Not identical."
    differing = [step.component for step in reproduction.steps if step.difference]
    verb = "differs" if len(differing) == 1 else "differ"
    return f"Identical, bit for bit, although {preview(differing)} {verb}." if differing else "Identical, bit for bit."


def _print_plan(lines: Sequence[PlanLine]) -> None:
    steps = ["learning" if line.learns else line.kind for line in lines]
    cells = [
        [step, *map(str, (line.tables, line.existing, line.fits)), line.component]
        for step, line in zip(steps, lines, strict=True)
    ]
    print_table(["step", "tables", "kept", "fits", "component"], cells)
    tables, reused, fits = (sum(getattr(line, name) for line in lines) for name in ("tables", "existing", "fits"))
    click.echo(
        f"{count_noun(tables - reused, 'table')} to make in {count_noun(fits, 'fit')}, {reused:,} kept from before."
    )


def _print_results(results: Results) -> None:
    stems = [entry.stem for entry in results.clusterings]
    labels = [results.dataset.load(entry).labels for entry in results.clusterings]
    counts = {
        "images": [f"{len(clusters):,}" for clusters in labels],
        "clusters": [f"{len(cluster_sizes(clusters)):,}" for clusters in labels],
        "assigned": [f"{coverage(clusters):.0%}" for clusters in labels],
    }
    print_column_groups([{"clustering": stems}, counts])
    for entry, clusters in zip(results.clusterings, labels, strict=True):
        details = entry.provenance.details if entry.provenance else Details()
        if sentence := describe_suggestion(details.chosen, details.reasons, clusters):
            click.echo(f"{entry.stem}: {sentence}")
    counts_made = f"{count_noun(results.computed, 'table')} made, {results.reused:,} kept from before."
    click.echo(f"{counts_made} Clusters of every image: {results.dataset.home / FILE}")


def _print_failures(failures: Sequence[Failure]) -> None:
    """Print each reason once, with the tables that failed for it."""
    click.echo(f"{count_noun(len(failures), 'table')} could not be made, nor what would follow:", err=True)
    tables: dict[str, list[str]] = {}
    for failure in failures:
        tables.setdefault(failure.reason, []).append(failure.table)
    for reason, names in tables.items():
        click.echo(f"  {preview(names)}: {reason}", err=True)
    for failure in failures:
        show_traceback(failure.error)


def _is_file(source: str) -> bool:
    return source.lower().endswith(".toml")


@attrs.frozen
class _NamedTables:
    """The tables of the dataset that flags name, and how features are joined."""

    features: Sequence[str]
    embeddings: Sequence[str]
    join: Sequence[str]
    whiten: str | None

    @property
    def is_empty(self) -> bool:
        return not (self.features or self.embeddings or self.join or self.whiten)


def _read_source(
    source: str,
    out: str | None,
    names: dict[Kind, tuple[str, ...]],
    settings: tuple[str, ...],
    tables: _NamedTables,
    registry: Registry,
) -> Experiment:
    if not _is_file(source):
        embeddings = tables.embeddings
        if tables.is_empty and not _describes_images(names, settings):
            storages = build_storages([source, *([out] if out else [])], settings, registry)
            embeddings = _find_published(source, storages, registry)
        return from_flags(
            source, out, names, settings, registry, tables.features,
            join=tables.join, whiten=tables.whiten, embeddings=embeddings,
        )  # fmt: skip
    engine_settings = [setting for setting in settings if setting.startswith(f"{Kind.ENGINE}.")]
    other_names = [name for kind in STEPS for name in names[kind]]
    if other_names or len(settings) > len(engine_settings) or not tables.is_empty:
        flags = "--extractor, --features, --embedding, --join, --whiten, --reducer, --clusterer and --set"
        raise CoveyError(f"{flags} do not go with a file: write into {source} what they say.")
    experiment = read_experiment(Path(source), registry)
    if names[Kind.ENGINE] or engine_settings:
        name = next(iter(names[Kind.ENGINE]), experiment.engine.name)
        experiment = attrs.evolve(experiment, engine=build_engine(name, engine_settings, registry))
    return attrs.evolve(experiment, out=out) if out else experiment


def _describes_images(names: dict[Kind, tuple[str, ...]], settings: tuple[str, ...]) -> bool:
    """Whether flags say how images are described."""
    describing = (Kind.EXTRACTOR, Kind.REDUCER, Kind.ENGINE)
    prefixes = tuple(f"{kind}." for kind in describing)
    return any(names[kind] for kind in describing) or any(setting.startswith(prefixes) for setting in settings)


def _find_published(source: str, storages: Sequence[Storage], registry: Registry) -> list[str]:
    """Return the embeddings of another program that a run clusters if nothing says how images are described."""
    embeddings = choose_published_embeddings(open_dataset(registry, source, TerminalProgress(), storages))
    if embeddings:
        TerminalProgress().note(
            f"The embeddings that another program made are clustered: {preview(embeddings)}. To describe the images"
            f" anew, name an extractor: --extractor {Kind.EXTRACTOR.default}."
        )
    return embeddings


def _refuse_files_elsewhere(paths: Sequence[str], datasets: Sequence[str]) -> None:
    """Refuse files outside the dataset: one of the same name in it may hold something else.

    Raises:
        CoveyError: a path leads to such a file.
    """
    folders = [Path(dataset).resolve() for dataset in datasets]
    for path in map(Path, paths):
        if path.name != str(path) and path.is_file() and not any(map(path.resolve().is_relative_to, folders)):
            raise CoveyError(f"{path} is not in the dataset {datasets[0]}: copy it there, and name it again.")


def _file_names(paths: Sequence[str]) -> list[str]:
    return [Path(path).name for path in paths]


def _set_names(names: Sequence[str]) -> list[str]:
    """Return names of sets of features, those of files without their folders."""
    return [Path(name).name if name.endswith(".npz") else name for name in names]
