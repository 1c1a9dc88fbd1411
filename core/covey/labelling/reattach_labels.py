"""Attach labels again whose images were renamed, moved, swapped or made anew: by content, by clip, or by a person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import attrs

from covey._base.balance import Balance
from covey.labelling.changes import Labelled
from covey.labelling.clips import RecordingClip
from covey.labelling.history import Action, now
from covey.labelling.store import LabelStore

Move = tuple[Labelled, Labelled]
"""A label as it is and as it becomes."""


@attrs.frozen
class Reattachment:
    """The labels that can be attached again, and the others, each with the reason why it cannot."""

    moves: Sequence[Move]
    unattached: Sequence[tuple[Labelled, str]]

    @property
    def balance(self) -> Balance:
        """How many labels can be attached, and the images of the others by reason."""
        balance = Balance("label", "without their image", used=len(self.moves))
        for row, why in self.unattached:
            balance.leave_out(why, row.filename)
        return balance


@attrs.frozen
class _PresentImages:
    """The images of a dataset by their contents, and their clips by the recording."""

    contents: Mapping[str, str]
    names_by_content: Mapping[str, Sequence[str]]
    clips_by_recording: Mapping[str, Mapping[str, RecordingClip]]


def plan_reattachment(store: LabelStore, names: Sequence[str]) -> Reattachment:
    """Find the image of each label that is out of date or whose image is gone.

    It is the only one with the content that was labelled, or else the one that shows most of the clip that was
    labelled, if that is at least half of it.

    Args:
        store: the labels.
        names: all images of the dataset.

    Raises:
        CoveyError: the labels cannot be read.
    """
    images = _read_images(store, names)
    moves, unattached = [], []
    for row in [*store.out_of_date(), *store.orphaned()]:
        candidates = _find_candidates(images, row)
        if len(candidates) != 1:
            unattached.append((row, _explain(row, len(candidates))))
            continue
        name = candidates[0]
        clip = images.clips_by_recording.get(row.clip.recording, {}).get(name) if row.clip else None
        moves.append((row, attrs.evolve(row, filename=name, content=images.contents[name], clip=clip or row.clip)))
    return Reattachment(moves, unattached)


def reattach_labels(store: LabelStore, reattachment: Reattachment) -> Action | None:
    """Attach labels again, in one action; None if none can be. Raises CoveyError."""
    return store.move_rows(reattachment.moves, "attached again by content or clip")


def plan_confirmation(store: LabelStore, rows: Sequence[Labelled]) -> Sequence[Move]:
    """Return the labels that are out of date, each as given now by a person to the content that its image has now.

    A label whose image is gone is not among them. Nothing is changed: let a person look at the images first.

    Raises:
        CoveyError: the images cannot be read.
    """
    names, when = {row.filename for row in rows}, now()
    contents, clips = store.contents(names), store.clips(names)
    return [
        (row, Labelled(name, row.label, when, "person", contents[name], clips.get(name)))
        for row in rows
        if (name := row.filename) in contents
    ]


def confirm_labels(store: LabelStore, moves: Sequence[Move]) -> Action | None:
    """Give labels to the contents that a person has looked at, in one action. Raises CoveyError."""
    return store.move_rows(moves, "confirmed for the images as they are now")


def _read_images(store: LabelStore, names: Sequence[str]) -> _PresentImages:
    contents = store.contents(names)
    names_by_content: dict[str, list[str]] = defaultdict(list)
    for name, content in contents.items():
        names_by_content[content].append(name)
    clips_by_recording: dict[str, dict[str, RecordingClip]] = defaultdict(dict)
    for name, clip in store.clips(contents).items():
        clips_by_recording[clip.recording][name] = clip
    return _PresentImages(contents, names_by_content, clips_by_recording)


def _find_candidates(images: _PresentImages, row: Labelled) -> Sequence[str]:
    """Return the images with the content that was labelled, or else the one that shows most of its clip."""
    same_content = images.names_by_content.get(row.content, ())
    if same_content or not row.clip:
        return same_content
    clips = images.clips_by_recording.get(row.clip.recording, {})
    overlaps = {name: clip.measure_overlap(row.clip) for name, clip in clips.items()}
    name = max(overlaps, key=overlaps.__getitem__, default=None)
    return [name] if name and 2 * overlaps[name] >= row.clip.duration_ms else []


def _explain(row: Labelled, candidates: int) -> str:
    """Say why a label cannot be attached again."""
    if candidates:
        return "that fit several images"
    return "whose content and clip no image has" if row.content else "of unknown content"
