"""The file beside the images that says how they were made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from covey._base.errors import CoveyError, reason
from covey._base.files import make_folder, read_text, write_text
from covey.components.options import build, option_values
from covey.data.images import ImageFolder
from covey.data.legacy.file_names import PARAMETERS_FILE
from covey.sound.spectrograms import Recipe


def read_recipe(folder: Path) -> Recipe | None:
    """Return the recipe of the images in a folder; None if there is none, or none that this version knows.

    Raises:
        CoveyError: the file cannot be read.
    """
    options = _read_options(folder / PARAMETERS_FILE)
    try:
        return None if options is None else build(Recipe, options)
    except CoveyError:
        return None


def check_recipe(folder: Path, recipe: Recipe) -> None:
    """Check that the images in a folder, if there are any, were made by a recipe.

    Raises:
        CoveyError: they were made by another one, or the file cannot be read.
    """
    if not (folder / PARAMETERS_FILE).exists():
        if ImageFolder(folder).has_images():
            raise CoveyError(f"{folder} holds images made by an unknown recipe: choose another dataset folder.")
    elif difference := _describe_difference(_read_options(folder / PARAMETERS_FILE), recipe):
        raise CoveyError(
            f"{folder} holds images made by another recipe ({difference}): give the same options, or another dataset"
            " folder."
        )


def write_recipe(folder: Path, recipe: Recipe) -> None:
    """Write the recipe beside the images, where it is not yet."""
    if not (folder / PARAMETERS_FILE).exists():
        make_folder(folder)
        write_text(folder / PARAMETERS_FILE, json.dumps(recipe.parameters(), indent=4) + "\n")


def _read_options(path: Path) -> Mapping[str, object] | None:
    """Return the options of a recipe as a file has them; None if there is none of this version."""
    try:
        document: object = json.loads(read_text(path))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise CoveyError(f"{path} cannot be read ({reason(error)}): choose another dataset folder.") from error
    own: object = document.get("covey") if isinstance(document, dict) else None
    if not isinstance(own, dict) or own.get("version") != Recipe.version:
        return None
    options: object = own.get("options")
    return options if isinstance(options, dict) else None


def _describe_difference(earlier: Mapping[str, object] | None, recipe: Recipe) -> str:
    """Return in words what differs between two recipes, or ""."""
    if earlier is None:
        return "made by another tool or version"
    earlier = {**option_values(Recipe()), **earlier}  # the earlier version may not have had all options
    return ", ".join(
        f"{name} {earlier[name]} there, {setting} here"
        for name, setting in option_values(recipe).items()
        if earlier[name] != setting
    )
