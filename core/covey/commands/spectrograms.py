"""`covey spectrograms`: recordings become spectrogram images."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import click

from covey._base.errors import CoveyError
from covey._base.progress import Progress
from covey._base.terminal_progress import TerminalProgress, print_text
from covey.commands.flags import flags_of, given_options
from covey.commands.terminal.native_output import native_output_hidden
from covey.components.kinds import Kind
from covey.components.options import Setting
from covey.data.recording_files import find_recordings
from covey.outputs.exchange.imports.import_selections import SelectionImporter
from covey.outputs.exchange.imports.recording_events import RecordingEvents, read_events
from covey.plugins.registry import Registry
from covey.sound.conversion import convert_recordings
from covey.sound.move_labels import move_labels
from covey.sound.recipe_file import read_like
from covey.sound.recipe_presets import PRESETS, change_recipe
from covey.sound.spectrograms import GRID, MIDDLE, Recipe

_EARLIER_FLAGS = {"--equalize": ["--noise", "equalize"], "--no-equalize": ["--noise", "none"]}


class _RecipeCommand(click.Command):
    """Takes the name of a window for --window too, and --equalize and --no-equalize of covey's first recipe."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse words after bringing earlier and shorter ways to write options into the present one."""
        words = [part for word in args for part in _EARLIER_FLAGS.get(word, [word])]
        for position, (word, following) in enumerate(pairwise([*words, ""])):
            flag, equals, value = word.partition("=")
            if flag == "--window" and (value if equals else following)[:1].isalpha():
                words[position] = f"--taper{equals}{value}"
        return super().parse_args(ctx, words)


@click.command(cls=_RecipeCommand)
@click.argument("recordings", type=click.Path(path_type=Path))
@click.argument("dataset", type=click.Path(path_type=Path))
@click.option("--preset", type=click.Choice(list(PRESETS)), help="Start from a recipe for these sounds.")
@click.option(
    "--like",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Start from the recipe of the images in FOLDER, made by covey or the original tools.",
)
@click.option(
    "--around",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="TABLE",
    help="Cut around the events in TABLE, or in the tables in a folder: see --cut. May be given several times.",
)
@flags_of(Recipe)
@click.option("--check", is_flag=True, help="Read every recording, also those that look unchanged.")
@click.option("--remove-orphans", is_flag=True, help="Remove the images of recordings that are gone.")
@click.option("-v", "--verbose", is_flag=True, help="Name everything that was not used, not only the first ones.")
def spectrograms(
    recordings: Path,
    dataset: Path,
    preset: str | None,
    like: Path | None,
    around: tuple[Path, ...],
    check: bool,
    remove_orphans: bool,
    verbose: bool,
    **options: Setting,
) -> None:
    """Turn the RECORDINGS in a folder into spectrogram images in DATASET/images.

    Recordings (WAV, FLAC, OGG, MP3 and others) may lie in subfolders. Started again, it goes on where it stopped, and
    makes images only of recordings that are new or contain something else than before. What cannot be used is reported
    by name, here and in DATASET/.covey/spectrograms.log.

    The options below say how sound becomes images; those that are given count before --preset and --like.
    """
    progress = TerminalProgress()
    recipe = _choose_recipe(preset, like, bool(around), options, progress)
    events = _read_events(around, recordings, progress) if around else None
    with native_output_hidden():
        report = convert_recordings(
            recordings,
            dataset,
            recipe,
            progress,
            check=check,
            remove_orphans=remove_orphans,
            events=events.by_recording if events else None,
        )
    lines = [*move_labels(dataset, report), *report.lines(verbose)]
    if report.orphans and not remove_orphans:
        lines.append("--remove-orphans removes the images of recordings that are gone.")
    if events:
        lines.append(events.balance.describe(verbose))
    if not report.used:
        raise CoveyError("\n".join([f"No recording in {recordings} gives an image.", *lines]))
    for line in lines:
        print_text(line)
    print_text(f"\nNext: {shlex.join(['covey', 'run', str(dataset)])}")


def _choose_recipe(
    preset: str | None, like: Path | None, around: bool, options: Mapping[str, Setting], progress: Progress
) -> Recipe:
    """Return the recipe that flags describe: those that were given, on top of a preset or of that of a folder."""
    if preset and like:
        raise CoveyError("--preset and --like both name a recipe to start from: give one of them.")
    base = PRESETS[preset] if preset else Recipe()
    if like:
        like_recipe = read_like(like)
        base = like_recipe.recipe
        for note in like_recipe.notes:
            progress.note(note)
    changes = given_options(options)
    if around and base.cut == GRID:
        changes = {"cut": MIDDLE, **changes}
    return change_recipe(base, changes)


def _read_events(paths: Sequence[Path], recordings: Path, progress: Progress) -> RecordingEvents:
    """Return the events in tables, read by the importers of selections that are installed."""
    classes = [registered.cls for registered in Registry.installed().of_kind(Kind.IMPORTER)]
    importers = [cls() for cls in classes if issubclass(cls, SelectionImporter)]
    files = find_recordings(recordings)
    stubs = [path.relative_to(files.root).with_suffix("").as_posix() for path in files.paths]
    return read_events(paths, stubs, importers, progress)
