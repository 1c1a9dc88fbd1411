"""What is found out about the machine, and what can be forced."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from covey import CoveyError, Runtime
from covey.extraction.runtime import EARNED_BACK, Machine, _gain

torch = pytest.importorskip("torch")


def test_it_is_found_out_what_computes_fastest_here() -> None:
    found = Machine().runtime(100)
    assert found.device == ("cuda" if torch.cuda.is_available() else "mps" if torch.mps.is_available() else "cpu")
    assert found.batch_size >= 8
    assert found.threads == 0
    if found.device == "cpu":
        flags = torch.backends.cpu.get_cpu_capability()
        assert found.precision == "float32" or "AVX512" in flags


@pytest.mark.parametrize(("seconds", "precision"), [(0.5, "bfloat16"), (0.9, "float32"), (2.0, "float32")])
def test_bfloat16_is_taken_where_it_is_found_faster(
    seconds: float, precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    took = {"torch.float32": 1.0, "torch.bfloat16": seconds}
    now = [0.0]
    convolve = torch.nn.functional.conv2d

    def slow(images: Any, *args: Any, **given: Any) -> Any:
        now[0] += took[str(images.dtype)]
        return convolve(images, *args, **given)

    monkeypatch.setattr("covey.extraction.runtime._has_bfloat16", lambda: True)
    monkeypatch.setattr("covey.extraction.runtime.time.perf_counter", lambda: now[0])
    monkeypatch.setattr("torch.nn.functional.conv2d", slow)
    _gain.cache_clear()
    assert Machine(device="cpu").runtime(1).precision == precision
    _gain.cache_clear()


def test_a_short_job_is_not_compiled_and_a_long_one_where_it_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    cpu = Machine(device="cpu")
    assert not cpu.runtime(EARNED_BACK - 1).compile
    monkeypatch.setattr("shutil.which", lambda name: f"/bin/{name}")
    monkeypatch.setattr("sysconfig.get_path", lambda name: __file__)
    assert not cpu.runtime(EARNED_BACK).compile  # no Python.h there


def test_everything_can_be_forced() -> None:
    forced = Machine(device="cpu", precision="float32", compile=True, batch_size=5, threads=3)
    assert forced.runtime(1) == Runtime(device="cpu", precision="float32", compile=True, batch_size=5, threads=3)
    assert not Machine(compile=False).runtime(10**6).compile
    assert Machine(device="cpu", precision="bfloat16").runtime(1).precision == "bfloat16"


def test_what_cannot_be_is_told() -> None:
    with pytest.raises(CoveyError, match="option 'device' must be one of cpu, cuda, mps, or none, not 'gpu'"):
        Machine(device="gpu")


def test_without_torch_there_is_nothing_to_find_out() -> None:
    code = (
        "import sys; sys.modules['torch'] = None; import importlib.util as u; found = u.find_spec\n"
        "u.find_spec = lambda name: None if name == 'torch' else found(name)\n"
        "from covey import Runtime; from covey.extraction.runtime import Machine\n"
        "assert Machine().runtime(10**6) == Runtime()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_importing_it_imports_no_torch() -> None:
    subprocess.run(
        [sys.executable, "-c", "import sys, covey.extraction.runtime; sys.exit('torch' in sys.modules)"], check=True
    )
