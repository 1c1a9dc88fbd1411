"""Tapping, weights, pixels and pooling, on networks small enough to check by hand."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
from numpy.typing import NDArray

from covey import CoveyError, Runtime

pytest.importorskip("torch")

import torch
from torch import nn

from covey.extraction import networks
from covey.extraction.memory import NotEnoughMemory
from covey.extraction.networks import Network, Pooling, Preprocessing, build_extract

MEAN, STD = (0.1, 0.2, 0.3), (0.5, 0.6, 0.7)
FLOAT32 = Runtime()
PLAIN = Preprocessing(size=(32, 32), mean=(0, 0, 0), std=(1, 1, 1), resize=36)
EXPECTED = Preprocessing(size=(32, 32), mean=MEAN, std=STD, resize=36)


def small() -> Network:
    with networks.seeded(0):
        module = nn.Sequential(nn.Conv2d(3, 5, 3, 2), nn.BatchNorm2d(5), nn.ReLU(inplace=True), nn.Conv2d(5, 7, 3))
    return Network(module, "small", EXPECTED)


def pixels(height: int = 40, width: int = 50, count: int = 2) -> NDArray[np.uint8]:
    return np.random.default_rng(1).integers(0, 256, (count, height, width, 3), dtype=np.uint8)


def extract(
    network: Network,
    *layers: str,
    images: NDArray[np.uint8] | None = None,
    runtime: Runtime = FLOAT32,
    **options: Any,
) -> list[NDArray[np.float32]]:
    run = build_extract(network, layers, runtime=runtime, **options)
    return list(run(pixels() if images is None else images))


def cosines(X: NDArray[np.float32], Y: NDArray[np.float32]) -> NDArray[np.float32]:
    computed: NDArray[np.float32] = (X * Y).sum(1) / np.linalg.norm(X, axis=1) / np.linalg.norm(Y, axis=1)
    return computed


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
        self.classed = nn.Identity()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        tokens = images.flatten(2).transpose(1, 2)
        self.tokens(tokens)
        self.classed(torch.cat([100 + tokens[:, :1], tokens], 1))
        self.last(images.permute(0, 2, 3, 1))
        self.windows(images.reshape(-1, 3, 4))
        self.pair((images, images))
        mean: torch.Tensor = self.vector(images.mean((2, 3)))
        return mean


def test_pixels_are_normalised_by_what_the_network_expects() -> None:
    network = Network(nn.Sequential(nn.Identity()), "same", EXPECTED)
    images = pixels()
    expected = (images.mean((1, 2)) / 255 - MEAN) / STD
    np.testing.assert_allclose(extract(network, "0", images=images)[0], expected, rtol=1e-5)


def test_every_layout_is_pooled_over_all_but_the_channels() -> None:
    network = Network(Layouts(), "layouts", EXPECTED)
    tokens, last, vector = extract(network, "tokens", "last", "vector")
    np.testing.assert_allclose(tokens, vector, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(last, vector, rtol=1e-4, atol=1e-5)


def test_what_cannot_be_pooled_is_not_listed() -> None:
    assert list(Network(Layouts(), "layouts", EXPECTED).shapes()) == ["tokens", "classed", "last", "vector"]


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
    run = build_extract(network, ("3",), pooling=Pooling(bands=2, time="mean+std"), runtime=Runtime())
    network.module.register_forward_pre_hook(lambda module, images: seen.append(tuple(images[0].shape[2:])))
    assert run(pixels(*size))[0].shape == (2, 7 * 2 * 2)
    assert seen == [size]


def test_a_network_for_one_size_gets_the_whole_image_in_it() -> None:
    """Halves of different brightness stay halves: nothing is cropped."""
    images = np.zeros((1, 64, 128, 3), np.uint8)
    images[:, :, :16] = 255
    features = extract(Network(Fixed(), "fixed", PLAIN), "inner", images=images)[0]
    np.testing.assert_allclose(features, 1 / 8, atol=0.01)


def test_the_original_input_is_that_of_torchvision() -> None:
    """A wide and a tall image, down and up, both interpolations; its tensors are rounded to whole numbers."""
    transforms = pytest.importorskip("torchvision.transforms")
    modes = transforms.InterpolationMode
    for height, width in ((40, 90), (90, 41), (20, 30)):
        images = torch.tensor(pixels(height, width)).permute(0, 3, 1, 2)
        for mode in (modes.BILINEAR, modes.BICUBIC):
            expected = transforms.CenterCrop(32)(transforms.Resize(36, mode, antialias=True)(images))
            wanted = attrs.evolve(EXPECTED, interpolation=mode.value)
            assert torch.equal(networks.fit_images(images, wanted, "original"), expected.float())


def test_a_network_for_any_size_can_be_given_its_own() -> None:
    images = np.zeros((1, 64, 128, 3), np.uint8)
    images[:, :, :16] = 255
    network = Network(nn.Sequential(nn.Identity()), "same", PLAIN)
    np.testing.assert_allclose(extract(network, "0", images=images, input="stretch")[0], 1 / 8, atol=0.01)
    np.testing.assert_allclose(extract(network, "0", images=images, input="original")[0], 0, atol=0.01)


def test_bfloat16_and_compiled_agree_with_float32() -> None:
    pooling = Pooling(bands=2, time="mean+std")
    exact = extract(small(), "0", "3", pooling=pooling)
    for runtime in (Runtime(precision="bfloat16"), Runtime(compile=True)):
        for features_of_images, expected in zip(
            extract(small(), "0", "3", pooling=pooling, runtime=runtime), exact, strict=True
        ):
            assert features_of_images.dtype == np.float32
            assert not np.array_equal(features_of_images, expected) or runtime.compile
            assert (cosines(features_of_images, expected) > 0.999).all()


def test_what_cannot_be_compiled_runs_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from torch._inductor import config

    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(config.cpp, "cxx", ("no-such-compiler",))
    with pytest.warns(UserWarning, match="small could not be compiled, so it runs as it is"):
        features_of_images = extract(small(), "3", images=pixels(44, 50), runtime=Runtime(compile=True))
    np.testing.assert_allclose(features_of_images[0], extract(small(), "3", images=pixels(44, 50))[0], rtol=1e-4)


class Full(nn.Module):
    """Has memory for `room` images."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room, self.seen, self.inner = room, list[int](), nn.Identity()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.seen.append(len(images))
        if len(images) > self.room:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        same: torch.Tensor = self.inner(images)
        return same


def test_the_batch_is_halved_for_good_when_memory_runs_out() -> None:
    module, images = Full(2), pixels(count=7)
    run = build_extract(Network(module, "full", PLAIN), ("inner",), input="stretch", runtime=Runtime())
    module.seen.clear()
    for _ in range(2):
        np.testing.assert_allclose(run(images)[0], images.mean((1, 2)) / 255, atol=0.01)
    assert module.seen == [7, 4, 2, 2, 2, 1, 2, 2, 2, 1]


def test_memory_too_small_for_one_image_is_told() -> None:
    module = Full(2)
    run = build_extract(Network(module, "full", PLAIN), ("inner",), input="stretch", runtime=Runtime())
    module.room = 0
    with pytest.raises(CoveyError, match="Memory is too small for full on one image"):
        run(pixels())


def test_an_image_that_would_not_fit_into_memory_is_refused_before_work_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("covey.extraction.memory.free_memory", lambda: 10**8)
    sentence = (
        r"it has 2,000 x 1,000 pixels, for which small needs about 0\.\d GB of memory, and 0\.1 GB are free: cut it"
    )
    with pytest.raises(NotEnoughMemory, match=sentence):
        extract(small(), "3", images=pixels(1000, 2000, 1))
    monkeypatch.setattr("covey.extraction.memory.free_memory", lambda: 10**9)
    assert extract(small(), "3", images=pixels(1000, 2000, 1))[0].shape == (1, 7)


def test_read_only_pixels_are_taken_without_a_warning(recwarn: pytest.WarningsRecorder) -> None:
    images = pixels()
    images.flags.writeable = False
    extract(small(), "0", images=images)
    assert not list(recwarn)


def test_pooling_by_hand() -> None:
    maps = torch.tensor([[[[1.0, 3.0], [5.0, 7.0], [9.0, 11.0], [13.0, 19.0]]]])
    assert networks.pool(maps, Pooling()).tolist() == [[8.5]]
    assert networks.pool(maps, Pooling(bands=2)).tolist() == [[4.0, 13.0]]
    assert networks.pool(maps, Pooling(bands=2, time="max")).tolist() == [[5.0, 15.0]]
    assert networks.pool(maps, Pooling(bands=2, time="mean+std")).tolist() == [[4.0, 13.0, 1.0, 2.0]]
    assert networks.pool(maps, Pooling(freq_pool=3)).tolist() == [[6.0, pytest.approx(16 / 3)]]
    assert networks.pool(maps, Pooling(freq_pool=1, time="max")).tolist() == [[3.0, 7.0, 11.0, 19.0]]


@pytest.mark.parametrize(("rows", "width"), [(1, 14336), (2, 7168), (3, 5120), (5, 3072)])
def test_blocks_of_rows_give_the_originals_shapes(rows: int, width: int) -> None:
    """DenseNet121 `features.denseblock3` in the original tools."""
    assert networks.pool(torch.ones(2, 1024, 14, 14), Pooling(freq_pool=rows)).shape == (2, width)


def test_time_by_hand() -> None:
    maps = torch.tensor([[[[9.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 9.0]]]])
    assert networks.pool(maps, Pooling(edges=1)).tolist() == [[3.5]]
    assert networks.pool(maps, Pooling(edges=1, time="thirds")).tolist() == [[1.5, 3.5, 5.5]]
    assert networks.pool(maps[..., :2], Pooling(time="thirds")).tolist() == [[9.0, 5.0, 1.0]]
    with pytest.raises(CoveyError, match="edges = 4 removes all 8 columns of the layer"):
        networks.pool(maps, Pooling(edges=4))


@pytest.mark.parametrize("rows", [1, 2, 3, 7])
def test_any_number_of_rows_gives_the_bands_asked_for(rows: int) -> None:
    pooled = networks.pool(torch.ones(2, 5, rows, 4), Pooling(bands=3, time="max"))
    assert pooled.tolist() == [[1.0] * 15] * 2


def test_bands_of_a_layer_without_frequencies_are_refused() -> None:
    network = Network(Layouts(), "layouts", EXPECTED)
    for pooling in (Pooling(bands=2), Pooling(freq_pool=2)):
        with pytest.raises(CoveyError, match="'vector' of layouts has no frequency axis: use bands = 1"):
            extract(network, "vector", pooling=pooling)


@pytest.mark.parametrize("size", [(32, 32), (40, 50), (64, 16)])
@pytest.mark.parametrize("layer", ["tokens", "classed"])
def test_tokens_lie_as_the_image_does_and_the_class_token_is_left_out(layer: str, size: tuple[int, int]) -> None:
    network = Network(Layouts(), "layouts", EXPECTED)
    images = pixels(*size)
    for pooling in (Pooling(bands=4), Pooling(time="thirds")):
        computed, maps = extract(network, layer, "last", images=images, pooling=pooling)
        np.testing.assert_allclose(computed, maps, rtol=1e-4, atol=1e-5)


def test_an_unknown_layer_is_told_with_those_that_there_are() -> None:
    with pytest.raises(CoveyError, match=r"small has no layer '9' that can be tapped\. Among its layers: 0, 1, 2, 3\."):
        extract(small(), "9")


def test_an_image_too_small_for_the_network_is_told() -> None:
    with pytest.raises(CoveyError, match="small failed on 2 images of 2 x 2 pixels"):
        extract(small(), "3", images=pixels(2, 2))


def test_a_device_that_is_not_there_is_told() -> None:
    missing = "mps" if torch.cuda.is_available() else "cuda"
    with pytest.raises(CoveyError, match=f"device '{missing}' cannot be used"):
        extract(small(), "0", runtime=Runtime(device=missing))


def test_threads_are_set_for_the_run_alone() -> None:
    network, seen, before = small(), [], torch.get_num_threads()
    run = build_extract(network, ("0",), runtime=Runtime(threads=before + 1))
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
@pytest.mark.parametrize("content", [0, 0.5])
def test_a_damaged_file_is_told(tmp_path: Path, name: str, content: float) -> None:
    whole = tmp_path / "whole"
    torch.save(small().module.state_dict(), whole)
    data = whole.read_bytes()
    (tmp_path / name).write_bytes(data[: int(len(data) * content)])
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


def test_weights_for_other_classes_fit_but_for_the_last_layer(tmp_path: Path) -> None:
    def network(classes: int) -> nn.Sequential:
        return nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(16, classes))

    source, module, path = network(5), network(9), tmp_path / "weights.pt"
    torch.save({"state_dict": {f"module.{key}": value for key, value in source.state_dict().items()}}, path)
    networks.put_weights(module, networks.read_weights(path), path, "tiny")
    images = torch.rand(2, 3, 4, 4)
    assert torch.equal(module(images), source[:2](images))
    wider = nn.Sequential(nn.Conv2d(3, 5, 3), nn.Flatten(), nn.Linear(20, 5))
    with pytest.raises(CoveyError, match=r"do not fit tiny .*of another shape: '0\.weight'"):
        networks.put_weights(wider, source.state_dict(), path, "tiny")


def test_weights_of_another_network_are_told_by_key() -> None:
    module = small().module
    weights = {"0.weight": torch.zeros(1), "head.weight": torch.zeros(2)}
    with pytest.raises(CoveyError) as caught:
        networks.put_weights(module, weights, Path("w.pth"), "small")
    assert "'w.pth' do not fit small (missing: '0.bias', '1.weight', '1.bias' and 5 more" in str(caught.value)
    assert "not expected: 'head.weight'; of another shape: '0.weight')" in str(caught.value)
