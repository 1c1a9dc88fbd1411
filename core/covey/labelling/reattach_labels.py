"""Attach labels again whose images were renamed, moved, swapped or made anew: by content, or else by clip."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import attrs

from covey._base.balance import Balance
from covey.labelling.changes import Labelled
from covey.labelling.clips import RecordingClip
from covey.labelling.store import LabelStore


@attrs.frozen
class Reattachment:
    """The labels that can be attached again, each as it is and as it becomes; and the balance."""

    moves: Sequence[tuple[Labelled, Labelled]]
    balance: Balance


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
    balance, moves = Balance("label", "without their image"), []
    for row in [*store.out_of_date(), *store.orphaned()]:
        candidates = _find_candidates(images, row)
        if len(candidates) != 1:
            balance.leave_out(_explain(row, len(candidates)), row.filename)
            continue
        balance.used += 1
        name = candidates[0]
        clip = images.clips_by_recording.get(row.clip.recording, {}).get(name) if row.clip else None
        moves.append((row, attrs.evolve(row, filename=name, content=images.contents[name], clip=clip or row.clip)))
    return Reattachment(moves, balance)


def reattach_labels(store: LabelStore, reattachment: Reattachment) -> None:
    """Attach labels again, in one action. Raises CoveyError."""
    store.move_rows(reattachment.moves, "attached again by content or clip")


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
