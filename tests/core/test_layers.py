"""Wildcards among layers, and the list of what can be tapped."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.fixture_types import Cli

from covey import CoveyError, FeatureExtractor, Runtime, component, option
from covey.components.contracts import Extract
from covey.extraction.layer_wildcards import expand_wildcards

LAYERS = ["stem", "layer1.0.conv3", "layer1.0", "layer3.0.conv1", "layer3.0.conv3", "layer3.10.conv3", "layer3"]


@component
class Listed(FeatureExtractor):
    """Has many layers and no network."""

    name = "listed"
    model: str = option(default="small", help="Which.")
    layers: tuple[str, ...] = option(default=("stem",), plural=True, help="Which.")

    def load(self, runtime: Runtime) -> Extract:
        raise AssertionError("it is only listed")

    def available_layers(self) -> Mapping[str, tuple[int, ...]]:
        return dict.fromkeys(LAYERS, (1,)) if self.model == "small" else {"layer3.0.conv3": (2,)}


def expanded(content: Path, *layers: str, model: str = "small") -> tuple[str, ...]:
    return expand_wildcards(Listed(layers=layers, model=model), content).layers


def test_a_wildcard_stands_for_all_that_fit_in_the_order_of_computation(tmp_path: Path) -> None:
    stored = tmp_path / "layers.json"
    assert expanded(stored, "layer3.*.conv3") == ("layer3.0.conv3", "layer3.10.conv3")
    assert expanded(stored, "layer3.?.conv[13]") == ("layer3.0.conv1", "layer3.0.conv3")
    assert expanded(stored, "layer3", "layer3*") == ("layer3", "layer3.0.conv1", "layer3.0.conv3", "layer3.10.conv3")
    assert expanded(stored, "layer3.*.conv3", model="other") == ("layer3.0.conv3",)


def test_names_without_wildcards_are_left_alone(tmp_path: Path) -> None:
    extractor = Listed(layers=("unknown", "stem"))
    assert expand_wildcards(extractor, tmp_path / "layers.json") is extractor
    assert list(tmp_path.iterdir()) == []


def test_what_fits_is_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stored = tmp_path / "layers.json"
    first = expanded(stored, "layer1*")
    monkeypatch.setattr(Listed, "available_layers", lambda self: pytest.fail("it was listed again"))
    assert expanded(stored, "layer1*") == first
    assert expanded(stored, "*.conv1") == ("layer3.0.conv1",)


@pytest.mark.parametrize("content", ["", "[1]", '{"a": '])
def test_a_damaged_memory_is_made_anew(tmp_path: Path, content: str) -> None:
    stored = tmp_path / "layers.json"
    stored.write_text(content)
    assert expanded(stored, "st*") == ("stem",)
    assert list(json.loads(stored.read_text()).values()) == [LAYERS]


def test_a_wildcard_that_nothing_fits_is_told(tmp_path: Path) -> None:
    with pytest.raises(CoveyError, match=r"No layer of listed matches 'layer9\.\*': there are stem, .* in a terminal"):
        expanded(tmp_path / "layers.json", "layer9.*")


def test_an_extractor_without_layers_is_left_alone(tmp_path: Path) -> None:
    @component
    class Plain(FeatureExtractor):
        """Has no layers."""

        name = "plain"

        def load(self, runtime: Runtime) -> Extract:
            raise AssertionError

    extractor = Plain()
    assert expand_wildcards(extractor, tmp_path / "layers.json") is extractor


@pytest.mark.usefixtures("brightness")
def test_the_command_lists_layers_and_shapes(covey: Cli) -> None:
    done = covey("layers", "brightness", "--set", "bands=2")
    assert done.stdout.split() == ["layer", "output", "mean", "6", "deviation", "6"]
    assert json.loads(covey("layers", "brightness", "--json").stdout) == {"mean": [12], "deviation": [12]}


@pytest.mark.usefixtures("brightness")
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nothing"], "There is no extractor 'nothing'"),
        (["brightness", "--set", "bands"], "--set bands: write OPTION=VALUE"),
        (["brightness", "--set", "bnds=2"], "there is no option 'bnds'. Did you mean 'bands'?"),
        (["brightness", "--set", "bands=0"], "option 'bands' must be a whole number at least 1"),
    ],
)
def test_mistakes_are_told(covey: Cli, words: list[str], message: str) -> None:
    done = covey("layers", *words)
    assert done.exit_code == 2
    assert message in done.output


def test_real_networks_are_listed_with_the_shapes_of_their_outputs(covey: Cli) -> None:
    pytest.importorskip("torchvision")
    done = covey("layers", "torchvision", "--set", "model=ResNet18")
    lines = {line.split()[0]: line.split(maxsplit=1)[1].strip() for line in done.output.splitlines()}
    assert lines["layer3.1.conv2"] == "256 x 14 x 14"
    assert lines["fc"] == "1000"


def test_a_second_time_wildcards_need_no_torch(tmp_path: Path) -> None:
    pytest.importorskip("torchvision")
    code = (
        "import sys; from pathlib import Path; from covey.extraction.layer_wildcards import expand_wildcards\n"
        "from covey_torchvision import Torchvision\n"
        "wild = Torchvision(model='ResNet18', layers=('layer?.1.conv2',))\n"
        "print(*expand_wildcards(wild, Path(sys.argv[1])).layers, 'torch' in sys.modules)"
    )
    ran = [
        subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / "layers.json")], capture_output=True, text=True, check=True
        ).stdout.split()
        for _ in range(2)
    ]
    layers = [f"layer{number}.1.conv2" for number in range(1, 5)]
    assert ran == [[*layers, "True"], [*layers, "False"]]
