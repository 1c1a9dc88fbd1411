"""The tables of a dataset while a run adds to them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs

from covey._base.errors import CoveyError
from covey.data.dataset import AnyEntry, Dataset
from covey.data.provenance import Provenance
from covey.data.tables import LearnedState, Table
from covey.extraction.learning import copy_state


class RunTables:
    """The tables of a dataset while a run adds to them.

    Attributes:
        dataset: where the tables go.
        computed_keys: the keys of the tables that this run has computed.
    """

    def __init__(self, dataset: Dataset, compress: bool) -> None:
        self.dataset = dataset
        self.computed_keys: set[str] = set()
        self._compress = compress
        self._entries_by_key: dict[str, AnyEntry] | None = None

    @property
    def entries_by_key(self) -> dict[str, AnyEntry]:
        """The tables of the dataset by their keys."""
        if self._entries_by_key is None:
            self._entries_by_key = self.dataset.entries_by_key()
        return self._entries_by_key

    def entry(self, provenance: Provenance) -> AnyEntry:
        """Return the table with the key of a provenance. Raises CoveyError if the dataset does not list it."""
        if provenance.key not in self.entries_by_key:
            problems = " ".join(self.dataset.problems) or f"{self.dataset.location} does not list it."
            raise CoveyError(f"The table of {provenance.tag} could not be stored. {problems}")
        return self.entries_by_key[provenance.key]

    def stored_provenance(self, provenance: Provenance) -> Provenance:
        """Return the provenance as the dataset has it: with the same key, and with details."""
        return self.entry(provenance).provenance or provenance

    def load_state(self, provenance: Provenance) -> LearnedState:
        """Return what an extractor has learned, in arrays that may be changed. Raises CoveyError if it is no state."""
        state = self.dataset.load(self.entry(provenance))
        if not isinstance(state, LearnedState):
            raise CoveyError(f"{self.entry(provenance).name} is not what {provenance.component} has learned.")
        return attrs.evolve(state, arrays=copy_state(state.arrays))

    def save(self, tables: Sequence[Table]) -> None:
        """Add computed tables to the dataset."""
        if tables:
            self.dataset.save(tables, self._compress)
            self.register([table.provenance for table in tables if table.provenance])

    def register(self, provenances: Iterable[Provenance]) -> None:
        """Count tables as computed, and check that the dataset lists them."""
        self._entries_by_key = None
        for provenance in provenances:
            self.entry(provenance)
            self.computed_keys.add(provenance.key)
