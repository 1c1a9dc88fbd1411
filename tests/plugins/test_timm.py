"""The extractor `timm`: its packaged weights know real sounds, and it says what is wrong."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from covey import CoveyError, Runtime
from covey.components.kinds import Kind
from covey.components.options import allowed_choices
from covey.data.images import ImageFolder
from covey.data.provenance import Provenance
from covey.plugins.registry import Registry

pytest.importorskip("torch")
timm = pytest.importorskip("timm")

import torch  # noqa: E402
from tests.plugins.weightless import make_weightless  # noqa: E402

from covey_timm import Timm  # noqa: E402

ESC10 = Path(__file__).parents[3] / "shared" / "data" / "esc10"


def pixels(height: int = 128, width: int = 256) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (2, height, width, 3), dtype=np.uint8)


def features(
    extractor: Timm, images: NDArray[np.uint8] | None = None, backend: str | None = None
) -> NDArray[np.float32]:
    run = extractor.load(Runtime(threads=1, backend=backend))
    images = pixels() if images is None else images
    return np.concatenate([run(images[start : start + 16])[0] for start in range(0, len(images), 16)])


def accuracy(X: NDArray[np.float32], labels: NDArray[np.int64], groups: NDArray[np.str_]) -> float:
    """How often the 5 nearest images of other recordings, by majority, have the label of an image."""
    X = (X - X.mean(0)) / X.std(0)
    squares = (X**2).sum(1)
    distances = squares[:, None] + squares - 2 * X @ X.T
    distances[groups[:, None] == groups] = np.inf
    nearest = labels[np.argsort(distances, axis=1, kind="stable")[:, :5]]
    return float(np.mean([np.bincount(row).argmax() == label for row, label in zip(nearest, labels, strict=True)]))


def test_the_extractor_is_registered_and_ready() -> None:
    registered = Registry.installed().find("timm", Kind.EXTRACTOR)
    assert (registered.cls.name, registered.status) == ("timm", "ready")


def test_listing_and_identity_do_not_import_torch() -> None:
    code = "import sys; from covey_timm import Timm; Timm().identity(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_packaged_weights_know_sounds_that_random_ones_do_not() -> None:
    """Weights in the wrong place would not."""
    if not ESC10.is_dir():
        pytest.skip("needs ../shared/data")
    rows = list(csv.DictReader((ESC10 / "labels.csv").read_text("utf-8").splitlines()))[::4]
    folder = ImageFolder(ESC10 / "images")
    images = np.stack([folder.pixels(row["filename"]) for row in rows])
    labels = np.unique([row["label"] for row in rows], return_inverse=True)[1]
    groups = np.array([row["group"] for row in rows])
    trained = accuracy(features(Timm(), images), labels, groups)
    untrained = accuracy(features(Timm(weights="random"), images), labels, groups)
    assert trained > 0.65 > 0.55 > untrained


def test_bfloat16_agrees_with_float32_image_by_image() -> None:
    """The depthwise convolutions are what would not: few weights each, and their rounding does not average out."""
    if not ESC10.is_dir():
        pytest.skip("needs ../shared/data")
    folder = ImageFolder(ESC10 / "images")
    images = np.stack([folder.pixels(name) for name in folder.names()[::70]])
    extractor = Timm(layers=("blocks.0", "blocks.2", "blocks.4", "blocks.6", "conv_head"))
    exact, quick = (extractor.load(Runtime(precision=precision))(images) for precision in ("float32", "bfloat16"))
    for X, Y in zip(exact, quick, strict=True):
        assert not np.array_equal(X, Y)
        assert ((X * Y).sum(1) / np.linalg.norm(X, axis=1) / np.linalg.norm(Y, axis=1)).min() > 0.999


def test_weights_with_an_unknown_name_are_reported() -> None:
    with pytest.raises(CoveyError, match=r"There are no weights 'imagenet' for resnet18\. Its weights: pretrained"):
        Timm(model="resnet18", weights="imagenet").network()


def test_the_packaged_weights_are_padded_as_they_were_trained() -> None:
    """TensorFlow pads even sizes on the right and at the bottom alone."""
    file = Timm().weights_file()
    assert file is not None
    kernel = torch.load(file, weights_only=True)["_conv_stem.weight"]
    images = torch.tensor(pixels()).permute(0, 3, 1, 2) / 127.5 - 1
    padded = torch.nn.functional.pad(images, (0, 1, 0, 1))
    expected = torch.nn.functional.conv2d(padded, kernel, stride=2).mean((2, 3))
    np.testing.assert_allclose(features(Timm(layers=("conv_stem",), bands=1)), expected, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(
    ("model", "layer", "width"),
    [
        ("resnet18", "layer3", 4 * 256),
        ("swin_tiny_patch4_window7_224", "layers.1", 4 * 192),
        ("vit_tiny_patch16_224", "blocks.5", 4 * 192),
        ("maxvit_pico_rw_256", "stages.1", 4 * 64),
        ("resnet18", "global_pool", 512),
    ],
)
def test_each_kind_of_network_gives_its_channels_in_four_bands_or_one_without_frequencies(
    model: str, layer: str, width: int
) -> None:
    run = Timm(model=model, layers=(layer,), weights="random").load(Runtime(backend="torch"))
    for size in ((128, 256), (100, 90)):
        features_of_images = run(pixels(*size))[0]
        assert features_of_images.shape == (2, width)
        assert features_of_images.dtype == np.float32
        assert not np.array_equal(features_of_images[0], features_of_images[1])


def test_bands_and_times_multiply_the_features() -> None:
    assert features(Timm(bands=3, time="mean+std")).shape == (2, 112 * 3 * 2)
    np.testing.assert_array_equal(features(Timm()), features(Timm(bands=4)))
    assert features(Timm(freq_pool=2)).shape == (2, 112 * 4)


def test_one_band_has_the_key_that_it_had_when_it_was_the_default() -> None:
    earlier = "b79498597d0d44966f7c2d6b875a2feecab815e7bc3307e6590fe03a779f3911"
    assert Provenance.of(Timm(bands=1), "images").key == earlier


def test_a_weights_file_gives_the_features_of_its_model(tmp_path: Path) -> None:
    random = Timm(model="resnet18", layers=("layer2",), weights="random", seed=7)
    torch.save(random.network().module.state_dict(), tmp_path / "w.pth")
    read = Timm(model="resnet18", layers=("layer2",), weights=str(tmp_path / "w.pth"))
    np.testing.assert_array_equal(features(read), features(random))


def test_the_same_seed_gives_the_same_weights() -> None:
    first, same, second = (features(Timm(weights="random", seed=seed), backend="torch") for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, same)
    assert not np.allclose(first, second)


def test_identity_is_the_content_of_the_packaged_weights() -> None:
    assert Timm().identity()["weights"].startswith("57934424")  # the file is named by its hash
    assert Timm(weights="random").identity() == Timm(model="resnet18").identity() == {}


def test_layers_are_listed_without_fetching_weights() -> None:
    listed = Timm(model="resnet18", layers=("layer1",)).available_layers()
    order = ["conv1", "layer1.0.conv1", "layer1.0", "layer1", "layer2", "layer4", "global_pool", "fc"]
    assert [layer for layer in listed if layer in order] == order


def test_the_tag_names_model_and_layer() -> None:
    assert Timm().tag == "tf_efficientnet_lite0_blocks.4"


def test_weights_of_another_model_are_reported_by_key(tmp_path: Path) -> None:
    torch.save({"stem.weight": torch.zeros(2)}, tmp_path / "w.pth")
    with pytest.raises(CoveyError, match=r"do not fit tf_efficientnet_lite0 .*not expected: 'stem\.weight'"):
        Timm(weights=str(tmp_path / "w.pth")).load(Runtime())


def test_an_unknown_model_is_reported_with_the_most_similar() -> None:
    with pytest.raises(CoveyError, match=r"timm has no model 'efficientnet_lite9'\. Did you mean 'efficientnet_lite"):
        Timm(model="efficientnet_lite9").load(Runtime())


def test_an_unknown_layer_is_reported_with_the_most_similar() -> None:
    with pytest.raises(CoveyError, match=r"has no layer 'block\.4'.* Did you mean 'blocks\.4'"):
        Timm(layers=("block.4",)).load(Runtime())


def test_without_network_one_sentence_names_the_model_that_needs_none(tmp_path: Path) -> None:
    code = (
        "from covey import CoveyError, Runtime; from covey_timm import Timm\n"
        "try: Timm(model='resnet18', layers=('layer1',)).load(Runtime())\n"
        "except CoveyError as error: print(error)"
    )
    nowhere = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": str(tmp_path), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | nowhere, capture_output=True, text=True, check=True, timeout=600
    )
    assert done.stdout.startswith("The pretrained weights of resnet18 could not be fetched (")
    assert done.stdout.endswith(
        "or use the extractor timm with its default model, whose weights are installed with it.\n"
    )
    assert done.stdout.count("\n") == 1


def test_usual_models_come_first_with_their_true_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    models = [str(model) for model in allowed_choices(Timm(), "model") or ()]
    assert models[0] == Timm().model
    make_weightless(monkeypatch)
    for model in models[1:8]:
        tensors = timm.create_model(model).state_dict().values()
        size_mb = round(sum(tensor.nbytes for tensor in tensors) / 1e6)
        assert Timm().describe_choice("model", model) == f"about {size_mb} MB, needs a download"
    assert Timm().describe_choice("model", models[8]) == "needs a download"
    (tmp_path / "models--timm--resnet50.a1_in1k").mkdir()
    assert Timm().describe_choice("model", "resnet50") == "about 102 MB, on this machine"
