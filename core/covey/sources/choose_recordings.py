"""Which of the recordings that a source finds are fetched, and why the others are not."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import attrs

from covey._base.announced_waits import waits_announced
from covey._base.balance import Balance
from covey._base.progress import SILENT, Progress
from covey._base.text import escape_undecodable, preview
from covey.components.contracts import Component
from covey.components.options import component, option
from covey.components.source_contract import FoundRecording, Source
from covey.data.licences import read_licence

OPEN, NO_ND, ANY = "open", "no-nd", "any"
NO_LICENCE = "without a licence"
_LONGEST_TITLE = 60
"""Characters of a licence that is none of Creative Commons, in a table."""
_MOST_LICENCES = 5
"""How many licences are named where there are more."""


@component
class RecordingChoice(Component):
    """Which of the recordings that were found are fetched; those that come first count first."""

    name = "choice"

    most: int | None = option(
        default=None, ge=1, none="all", title="At most", help="Most recordings to fetch; none: all. More take longer."
    )
    per_species: int | None = option(
        default=None,
        ge=1,
        none="all",
        title="At most of each species",
        help="Most recordings of each species; none: all. More take longer.",
    )
    longest: float | None = option(
        default=None,
        gt=0,
        none="any length",
        title="Longest, in seconds",
        help="Longest recordings to fetch, in seconds; none: any length. Recordings whose length the source does not"
        " tell are fetched. Larger values take longer.",
    )
    licence: str = option(
        default=NO_ND,
        choices=(OPEN, NO_ND, ANY),
        title="Licences",
        help="Which licences: open (for any purpose), no-nd (all Creative Commons but those without derivatives, which"
        " spectrograms are), any (also recordings without a licence: for yourself alone).",
    )

    def find_licence_problem(self, text: str) -> str:
        """Return why a recording with this licence is not fetched; "" if it is."""
        licence = read_licence(text)
        if self.licence == ANY:
            return ""
        if not licence.kind:
            return "with an unknown licence" if text.strip() else NO_LICENCE
        if self.licence == OPEN:
            return "" if licence.is_open else "with a licence that is not open"
        return "" if licence.allows_derivatives else "with a licence that excludes derivatives"


@attrs.define
class RecordingCounts:
    """How many recordings, of which species and licences, and how long."""

    recordings: int = 0
    seconds: float = 0.0
    unknown_lengths: int = 0
    species: set[str] = attrs.field(factory=set)
    licences: Counter[str] = attrs.field(factory=Counter)

    def add(self, recording: FoundRecording) -> None:
        """Count a recording."""
        self.recordings += 1
        self.seconds += recording.duration_s or 0.0
        self.unknown_lengths += recording.duration_s is None
        self.species.add(recording.species)
        self.licences[read_licence(recording.licence).title[:_LONGEST_TITLE] or NO_LICENCE] += 1

    def describe(self) -> list[str]:
        """Return the cells of a row: recordings, species, hours, licences."""
        length = "?" if self.unknown_lengths and not self.seconds else f"{self.seconds / 3600:,.2f}"
        more = "+" if self.unknown_lengths and self.seconds else ""
        counts = [f"{title} ({count:,})" for title, count in self.licences.most_common(_MOST_LICENCES)]
        rest = len(self.licences) - len(counts)
        licences = ", ".join(counts) + (f" and {rest} more" if rest else "")
        return [f"{self.recordings:,}", f"{len(self.species - {''}):,}", length + more, licences]


@attrs.define
class Survey:
    """What some queries find, and what of it is to be fetched. `balance` says why the rest is not.

    `recordings` are those to be fetched, if they are kept and not only counted.
    """

    source: Source
    choice: RecordingChoice
    keeps_recordings: bool = True
    found: RecordingCounts = attrs.field(factory=RecordingCounts)
    chosen: RecordingCounts = attrs.field(factory=RecordingCounts)
    recordings: list[FoundRecording] = attrs.field(factory=list)
    balance: Balance = attrs.field(factory=lambda: Balance("recording"))
    _ids: set[str] = attrs.field(factory=set)
    _by_species: Counter[str] = attrs.field(factory=Counter)

    def add(self, recording: FoundRecording) -> None:
        """Count a recording, and choose it if it is wanted."""
        if recording.id in self._ids:
            self.balance.leave_out("found more than once", recording.id)
            return
        self._ids.add(recording.id)
        self.found.add(recording)
        if problem := self._find_problem(recording):
            self.balance.leave_out(problem, escape_undecodable(recording.id))
            return
        self.balance.used += 1
        self.chosen.add(recording)
        if self.keeps_recordings:
            self.recordings.append(recording)
        self._by_species[recording.species] += 1

    def _find_problem(self, recording: FoundRecording) -> str:
        choice = self.choice
        if not re.fullmatch(self.source.id_pattern, recording.id):
            return "with an odd id"
        if recording.withheld:
            return recording.withheld
        if problem := choice.find_licence_problem(recording.licence):
            return problem
        if choice.longest is not None and (recording.duration_s or 0) > choice.longest:
            return f"longer than {choice.longest:g} s"
        if choice.per_species is not None and self._by_species[recording.species] >= choice.per_species:
            return f"beyond {choice.per_species:,} of their species"
        if choice.most is not None and self.chosen.recordings >= choice.most:
            return f"beyond the first {choice.most:,}"
        return ""

    def rows(self) -> Iterator[Sequence[str]]:
        """Yield rows for a table: what was found, what is to be fetched, and what is left out by reason."""
        yield ["found", *self.found.describe()]
        yield ["to fetch", *self.chosen.describe()]
        for problem, ids in self.balance.left_out.items():
            yield [problem, f"{len(ids):,}", "", "", preview(list(dict.fromkeys(ids)))]


SURVEY_HEADS = ("", "recordings", "species", "hours", "licences, or ids")


def survey_recordings(
    source: Source,
    queries: Iterable[str],
    choice: RecordingChoice,
    progress: Progress = SILENT,
    keep_recordings: bool = True,
) -> Survey:
    """Look at all that queries find, one after the other, before anything is fetched.

    Args:
        source: where to look.
        queries: in the words of the source.
        choice: which recordings are wanted.
        progress: shows the step.
        keep_recordings: whether they will be fetched; to count hundreds of thousands, no memory is needed for them.

    Raises:
        CoveyError: a query is wrong, or the source cannot be reached.
    """
    survey = Survey(source, choice, keep_recordings)
    with progress.step(f"Looking at {source.name}", 0, "recording") as step, waits_announced(step.say):
        for query in queries:
            for recording in source.find(query):
                survey.add(recording)
                step.advance()
    return survey
