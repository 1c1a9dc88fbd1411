"""The recordings in a dataset: where they lie and what they are like."""

from __future__ import annotations

from pathlib import Path

import attrs

from covey.frontend import RecordingSummary, list_recordings, recordings_of_images, summarize_recordings
from covey_dashboard.data.caching import cached
from covey_dashboard.data.datasets import dataset_at, image_folder, looks_at_files
from covey_dashboard.data.metadata import dataset_metadata

RECORDINGS_TTL = 300
"""Seconds after which the recordings of a dataset are looked for again."""
BATS_FROM_HZ = 150_000
"""The sampling rate from which on recordings are mostly of bats."""


@attrs.frozen(eq=False)
class RecordingsHere:
    """The recordings in a folder."""

    folder: Path
    summary: RecordingSummary

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.summary.paths)

    @property
    def usual_rate(self) -> int:
        """The sampling rate in Hz that most of them have; 0 if none can be read."""
        return self.summary.rates.most_common(1)[0][0] if self.summary.rates else 0

    def describe(self) -> str:
        """Return how many there are, how long they are together, and their sampling rates."""
        return f"{self.count:,} {'recording' if self.count == 1 else 'recordings'}" + "".join(
            f", {phrase}" for phrase in (self._describe_length(), self._describe_rates()) if phrase
        )

    def _describe_length(self) -> str:
        about = "about " if self.summary.is_estimate else ""
        hours = self.summary.hours
        return f"{about}{hours:,.1f} hours" if hours >= 1 else f"{about}{hours * 60:,.1f} minutes"

    def _describe_rates(self) -> str:
        rates = [f"{rate / 1000:g} kHz" for rate, _ in self.summary.rates.most_common()]
        more = f" and {len(rates) - 3} more rates" if len(rates) > 3 else ""
        return f"sampled at {', '.join(rates[:3])}{more}" if rates else ""


@looks_at_files
@cached(spinner="Looking at the recordings", ttl=RECORDINGS_TTL, max_entries=4)
def find_recordings_here(location: str) -> RecordingsHere | None:
    """Return the recordings of a dataset: those in its folders of recordings, or anywhere in it; None without any.

    Raises:
        CoveyError: the dataset cannot be opened.
    """
    dataset = dataset_at(location)
    for folder in (*dataset.recording_folders, dataset.home):
        if folder.is_dir() and (paths := list_recordings(folder).paths):
            return RecordingsHere(folder, summarize_recordings(paths))
    return None


@looks_at_files
@cached(ttl=RECORDINGS_TTL, max_entries=4)
def count_image_recordings(location: str) -> int:
    """Return how many recordings the names of the images tell.

    Raises:
        CoveyError: the dataset cannot be opened.
    """
    folder = image_folder(location)
    return len(set(recordings_of_images(folder.walk()).values())) if folder else 0


def count_species(location: str) -> int:
    """Return how many species the metadata name; 0 if they name none.

    Raises:
        CoveyError: the metadata cannot be read.
    """
    columns = dataset_metadata(location).columns
    return len({*columns.get("full_spec_name", ())} - {"", None})
