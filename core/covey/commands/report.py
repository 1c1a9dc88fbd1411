"""covey report: one page about the clusterings of a dataset, to mail or to keep."""

from __future__ import annotations

from pathlib import Path

import click

from covey._base.files import write_text
from covey._base.terminal_progress import TerminalProgress
from covey._base.text import count_noun
from covey.analysis.measures.leaderboard import Leaderboard
from covey.commands.label_flags import read_truth, truth_flags
from covey.commands.terminal.left_out import note_left_out
from covey.outputs.outside_images import check_outside_images
from covey.plugins.locations import open_dataset
from covey.plugins.registry import Registry


@click.command()
@click.argument("folder")
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), default="report.html", show_default=True, help="The page to write."
)
@truth_flags
@click.option("--clustering", metavar="NAME", help="The clustering to show, as covey compare lists it. [default: best]")
@click.option("--sort", metavar="MEASURE", help="The measure to rank by. [default: ami with labels, else validity]")
@click.option("--png", type=click.Path(path_type=Path), metavar="FOLDER", help="Write the pictures there as well.")
def report(
    folder: str,
    out: Path,
    labels: Path | None,
    column: str | None,
    group: str | None,
    clustering: str | None,
    sort: str | None,
    png: Path | None,
) -> None:
    """Write one page about the clusterings in FOLDER: map, leaderboard, images of each cluster, methods.

    The page includes all its pictures and loads nothing from elsewhere, so that it can be mailed.

    \b
    covey report birds/ -o birds.html --labels labels.csv
    """
    from covey.outputs.report import collect_report, render_page, write_pictures

    progress = TerminalProgress()
    registry = Registry.installed()
    dataset = open_dataset(registry, folder, progress)
    note_left_out(dataset, progress)
    if png:
        check_outside_images(png, dataset)
    board = Leaderboard(registry, dataset)
    truth, groups = read_truth(board.names(), labels, column, group)
    contents = collect_report(board, truth, groups, sort, clustering, progress)
    write_text(out, render_page(contents, progress))
    summary = f"{out}: {out.stat().st_size / 1e6:.1f} MB"
    if png:
        summary += f", and {count_noun(len(write_pictures(contents, png, progress)), 'picture')} in {png}"
    click.echo(summary + ".")
