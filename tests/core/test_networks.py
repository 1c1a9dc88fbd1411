"""Tapping, weights, pixels and pooling, on networks small enough to check by hand."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from covey import CoveyError, Runtime

pytest.importorskip("torch")

import torch
from torch import nn

from covey import networks
from covey.networks import Network, extractor

MEAN, STD = (0.1, 0.2, 0.3), (0.5, 0.6, 0.7)


def small(size: tuple[int, int] = (32, 32)) -> Network:
    with networks.seeded(0):
        module = nn.Sequential(nn.Conv2d(3, 5, 3, 2), nn.BatchNorm2d(5), nn.ReLU(inplace=True), nn.Conv2d(5, 7, 3))
    return Network(module, "small", size, MEAN, STD)


def pixels(height: int = 40, width: int = 50, count: int = 2) -> NDArray[np.uint8]:
    return np.random.default_rng(1).integers(0, 256, (count, height, width, 3), dtype=np.uint8)


def extract(network: Network, *layers: str, images: NDArray[np.uint8] | None = None) -> list[NDArray[np.float32]]:
    run = extractor(network, layers, bands=1, time="mean", runtime=Runtime())
    return list(run(pixels() if images is None else images))


class Fixed(nn.Module):
    """Takes 32 x 32 and nothing else."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Identity()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        assert images.shape[2:] == (32, 32)
        same: torch.Tensor = self.inner(images)
        return same


class Layouts(nn.Module):
    """Gives tokens, channels-last maps, vectors, and what cannot be pooled."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens, self.last, self.vector, self.windows, self.pair = (nn.Identity() for _ in range(5))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.tokens(images.flatten(2).transpose(1, 2))
        self.last(images.permute(0, 2, 3, 1))
        self.windows(images.reshape(-1, 3, 4))
        self.pair((images, images))
        mean: torch.Tensor = self.vector(images.mean((2, 3)))
        return mean


def test_pixels_are_normalised_by_what_the_network_expects() -> None:
    network = Network(nn.Sequential(nn.Identity()), "same", (32, 32), MEAN, STD)
    images = pixels()
    expected = (images.mean((1, 2)) / 255 - MEAN) / STD
    np.testing.assert_allclose(extract(network, "0", images=images)[0], expected, rtol=1e-5)


def test_every_layout_is_pooled_over_all_but_the_channels() -> None:
    network = Network(Layouts(), "layouts", (32, 32), MEAN, STD)
    tokens, last, vector = extract(network, "tokens", "last", "vector")
    np.testing.assert_allclose(tokens, vector, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(last, vector, rtol=1e-4, atol=1e-5)


def test_what_cannot_be_pooled_is_not_listed() -> None:
    assert list(Network(Layouts(), "layouts", (32, 32), MEAN, STD).shapes()) == ["tokens", "last", "vector"]


def test_layers_are_listed_in_the_order_of_computation() -> None:
    assert list(small().shapes()) == ["0", "1", "2", "3"]


def test_a_layer_gives_the_same_whatever_its_siblings_are() -> None:
    """Layer 2 writes into what layer 1 gave."""
    together = extract(small(), "3", "1", "0")
    for layer, features in zip(("3", "1", "0"), together, strict=True):
        np.testing.assert_array_equal(features, extract(small(), layer)[0])


def test_nothing_runs_after_the_last_tap() -> None:
    network = small()
    forward = network.tap(("0", "1"))
    network.module.get_submodule("3").register_forward_pre_hook(lambda *_: pytest.fail("it ran"))
    assert [output.shape[1] for output in forward(torch.zeros(1, 3, 32, 32))] == [5, 5]


@pytest.mark.parametrize("size", [(40, 50), (64, 33)])
def test_a_network_for_any_size_sees_the_image_as_it_is(size: tuple[int, int]) -> None:
    seen = []
    network = small()
    run = extractor(network, ("3",), bands=2, time="mean+std", runtime=Runtime())
    network.module.register_forward_pre_hook(lambda module, images: seen.append(tuple(images[0].shape[2:])))
    assert run(pixels(*size))[0].shape == (2, 7 * 2 * 2)
    assert seen == [size]


def test_a_network_for_one_size_gets_the_whole_image_in_it() -> None:
    """Halves of different brightness stay halves: nothing is cropped."""
    images = np.zeros((1, 64, 128, 3), np.uint8)
    images[:, :, :16] = 255
    features = extract(Network(Fixed(), "fixed", (32, 32), (0, 0, 0), (1, 1, 1)), "inner", images=images)[0]
    np.testing.assert_allclose(features, 1 / 8, atol=0.01)


def test_read_only_pixels_are_taken_without_a_warning(recwarn: pytest.WarningsRecorder) -> None:
    images = pixels()
    images.flags.writeable = False
    extract(small(), "0", images=images)
    assert not list(recwarn)


def test_pooling_by_hand() -> None:
    maps = torch.tensor([[[[1.0, 3.0], [5.0, 7.0], [9.0, 11.0], [13.0, 19.0]]]])
    assert networks.pool(maps, 1, "mean").tolist() == [[8.5]]
    assert networks.pool(maps, 2, "mean").tolist() == [[4.0, 13.0]]
    assert networks.pool(maps, 2, "max").tolist() == [[5.0, 15.0]]
    assert networks.pool(maps, 2, "mean+std").tolist() == [[4.0, 13.0, 1.0, 2.0]]


@pytest.mark.parametrize("rows", [1, 2, 3, 7])
def test_any_number_of_rows_gives_the_bands_asked_for(rows: int) -> None:
    pooled = networks.pool(torch.ones(2, 5, rows, 4), 3, "max")
    assert pooled.tolist() == [[1.0] * 15] * 2


def test_bands_of_a_layer_without_frequencies_are_refused() -> None:
    network = Network(Layouts(), "layouts", (32, 32), MEAN, STD)
    with pytest.raises(CoveyError, match="'tokens' of layouts has no frequency axis: use bands = 1"):
        extractor(network, ("tokens",), bands=2, time="mean", runtime=Runtime())


def test_an_unknown_layer_is_told_with_those_that_there_are() -> None:
    with pytest.raises(CoveyError, match=r"small has no layer '9' that can be tapped\. Among its layers: 0, 1, 2, 3\."):
        extract(small(), "9")


def test_an_image_too_small_for_the_network_is_told() -> None:
    with pytest.raises(CoveyError, match="small failed on 2 images of 2 x 2 pixels"):
        extract(small(), "3", images=pixels(2, 2))


def test_a_device_that_is_not_there_is_told() -> None:
    with pytest.raises(CoveyError, match="device 'cuda:99' cannot be used"):
        extractor(small(), ("0",), bands=1, time="mean", runtime=Runtime(device="cuda:99"))


def test_threads_are_set_for_the_run_alone() -> None:
    network, seen, before = small(), [], torch.get_num_threads()
    run = extractor(network, ("0",), bands=1, time="mean", runtime=Runtime(threads=before + 1))
    network.module.register_forward_pre_hook(lambda *_: seen.append(torch.get_num_threads()))
    run(pixels())
    assert (seen, torch.get_num_threads()) == ([before + 1], before)


def test_a_seed_leaves_other_random_numbers_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    with networks.seeded(0):
        first = torch.rand(3)
    assert torch.equal(torch.rand(3), expected)
    with networks.seeded(0):
        assert torch.equal(torch.rand(3), first)


@pytest.mark.parametrize("form", ["plain", "wrapped", "safetensors"])
def test_weights_are_read_back(tmp_path: Path, form: str) -> None:
    state = small().module.state_dict()
    path = tmp_path / ("w.safetensors" if form == "safetensors" else "w.pth")
    if form == "safetensors":
        pytest.importorskip("safetensors.torch").save_file(state, path)
    else:
        torch.save({"state_dict": state, "epoch": 3} if form == "wrapped" else state, path)
    read = networks.read_weights(path)
    assert set(read) == set(state)
    assert all(torch.equal(read[key], state[key]) for key in state)


class Hostile:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (open, (str(self.__dict__["path"]), "w"))  # type: ignore[return-value]


@pytest.mark.parametrize("by_torch", [True, False])
def test_a_file_that_would_run_code_is_refused_and_runs_none(tmp_path: Path, by_torch: bool) -> None:
    hostile = Hostile()
    hostile.__dict__["path"] = tmp_path / "ran"
    path = tmp_path / "w.pth"
    if by_torch:
        torch.save({"weight": hostile}, path)
    else:
        path.write_bytes(pickle.dumps({"weight": hostile}, protocol=2))
    with pytest.raises(CoveyError, match=r"w\.pth' are refused: .* could run code"):
        networks.read_weights(path)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", ["w.pth", "w.safetensors"])
@pytest.mark.parametrize("kept", [0, 0.5])
def test_a_damaged_file_is_told(tmp_path: Path, name: str, kept: float) -> None:
    whole = tmp_path / "whole"
    torch.save(small().module.state_dict(), whole)
    data = whole.read_bytes()
    (tmp_path / name).write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(CoveyError, match=rf"The weights '.*{name}' (are refused|cannot be read)"):
        networks.read_weights(tmp_path / name)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(CoveyError, match=r"none\.pth' cannot be read \(No such file or directory\)"):
        networks.read_weights(tmp_path / "none.pth")


@pytest.mark.parametrize("content", [{"epoch": 3}, [1, 2], {"state_dict": 5}])
def test_a_file_without_a_state_dict_is_told(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "w.pth")
    with pytest.raises(CoveyError, match="are no state dict: save the model's state_dict"):
        networks.read_weights(tmp_path / "w.pth")


def test_weights_of_another_network_are_told_by_key() -> None:
    module = small().module
    weights = {"0.weight": torch.zeros(1), "head.weight": torch.zeros(2)}
    with pytest.raises(CoveyError) as told:
        networks.put_weights(module, weights, Path("w.pth"), "small")
    assert "'w.pth' do not fit small (missing: '0.bias', '1.weight', '1.bias' and 5 more" in str(told.value)
    assert "not expected: 'head.weight'; of another shape: '0.weight')" in str(told.value)
