"""covey import: bring features and labels of other programs into a dataset, by any importer that is installed."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from pathlib import Path

import click

from covey._base.terminal_progress import TerminalProgress, print_text
from covey.commands.flags import flags_of
from covey.commands.terminal.label_place import open_labelled_dataset
from covey.components.exchange_contracts import Importer
from covey.components.kinds import Kind
from covey.components.options import build
from covey.plugins.locations import open_dataset
from covey.plugins.registry import Registered, Registry


class ImporterGroup(click.Group):
    """A subcommand for each importer that is installed; its options are flags."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the importers; those of one name with the names of their packages."""
        importers = Registry.installed().of_kind(Kind.IMPORTER)
        names = [importer.name for importer in importers]
        return [importer.name if names.count(importer.name) == 1 else importer.full_name for importer in importers]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of an importer; None if none has that name.

        Raises:
            CoveyError: several plugins offer it.
        """
        registry = Registry.installed()
        if not any(cmd_name in (importer.name, importer.full_name) for importer in registry.of_kind(Kind.IMPORTER)):
            return None
        return _make_command(registry, registry.find(cmd_name, Kind.IMPORTER))


def _make_command(registry: Registry, registered: Registered) -> click.Command:
    """Return the command of one importer: a folder, files, and a flag for each option."""

    def run(folder: str, files: Path | Sequence[Path], **settings: object) -> None:
        cls: type[Importer] = registry.get(Kind.IMPORTER, registered.full_name)
        paths = [files] if isinstance(files, Path) else files
        progress = TerminalProgress()
        brings_labels = cls.brings == "labels"
        dataset = open_labelled_dataset(folder) if brings_labels else open_dataset(registry, folder, progress)
        print_text(build(cls, settings).read(dataset, paths, progress))

    is_single = issubclass(registered.cls, Importer) and registered.cls.one_file
    files = click.argument(
        "files",
        nargs=1 if is_single else -1,
        required=True,
        type=click.Path(path_type=Path),
        metavar="FILE" if is_single else "FILES...",
    )
    command = click.argument("folder")(files(flags_of(registered.cls)(run)))
    description = inspect.getdoc(registered.cls) or ""
    text = f"{description}\n\n\b\ncovey import {registered.name} birds/ {'FILE' if is_single else 'FILES'}"
    return click.command(registered.name, help=text, short_help=registered.summary)(command)


@click.group("import", cls=ImporterGroup)
def import_() -> None:
    """Import features or labels that other programs made."""
