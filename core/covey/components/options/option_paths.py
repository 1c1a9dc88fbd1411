"""Options that are the path of a file or folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from covey._base.errors import CoveyError
from covey.components.options.component_values import option_values
from covey.components.options.declare_options import component_name, options
from covey.components.options.declared_option import Option


def check_paths(component: object) -> None:
    """Check that the files and folders exist that the options of a component name.

    Raises:
        CoveyError: a line for each that does not.
    """
    values = option_values(component)
    problems = [
        option.find_path_problem(values[option.name]) for option in options(type(component)) if option.counts(values)
    ]
    if sentences := [f"{component_name(type(component))}: {problem}" for problem in problems if problem]:
        raise CoveyError("\n".join(sentences))


def anchor_paths(cls: type, settings: Mapping[str, object], folder: Path) -> dict[str, object]:
    """Return settings in which paths are absolute, as seen from a folder; "~" is the home of the user."""
    path_options = {option.name: option for option in options(cls) if option.path}
    return {
        name: _anchor(path_options[name], setting, folder) if name in path_options else setting
        for name, setting in settings.items()
    }


def _anchor(option: Option, setting: object, folder: Path) -> object:
    if isinstance(setting, list | tuple):
        return type(setting)(_anchor(option, element, folder) for element in setting)
    is_path = isinstance(setting, str) and setting not in ("", option.default)
    if not is_path or (option.optional and setting == "none"):
        return setting
    return str((folder / Path(str(setting)).expanduser()).absolute())
