"""The extractor `clip`, on a small model with random weights: embedding, inner blocks, checkpoints, messages."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from covey import CoveyError, Runtime
from covey.components.options import allowed_choices
from covey.data.images import ImageFolder

pytest.importorskip("torch")
open_clip = pytest.importorskip("open_clip")

import torch  # noqa: E402
from tests.plugins.weightless import make_weightless  # noqa: E402
from torch import nn  # noqa: E402

from covey_clip import Clip  # noqa: E402

MODEL = "ViT-S-32-alt"


def small(**options: object) -> Clip:
    assigned = {"model": MODEL, "weights": "random"} | options
    return Clip(**assigned)  # type: ignore[arg-type]


def pixels(height: int = 128, width: int = 256) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (2, height, width, 3), dtype=np.uint8)


def features(
    extractor: Clip, images: NDArray[np.uint8] | None = None, backend: str | None = None
) -> list[NDArray[np.float32]]:
    return list(extractor.load(Runtime(backend=backend))(pixels() if images is None else images))


@pytest.fixture
def model() -> Any:
    torch.manual_seed(1)
    return open_clip.create_model(MODEL)


def test_listing_and_identity_do_not_import_torch() -> None:
    code = (
        "import sys; from covey_clip import Clip; Clip(weights='laion2b_s34b_b79k').identity()\n"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_embedding_is_what_openclip_computes(model: Any, tmp_path: Path) -> None:
    """From a checkpoint, with OpenCLIP's own transforms: nothing of it is covey's."""
    torch.save(model.state_dict(), tmp_path / "w.pt")
    images = pixels()
    batch = torch.tensor(images).permute(0, 3, 1, 2) / 255
    config = model.visual.preprocess_cfg
    batch = torch.nn.functional.interpolate(batch, (224, 448), mode="bicubic", antialias=True)[..., 112:336]
    mean, std = (torch.tensor(config[key]).view(3, 1, 1) for key in ("mean", "std"))
    with torch.inference_mode():
        expected: NDArray[np.float32] = model.eval().encode_image((batch.clamp(0, 1) - mean) / std).numpy()
    (features_of_images,) = features(small(weights=str(tmp_path / "w.pt"), input="original"))
    assert features_of_images.shape == (2, 256)
    assert np.linalg.norm(features_of_images - expected) < 0.02 * np.linalg.norm(expected)


@pytest.mark.parametrize("form", ["plain", "trained", "safetensors"])
def test_a_checkpoint_loads_back(model: nn.Module, tmp_path: Path, form: str) -> None:
    """As saved, as open_clip's training writes it, and as the hub keeps it."""
    state, path = model.state_dict(), tmp_path / ("w.safetensors" if form == "safetensors" else "w.pt")
    if form == "safetensors":
        pytest.importorskip("safetensors.torch").save_file(state, path)
    else:
        trained = {"epoch": 3, "state_dict": {f"module.{key}": value for key, value in state.items()}}
        torch.save(trained if form == "trained" else state, path)
    tower = small(weights=str(path)).network().module.state_dict()
    assert tower
    assert all(torch.equal(value, state[key]) for key, value in tower.items())


def test_inner_blocks_are_tapped_and_listed_by_openclips_names() -> None:
    listed = small().available_layers()
    assert listed["visual"] == (256,)
    assert listed["visual.transformer.resblocks.3"] == (50, 384)
    order = ["visual.conv1", "visual.transformer.resblocks.0", "visual.transformer.resblocks.11", "visual"]
    assert [layer for layer in listed if layer in order] == order
    block, embedding = features(small(layers=("visual.transformer.resblocks.3", "visual")))
    assert (block.shape, embedding.shape) == ((2, 384), (2, 256))
    (banded,) = features(small(layers=("visual.transformer.resblocks.3",), bands=7, time="thirds"))
    assert banded.shape == (2, 384 * 7 * 3)


def test_real_images_differ_in_bfloat16_too(xc_dev: Path) -> None:
    folder = ImageFolder(xc_dev / "images")
    images = np.stack([folder.pixels(name) for name in folder.names()[:4]])
    exact, quick = (small().load(Runtime(precision=name))(images)[0] for name in ("float32", "bfloat16"))
    assert len(np.unique(exact, axis=0)) == 4
    assert ((exact * quick).sum(1) / np.linalg.norm(exact, axis=1) / np.linalg.norm(quick, axis=1)).min() > 0.999


def test_a_seed_makes_the_weights() -> None:
    first, same, second = (features(small(seed=seed), backend="torch")[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, same)
    assert not np.allclose(first, second)


def test_a_model_that_cannot_be_built_is_reported() -> None:
    with pytest.raises(
        CoveyError, match=r"xlm-roberta-base-ViT-B-32 cannot be built \(.*install the library that its text half"
    ):
        small(model="xlm-roberta-base-ViT-B-32").network()


def test_a_checkpoint_of_another_model_is_reported_by_key(tmp_path: Path) -> None:
    torch.save({"stem.weight": torch.zeros(2)}, tmp_path / "w.pt")
    with pytest.raises(CoveyError, match=rf"w\.pt' do not fit {MODEL} \(missing: .*not expected: 'stem\.weight'"):
        small(weights=str(tmp_path / "w.pt")).network()


def test_a_file_that_would_run_code_is_refused(tmp_path: Path) -> None:
    torch.save({"state_dict": {"weight": Path("x")}}, tmp_path / "w.pt")
    with pytest.raises(CoveyError, match=r"w\.pt' are refused: .* could run code"):
        small(weights=str(tmp_path / "w.pt")).network()


def test_a_missing_file_is_reported() -> None:
    with pytest.raises(CoveyError, match=r"none/w\.pt' cannot be read"):
        small(weights="none/w.pt").network()


def test_unknown_names_are_reported_with_the_most_similar() -> None:
    with pytest.raises(CoveyError, match=r"OpenCLIP has no model 'ViT-B-33'\. Did you mean 'ViT-B-32"):
        small(model="ViT-B-33").network()
    with pytest.raises(CoveyError, match=r"no weights 'laion2b_s34b' for ViT-B-32\. Did you mean 'laion2b_s34b_b79k'"):
        Clip(weights="laion2b_s34b").network()
    with pytest.raises(CoveyError, match=rf"no weights 'pretrained' for {MODEL}\. None are released by name"):
        small(weights="pretrained").network()


def test_without_network_one_sentence_says_so_at_once(tmp_path: Path) -> None:
    code = (
        "from covey import CoveyError; from covey_clip import Clip\n"
        "try: Clip(weights='laion2b_s34b_b79k').network()\n"
        "except CoveyError as error: print(error)"
    )
    nowhere = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": str(tmp_path), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | nowhere, capture_output=True, text=True, check=True, timeout=600
    )
    assert done.stdout.startswith("The pretrained weights of ViT-B-32 (laion2b_s34b_b79k) could not be fetched (")
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""


def test_words_lie_where_openclip_puts_them(model: Any, tmp_path: Path) -> None:
    torch.save(model.state_dict(), tmp_path / "w.pt")
    texts = ["birdsong", "a low hum"]
    with torch.inference_mode():
        expected = model.eval().encode_text(open_clip.get_tokenizer(MODEL)(texts)).numpy()
    described = small(weights=str(tmp_path / "w.pt")).describe_text(texts, Runtime())
    np.testing.assert_allclose(described, expected, rtol=1e-4, atol=1e-5)
    assert described.shape[1] == features(small())[0].shape[1]
    with pytest.raises(CoveyError, match="compared with the layer visual"):
        small(layers=("visual.transformer.resblocks.1",)).describe_text(texts, Runtime())


def test_usual_models_come_first_with_their_true_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    models = [str(model) for model in allowed_choices(Clip(), "model") or ()]
    assert Clip().model in models[:6]
    make_weightless(monkeypatch)
    for model in models[:6]:
        tensors = open_clip.CLIP(**open_clip.get_model_config(model)).state_dict().values()
        size_mb = round(sum(tensor.nbytes for tensor in tensors) / 1e6)
        assert Clip().describe_choice("model", model) == f"about {size_mb:,} MB, needs a download"
    assert Clip().describe_choice("model", models[-1]) == "without weights"
    (tmp_path / "models--timm--resnet50_clip.openai").mkdir()
    assert next(iter(allowed_choices(Clip(), "model") or ())) == "RN50"
