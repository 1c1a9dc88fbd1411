"""The file beside the images that says how they were made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from covey._base.errors import CoveyError, reason
from covey._base.files import make_folder, write_text
from covey.components.options import build, option_values
from covey.data.images import ImageFolder
from covey.data.legacy.file_names import PARAMETERS_FILE
from covey.sound.spectrograms import Recipe


def read_recipe(folder: Path) -> Recipe | None:
    """Return the recipe of the images in a folder; None if there is none, or none that this version knows."""
    if not (folder / PARAMETERS_FILE).exists():
        return None
    document = _read_parameters(folder / PARAMETERS_FILE)
    try:
        return build(Recipe, document["options"]) if document["version"] == Recipe.version else None
    except (CoveyError, KeyError, TypeError, AttributeError):
        return None


def check_recipe(folder: Path, recipe: Recipe) -> None:
    """Check that the images in a folder, if there are any, were made by a recipe."""
    path, ours = folder / PARAMETERS_FILE, recipe.parameters()
    if not path.exists():
        if next(ImageFolder(folder).walk(), None):
            raise CoveyError(f"{folder} holds images made by an unknown recipe: choose another dataset folder.")
    elif difference := _difference(_read_parameters(path), ours):
        raise CoveyError(
            f"{folder} holds images made by another recipe ({difference}): give the same options, or another dataset"
            " folder."
        )


def _read_parameters(path: Path) -> dict[str, Any]:
    try:
        theirs = json.loads(path.read_text("utf-8"))
        return {**theirs, **theirs.get("covey", {})}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise CoveyError(f"{path} cannot be read ({reason(error)}): choose another dataset folder.") from error


def _difference(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> str:
    """Return in words what differs between two recipes, or ""."""
    if "options" not in theirs or theirs["version"] != ours["covey"]["version"]:
        return "made by another tool or version"
    options = theirs["options"]
    defaults = option_values(Recipe())  # of options that the version which made the images did not have
    return ", ".join(
        f"{name} {options.get(name, defaults[name])} there, {value} here"
        for name, value in ours["covey"]["options"].items()
        if options.get(name, defaults[name]) != value
    )


def write_recipe(folder: Path, recipe: Recipe) -> None:
    """Write the recipe beside the images, where it is not yet."""
    if not (folder / PARAMETERS_FILE).exists():
        make_folder(folder)
        write_text(folder / PARAMETERS_FILE, json.dumps(recipe.parameters(), indent=4) + "\n")
