"""How to compute: decided by rules from the hardware, the number of images and the settings."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from covey import CoveyError, FeatureExtractor, Runtime, component
from covey.components.contracts import Extract
from covey.extraction.runtime import BATCH_SIZE, COMPILE_FROM, check_settings, resolve_runtime
from covey.extraction.vision_extractor import VisionExtractor
from covey.testing import Brightness

torch = pytest.importorskip("torch")


@component
class Unused(FeatureExtractor):
    """Uses the device, and nothing else."""

    name = "unused"
    uses = frozenset({"device"})

    def load(self, runtime: Runtime) -> Extract:
        raise NotImplementedError


@component
class Everything(Unused):
    """Uses every setting."""

    name = "everything"
    uses = VisionExtractor.uses


def resolve(images: int = 1, extractor: FeatureExtractor | None = None, **settings: Any) -> Runtime:
    return resolve_runtime(Runtime(**settings), extractor or Everything(), images)


def test_every_setting_becomes_a_number() -> None:
    runtime = resolve()
    assert runtime.device == (
        "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    )
    assert runtime.batch_size
    assert runtime.batch_size >= 8
    assert runtime.threads == torch.get_num_threads()
    assert runtime.workers == min(8, os.cpu_count() or 1)


@pytest.mark.parametrize(
    ("amx", "avx512", "vendor", "precision"),
    [
        (True, True, "GenuineIntel", "bfloat16"),
        (False, True, "AuthenticAMD", "bfloat16"),
        (False, True, "GenuineIntel", "float32"),
        (False, False, "AuthenticAMD", "float32"),
    ],
)
def test_bfloat16_is_chosen_for_processors_that_are_faster_with_it(
    amx: bool, avx512: bool, vendor: str, precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx, raising=False)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: avx512, raising=False)
    monkeypatch.setattr("covey.extraction.runtime._processor_vendor", lambda: vendor)
    assert {resolve(device="cpu").precision for _ in range(3)} == {precision}


def test_a_short_run_is_not_compiled_and_a_long_one_if_it_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not resolve(COMPILE_FROM - 1, device="cpu", backend="torch").compile
    monkeypatch.setattr("shutil.which", lambda name: f"/bin/{name}")
    monkeypatch.setattr("sysconfig.get_path", lambda name: __file__)
    assert not resolve(COMPILE_FROM, device="cpu", backend="torch").compile  # no Python.h there


def test_a_long_run_is_compiled_where_compiler_and_headers_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "Python.h").touch()
    monkeypatch.setattr("shutil.which", lambda name: f"/bin/{name}")
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(tmp_path))
    assert resolve(COMPILE_FROM, device="cpu", backend="torch").compile
    assert not resolve(COMPILE_FROM, device="cpu", backend="openvino").compile


@pytest.mark.parametrize(
    ("device", "machine", "installed", "backend"),
    [
        ("cpu", "x86_64", True, "openvino"),
        ("cpu", "AMD64", True, "openvino"),
        ("cpu", "x86_64", False, "torch"),
        ("cpu", "arm64", True, "torch"),
        ("cuda", "x86_64", True, "torch"),
        ("mps", "arm64", True, "torch"),
    ],
)
def test_openvino_runs_networks_on_processors_where_it_is_installed(
    device: str, machine: str, installed: bool, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.machine", lambda: machine)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object() if installed else None)
    assert resolve(device=device).backend == backend
    assert resolve(device=device, backend="torch").backend == "torch"
    assert resolve(device=device, compile=True).backend == "torch"


def test_settings_that_exclude_each_other_are_refused() -> None:
    with pytest.raises(CoveyError, match="backend openvino computes on the CPU and not on cuda"):
        resolve(device="cuda", backend="openvino")
    with pytest.raises(CoveyError, match="compile is for the backend torch, not for openvino"):
        resolve(device="cpu", backend="openvino", compile=True)


def test_a_setting_that_is_given_is_used() -> None:
    runtime = Runtime(
        device="cpu", precision="bfloat16", backend="torch", compile=True, batch_size=5, threads=3, workers=2
    )
    assert resolve_runtime(runtime, Everything(), 1) == runtime
    assert not resolve(10**6, compile=False).compile


def test_settings_that_an_extractor_does_not_use_stay_open() -> None:
    runtime = resolve(10**6, Unused(), device="cpu", precision="bfloat16", threads=3)
    assert (runtime.device, runtime.precision, runtime.compile, runtime.threads) == ("cpu", None, None, None)
    plain = resolve(10**6, Brightness(), batch_size=None)
    assert (plain.device, plain.precision, plain.batch_size) == (None, None, BATCH_SIZE)


@pytest.mark.parametrize(
    "setting",
    [{"device": "cuda"}, {"precision": "bfloat16"}, {"threads": 2}, {"backend": "torch"}, {"compile": False}],
)
def test_a_setting_that_nothing_uses_is_an_error(setting: dict[str, Any]) -> None:
    with pytest.raises(CoveyError, match="has no effect in this run, because brightness would ignore it: leave it out"):
        check_settings(Runtime(**setting), [Brightness()])
    with pytest.raises(CoveyError, match="because nothing is extracted"):
        check_settings(Runtime(**setting), [])


def test_extractors_that_ignore_a_setting_are_named() -> None:
    extractors = [Brightness(), Everything(), Unused()]
    notes = check_settings(Runtime(device="cpu", precision="float32", batch_size=4), extractors)
    assert notes == ["brightness ignores the setting device.", "brightness, unused ignore the setting precision."]
    assert check_settings(Runtime(batch_size=4, workers=1), [Brightness()]) == []


def test_a_wrong_setting_is_explained() -> None:
    with pytest.raises(CoveyError, match="option 'device' must be one of cpu, cuda, mps, or none, not 'gpu'"):
        Runtime(device="gpu")


def test_an_extractor_without_torch_needs_no_torch() -> None:
    code = (
        "import sys; from covey import Runtime; from covey.testing import Brightness\n"
        "from covey.extraction.runtime import describe_machine, resolve_runtime\n"
        "runtime = resolve_runtime(Runtime(), Brightness(), 10**6)\n"
        "assert describe_machine(Brightness(), runtime)\n"
        "sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
