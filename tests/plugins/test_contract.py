"""Every installed component keeps the contract."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.invented_recordings import SAMPLE
from tests.sound_server import make_wav, serve_sounds
from tests.xenocanto_server import XenoCantoServer

from covey.plugins.registry import Registered, Registry
from covey.testing import Check, checks
from covey_birdnet import Birdnet
from covey_birdnet.model_files import list_models

RECORDINGS = Path(tempfile.mkdtemp())
"""Where the source `folder` finds recordings."""
(RECORDINGS / "dawn").mkdir()
for file_name in ("dawn/robin.wav", "wren.wav"):
    (RECORDINGS / file_name).write_bytes(file_name.encode() * 100)


def write_encoder(folder: Path) -> str:
    """Write random weights for the extractor `saec`, and return their path."""
    torch = pytest.importorskip("torch")
    from covey_saec.encoders import build_encoder

    torch.save(build_encoder("conv_tran_texture_01").state_dict(), folder / "encoder.pth")
    return str(folder / "encoder.pth")


atexit.register(shutil.rmtree, RECORDINGS, ignore_errors=True)
BIRDNET = next(list_models(), None)
"""The model that the extractor birdnet needs; the tests themselves have a folder of their own for the user's data."""
OPTIONS: dict[str, dict[str, Any]] = {
    "torchvision": {"model": "ResNet18", "weights": "random", "layers": ("layer2.1.conv2", "layer3.1.conv2")},
    "kaggle": {"expected_failures": dict.fromkeys(("publish", "publish_again"), "its places are datasets on Kaggle")},
    "bucket": {"root": "memory://contract"},
    "folder": {"root": str(RECORDINGS)},
    "saec": {"weights": write_encoder(RECORDINGS), "architecture": "conv_tran_texture_01"},
    "selftaught": {"minutes": 0.004},
    "xeno-canto": {"pace": 0, "query": "gen:Inventa"},
    "inaturalist": {"pace": 0, "query": "Inventa"},
    "timm": {"layers": ("blocks.2", "blocks.4")},
    "clip": {
        "model": "ViT-S-32-alt",
        "weights": "random",
        "layers": ("visual", "visual.transformer.resblocks.1"),
    },
}
"""Options for components whose defaults fetch weights, or leave something unchecked."""
REGISTRY = Registry.installed()


def _options_of(registered: Registered) -> dict[str, Any]:
    """Return the options to check a component with; an importer has the name birdnet too."""
    if registered.cls is Birdnet:
        return {"weights": str(BIRDNET)} if BIRDNET else {}
    return OPTIONS.get(registered.name, {})


CHECKS = [
    pytest.param(registered, check, id=f"{registered.kind}-{registered.name}-{check.name}")
    for registered in REGISTRY.components
    for check in checks(registered.cls, **_options_of(registered))
]


@pytest.fixture(scope="module", autouse=True)
def xeno_canto() -> Iterator[None]:
    """Let the source xeno-canto ask a server on this machine."""
    server = XenoCantoServer([{**SAMPLE[0], "length": "0:01", "smp": 8000}])
    with pytest.MonkeyPatch.context() as patch:
        for name, text in server.environment.items():
            patch.setenv(name, text)
        yield
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module", autouse=True)
def inaturalist() -> Iterator[None]:
    """Let the source inaturalist ask a server on this machine."""
    with serve_sounds() as sounds, pytest.MonkeyPatch.context() as patch:
        patch.setenv("COVEY_INATURALIST_URL", sounds.url)
        sound = {"id": 1, "license_code": "cc-by", "file_url": "https://static.inaturalist.org/sounds/1.wav"}
        sounds.answers["/v1/observations"] = lambda query: (
            200,
            {"results": [{"id": 7, "sounds": [sound]}] if query["id_above"] == "0" else []},
        )
        sounds.files["/sounds/1.wav"] = make_wav()
        yield


@pytest.mark.parametrize(("registered", "check"), CHECKS)
def test_every_component_keeps_its_contract(registered: Registered, check: Check) -> None:
    if registered.missing:
        pytest.skip(registered.status)
    if registered.cls is Birdnet and not BIRDNET:
        pytest.skip("needs the model: covey weights birdnet")
    check()


def test_no_installed_plugin_is_broken() -> None:
    assert REGISTRY.problems == []
