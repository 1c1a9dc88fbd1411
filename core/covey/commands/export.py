"""covey export: what a dataset holds, in the form of another program, by any exporter that is installed."""

from __future__ import annotations

from pathlib import Path

import click

from covey._base.terminal_progress import TerminalProgress
from covey._base.text import count_noun
from covey.commands.flags import parse_settings
from covey.components.exchange_contracts import WHAT, What
from covey.components.kinds import Kind
from covey.components.options import build
from covey.outputs.exchange import exports
from covey.plugins.locations import open_dataset
from covey.plugins.registry import Registry


class ExportCommand(click.Command):
    """A command whose help lists the forms that are installed."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, then the forms."""
        super().format_options(ctx, formatter)
        with formatter.section("Forms"):
            formatter.write_dl([(form.name, form.summary) for form in Registry.installed().of_kind(Kind.EXPORTER)])


@click.command(cls=ExportCommand)
@click.argument("folder")
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--to", "form", metavar="FORM", required=True, help="The form, one of those below.")
@click.option(
    "--what", multiple=True, type=click.Choice(WHAT), help="What to export; may be repeated. [default: all there is]"
)
@click.option(
    "--set", "settings", multiple=True, metavar="OPTION=VALUE", help="An option of the form; may be repeated."
)
@click.option(
    "--segment", metavar="SECONDS", help="Length of a segment, for raven and audacity: --set segment=SECONDS."
)
@click.option("--overwrite", is_flag=True, help="OUT may hold files; those of the same name are replaced.")
def export(
    folder: str,
    out: Path,
    form: str,
    what: tuple[What, ...],
    settings: tuple[str, ...],
    segment: str | None,
    overwrite: bool,
) -> None:
    """Write what the dataset FOLDER holds into the new folder OUT.

    \b
    covey export birds/ --to parquet tables/
    covey export birds/ --to raven selections/ --what labels
    """
    registry = Registry.installed()
    cls = registry.get(Kind.EXPORTER, form)
    texts = [*settings, *([f"segment={segment}"] if segment else [])]
    exporter = build(cls, parse_settings(cls, texts))
    dataset = open_dataset(registry, folder, TerminalProgress())
    count = exports.export(dataset, exporter, out, what, overwrite, TerminalProgress())
    click.echo(f"{count_noun(count, 'file')} in {out}")
