"""The extractor `torchvision`, on random weights: what it gives, and what it says when it cannot."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from covey import CoveyError, Runtime
from covey.images import ImageFolder
from covey.registry import Registry

torch = pytest.importorskip("torch")
models = pytest.importorskip("torchvision.models")

from covey_torchvision import Torchvision  # noqa: E402

IMAGES = Path(__file__).parents[3] / "shared" / "data" / "esc10" / "images"


def small(**options: object) -> Torchvision:
    given = {"model": "ResNet18", "layers": ("layer3",), "weights": "random"} | options
    return Torchvision(**given)  # type: ignore[arg-type]


def pixels(height: int = 128, width: int = 256) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (2, height, width, 3), dtype=np.uint8)


def features(extractor: Torchvision, images: NDArray[np.uint8] | None = None) -> NDArray[np.float32]:
    return np.asarray(extractor.load(Runtime(threads=1))(pixels() if images is None else images)[0])


def test_it_is_offered_and_ready() -> None:
    found = Registry.installed().find("torchvision", "extractor")
    assert (found.cls.name, found.status) == ("torchvision", "ready")


def test_neither_listing_it_nor_its_identity_imports_torch(tmp_path: Path) -> None:
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
        ("Swin_T", "features.5", 2, 768),
        ("Vit_b_16", "encoder.layers.encoder_layer_0", 1, 768),
        ("resnet18", "fc", 1, 1000),
    ],
)
def test_each_kind_of_network_gives_its_channels_times_the_bands(
    model: str, layer: str, bands: int, width: int
) -> None:
    run = Torchvision(model=model, layers=(layer,), weights="random", bands=bands).load(Runtime())
    for size in ((128, 256), (100, 90)):
        found = run(pixels(*size))[0]
        assert found.shape == (2, width)
        assert found.dtype == np.float32
        assert np.isfinite(found).all()
        assert not np.array_equal(found[0], found[1])


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
        expected = model.layer3(model.layer2(model.layer1(stem))).mean((2, 3)).numpy()
    np.testing.assert_allclose(features(small(weights=str(tmp_path / "w.pth"))), expected, rtol=1e-4, atol=1e-6)


def test_real_images_differ_from_each_other() -> None:
    if not IMAGES.is_dir():
        pytest.skip("needs ../shared/data")
    folder = ImageFolder(IMAGES)
    found = features(small(), np.stack([folder.pixels(name) for name in folder.names()[:8]]))
    assert len(np.unique(found, axis=0)) == 8


def test_a_layer_gives_the_same_whatever_its_siblings_are() -> None:
    """The activation writes into the sum before it; layer1 and layer1.1 end in the same node."""
    layers = ("layer1.1.add", "layer1.1", "layer1", "bn1")
    together = small(layers=layers).load(Runtime())(pixels())
    for layer, found in zip(layers, together, strict=True):
        np.testing.assert_array_equal(found, features(small(layers=(layer,))))


def test_a_seed_makes_the_weights_and_nothing_else() -> None:
    torch.manual_seed(3)
    before = torch.get_rng_state()
    first = features(small(seed=1))
    assert torch.equal(torch.get_rng_state(), before)
    np.testing.assert_array_equal(first, features(small(seed=1)))
    assert not np.allclose(first, features(small(seed=2)))


def test_layers_are_listed_in_order_and_can_be_tapped() -> None:
    listed = small().available_layers()
    order = ["conv1", "layer1.0.bn2", "layer1.0.add", "layer1.0", "layer1", "layer3", "layer4", "flatten", "fc"]
    assert [layer for layer in listed if layer in order] == order
    found = small(layers=tuple(listed)).load(Runtime())(pixels())
    assert all(len(item) == 2 and item.ndim == 2 for item in found)


def test_the_tag_names_model_and_layer() -> None:
    assert Torchvision().tag == "ResNet50_layer3.5.conv3"


def test_identity_follows_the_content_of_the_weights_file(tmp_path: Path) -> None:
    one, same, other = (tmp_path / name for name in ("one.pth", "same.pth", "other.pth"))
    for path, content in ((one, b"a"), (same, b"a"), (other, b"b")):
        path.write_bytes(content)
    assert small(weights=str(one)).identity() == small(weights=str(same)).identity()
    assert small(weights=str(one)).identity() != small(weights=str(other)).identity()
    one.write_bytes(b"changed")
    assert small(weights=str(one)).identity() != small(weights=str(same)).identity()
    assert small().identity() == {}


def test_a_missing_weights_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(CoveyError, match=r"none\.pth' cannot be read .*: give pretrained, random or the path"):
        small(weights=str(tmp_path / "none.pth")).identity()


def test_weights_of_another_model_are_told_by_key(tmp_path: Path) -> None:
    torch.save(models.squeezenet1_1().state_dict(), tmp_path / "w.pth")
    with pytest.raises(CoveyError, match=r"do not fit ResNet18 \(missing: 'conv1\.weight'.*not expected: 'features\.0"):
        small(weights=str(tmp_path / "w.pth")).load(Runtime())


def test_an_unknown_model_is_told_with_the_nearest() -> None:
    with pytest.raises(CoveyError, match=r"no classification model 'ResNet51'\. Did you mean 'resnet50'"):
        small(model="ResNet51").load(Runtime())


def test_an_unknown_layer_is_told_with_the_nearest() -> None:
    with pytest.raises(CoveyError, match=r"ResNet18 has no layer 'layer33'.* Did you mean 'layer3'"):
        small(layers=("layer33",)).load(Runtime())


def test_without_network_one_sentence_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    with pytest.raises(CoveyError, match=r"weights of ResNet18 could not be fetched .* --extractor timm") as told:
        small(weights="pretrained").load(Runtime())
    assert "\n" not in str(told.value)
