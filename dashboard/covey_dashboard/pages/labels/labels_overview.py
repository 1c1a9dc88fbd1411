"""What the page Labels shows: the images of a dataset by their classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from covey.frontend import LabelClass, LabelStore, count_noun, isolate_text
from covey_dashboard.current_dataset import current_embedding
from covey_dashboard.current_labels import observe_labels
from covey_dashboard.data.labels import (
    ObservedLabels,
    OutdatedLabels,
    classes_by_image,
    find_outdated_labels,
    list_classes,
)
from covey_dashboard.data.metadata import list_image_names
from covey_dashboard.widgets.label_watch import watch_labels


@attrs.frozen
class ImageChoice:
    """Whose images are shown: those of the class `label`, or, if that is "", those that the title says."""

    title: str
    label: str = ""

    @classmethod
    def of_class(cls, label: str) -> ImageChoice:
        """Return the images of a class."""
        return cls("class", label)


ALL, UNLABELLED = ImageChoice("Labelled images"), ImageChoice("Images without a class")
SEVERAL, GONE = ImageChoice("Images with several classes"), ImageChoice("Labelled images that are gone")
OUTDATED = ImageChoice("Images that were replaced after they were labelled")


@attrs.frozen(kw_only=True, eq=False)
class LabelsOverview:
    """The names of all images, sorted, the classes, and the images of each choice that is no class."""

    location: str
    observed: ObservedLabels
    outdated: OutdatedLabels
    names: Sequence[str]
    classes: Sequence[LabelClass]
    images_by_choice: Mapping[ImageChoice, Sequence[str]]

    @property
    def store(self) -> LabelStore:
        """Where the labels are kept."""
        return self.observed.store

    def list_choices(self) -> list[ImageChoice]:
        """Return what can be chosen: only images without a class may be none."""
        choices = [choice for choice, images in self.images_by_choice.items() if images or choice == UNLABELLED]
        return [*choices, *self.class_choices]

    @property
    def class_choices(self) -> list[ImageChoice]:
        """The choices that are classes."""
        return [ImageChoice.of_class(label_class.name) for label_class in self.classes]

    def find_class(self, choice: ImageChoice) -> LabelClass | None:
        """Return the class of a choice, None if it is no class."""
        return next((label_class for label_class in self.classes if label_class.name == choice.label), None)

    def list_images(self, choice: ImageChoice) -> Sequence[str]:
        """Return the images of a choice.

        Raises:
            CoveyError: the labels cannot be read.
        """
        return self.observed.reader.images(choice.label) if choice.label else self.images_by_choice[choice]

    def title(self, choice: ImageChoice) -> str:
        """Return what a choice is called, and how many images it has."""
        label_class = self.find_class(choice)
        if label_class:
            return f"{isolate_text(label_class.name)}: {count_noun(label_class.count, 'image')}"
        return f"{choice.title}: {len(self.images_by_choice[choice]):,}"


def read_overview(location: str) -> LabelsOverview:
    """Return the images of a dataset by their classes.

    Raises:
        CoveyError: a file cannot be read.
    """
    observed = observe_labels(location)
    watch_labels(observed.store, observed.version)
    labels_by_image, outdated = classes_by_image(observed), find_outdated_labels(location, observed)
    names = sorted(list_image_names(location, current_embedding(location)))
    existing_names = set(names)
    images_by_choice = {
        ALL: sorted(labels_by_image),
        UNLABELLED: [name for name in names if name not in labels_by_image],
        SEVERAL: sorted(name for name, labels in labels_by_image.items() if len(labels) > 1),
        OUTDATED: sorted({row.filename for row in outdated.changed}),
        GONE: sorted({row.filename for row in outdated.gone} or labels_by_image.keys() - existing_names),
    }
    return LabelsOverview(
        location=location,
        observed=observed,
        outdated=outdated,
        names=names,
        classes=list_classes(observed),
        images_by_choice=images_by_choice,
    )
