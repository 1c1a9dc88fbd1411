"""What holds for every hook, every option and every release, those to come included."""

from __future__ import annotations

import inspect
import re
from importlib.metadata import version
from pathlib import Path

import pytest

from covey import __version__
from covey.components.options import Option, options
from covey.plugins import hooks
from covey.plugins.registry import Registry
from covey.testing import Brightness

ROOT = Path(__file__).parents[2]
HOOKS = [name for name, _ in inspect.getmembers(hooks, inspect.isfunction) if name.startswith("covey_")]
RAISED = re.compile(r"(?:^|\. )(?:Raising it|More|Larger|Another value)\b[^.]*\.$")
"""The last sentence of a number's help: what a greater value does, or that it only makes another."""
CLASSES = [item.cls for item in Registry.installed().components] + [Brightness]
OPTIONS = {f"{cls.name}-{one.name}": one for cls in CLASSES for one in options(cls)}


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_is_documented_and_tested(name: str) -> None:
    example = f"Example:\n    @hookimpl\n    def {name}():\n        yield "
    assert example in (inspect.getdoc(getattr(hooks, name)) or "")
    assert f"`{name}`" in (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    tests = [path for path in (ROOT / "tests").rglob("*.py") if path.name != Path(__file__).name]
    assert any(re.search(rf"def {name}\(", path.read_text("utf-8")) for path in tests)


@pytest.mark.parametrize("option", OPTIONS.values(), ids=OPTIONS)
def test_the_help_of_a_number_ends_with_what_raising_it_does(option: Option) -> None:
    assert option.help.endswith(".")
    if option.type in (int, float) and option.choices is None:
        assert RAISED.search(option.help), option.help


@pytest.mark.parametrize("help", ["How many. ", "How many.", "Raising it does much. How many.", "Raising it"])
def test_a_help_that_says_no_such_thing_is_noticed(help: str) -> None:
    assert not RAISED.search(help)


def test_the_version_is_the_same_wherever_it_is_written() -> None:
    """Read at installation: after raising it, install again."""
    assert __version__ == version("covey")
