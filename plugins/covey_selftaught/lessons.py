"""Learning epoch by epoch, with a state that can be kept between epochs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from covey import Pixels, State
from covey_selftaught.contrast import Encoder, compare_views, draw_view, shrink

BATCH = 128
RATE = 2e-3
"""The greatest rate of learning; it falls to 0 like a cosine."""
DECAY = 1e-4


class Lessons:
    """A network that learns, its optimiser, and how many epochs are behind it."""

    def __init__(self, spectrograms: Pixels, recordings: NDArray[np.intp], seed: int, state: State | None) -> None:
        """Begin, or go on from a state.

        Args:
            spectrograms: (n, 1, height, width) uint8.
            recordings: the number of the recording of each, (n,).
            seed: where random numbers start.
            state: that of an earlier epoch.
        """
        self.spectrograms, self.recordings, self.seed = torch.from_numpy(spectrograms), recordings, seed
        self.encoder = restore_encoder(state, seed)
        self.optimiser = torch.optim.AdamW(self.encoder.parameters(), weight_decay=DECAY)
        self.epochs = int(state["epochs"]) if state else 0
        if state:
            self._restore_optimiser(state)

    def learn_epoch(self, number: int, total: int) -> float:
        """Learn from all clips once; return the mean loss."""
        random = np.random.default_rng([self.seed, number])  # the same after a stop
        torch_random = torch.Generator().manual_seed(int(random.integers(2**31)))
        order = random.permutation(len(self.recordings))
        partners = draw_partners(self.recordings, random)
        batches = np.array_split(order, -(-len(order) // BATCH))
        losses = []
        self.encoder.train()
        for count, rows in enumerate(batches):
            done = (number - 1 + count / len(batches)) / total
            self.optimiser.param_groups[0]["lr"] = RATE * (1 + np.cos(np.pi * done)) / 2
            losses.append(self._learn_batch(rows, partners[rows], torch_random))
        self.epochs = number
        return float(np.mean(losses))

    def _learn_batch(self, rows: NDArray[np.intp], partners: NDArray[np.intp], random: torch.Generator) -> float:
        first, second = (self.spectrograms[each] / 255 for each in (rows, partners))
        views = [
            draw_view(clips, clips[torch.randperm(len(clips), generator=random)], random) for clips in (first, second)
        ]
        one_view, other_view = self.encoder(torch.cat(views)).chunk(2)
        loss = compare_views(one_view, other_view, torch.from_numpy(self.recordings[rows]))
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimiser.step()
        return float(loss.detach())

    def state(self) -> State:
        """Return network, optimiser and the number of epochs as arrays by name."""
        moments = self.optimiser.state_dict()["state"]
        return {
            **{f"network.{name}": tensor.numpy().copy() for name, tensor in self.encoder.state_dict().items()},
            **{
                f"optimiser.{row}.{name}": tensor.numpy().copy()
                for row, tensors_by_name in moments.items()
                for name, tensor in tensors_by_name.items()
            },
            "epochs": np.array(self.epochs),
        }

    def _restore_optimiser(self, state: State) -> None:
        moments: dict[int, dict[str, Tensor]] = {}
        for name, array in state.items():
            kind, _, rest = name.partition(".")
            if kind == "optimiser":
                row, _, moment = rest.partition(".")
                moments.setdefault(int(row), {})[moment] = torch.tensor(array)
        self.optimiser.load_state_dict({**self.optimiser.state_dict(), "state": moments})


def restore_encoder(state: State | None, seed: int) -> Encoder:
    """Return the network of a state; without one a random network."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        encoder = Encoder()
    if state:
        names = [name for name in state if name.startswith("network.")]
        encoder.load_state_dict({name.partition(".")[2]: torch.tensor(state[name]) for name in names})
    return encoder


def draw_partners(recordings: NDArray[np.intp], random: np.random.Generator) -> NDArray[np.intp]:
    """Return for each clip another one of the same recording, drawn at random; itself where there is none."""
    order = np.lexsort((random.random(len(recordings)), recordings))
    grouped = recordings[order]
    first, last = np.searchsorted(grouped, grouped), np.searchsorted(grouped, grouped, side="right") - 1
    following = np.arange(len(order)) + 1
    partners = np.empty_like(order)
    partners[order] = order[np.where(following > last, first, following)]
    return partners


def shrink_images(pixels: Pixels) -> Tensor:
    """Return images (b, h, w, 3) uint8 as the network takes them."""
    return shrink(torch.tensor(pixels))


def shrink_clip(pixels: Pixels) -> Pixels:
    """Return an image (h, w, 3) uint8 as a spectrogram (1, height, width) uint8."""
    return (shrink_images(pixels[None])[0] * 255).round().byte().numpy()


@contextmanager
def use_threads(count: int | None) -> Iterator[None]:
    """Let torch use so many threads, as many as before for None."""
    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)
