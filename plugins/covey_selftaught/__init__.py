"""The extractor `selftaught`: a small network that learns from the user's own spectrograms, without labels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from covey import (
    Epoch,
    Extract,
    FeatureExtractor,
    Floats,
    Pixels,
    Runtime,
    State,
    TrainingClips,
    component,
    hookimpl,
    option,
)

CLIPS_PER_MINUTE = 9000
"""Clips from which one core of an ordinary machine learns in a minute (tests/benchmarks/selftaught.py)."""
MOST_EPOCHS = 200
"""Passes over the clips, at most: more only learn a few clips by heart."""
MOST_CLIPS = 20_000
"""Clips from which it learns, at most, drawn by the seed; each takes 8 kB of memory."""


@component
class Selftaught(FeatureExtractor):
    """A small network that learns from your own spectrograms, without labels: better joined with timm than alone."""

    name = "selftaught"
    references = (
        "Chen, T., Kornblith, S., Norouzi, M. and Hinton, G. (2020). A simple framework for contrastive learning of"
        " visual representations. Proceedings of the 37th International Conference on Machine Learning, 1597-1607.",
        "Saeed, A., Grangier, D. and Zeghidour, N. (2021). Contrastive learning of general-purpose audio"
        " representations. ICASSP 2021, 3875-3879.",
    )
    implementation = (
        "A network of four convolutions learned from the spectrograms by the loss NT-Xent with a temperature of 0.2; a"
        " spectrogram's partner was another one of the same recording where there is one, and both were moved, mixed,"
        " toned and masked at random; network and learning are covey's own, computed by PyTorch"
    )
    requires = {"torch": "covey[selftaught]"}
    uses = frozenset({"threads"})
    startup_message = "reading the images"

    minutes: float = option(
        default=3.5,
        gt=0,
        learning=True,
        help="How long it may learn. A number of passes over the images follows from it, the same on every machine; one"
        " core of an ordinary machine takes about so long. Raising it shows each image more often, at most 200 times.",
    )
    seed: int = option(
        default=0,
        ge=0,
        le=2**31,
        learning=True,
        expert=True,
        help="Start of the random numbers. Another value learns otherwise.",
    )

    def fit(self, clips: TrainingClips, runtime: Runtime, checkpoint: State | None) -> Iterator[Epoch]:
        """Learn from images; each epoch is a pass over them."""
        from covey_selftaught.lessons import Lessons, use_threads

        chosen = np.sort(np.random.default_rng(self.seed).permutation(len(clips))[:MOST_CLIPS])
        total = min(MOST_EPOCHS, max(1, round(self.minutes * CLIPS_PER_MINUTE / len(chosen))))
        lessons = Lessons(*_read_clips(clips, chosen), self.seed, checkpoint)
        for number in range(lessons.epochs + 1, total + 1):
            with use_threads(runtime.threads):
                loss = lessons.learn_epoch(number, total)
            yield Epoch(state=lessons.state(), loss=loss, number=number, total=total)

    def load(self, runtime: Runtime, state: State | None = None) -> Extract:
        """Return the function from pixels (b, h, w, 3) to features (b, 256); without a state the network is random."""
        import torch

        from covey_selftaught.lessons import restore_encoder, shrink_images, use_threads

        encoder = restore_encoder(state, self.seed).eval()

        def extract(pixels: Pixels) -> list[Floats]:
            with use_threads(runtime.threads), torch.inference_mode():
                return [encoder.describe(shrink_images(pixels)).numpy()]

        return extract


def _read_clips(clips: TrainingClips, chosen: NDArray[np.intp]) -> tuple[Pixels, NDArray[np.intp]]:
    """Return the spectrograms (n, 1, height, width) uint8 and the number of the recording of each, (n,)."""
    from covey_selftaught.lessons import shrink_clip

    with ThreadPoolExecutor() as pool:
        spectrograms = np.stack(list(pool.map(lambda position: shrink_clip(clips[position].pixels), chosen)))
    recordings = [clips[position].recording or clips[position].content for position in chosen]
    return spectrograms, np.unique(recordings, return_inverse=True)[1]


@hookimpl
def covey_feature_extractors() -> Iterable[type[FeatureExtractor]]:
    """Offer the extractor."""
    yield Selftaught
