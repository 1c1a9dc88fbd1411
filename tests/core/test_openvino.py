"""Networks run by OpenVINO, on networks that are converted in a moment."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from covey import Runtime

pytest.importorskip("torch")
pytest.importorskip("openvino")

import torch
from torch import Tensor, nn

from covey.extraction import networks
from covey.extraction.networks import Network, Preprocessing, build_extract

EXPECTED = Preprocessing(size=(32, 32), mean=(0.1, 0.2, 0.3), std=(0.5, 0.6, 0.7), resize=36)
OPENVINO = Runtime(backend="openvino", threads=1)
TWO_THREADS = Runtime(backend="openvino", threads=2)
ROUNDED = Runtime(backend="openvino", threads=1, precision="bfloat16")


class AddsInPlace(nn.Module):
    """Adds to what a tapped layer gave, as the blocks of ResNet do."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 8, 3, 2, 1), nn.Conv2d(8, 8, 3, 1, 1)

    def forward(self, images: Tensor) -> Tensor:
        maps: Tensor = self.first(images)
        outputs: Tensor = self.second(maps)
        outputs += maps
        return outputs.relu_()


class Depthwise(nn.Sequential):
    """Has a convolution of single channels."""

    def __init__(self) -> None:
        super().__init__(nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 3, groups=8))


class KnowsItsSize(nn.Module):
    """Divides by a width that conversion takes for a constant."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Conv2d(3, 4, 3)

    def forward(self, images: Tensor) -> Tensor:
        maps: Tensor = self.inner(images / float(images.shape[3]))
        return maps


class Unknown(nn.Module):
    """Computes with something that OpenVINO does not know."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Conv2d(3, 4, 3)

    def forward(self, images: Tensor) -> Tensor:
        maps: Tensor = self.inner(torch.special.bessel_j0(images))
        return maps


def network(kind: type[nn.Module]) -> Network:
    with networks.seeded(0):
        return Network(kind(), kind.__name__, EXPECTED)


def pixels(height: int = 40, width: int = 50, count: int = 5) -> NDArray[np.uint8]:
    return np.random.default_rng(1).integers(0, 256, (count, height, width, 3), dtype=np.uint8)


def assert_agree(features: Sequence[NDArray[np.float32]], expected: Sequence[NDArray[np.float32]]) -> None:
    for X, Y in zip(features, expected, strict=True):
        np.testing.assert_allclose(X, Y, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("input", ["whole", "stretch"])
def test_layers_of_one_pass_agree_with_torch(input: str) -> None:
    layers = ("second", "first")
    expected = build_extract(network(AddsInPlace), layers, input=input, runtime=Runtime())(pixels())
    extract = build_extract(network(AddsInPlace), layers, input=input, runtime=OPENVINO)
    assert_agree(extract(pixels()), expected)
    assert extract.backend.startswith("openvino ")


def test_a_row_depends_on_its_image_alone() -> None:
    """Not on its batch, on copies in it, on the number of threads, or on whether the network was converted before."""
    images = pixels()
    for runtime in (OPENVINO, ROUNDED):
        (expected,) = build_extract(network(AddsInPlace), ("second",), runtime=runtime)(images)
        again = build_extract(network(AddsInPlace), ("second",), runtime=runtime)
        for rows in ([0, 1, 2, 3, 4], [4], [3, 3, 3, 1, 1, 0, 2, 2]):
            np.testing.assert_array_equal(again(images[rows])[0], expected[rows])
    (on_two,) = build_extract(network(AddsInPlace), ("second",), runtime=TWO_THREADS)(images)
    np.testing.assert_array_equal(on_two, build_extract(network(AddsInPlace), ("second",), runtime=OPENVINO)(images)[0])


def test_images_of_frequent_and_of_other_sizes_agree_with_torch() -> None:
    by_torch = build_extract(network(AddsInPlace), ("second",), runtime=Runtime())
    extract = build_extract(network(AddsInPlace), ("second",), runtime=OPENVINO)
    extract.prepare([(40, 50)])
    for size in ((40, 50), (33, 61), (64, 48), (40, 50)):
        assert_agree(extract(pixels(*size)), by_torch(pixels(*size)))
        assert extract.backend.startswith("openvino ")


def test_a_network_whose_conversion_fits_one_size_is_converted_for_each_frequent_one() -> None:
    by_torch = build_extract(network(KnowsItsSize), ("inner",), runtime=Runtime())
    extract = build_extract(network(KnowsItsSize), ("inner",), runtime=OPENVINO)
    extract.prepare([(40, 50)])
    assert_agree(extract(pixels()), by_torch(pixels()))
    assert extract.backend.startswith("openvino ")
    with pytest.warns(UserWarning, match="OpenVINO cannot run KnowsItsSize, so torch does: converted with an image of"):
        np.testing.assert_array_equal(extract(pixels(44, 60))[0], by_torch(pixels(44, 60))[0])
    assert extract.backend == ""


def test_what_openvino_does_not_know_is_run_by_torch() -> None:
    expected = build_extract(network(Unknown), ("inner",), runtime=Runtime())(pixels())
    extract = build_extract(network(Unknown), ("inner",), runtime=OPENVINO)
    with pytest.warns(UserWarning, match=r"OpenVINO cannot run Unknown, so torch does: .*bessel_j0"):
        np.testing.assert_array_equal(extract(pixels())[0], expected[0])
    assert extract.backend == ""


def test_precision_is_told_and_convolutions_of_single_channels_keep_it() -> None:
    plain, depthwise = (
        build_extract(network(kind), (layer,), runtime=ROUNDED)
        for kind, layer in ((AddsInPlace, "second"), (Depthwise, "1"))
    )
    plain(pixels()), depthwise(pixels())
    assert " in float32 on " in depthwise.backend
    assert (" in bfloat16 on " in plain.backend) == _computes_bfloat16()


def test_other_weights_are_another_network_in_the_cache() -> None:
    for seed in (1, 2, 1):
        with networks.seeded(seed):
            module = AddsInPlace()
        expected, computed = (
            build_extract(Network(module, "same", EXPECTED), ("second",), runtime=runtime)(pixels())
            for runtime in (Runtime(), OPENVINO)
        )
        assert_agree(computed, expected)


def test_a_damaged_file_in_the_cache_is_written_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COVEY_HOME", str(tmp_path))
    (expected,) = build_extract(network(Depthwise), ("1",), runtime=OPENVINO)(pixels())
    for path in (tmp_path / "cache" / "openvino").iterdir():
        path.write_bytes(b"<")
    (computed,) = build_extract(network(Depthwise), ("1",), runtime=OPENVINO)(pixels())
    np.testing.assert_array_equal(computed, expected)


def test_processes_that_convert_the_same_network_do_not_disturb_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One is about to write; on Windows a file that another one has written and opened cannot be replaced."""
    monkeypatch.setenv("COVEY_HOME", str(tmp_path))
    folder = tmp_path / "cache" / "openvino"
    folder.mkdir(parents=True)
    (folder / "begun.1.xml").touch()
    replace = Path.replace

    def keep_opened(path: Path, target: Path) -> Path:
        replace(path, target)
        raise PermissionError(f"{target} is open in another process")

    monkeypatch.setattr(Path, "replace", keep_opened)
    extract = build_extract(network(Depthwise), ("1",), runtime=OPENVINO)
    extract(pixels())
    assert extract.backend.startswith("openvino ")


def test_openvino_is_imported_without_its_telemetry() -> None:
    code = (
        "import sys; from covey.extraction.networks.openvino_network import import_openvino\n"
        "assert import_openvino().Core()\n"
        "import openvino.tools.ovc\n"
        "assert openvino.tools.ovc.telemetry.__module__ == 'openvino.tools.ovc.telemetry_stub'\n"
        "sys.exit('openvino_telemetry' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def _computes_bfloat16() -> bool:
    from openvino import Core

    return "BF16" in Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
