"""The file beside the images that says how they were made."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import attrs

from covey._base.errors import CoveyError, reason
from covey._base.files import make_folder, read_text, write_text
from covey._base.text import preview
from covey.components.options import build, option_values
from covey.data.images import ImageFolder
from covey.data.legacy.file_names import IMAGE_FOLDERS, PARAMETERS_FILE
from covey.sound.spectrograms import EPS, NEAREST, Recipe

_ORIGINAL_NAMES = {
    "sampling_frequency": "rate",
    "segment_duration_sec": "segment",
    "segment_step_size": "step",
    "fft_window_size_bins": "window",
    "fft_window_overlap_bins": "overlap",
    "colormap": "colormap",
}
"""What the original tools call the options that they have too."""


@attrs.frozen
class LikeRecipe:
    """The recipe that makes images like those in a folder, and what its file does not say, in sentences."""

    recipe: Recipe
    notes: Sequence[str] = ()


def read_recipe(folder: Path) -> Recipe | None:
    """Return the recipe of the images in a folder; None if there is none, or none that this version knows.

    Raises:
        CoveyError: the file cannot be read.
    """
    document = _read_document(folder / PARAMETERS_FILE)
    options = _own_options(document) if document is not None else None
    try:
        return None if options is None else build(Recipe, options)
    except CoveyError:
        return None


def read_like(place: Path) -> LikeRecipe:
    """Return the recipe that makes images like those of a dataset: covey's or the original tools'.

    Args:
        place: the folder of the images or of their dataset, or the file beside the images.

    Raises:
        CoveyError: there is no such file, or several, or it cannot be read.
    """
    path = _find_parameters(place)
    document = _read_document(path)
    if not document:
        raise CoveyError(f"{path} says nothing of how images were made: name another folder.")
    own = _own_options(document)
    if own is None and "covey" in document:
        raise CoveyError(f"{path} was written by a newer covey, or is damaged: update covey, or name another folder.")
    try:
        recipe = build(Recipe, _original_options(document) if own is None else own)
    except CoveyError as error:
        raise CoveyError(f"{path} holds no recipe that covey can follow: {error}") from error
    return LikeRecipe(recipe, list(_list_doubts(path, document)) if own is None else ())


def check_recipe(folder: Path, recipe: Recipe) -> None:
    """Check that the images in a folder, if there are any, were made by a recipe.

    Raises:
        CoveyError: they were made by another one, or the file cannot be read.
    """
    if not (folder / PARAMETERS_FILE).exists():
        if ImageFolder(folder).has_images():
            raise CoveyError(f"{folder} holds images made by an unknown recipe: choose another dataset folder.")
    elif difference := _describe_difference(read_recipe(folder), recipe):
        raise CoveyError(
            f"{folder} holds images made by another recipe ({difference}): give the same options, or another dataset"
            " folder."
        )


def write_recipe(folder: Path, recipe: Recipe) -> None:
    """Write the recipe beside the images, where it is not yet."""
    if not (folder / PARAMETERS_FILE).exists():
        make_folder(folder)
        write_text(folder / PARAMETERS_FILE, json.dumps(recipe.parameters(), indent=4) + "\n")


def _read_document(path: Path) -> Mapping[str, object] | None:
    """Return what a file of parameters says; None if there is none."""
    try:
        document: object = json.loads(read_text(path))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise CoveyError(f"{path} cannot be read ({reason(error)}): choose another dataset folder.") from error
    return document if isinstance(document, dict) else {}


def _own_options(document: Mapping[str, object]) -> Mapping[str, object] | None:
    """Return the options that covey wrote, as this version calls them; None if it wrote none, or a newer one did."""
    own = document.get("covey")
    options = own.get("options") if isinstance(own, dict) else None
    if not isinstance(own, dict) or not isinstance(options, dict):
        return None
    if own.get("version") == 1:
        others = {name: setting for name, setting in options.items() if name != "equalize"}
        return {**others, "noise": "equalize" if options.get("equalize", True) else "none", "starts": NEAREST}
    return options if own.get("version") == Recipe.version else None


def _find_parameters(place: Path) -> Path:
    """Return the file of parameters at a place. Raises CoveyError."""
    if place.is_file():
        return place
    if not place.is_dir():
        raise CoveyError(f"There is no folder {place}: name one with images.")
    usual = [place / inner / PARAMETERS_FILE for inner in ("", "images", *IMAGE_FOLDERS)]
    candidates = [path for path in usual if path.is_file()][:1] or sorted(place.glob(f"*/{PARAMETERS_FILE}"))
    if len(candidates) > 1:
        folders = preview([str(path.parent) for path in candidates])
        raise CoveyError(f"{place} holds images of several recipes: name one of {folders}.")
    if not candidates:
        raise CoveyError(f"There is no {PARAMETERS_FILE} in {place}: nothing says how its images were made.")
    return candidates[0]


def _original_options(document: Mapping[str, object]) -> Mapping[str, object]:
    """Return the options in a file of the original tools. Raises CoveyError."""
    if missing := [name for name in _ORIGINAL_NAMES if name not in document]:
        raise CoveyError(f"it says nothing of {preview(missing)}.")
    settings = {option: document[name] for name, option in _ORIGINAL_NAMES.items()}
    settings["first"] = document.get("max_segm_per_file") or 0
    settings["noise"] = "subtract" if document.get("specsub") else "equalize" if document.get("equalize") else "none"
    log_min = document.get("log_f_min")
    return settings | ({"scale": "log", "log_min": log_min} if log_min else {})


def _list_doubts(path: Path, document: Mapping[str, object]) -> Iterator[str]:
    """Yield what a file of the original tools leaves open."""
    if "specsub" in document and "log_f_min" not in document:
        yield (
            f"{path} does not say whether the frequency axis is logarithmic (log_f_min is missing): a linear one is"
            " drawn. If it is, set scale to log, and log_min to 0.02, say."
        )
    if document.get("eps", EPS) != EPS:
        yield f"{path} adds {document['eps']} before the logarithm; covey always adds {EPS}."


def _describe_difference(earlier: Recipe | None, recipe: Recipe) -> str:
    """Return in words what differs between two recipes, or ""."""
    if earlier is None:
        return "made by another tool or version"
    before = option_values(earlier)
    return ", ".join(
        f"{name} {_as_text(before[name])} there, {_as_text(setting)} here"
        for name, setting in option_values(recipe).items()
        if before[name] != setting
    )


def _as_text(setting: object) -> str:
    return f"{setting:g}" if isinstance(setting, float) else str(setting)
