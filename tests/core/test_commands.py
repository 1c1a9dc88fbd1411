"""Commands that plugins offer."""

from __future__ import annotations

import pytest
from tests.fixture_types import Cli, Distribution

from covey.plugins.registry import Registry

GOOD = """
import click
from covey import hookimpl

@click.command()
@click.argument("place")
def count(place):
    '''Count the birds.'''
    click.echo(f"three birds in {place}")

@hookimpl
def covey_commands():
    yield count
"""


def test_a_command_of_a_plugin_is_like_any_other(distribution: Distribution, covey: Cli) -> None:
    distribution("covey-count", {"count": "count_plugin"}, count_plugin=GOOD)
    assert "Count the birds." in covey("--help").stdout
    assert covey("count", "the garden").stdout == "three birds in the garden\n"
    listed = covey("plugins", "list").stdout
    assert [line.split(maxsplit=4) for line in listed.splitlines() if " count " in line] == [
        ["command", "count", "ready", "covey-count", "Count the birds."]
    ]


def test_coveys_own_command_keeps_its_name(distribution: Distribution, covey: Cli) -> None:
    distribution("covey-count", {"count": "count_plugin"}, count_plugin=GOOD.replace("command()", "command('info')"))
    assert "Count the birds." not in covey("info", "--help").stdout


def test_one_name_from_two_plugins_is_refused(distribution: Distribution, covey: Cli) -> None:
    distribution("first", {"one": "first_plugin"}, first_plugin=GOOD)
    distribution("second", {"two": "second_plugin"}, second_plugin=GOOD)
    process = covey("count", "birds")
    assert process.exit_code == 2
    assert "'count' is offered by first (plugin one) and second (plugin two): uninstall one" in process.stderr
    assert covey("plugins", "list").exit_code == 0
    assert covey("--help").exit_code == 0


@pytest.mark.parametrize(
    "source",
    [GOOD.replace("yield count", "yield print"), GOOD.replace("command()", "command('two words')")],
    ids=["no command", "no plain name"],
)
def test_an_offer_other_than_a_command_is_listed_with_a_reason(
    distribution: Distribution, covey: Cli, source: str
) -> None:
    distribution("covey-broken", {"broken": "broken_plugin"}, broken_plugin=source)
    (problem,) = Registry.installed().problems
    assert "must yield click commands with a plain name" in problem.reason
    assert "The plugin 'broken' of covey-broken is broken" in covey("plugins", "list").stdout
    assert "Show what is in a dataset" in covey("--help").stdout


def test_a_command_of_a_plugin_shows_progress_in_units_that_it_names_in_the_singular(
    covey: Cli, distribution: Distribution
) -> None:
    source = """
import click
from covey import hookimpl
from covey.authoring import TerminalProgress

@click.command()
def learn():
    with TerminalProgress().step("Learning", total=1047, unit="image") as step:
        step.advance(1047)

@hookimpl
def covey_commands():
    yield learn
"""
    distribution("covey-learn", {"learn": "covey_learn"}, covey_learn=source)
    done = covey("learn")
    assert done.exit_code == 0
    assert done.stderr.strip() == "Learning: 1,047 images"
