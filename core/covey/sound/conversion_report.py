"""What a conversion of recordings did, in figures and in words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import attrs

from covey._base.text import FEW, count_noun, preview
from covey.data.recording_files import RecordingFiles
from covey.sound.ledger import LedgerEntry
from covey.sound.recordings import Recording

_AUDIBLE = 0.05
"""Seconds: less than that is not reported as missing."""


@attrs.frozen
class Shortfall:
    """A recording or folder that was not used, or in part only, and why: "reason", or "reason: details"."""

    name: str
    problem: str
    in_part: bool = False

    @property
    def reason(self) -> str:
        """The problem without details."""
        return self.problem.partition(":")[0]

    @property
    def sentence(self) -> str:
        """The name and the problem, in one line."""
        return f"{' '.join(self.name.splitlines())}: {self.problem}."


@attrs.frozen(kw_only=True)
class ConversionReport:
    """What a conversion did.

    `entries` are those of the recordings that could be read; `new` counts the images made this time. `renamed` holds
    the old and the new name of recordings, `new_image_names` the new names of their images by the old ones. `replaced`
    names the recordings that contain something else than before, `assumed` those whose content an earlier version did
    not record, and whose size and time are the same. `orphans` are the images of recordings that are gone.
    """

    folder: Path
    files: RecordingFiles
    recordings: Sequence[Recording]
    entries: Sequence[LedgerEntry] = ()
    new: int = 0
    renamed: Sequence[tuple[str, str]] = ()
    new_image_names: Mapping[str, str] = attrs.field(factory=dict)
    replaced: Sequence[str] = ()
    assumed: Sequence[str] = ()
    orphans: Sequence[str] = ()
    orphans_removed: bool = False
    log: Path | None = None

    @property
    def used(self) -> list[LedgerEntry]:
        """The recordings that have images."""
        return [entry for entry in self.entries if entry.images]

    @property
    def images(self) -> int:
        """How many images these recordings have."""
        return sum(entry.images for entry in self.entries)

    @property
    def silent(self) -> int:
        """Segments left out because they are silent."""
        return sum(entry.silent for entry in self.entries)

    @property
    def shortfalls(self) -> list[Shortfall]:
        """What was not used, or in part only, by name."""
        folders = [
            Shortfall(path.relative_to(self.files.root).as_posix(), problem)
            for path, problem in self.files.skipped.items()
        ]
        unread = [Shortfall(recording.name, recording.problem) for recording in self.recordings if recording.problem]
        read = [Shortfall(entry.name, entry.problem, entry.images > 0) for entry in self.entries if entry.problem]
        return sorted([*folders, *unread, *read], key=lambda shortfall: shortfall.name)

    @property
    def problems(self) -> list[str]:
        """What was not used, or in part only, in one sentence each."""
        return [shortfall.sentence for shortfall in self.shortfalls]

    @property
    def summary(self) -> str:
        """How many images there are of how many recordings, and why others are not used."""
        counts = (
            f"{count_noun(self.images, 'image')} of {count_noun(len(self.used), 'recording')}. " if self.used else ""
        )
        return f"{counts}{self._balance()}."

    def lines(self, verbose: bool = False) -> Iterator[str]:
        """Yield what was done; the sums come last, where they are seen.

        With `verbose` every name is there, otherwise the first ones of each reason.
        """
        for (in_part, reason), shortfalls in self._by_reason().items():
            usage = "In part only" if in_part else "Not used"
            examples = shortfalls if verbose else shortfalls[:FEW]
            yield from (f"{usage}: {shortfall.sentence}" for shortfall in examples)
            if more := len(shortfalls) - len(examples):
                yield f"{usage}: {more:,} more: {reason}."
        yield from self._changes(verbose)
        yield from self._sums()

    def _by_reason(self) -> Mapping[tuple[bool, str], list[Shortfall]]:
        groups: dict[tuple[bool, str], list[Shortfall]] = defaultdict(list)
        for shortfall in self.shortfalls:
            groups[shortfall.in_part, shortfall.reason].append(shortfall)
        return groups

    def _changes(self, verbose: bool) -> Iterator[str]:
        if self.renamed:
            pairs = [f"{old} is now {new}" for old, new in self.renamed]
            yield f"{count_noun(len(pairs), 'recording')} renamed, the images too: {_join(pairs, verbose)}"
        if copies := self._copies():
            yield f"{count_noun(len(copies), 'recording')} the same as another: {_join(copies, verbose)}"
        if self.replaced:
            yield (
                f"{count_noun(len(self.replaced), 'recording')} replaced by another of the same name, the images made"
                f" anew: {_join(self.replaced, verbose)}"
            )
        if self.assumed:
            yield (
                f"{count_noun(len(self.assumed), 'recording')} assumed to be unchanged since an earlier version of"
                f" covey, by size and time: {_join(self.assumed, verbose)}"
            )
        if self.orphans:
            deed = "removed" if self.orphans_removed else "they stay"
            yield (
                f"{count_noun(len(self.orphans), 'image')} of recordings that are gone: {deed}"
                f" ({_join(self.orphans, verbose)})"
            )

    def _copies(self) -> list[str]:
        """Return which of the recordings used contain the same as another, by name."""
        originals: dict[str, str] = {}
        for entry in sorted(self.used, key=lambda entry: entry.name):
            originals.setdefault(entry.content, entry.name)
        pairs = ((entry.name, originals[entry.content]) for entry in self.used)
        return sorted(f"{name} is a copy of {original}" for name, original in pairs if name != original)

    def _sums(self) -> Iterator[str]:
        if self.used:
            existing = self.images - self.new
            remark = f" ({existing:,} were there already)" if existing else ""
            counts = f"{count_noun(self.images, 'image')} of {count_noun(len(self.used), 'recording')}"
            yield f"{counts} in {self.folder}{remark}"
        if self.silent:
            yield f"{count_noun(self.silent, 'segment')} left out as silent"
        ends = [entry.rest for entry in self.used if entry.rest >= _AUDIBLE]
        if ends:
            recordings = count_noun(len(ends), "recording")
            yield f"{sum(ends):.1f} s at the end of {recordings} in no image: the option last fills them up"
        if self.files.others:
            kinds = ", ".join(sorted(self.files.others))
            yield f"{count_noun(self.files.others.total(), 'file')} of other kinds left alone: {kinds}"
        if outside := self.files.outside:
            names = preview([path.relative_to(self.files.root).as_posix() for path in outside])
            yield f"{count_noun(len(outside), 'recording')} outside the folder, behind links in it: {names}"
        if self.files.skipped:
            yield f"{count_noun(len(self.files.skipped), 'folder')} not looked into, named above"
        yield self._balance()

    def _balance(self) -> str:
        """Return how many recordings were used, and how many not for which reason."""
        in_part = sum(entry.problem != "" for entry in self.used)
        text = f"Of {count_noun(len(self.recordings), 'recording')} {len(self.used):,} used"
        text += f", {in_part:,} of them in part" if in_part else ""
        folders = {path.relative_to(self.files.root).as_posix() for path in self.files.skipped}
        unused = [
            f"{len(shortfalls):,} ({reason})"
            for (in_part, reason), shortfalls in self._by_reason().items()
            if not in_part and shortfalls[0].name not in folders
        ]
        return text + (f"; not used: {', '.join(unused)}" if unused else "")


def _join(names: Sequence[str], verbose: bool) -> str:
    return ", ".join(names) if verbose else preview(names)
