"""covey layers: the layers of a network that can give features."""

from __future__ import annotations

import json
from collections.abc import Sequence

import click

from covey._base.errors import CoveyError
from covey._base.terminal_progress import TerminalProgress
from covey.commands.terminal.text_tables import print_table
from covey.components import options
from covey.components.contracts import FeatureExtractor
from covey.components.kinds import Kind
from covey.plugins.registry import Registry


@click.command()
@click.argument("extractor")
@click.option("--set", "settings", multiple=True, metavar="OPTION=VALUE", help="Set an option, as in model=ResNet50.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def layers(extractor: str, settings: tuple[str, ...], as_json: bool) -> None:
    """List the layers of an EXTRACTOR that can give features, in the order of computation.

    Each has the shape of its output for one image of the size that the network was made for. No weights are
    downloaded.

    \b
    covey layers torchvision --set model=ResNet50
    """
    with TerminalProgress().step(f"Building {extractor}", 1, "network") as step:
        shapes = _build_extractor(extractor, settings).available_layers()
        step.advance()
    if as_json:
        click.echo(json.dumps(shapes, indent=2))
    elif shapes:
        print_table(["layer", "output"], [[layer, " x ".join(map(str, shape))] for layer, shape in shapes.items()])
    else:
        click.echo(f"{extractor} has no layers to choose from.")


def _build_extractor(name: str, settings: Sequence[str]) -> FeatureExtractor:
    cls = Registry.installed().get(Kind.EXTRACTOR, name)
    declared = {option.name: option for option in options.options(cls)}
    values: dict[str, object] = {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals:
            raise CoveyError(f"--set {setting}: write OPTION=VALUE, as in model=ResNet50.")
        values[key] = declared[key].parse(text) if key in declared else text
    return options.build(cls, values)
