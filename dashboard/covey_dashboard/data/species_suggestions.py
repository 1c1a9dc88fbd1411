"""What extractors that know species suggest for some images; only a person makes a label of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from covey import Extra
from covey.frontend import Guesses, Names, count_noun, is_entry_of
from covey_dashboard.data.datasets import list_tables, load_table

SPECIES, SCORE = "species", "score"
"""The columns of an extra table of species: the names (n, k), and how likely each is (n, k), the likeliest first."""
LEAST_SCORE = 0.1
"""Scores below it suggest nothing, as by default in BirdNET's analyser."""
MOST = 3
"""How many species a suggestion names."""


def suggest_species(location: str, names: Sequence[str]) -> Iterator[str]:
    """Yield a sentence for each extra table of species: the likeliest of each image, the most frequent first.

    Raises:
        CoveyError: a table cannot be read.
    """
    for component, table in _load_species_tables(location):
        if species := _rank_species(table, names):
            yield f"{component} suggests: {'; '.join(species)}"


def read_guesses(location: str, names: Names) -> Guesses | None:
    """Return the likeliest species of each image (n,), from the first table of species; None if there is none.

    Raises:
        CoveyError: a table cannot be read.
    """
    _, table = next(_load_species_tables(location), ("", None))
    if table is None:
        return None
    species, scores = table.columns[SPECIES][:, 0], np.asarray(table.columns[SCORE][:, 0], np.float32)
    guess_by_name = {
        name: (guess, score)
        for name, guess, score in zip(table.names.tolist(), species.tolist(), scores.tolist(), strict=True)
        if score >= LEAST_SCORE
    }
    guesses = [guess_by_name.get(name, ("", 0.0)) for name in names.tolist()]
    return Guesses(
        np.array([guess for guess, _ in guesses], np.str_),
        np.array([min(score, 1.0) for _, score in guesses], np.float32),
    )


def _load_species_tables(location: str) -> Iterator[tuple[str, Extra]]:
    """Yield the extra tables of species, each with the name of the extractor that made it."""
    for entry in list_tables(location).entries:
        if is_entry_of(entry, Extra) and entry.provenance:
            table = load_table(location, entry)
            if {SPECIES, SCORE} <= table.columns.keys():
                yield entry.provenance.component, table


def _rank_species(table: Extra, names: Sequence[str]) -> list[str]:
    """Return the most frequent species of some images, each with its mean score and the number of images."""
    scores = np.asarray(table.columns[SCORE][:, 0], np.float32)
    rows = np.isin(table.names, np.asarray(names, np.str_)) & (scores >= LEAST_SCORE)
    species, numbers, counts = np.unique(table.columns[SPECIES][rows, 0], return_inverse=True, return_counts=True)
    means = np.bincount(numbers, scores[rows], len(species)) / np.maximum(counts, 1)
    order = np.lexsort((-means, -counts))[:MOST]
    return [f"{species[at]} {means[at]:.2f} ({count_noun(int(counts[at]), 'image')})" for at in order]
