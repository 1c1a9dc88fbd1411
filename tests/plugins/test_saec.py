"""The extractor `saec`: weights of each net of the original, made on the spot; nothing foreign is run unasked."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from tests.fixture_types import Cli

from covey import CoveyError, Runtime
from covey.components.options import key_values
from covey.data.folder import FolderDataset
from covey.data.provenance import Provenance

torch = pytest.importorskip("torch")

from covey_saec import ARCHITECTURES, Saec  # noqa: E402
from covey_saec.encoders import ENCODERS, build_encoder  # noqa: E402

STAMP = "20250614_004030"
LATENTS = {
    "conv_tran_L5_TP32_ch256": (256, 8, 2_400),
    "conv_tran_L5_TP32_ch512": (512, 8, None),
    "conv_conv_L5_TP32": (256, 8, None),
    "conv_tran_L5_sym": (256, 8, 2_660),
    "conv_tran_L4_TP08": (256, 32, None),
    "conv_tran_texture_01": (256, 32, 770),
    "conv_tran_textr_resh": (512, 32, 280),
}
"""Channels and columns for an image of 128 x 256 pixels, and thousands of weights as far as they are published."""


def saved(folder: Path, architecture: str) -> Path:
    """Write the state dict of a net with random weights."""
    torch.manual_seed(0)
    path = folder / f"{STAMP}_encoder_model_{architecture}_epo006.pth"
    torch.save(build_encoder(architecture).state_dict(), path)
    return path


def pixels(height: int = 128, width: int = 256) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (2, height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_each_net_of_the_original_gives_its_latent_averaged_over_time(tmp_path: Path, architecture: str) -> None:
    encoder = build_encoder(architecture).eval()
    path = tmp_path / "encoder.pth"
    torch.save(encoder.state_dict(), path)
    channels, columns, thousands = LATENTS[architecture]
    with torch.inference_mode():
        latent = encoder(torch.from_numpy(pixels()).permute(0, 3, 1, 2) / 255).numpy().reshape(2, channels, columns)
    (features,) = Saec(weights=str(path), architecture=architecture).load(Runtime(device="cpu"))(pixels())
    inner = latent[:, :, 2:-2]
    np.testing.assert_allclose(features, np.concatenate([inner.mean(2), inner.std(2)], 1), rtol=1e-4, atol=1e-5)
    if thousands:
        count = sum(parameter.numel() for parameter in encoder.parameters())
        assert count / 1000 == pytest.approx(thousands, abs=5)


def test_the_table_has_all_nets() -> None:
    assert tuple(ENCODERS) == ARCHITECTURES


def test_tables_have_the_names_that_the_original_reads(covey: Cli, tmp_path: Path) -> None:
    path = saved(tmp_path, "conv_tran_texture_01")
    for number, image in enumerate(np.concatenate([pixels(width=64)] * 6)):
        (tmp_path / "birds").mkdir(exist_ok=True)
        Image.fromarray(np.roll(image, number, axis=1)).save(tmp_path / "birds" / f"call_{number:02}.png")
    net = ["--set", f"extractor.weights={path}", "--set", "extractor.architecture=conv_tran_texture_01"]
    words = ["--reducer", "pca", "--set", "reducer.sizes=2,4,8", "--clusterer", "kmeans"]
    done = covey("run", tmp_path / "birds", "--extractor", "saec", *net, *words, "--set", "clusterer.clusters=2")
    assert done.exit_code == 0, done.output
    (entry,) = FolderDataset(tmp_path / "birds").features()
    assert entry.name.startswith(f"full_features_saec_{STAMP}~")
    assert entry.shape == (12, 512)
    pytest.importorskip("pandas")
    assert covey("export", tmp_path / "birds", "--to", "original", tmp_path / "out").exit_code == 0
    assert (tmp_path / "out" / f"dimred_8_neigh_0_saec_{STAMP}.npz").is_file()


def test_the_contents_of_the_file_decide_the_key(tmp_path: Path) -> None:
    path = saved(tmp_path, "conv_tran_texture_01")
    copy = tmp_path / "copy.pth"
    copy.write_bytes(path.read_bytes())
    keys = [Provenance.of(Saec(weights=str(file)), "images").identity for file in (path, copy)]
    assert keys[0] == keys[1]
    copy.write_bytes(path.read_bytes() + b" ")
    assert Provenance.of(Saec(weights=str(copy)), "images").identity != keys[0]
    assert "architecture" not in key_values(Saec(weights=str(path), trust=True))


def test_weights_of_another_net_are_named(tmp_path: Path) -> None:
    path = saved(tmp_path, "conv_tran_L5_sym")
    with pytest.raises(CoveyError, match="are those of conv_tran_L5_sym, not of conv_tran_L4_TP08: set architecture"):
        Saec(weights=str(path), architecture="conv_tran_L4_TP08").load(Runtime())
    torch.save({"conv0.0.weight": torch.zeros(1)}, path)
    with pytest.raises(CoveyError, match="do not fit conv_tran_L5_TP32_ch256"):
        Saec(weights=str(path)).load(Runtime())


class Harm:
    """An object whose pickle runs a command."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return os.system, (f"touch {self.path}",)


def test_a_hostile_file_runs_nothing(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    torch.save({"conv0.0.weight": Harm(mark)}, tmp_path / "zip.pth")
    (tmp_path / "bare.pth").write_bytes(pickle.dumps(Harm(mark)))
    torch.save(build_encoder("conv_tran_texture_01"), tmp_path / "module.pth")  # as the original saves whole nets
    (tmp_path / "text.pth").write_text("hello")
    for name in ("zip", "bare", "module", "text"):
        with pytest.raises(CoveyError, match=r"are refused|cannot be read"):
            Saec(weights=str(tmp_path / f"{name}.pth"), trust=True).load(Runtime())
        assert not mark.exists()


def test_a_torchscript_program_is_run_only_if_it_is_trusted(tmp_path: Path) -> None:
    encoder = build_encoder("conv_tran_texture_01").eval()
    path = tmp_path / f"{STAMP}_encoder_script_conv_tran_texture_01_epo006.pth"
    torch.jit.save(torch.jit.script(encoder), path)
    with pytest.raises(CoveyError, match="is a TorchScript program, which runs when it is loaded: set trust = true"):
        Saec(weights=str(path)).load(Runtime())
    torch.save(encoder.state_dict(), tmp_path / "state.pth")
    own = Saec(weights=str(tmp_path / "state.pth"), architecture="conv_tran_texture_01").load(Runtime(device="cpu"))
    (features,) = Saec(weights=str(path), trust=True).load(Runtime(device="cpu"))(pixels())
    np.testing.assert_allclose(features, own(pixels())[0], rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(("height", "width"), [(64, 256), (256, 256), (128, 128), (16, 16)])
def test_images_that_do_not_suit_the_net(tmp_path: Path, height: int, width: int) -> None:
    extract = Saec(weights=str(saved(tmp_path, ARCHITECTURES[0]))).load(Runtime(device="cpu"))
    with pytest.raises(CoveyError, match=rf"128 pixels high.* not {width} x {height} pixels"):
        extract(pixels(height, width))


def test_without_a_file_it_says_what_it_needs() -> None:
    with pytest.raises(CoveyError, match="saec needs an encoder of the original tools: name its file"):
        Saec().load(Runtime())
