"""How far the labels of two people agree, on the page Compare."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import attrs
import streamlit as st

from covey import CoveyError
from covey.frontend import count_noun
from covey_dashboard.current_labels import observe_labels
from covey_dashboard.data.datasets import dataset_at, image_folder
from covey_dashboard.data.labels import classes_by_image, read_judgements
from covey_dashboard.state import CompareState
from covey_dashboard.widgets.gallery import show_gallery
from covey_dashboard.widgets.messages import show_hint, show_problem
from covey_dashboard.widgets.page_frame import show_table

MOST_DIFFERENCES = 50
"""Ways in which two people differ that are listed, at most."""


@attrs.frozen(kw_only=True, eq=False)
class PeopleAgreement:
    """The images that two people labelled, by what both said of them: the classes that each gave, in words."""

    images_by_words: Mapping[tuple[str, str], Sequence[str]]

    @classmethod
    def of(cls, first: Mapping[str, frozenset[str]], second: Mapping[str, frozenset[str]]) -> PeopleAgreement:
        """Compare the classes that two people gave, by image."""
        images_by_words: dict[tuple[str, str], list[str]] = {}
        for image in sorted(first.keys() & second.keys()):
            words = ", ".join(sorted(first[image])), ", ".join(sorted(second[image]))
            images_by_words.setdefault(words, []).append(image)
        return cls(images_by_words=images_by_words)

    @property
    def image_count(self) -> int:
        """How many images both labelled."""
        return sum(map(len, self.images_by_words.values()))

    @property
    def same_count(self) -> int:
        """To how many images both gave the same classes."""
        return sum(len(images) for (first, second), images in self.images_by_words.items() if first == second)

    @property
    def kappa(self) -> float | None:
        """The agreement beyond chance (Cohen 1960): 1 if all is the same, 0 as by chance; None if chance gives all."""
        firsts, seconds = Counter[str](), Counter[str]()
        for (first, second), images in self.images_by_words.items():
            firsts[first] += len(images)
            seconds[second] += len(images)
        by_chance = sum(firsts[words] * seconds[words] for words in firsts) / max(1, self.image_count) ** 2
        return (self.same_count / self.image_count - by_chance) / (1 - by_chance) if by_chance < 1 else None

    def list_differences(self) -> list[tuple[str, str]]:
        """Return what the two said where they differ, the most frequent first."""
        differences = [words for words in self.images_by_words if words[0] != words[1]]
        return sorted(differences, key=lambda words: -len(self.images_by_words[words]))


@st.fragment
def show_people(location: str) -> None:
    """Show how far the labels of two people agree, and the images on which they differ."""
    st.markdown("##### How far people agree")
    try:
        judgements = read_judgements(observe_labels(location))
        if len(judgements) < 2:
            show_hint("This needs labels of two people: each says their name on the page Labels, under History.")
            return
        first, second = choose_people(sorted(judgements))
        show_people_agreement(location, (first, second), PeopleAgreement.of(judgements[first], judgements[second]))
    except CoveyError as error:
        show_problem(str(error))


def choose_people(names: Sequence[str]) -> tuple[str, str]:
    """Let a person choose whose labels are compared."""
    left_column, right_column = st.columns(2)
    first: str = left_column.selectbox("Labels of", names, 0, key=CompareState.first_person.key)
    second: str = right_column.selectbox("and of", names, 1, key=CompareState.second_person.key)
    return first, second


def show_people_agreement(location: str, people: tuple[str, str], agreement: PeopleAgreement) -> None:
    """Show how far two people agree.

    Raises:
        CoveyError: the dataset cannot be opened.
    """
    if not agreement.image_count:
        show_hint("No image has labels of both: let both label the same groups, which compares them.")
        return
    kappa = agreement.kappa
    share = f"{agreement.same_count:,} ({agreement.same_count / agreement.image_count:.0%})"
    columns = st.columns(3)
    columns[0].metric("Images that both labelled", f"{agreement.image_count:,}")
    columns[1].metric("Of these the same classes", share)
    columns[2].metric(
        "Agreement beyond chance (Cohen's kappa)",
        "-" if kappa is None else f"{kappa:.2f}",
        help="1 if all is the same, 0 if they agree as often as by chance.",
    )
    if differences := agreement.list_differences()[:MOST_DIFFERENCES]:
        rows = [[*words, f"{len(agreement.images_by_words[words]):,}"] for words in differences]
        show_table([*people, "Images"], rows)
        show_difference(location, agreement, differences)


def show_difference(location: str, agreement: PeopleAgreement, differences: Sequence[tuple[str, str]]) -> None:
    """Show the images of which two people say different things.

    Raises:
        CoveyError: the dataset cannot be opened.
    """
    index = st.selectbox(
        "Show images",
        range(len(differences)),
        None,
        format_func=lambda index: " / ".join(differences[index]),
        placeholder="of which they say different things",
        key=CompareState.difference_key,
    )
    if index is None:
        return
    names = agreement.images_by_words[differences[index]]
    st.text(f"{count_noun(len(names), 'image')}: {' / '.join(differences[index])}")
    show_gallery(
        names,
        selection_key=f"{location} {differences[index]}",
        folder=image_folder(location),
        dataset=dataset_at(location),
        key=CompareState.people_gallery_key,
        labels_by_image=classes_by_image(observe_labels(location)),
    )
