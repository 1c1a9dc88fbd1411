"""Recordings become images: the recipe with a preview, and the button that makes them."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from covey import CoveyError
from covey.frontend import PRESETS, ImageTask, Recipe, count_noun, make_folder, read_like
from covey_dashboard.current_dataset import show_dataset
from covey_dashboard.data.datasets import dataset_at, image_folder
from covey_dashboard.pages.start.open_dataset import clean_path
from covey_dashboard.pages.start.preview import draw_previews, read_samples
from covey_dashboard.pages.start.recordings_here import BATS_FROM_HZ, RecordingsHere
from covey_dashboard.state import KEPT, StartState
from covey_dashboard.widgets.every_page.jobs import start_task
from covey_dashboard.widgets.every_page.start_button import show_start_button
from covey_dashboard.widgets.forms import show_form
from covey_dashboard.widgets.messages import show_hint
from covey_dashboard.widgets.page_frame import show_step_heading

TITLES = {
    "birds": "Birds: up to 12 kHz",
    "bats": "Bats: up to 128 kHz",
    "insects": "Insects: up to 24 kHz",
    "frogs": "Frogs: up to 8 kHz",
    "original-2024": "As the original tools in 2024",
    "original-2025": "As the original tools since 2025",
}
"""What presets are called; a new one has its own name."""
HIDDEN = ("cut", "starts")
"""Options that need a table of events, or repeat what earlier versions did."""
FEW_IMAGES = 30
"""Below that hardly any groups come out."""


def offer_new_images(location: str, recordings: RecordingsHere) -> None:
    """Let a person choose a recipe, see what it makes, and make the images.

    Raises:
        CoveyError: the dataset cannot be read.
    """
    st.fragment(_choose_recipe)(location, recordings)


def _choose_recipe(location: str, recordings: RecordingsHere) -> None:
    usual_preset = "bats" if recordings.usual_rate >= BATS_FROM_HZ else next(iter(PRESETS))
    title_column, button_column = st.columns([3, 1], vertical_alignment="center")
    with title_column:
        show_step_heading("Next: make images of the recordings")
    preset = st.pills(
        "What do you want to see?",
        list(PRESETS),
        default=usual_preset,
        format_func=lambda name: TITLES.get(name, name),
        key=StartState.preset.key,
        persist_state=KEPT,
        required=True,
    )
    preview = st.container()
    with st.expander("Change the recipe, or where the images go"):
        recipe = show_form(
            Recipe, StartState.recipe_form_key(str(preset)), PRESETS[preset or usual_preset], hidden=HIDDEN
        )
        target = _choose_target(location)
    if recipe is None:
        return
    with preview:
        st.text(describe_image_count(recordings, recipe))
        st.html(draw_previews(read_samples(location), recipe))
    with button_column:
        show_start_button(
            "Make images", StartState.make_images_key, location, make_images, recordings.folder, recipe, target
        )


def describe_image_count(recordings: RecordingsHere, recipe: Recipe) -> str:
    """Return how many images a recipe makes about, and of how many recordings it makes none."""
    summary = recordings.summary
    most = min((limit for limit in (recipe.first, recipe.loudest) if limit), default=0)
    count = summary.count_segments(recipe.segment, recipe.interval, most)
    sentences = [f"About {count_noun(count, 'image')}; pieces that are silent are left out."]
    if recipe.last != "pad" and (short := summary.count_shorter(recipe.segment)):
        sentences.append(
            f"{count_noun(short, 'recording')} shorter than {recipe.segment:g} s: they give none, unless the piece is"
            " shorter or the end is filled up."
        )
    if summary.unreadable:
        sentences.append(f"{count_noun(summary.unreadable, 'recording')} that cannot be read.")
    return " ".join(sentences)


def _choose_target(location: str) -> Path:
    """Let a person choose the dataset that gets the images; return its folder."""
    home = dataset_at(location).home
    usual_folder = home if dataset_at(location).writable else Path.home() / "covey" / home.name
    text = st.text_input(
        "Put the images and groups into",
        str(usual_folder),
        help="The folder of the dataset. The images lie in its folder images.",
        key=StartState.target(location).key,
    )
    return Path(clean_path(text) or usual_folder)


def make_images(location: str, recordings: Path, recipe: Recipe, target: Path) -> None:
    """Start to make images, in a dataset of their own if that is another folder.

    Raises:
        CoveyError: they cannot be made there.
    """
    if target != dataset_at(location).home:
        make_folder(target)
        show_dataset(str(target))
        location = str(target)
    start_task(location, ImageTask(recordings=recordings, dataset=target, recipe=recipe))


def offer_more_images(location: str, recordings: RecordingsHere) -> None:
    """Let a person make images of recordings that were added, by the recipe of those that are there."""
    folder = image_folder(location)
    if folder is None:
        return
    try:
        recipe = read_like(folder.root).recipe
    except CoveyError:
        return
    show_hint("Recordings that were added since get images by the same recipe; those that are there stay.")
    home = dataset_at(location).home
    show_start_button(
        "Make images of new recordings",
        StartState.make_images_key,
        location,
        make_images,
        recordings.folder,
        recipe,
        home,
    )
