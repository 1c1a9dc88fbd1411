"""The extractor `saec`: the encoder of a spectrogram auto-encoder that the original tools have trained."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from covey import CoveyError, Extract, FeatureExtractor, Floats, Pixels, Runtime, component, hookimpl, option
from covey.authoring import hash_file, reason

if TYPE_CHECKING:
    from torch import Tensor, nn

ARCHITECTURES = (
    "conv_tran_L5_TP32_ch256",
    "conv_tran_L5_TP32_ch512",
    "conv_conv_L5_TP32",
    "conv_tran_L5_sym",
    "conv_tran_L4_TP08",
    "conv_tran_texture_01",
    "conv_tran_textr_resh",
)
"""The nets of the original tools, by their names there."""
HEIGHT = 128
"""Rows of the images for which all of them were made."""


@component
class Saec(FeatureExtractor):
    """The encoder of an auto-encoder that the original tools trained on spectrograms, averaged over time."""

    name = "saec"
    references = (
        "Masci, J., Meier, U., Ciresan, D. and Schmidhuber, J. (2011). Stacked convolutional auto-encoders for"
        " hierarchical feature extraction. Artificial Neural Networks and Machine Learning: ICANN 2011, 52-59.",
    )
    requires = {"torch": "covey[saec]"}
    uses = frozenset({"device"})

    weights: str = option(
        default="",
        path="file",
        help="The file with the encoder: its state dict (.pth, .pt, .safetensors) or, with trust, a TorchScript program"
        " (…_encoder_script_….pth).",
    )
    trust: bool = option(
        default=False,
        help="Whether a TorchScript file may be used. It is a program that runs when it is loaded: only from people you"
        " trust.",
    )
    architecture: str = option(
        default=ARCHITECTURES[0],
        choices=ARCHITECTURES,
        when={"trust": False},
        help="The net whose state dict it is.",
    )
    edges: int = option(
        default=2,
        ge=0,
        help="Columns of the encoder's output that are left out at both ends of time. Larger values look at the middle"
        " of the image.",
    )

    @property
    def tag(self) -> str:
        """The name that the original gives to features of an encoder: the date and time at which it was trained."""
        stem = Path(self.weights).stem
        stamp = re.match(r"\d{8}_\d{6}", stem)
        return "_".join(filter(None, ["saec", stamp[0] if stamp else re.sub(r"\W+", "-", stem)]))

    def identity(self) -> Mapping[str, str]:
        """Return the SHA-256 of the file in place of its path."""
        return {"weights": hash_file(Path(self.weights))} if self.weights else {}

    def load(self, runtime: Runtime) -> Extract:
        """Return the function from pixels to features: mean and standard deviation over time.

        Raises:
            CoveyError: no file is named, it cannot be read safely, or it is that of another net.
        """
        import torch

        if not self.weights:
            raise CoveyError("saec needs an encoder of the original tools: name its file, as weights = FILE.pth.")
        encoder = self._load_encoder(Path(self.weights)).eval().to(runtime.device)

        def extract(pixels: Pixels) -> list[Floats]:
            with torch.inference_mode():
                images = torch.from_numpy(pixels).to(runtime.device).permute(0, 3, 1, 2).float() / 255
                series = self._encode(encoder, images)
                inner = series[:, :, self.edges : series.shape[2] - self.edges]
                return [torch.cat([inner.mean(2), inner.std(2, correction=0)], 1).cpu().numpy()]

        return extract

    def _encode(self, encoder: nn.Module, images: Tensor) -> Tensor:
        """Return what an encoder gives (b, c, t). Raises CoveyError if the images do not suit it."""
        height, width = images.shape[2:]
        problem = (
            f"saec describes images {HEIGHT} pixels high, and wide enough for {2 * self.edges + 1} columns of time"
        )
        try:
            output: Tensor = encoder(images).float()
        except RuntimeError as error:
            raise CoveyError(f"{problem}, not {width} x {height} pixels ({reason(error)[:100]}).") from error
        series = output.squeeze(2) if output.ndim == 4 else output
        if height != HEIGHT or series.ndim != 3 or series.shape[2] <= 2 * self.edges:
            raise CoveyError(f"{problem}, not {width} x {height} pixels: make them anew, or set fewer edges.")
        return series

    def _load_encoder(self, path: Path) -> nn.Module:
        """Return the encoder in a file. Raises CoveyError."""
        if is_torchscript(path):
            return self._load_program(path)
        from covey.extraction.networks import put_weights, read_weights
        from covey_saec.encoders import build_encoder

        weights = read_weights(path)
        fitting = find_architectures(weights)
        if fitting and self.architecture not in fitting:
            raise CoveyError(
                f"The weights {str(path)!r} are those of {fitting[0]}, not of {self.architecture}: set architecture ="
                f" {fitting[0]}."
            )
        encoder = build_encoder(self.architecture)
        put_weights(encoder, weights, path, self.architecture)
        return encoder

    def _load_program(self, path: Path) -> nn.Module:
        """Return a TorchScript encoder. Raises CoveyError unless the user trusts it."""
        if not self.trust:
            raise CoveyError(
                f"{path} is a TorchScript program, which runs when it is loaded: set trust = true if you trust those"
                " who made it, or let them save encoder.state_dict() with torch.save."
            )
        import torch

        try:
            program: nn.Module = torch.jit.load(path, map_location="cpu")  # type: ignore[no-untyped-call]
        except (RuntimeError, ValueError, OSError) as error:
            raise CoveyError(f"{path} cannot be read ({reason(error)[:200]}): fetch it again.") from error
        return program


def is_torchscript(path: Path) -> bool:
    """Whether a file is a TorchScript program, to judge by its members; nothing in it is run."""
    try:
        with zipfile.ZipFile(path) as archive:
            return any("/code/" in name or name.endswith("/constants.pkl") for name in archive.namelist())
    except (OSError, zipfile.BadZipFile):
        return False


def find_architectures(weights: Mapping[str, Tensor]) -> list[str]:
    """Return the nets whose encoders have weights of these names and shapes."""
    import torch

    from covey_saec.encoders import build_encoder, shapes_by_name

    with torch.device("meta"):  # without memory for weights
        shapes = {name: shapes_by_name(build_encoder(name).state_dict()) for name in ARCHITECTURES}
    return [name for name in ARCHITECTURES if shapes[name] == shapes_by_name(weights)]


@hookimpl
def covey_feature_extractors() -> Iterable[type[FeatureExtractor]]:
    """Offer the extractor."""
    yield Saec
