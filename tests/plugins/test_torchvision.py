"""The extractor `torchvision`, on random weights: what it gives, and what it says when it cannot."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from covey import CoveyError, Runtime
from covey.components.kinds import Kind
from covey.data.images import ImageFolder
from covey.plugins.registry import Registry

pytest.importorskip("torch")
models = pytest.importorskip("torchvision.models")

import torch  # noqa: E402

from covey_torchvision import Torchvision  # noqa: E402


def small(**options: object) -> Torchvision:
    assigned = {"model": "ResNet18", "layers": ("layer3",), "weights": "random"} | options
    return Torchvision(**assigned)  # type: ignore[arg-type]


def pixels(height: int = 128, width: int = 256) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (2, height, width, 3), dtype=np.uint8)


TORCH = Runtime(threads=1, backend="torch")
"""Where the backend does not matter, the one that need not convert a network first."""


def features(
    extractor: Torchvision, images: NDArray[np.uint8] | None = None, runtime: Runtime | None = None
) -> NDArray[np.float32]:
    run = extractor.load(runtime or Runtime(threads=1))
    return np.asarray(run(pixels() if images is None else images)[0])


def real(dataset: Path, count: int) -> NDArray[np.uint8]:
    folder = ImageFolder(dataset / "images")
    names = folder.names()
    return np.stack([folder.pixels(name) for name in names[:: len(names) // count][:count]])


def test_the_extractor_is_registered_and_ready() -> None:
    registered = Registry.installed().find("torchvision", Kind.EXTRACTOR)
    assert (registered.cls.name, registered.status) == ("torchvision", "ready")


def test_listing_and_identity_do_not_import_torch(tmp_path: Path) -> None:
    (tmp_path / "w.pth").write_bytes(b"weights")
    code = (
        "import sys; from covey_torchvision import Torchvision\n"
        f"Torchvision(weights={str(tmp_path / 'w.pth')!r}).identity()\n"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("model", "layer", "bands", "width"),
    [
        ("ResNet50", "layer3.5.conv3", 4, 4096),
        ("DenseNet121", "features.denseblock3", 5, 5120),
        ("MobileNet_V3_Large", "features.12", 1, 112),
        ("resnet18", "fc", 1, 1000),
    ],
)
def test_each_kind_of_network_gives_its_channels_times_the_bands(
    model: str, layer: str, bands: int, width: int
) -> None:
    run = Torchvision(model=model, layers=(layer,), weights="random", bands=bands).load(TORCH)
    for size in ((128, 256), (100, 90)):
        features_of_images = run(pixels(*size))[0]
        assert features_of_images.shape == (2, width)
        assert features_of_images.dtype == np.float32
        assert np.isfinite(features_of_images).all()
        assert not np.array_equal(features_of_images[0], features_of_images[1])


def test_features_are_what_torchvision_computes(tmp_path: Path) -> None:
    """The original's way, by hand: normalised whole images, layer 3, mean over frequency and time."""
    model = models.resnet18().eval()
    torch.save(model.state_dict(), tmp_path / "w.pth")
    images = torch.tensor(pixels()).permute(0, 3, 1, 2) / 255
    images = (images - torch.tensor([0.485, 0.456, 0.406])[:, None, None]) / torch.tensor([0.229, 0.224, 0.225])[
        :, None, None
    ]
    with torch.inference_mode():
        stem = model.maxpool(model.relu(model.bn1(model.conv1(images))))
        expected: NDArray[np.float32] = model.layer3(model.layer2(model.layer1(stem))).mean((2, 3)).numpy()
    np.testing.assert_allclose(features(small(weights=str(tmp_path / "w.pth"))), expected, rtol=1e-4, atol=1e-6)


def original(model: str, layer: str, freq_pool: int, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The original's recipe, written anew: the weights' own transforms, block means over frequency, mean over time."""
    name = model.lower()
    extraction = pytest.importorskip("torchvision.models.feature_extraction")
    transforms = models.get_model_weights(name).DEFAULT.transforms()
    network = Torchvision(model=model, layers=(layer,), weights="random").network().module
    tapped = extraction.create_feature_extractor(network, [layer])
    batch = torch.stack([transforms(torch.tensor(image).permute(2, 0, 1)) for image in images])
    with torch.inference_mode():
        maps: NDArray[np.float32] = tapped(batch)[layer].numpy()
    count, channels, rows, columns = maps.shape
    blocks = -(-rows // freq_pool)
    filled = np.zeros((count, channels, blocks * freq_pool, columns), np.float32)
    filled[:, :, :rows] = maps
    pooled = filled.reshape(count, channels, blocks, freq_pool, columns).mean(3)
    return np.asarray(pooled.mean(3).reshape(count, -1), np.float32)


def standardised(X: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray((X - X.mean(0)) / np.where(X.std(0) > 1e-6 * abs(X).max(), X.std(0), 1), np.float32)


@pytest.mark.parametrize(
    ("model", "layer", "freq_pool", "width"),
    [
        ("vgg16", "features.28", 2, 3584),
        ("ResNet50", "layer3.5.conv3", 4, 4096),
        ("DenseNet121", "features.denseblock3", 3, 5120),
    ],
)
def test_original_settings_give_the_originals_features(
    xc_dev: Path, model: str, layer: str, freq_pool: int, width: int
) -> None:
    images = real(xc_dev, 4)
    options: dict[str, object] = {"model": model, "layers": (layer,), "freq_pool": freq_pool, "input": "original"}
    features_of_images = features(small(**options), images)
    expected = original(model, layer, freq_pool, images)
    assert features_of_images.shape == (4, width)
    np.testing.assert_allclose(standardised(features_of_images), standardised(expected), atol=0.02)


@pytest.mark.parametrize(
    ("model", "layer", "width"),
    [
        ("ResNet50", "layer1.2.conv3", 256),
        ("DenseNet121", "features.denseblock1", 256),
        ("MobileNet_V3_Large", "features.6", 40),
        ("MobileNet_randinit", "features.6", 40),
        ("vgg16", "features.7", 128),
        ("Vit_b_16", "encoder.layers.encoder_layer_1", 768),
        ("MaxVit_T", "blocks.0.layers.0.layers.MBconv.layers.conv_c", 64),
        ("Swin_S", "features.1", 96),
    ],
)
def test_the_originals_models_see_real_images(xc_dev: Path, model: str, layer: str, width: int) -> None:
    run = small(model=model, layers=(layer,), bands=2).load(Runtime(precision="bfloat16"))
    (features_of_images,) = run(real(xc_dev, 3))
    assert features_of_images.shape == (3, 2 * width)
    assert np.isfinite(features_of_images).all()
    assert len(np.unique(features_of_images, axis=0)) == 3


def test_bfloat16_agrees_with_float32_image_by_image(xc_dev: Path) -> None:
    layers, images = ("layer1.2.conv3", "layer2.3.conv3", "layer3.5.conv3"), real(xc_dev, 8)
    extractor = small(model="ResNet50", layers=layers)
    exact, quick = (extractor.load(Runtime(precision=precision))(images) for precision in ("float32", "bfloat16"))
    for X, Y in zip(exact, quick, strict=True):
        assert not np.array_equal(X, Y)
        assert ((X * Y).sum(1) / np.linalg.norm(X, axis=1) / np.linalg.norm(Y, axis=1)).min() > 0.999


def test_the_originals_weights_are_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the file that could not be fetched; nothing is fetched for the random baseline."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    asked: list[str] = []

    def refuse(url: str, *_: object, **__: object) -> None:
        asked.append(url)
        raise OSError("no network")

    monkeypatch.setattr(torch.hub, "download_url_to_file", refuse)
    tags = {
        "ResNet50": "resnet50-11ad3fa6",  # IMAGENET1K_V2
        "MobileNet_V3_Large": "mobilenet_v3_large-5c1a4163",  # IMAGENET1K_V2
        "Vit_b_16": "vit_b_16_swag-9ac1b537",  # IMAGENET1K_SWAG_E2E_V1
    }
    for model, file in tags.items():
        with pytest.raises(CoveyError, match=f"weights of {model} could not be fetched"):
            Torchvision(model=model).network()
        assert file in asked[-1]
    with pytest.raises(CoveyError, match="weights of ResNet50 could not be fetched"):
        Torchvision(weights="IMAGENET1K_V1").network()
    assert "resnet50-0676ba61" in asked[-1]
    count = len(asked)
    assert Torchvision(model="MobileNet_randinit", layers=("features.6",)).network().name == "MobileNet_randinit"
    assert len(asked) == count


def test_unknown_released_weights_are_reported() -> None:
    with pytest.raises(CoveyError, match=r"no weights 'IMAGENET1K_V3' for ResNet50\. Did you mean 'IMAGENET1K_V"):
        Torchvision(weights="IMAGENET1K_V3").network()


def test_a_vision_transformer_takes_the_size_of_its_weights(tmp_path: Path) -> None:
    torch.save(models.vit_b_16(image_size=384).state_dict(), tmp_path / "w.pth")
    network = small(model="Vit_b_16", layers=("encoder.ln",), weights=str(tmp_path / "w.pth")).network()
    assert network.preprocessing.size == (384, 384)
    assert network.preprocessing.resize == 384


def test_a_vision_transformer_takes_a_size_that_no_released_weights_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.save(models.vit_b_32(image_size=320).state_dict(), tmp_path / "w.pth")
    extractor = small(model="vit_b_32", layers=("encoder.ln",), weights=str(tmp_path / "w.pth"))
    network = extractor.network()
    monkeypatch.setattr(Torchvision, "network", lambda _: network)  # building it takes seconds
    assert network.preprocessing.size == (320, 320)
    assert extractor.available_layers()["encoder.ln"] == (101, 768)
    assert features(extractor).shape == (2, 768)


def test_real_images_differ_from_each_other(esc10: Path) -> None:
    features_of_images = features(small(), real(esc10, 8))
    assert len(np.unique(features_of_images, axis=0)) == 8


def test_a_layer_gives_the_same_whatever_its_siblings_are() -> None:
    """The activation writes into the sum before it; layer1 and layer1.1 end in the same node."""
    layers = ("layer1.1.add", "layer1.1", "layer1", "bn1")
    together = small(layers=layers).load(Runtime())(pixels())
    for layer, computed in zip(layers, together, strict=True):
        np.testing.assert_array_equal(computed, features(small(layers=(layer,))))


def test_a_seed_makes_the_weights_and_nothing_else() -> None:
    torch.manual_seed(3)
    before = torch.get_rng_state()
    first = features(small(seed=1), runtime=TORCH)
    assert torch.equal(torch.get_rng_state(), before)
    np.testing.assert_array_equal(first, features(small(seed=1), runtime=TORCH))
    assert not np.allclose(first, features(small(seed=2), runtime=TORCH))


def test_layers_are_listed_in_order_and_can_be_tapped() -> None:
    listed = small().available_layers()
    order = ["conv1", "layer1.0.bn2", "layer1.0.add", "layer1.0", "layer1", "layer3", "layer4", "flatten", "fc"]
    assert [layer for layer in listed if layer in order] == order
    features_of_images = small(layers=tuple(listed)).load(Runtime())(pixels())
    assert all(len(item) == 2 and item.ndim == 2 for item in features_of_images)


def test_the_tag_names_model_and_layer() -> None:
    assert Torchvision().tag == "ResNet50_layer3.5.conv3"


def test_identity_follows_the_content_of_the_weights_file(tmp_path: Path) -> None:
    first, same, second = (tmp_path / name for name in ("one.pth", "same.pth", "other.pth"))
    for path, content in ((first, b"a"), (same, b"a"), (second, b"b")):
        path.write_bytes(content)
    assert small(weights=str(first)).identity() == small(weights=str(same)).identity()
    assert small(weights=str(first)).identity() != small(weights=str(second)).identity()
    first.write_bytes(b"changed")
    assert small(weights=str(first)).identity() != small(weights=str(same)).identity()
    assert small().identity() == {}


def test_a_missing_weights_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(CoveyError, match=r"none\.pth' cannot be read .*: give pretrained, random or the path"):
        small(weights=str(tmp_path / "none.pth")).identity()


def test_weights_of_another_model_are_reported_by_key(tmp_path: Path) -> None:
    torch.save(models.squeezenet1_1().state_dict(), tmp_path / "w.pth")
    with pytest.raises(CoveyError, match=r"do not fit ResNet18 \(missing: 'conv1\.weight'.*not expected: 'features\.0"):
        small(weights=str(tmp_path / "w.pth")).load(Runtime())


def test_an_unknown_model_is_reported_with_the_most_similar() -> None:
    with pytest.raises(CoveyError, match=r"no classification model 'ResNet51'\. Did you mean 'resnet50'"):
        small(model="ResNet51").load(Runtime())


def test_an_unknown_layer_is_reported_with_the_most_similar() -> None:
    with pytest.raises(CoveyError, match=r"ResNet18 has no layer 'layer33'.* Did you mean 'layer3'"):
        small(layers=("layer33",)).load(Runtime())


def test_without_network_one_sentence_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    with pytest.raises(CoveyError, match=r"weights of ResNet18 could not be fetched .* the extractor timm") as caught:
        small(weights="pretrained").load(Runtime())
    assert "\n" not in str(caught.value)
