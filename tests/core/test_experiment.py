"""covey.toml: validated as a whole, every error with its place."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.fixture_types import Cli

from covey import CoveyError, Runtime
from covey._base.errors import in_terminal
from covey.components.kinds import Kind
from covey.components.options import option_values
from covey.experiments.experiment import from_flags, read_experiment
from covey.plugins.registry import Registry

GOOD = """
dataset = "birds/"
out = "results"
[[extractor]]
use = "torchvision"
model = "ResNet50"
layers = ["layer2.3.conv3", "layer3.5.conv3"]
[[reducer]]
use = "pca"
sizes = [2, 4]
[[clusterer]]
use = "dbscan"
eps = [0.3, 0.4, 0.5]
[[clusterer]]
use = "hdbscan"
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "covey.toml"
    path.write_text(text, "utf-8")
    return path


def test_a_file_says_which_components_work(tmp_path: Path, registry: Registry) -> None:
    experiment = read_experiment(write(tmp_path, GOOD), registry)
    assert experiment.dataset == str(tmp_path / "birds")
    assert experiment.out == str(tmp_path / "results")
    assert option_values(experiment.extractors[0])["layers"] == ["layer2.3.conv3", "layer3.5.conv3"]
    assert experiment.reducers[0].sizes == (2, 4)
    assert [option_values(item).get("eps") for item in experiment.clusterers[:3]] == [0.3, 0.4, 0.5]
    assert experiment.clusterers[3].name == "hdbscan"


def test_what_is_left_out_is_the_default(tmp_path: Path, registry: Registry) -> None:
    experiment = read_experiment(write(tmp_path, 'dataset = "."'), registry)
    computed = [experiment.extractors[0].name, experiment.reducers[0].name, experiment.clusterers[0].name]
    assert computed == ["timm", "umap", "dbscan"]
    assert experiment.out is None


def test_the_file_and_the_flags_mean_the_same(tmp_path: Path, registry: Registry) -> None:
    flags = from_flags(
        str(tmp_path / "birds"),
        str(tmp_path / "results"),
        {Kind.EXTRACTOR: ["torchvision"], Kind.REDUCER: ["pca"], Kind.CLUSTERER: ["dbscan"]},
        [
            "extractor.model=ResNet50",
            "extractor.layers=layer2.3.conv3,layer3.5.conv3",
            "reducer.sizes=2,4",
            "clusterer.eps=0.3,0.4",
            "clusterer.eps=0.5",
        ],
        registry,
    )
    text = GOOD.replace('[[clusterer]]\nuse = "hdbscan"\n', "")
    assert read_experiment(write(tmp_path, text), registry) == flags


def test_every_error_is_reported_with_its_line(tmp_path: Path, covey: Cli) -> None:
    path = write(
        tmp_path,
        """dataset = "."
redcuer = 1

[[extractor]]
use = "tim"

[[clusterer]]
use = "dbscan"
eps = [0.3, -1]

[[clusterer]]
use = "dbscan"
min_sample = 3
eps = []
""",
    )
    result = covey("run", path)
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        f"Error: {path}, line 2: there is no setting 'redcuer'. Did you mean 'reducer'?",
        f"{path}, line 5: There is no extractor 'tim'. Did you mean 'timm'?"
        " Installed: birdnet, clip, saec, selftaught, timm, torchvision.",
        f"{path}, line 9: dbscan: option 'eps' must be a number greater than 0, or none, not -1.",
        f"{path}, line 13: dbscan: there is no option 'min_sample'. Did you mean 'min_samples'? "
        "Its options: eps, min_samples.",
        f"{path}, line 14: dbscan: option 'eps' is an empty list: give it at least one value, or leave it out.",
    ]


def test_the_message_for_an_unknown_plugin_has_the_command_that_installs_it(covey: Cli, tmp_path: Path) -> None:
    def run_extractor(name: str) -> str:
        path = write(tmp_path, f'dataset = "."\n[[extractor]]\nuse = "{name}"\n')
        result = covey("run", path)
        assert result.exit_code == 2
        assert f"{path}, line 3: There is no extractor" in result.stderr
        return result.stderr.strip()

    remedy = in_terminal("pip install covey-songnet")
    assert run_extractor("covey-songnet:songnet").endswith(f" To install it: {remedy}.")
    assert "pip install" not in run_extractor("covey:songnet")
    assert "pip install" not in run_extractor("songnet")
    assert "pip install" not in run_extractor("x; rm -rf:songnet")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", 'say which dataset: dataset = "folder".'),
        ("dataset = 3", "dataset must be a text, not 3."),
        ('dataset = "."\nextractor = []', "extractor is an empty list"),
        ('dataset = "."\n[[reducer]]\nsizes = [2]', 'every [[reducer]] needs a line such as use = "umap".'),
        ('dataset = "."\nreducer = "umap"', 'every [[reducer]] needs a line such as use = "umap".'),
        ("dataset = ", "cannot be read as TOML"),
    ],
)
def test_one_clear_sentence(tmp_path: Path, registry: Registry, text: str, sentence: str) -> None:
    with pytest.raises(CoveyError) as caught:
        read_experiment(write(tmp_path, text), registry)
    assert sentence in str(caught.value)
    assert str(tmp_path / "covey.toml") in str(caught.value)


@pytest.mark.usefixtures("brightness")
def test_a_file_runs_every_combination_once(tmp_path: Path, images: Path, covey: Cli) -> None:
    path = write(
        tmp_path,
        """
dataset = "images"
out = "out"
extractor = { use = "brightness", layers = ["mean", "deviation"] }
reducer = { use = "pca", sizes = [2, 3] }
clusterer = { use = "dbscan", eps = [0.3, 0.5], min_samples = [2, 3] }
""",
    )
    done = covey("run", path)
    assert done.exit_code == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith(f"{2 + 2 * 2 + 2 * 2 * 4} tables made, 0 kept from before")
    heads = (tmp_path / "out" / "clusters.csv").read_text("utf-8").splitlines()[0].split(",")
    columns = 3  # the cluster, the group that an image outside clusters may belong to, and the confidence
    assert len(set(heads)) == 1 + 2 * 2 * 4 * columns


def test_a_file_that_is_missing_or_no_text(tmp_path: Path, registry: Registry) -> None:
    with pytest.raises(CoveyError, match="cannot be read"):
        read_experiment(tmp_path / "none.toml", registry)
    (tmp_path / "covey.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CoveyError, match="cannot be read"):
        read_experiment(tmp_path / "covey.toml", registry)


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("eps=3", "write KIND.OPTION=VALUE"),
        ("clusterer.eps", "write KIND.OPTION=VALUE"),
        ("cluster.eps=3", "Did you mean 'clusterer'?"),
        ("clusterer.ebs=3", "--set clusterer.ebs: dbscan: there is no option 'ebs'. Did you mean 'eps'?"),
        (
            "clusterer.eps=wide",
            "--set clusterer.eps: dbscan: option 'eps' must be a number greater than 0, or none, not 'wide'.",
        ),
    ],
)
def test_a_wrong_flag_is_explained(covey: Cli, tmp_path: Path, setting: str, sentence: str) -> None:
    result = covey("run", tmp_path, "--set", setting)
    assert result.exit_code == 2
    assert sentence in result.stderr


def test_a_windows_path_is_a_folder_and_no_scheme(tmp_path: Path, registry: Registry) -> None:
    text = "dataset = 'C:\\data\\birds'"
    assert read_experiment(write(tmp_path, text), registry).dataset.endswith("birds")


@pytest.mark.parametrize(
    "text", ['[runtime]\ndevice = "cpu"\nthreads = 2\n', 'runtime = { device = "cpu", threads = 2 }\n']
)
def test_a_file_says_how_to_compute(text: str, tmp_path: Path, registry: Registry) -> None:
    experiment = read_experiment(write(tmp_path, f'dataset = "."\n{text}'), registry)
    assert experiment.runtime == Runtime(device="cpu", threads=2)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('dataset = "."\n\n[runtime]\nthreads = 0\n', 4),
        ('runtime.threads = 0\ndataset = "."\n', 1),
        ('out = """\n[runtime]\nthreads = 1\n"""\ndataset = "."\n[runtime]\nthreads = 0\n', 7),
    ],
)
def test_a_wrong_setting_of_the_runtime_is_named_with_its_line(
    text: str, line: int, tmp_path: Path, registry: Registry
) -> None:
    path = write(tmp_path, text)
    with pytest.raises(CoveyError, match=f"line {line}: .*option 'threads' must be"):
        read_experiment(path, registry)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('clusterer.use = "dbscan"\nclusterer.eps = -1', 3),
        ('clusterer = [{ use = "dbscan" },\n  { use = "dbscan", eps = -1 }]', 3),
        ('out = """\n[[clusterer]]\neps = 1\n"""\n[[clusterer]]\nuse = "dbscan"\n"eps" = -1', 8),
        ('[[clusterer]]\nuse = "dbscan"\n[[reducer]]\nuse = "pca"\n[[clusterer]]\nuse = "dbscan"\neps = -1', 8),
    ],
)
def test_a_wrong_option_is_named_with_its_line_however_it_is_written(
    text: str, line: int, tmp_path: Path, registry: Registry
) -> None:
    path = write(tmp_path, f'dataset = "."\n{text}\n')
    with pytest.raises(CoveyError, match=f"line {line}: dbscan: option 'eps' must be"):
        read_experiment(path, registry)


def test_flags_go_before_the_settings_of_a_file(covey: Cli, images: Path, brightness: None) -> None:
    path = images / "covey.toml"
    sections = '[[extractor]]\nuse = "brightness"\n[[reducer]]\nuse = "pca"\nsizes = 2\n[runtime]\nbatch_size = 4\n'
    path.write_text(f'dataset = "."\n{sections}', "utf-8")
    assert covey("run", path, "--batch-size", "2").exit_code == 0
    (features,) = images.glob("full_features_*.npz")
    assert '"batch_size": 2' in covey("info", features, "--json").stdout
    (images / features).unlink()
    path.write_text(f'dataset = "."\n{sections}device = "cpu"\n', "utf-8")
    assert "The setting device has no effect in this run" in covey("run", path).stderr


@pytest.mark.parametrize("text", ["[" * 10_000, "9" * 10_000])
def test_a_file_that_no_parser_can_take_is_one_sentence(tmp_path: Path, text: str) -> None:
    with pytest.raises(CoveyError, match="cannot be read as TOML"):
        read_experiment(write(tmp_path, f"a = {text}"), Registry())
