"""A bucket holds what a folder holds; its options are set like those of any storage.

The buckets are in memory, in a folder, or on a server of S3 on this machine.
"""

from __future__ import annotations

import logging
import secrets
import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import fsspec
import pytest
from tests.fixture_types import Cli

import covey as covey_api
from covey import CoveyError
from covey._base.user_folders import user_data_folder
from covey.components.kinds import Kind
from covey.experiments.experiment import from_flags, read_experiment
from covey.experiments.jobs import command_words, to_toml
from covey.labelling import LabelStore
from covey.plugins.locations import open_dataset
from covey.plugins.registry import Registry
from covey.plugins.user_config import user_config_file
from covey.testing import Check, checks
from covey_bucket import Bucket

QUICK = ("--extractor", "brightness", "--reducer", "pca", "--clusterer", "kmeans", "--set", "reducer.sizes=2")


@pytest.fixture(autouse=True)
def new_user(brightness: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user who has no data on this machine yet."""
    monkeypatch.setenv("COVEY_HOME", str(tmp_path / "user"))


@pytest.fixture(scope="module")
def s3_address() -> Iterator[str]:
    """The address of a server that speaks like S3."""
    pytest.importorskip("s3fs")
    server = pytest.importorskip("moto.server").ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(params=["memory", "file", "s3"])
def root(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty bucket."""
    if request.param == "s3":
        address = request.getfixturevalue("s3_address")
        monkeypatch.setitem(fsspec.config.conf, "s3", {"endpoint_url": address, "key": "k", "secret": "s"})
        bucket = f"lab-{secrets.token_hex(4)}"
        fsspec.filesystem("s3").mkdir(bucket)
        return f"s3://{bucket}"
    return (tmp_path / "lab").as_uri() if request.param == "file" else f"memory://{tmp_path.name}"


@pytest.fixture
def birds(root: str, images: Path) -> str:
    """A bucket with the dataset `birds`: images and nothing else."""
    fsspec.filesystem(root.partition(":")[0]).put(str(images), f"{root}/birds/images", recursive=True)
    return root


def configure(**settings: object) -> None:
    lines = [
        f"{name} = {str(value).lower() if isinstance(value, bool) else repr(value)}" for name, value in settings.items()
    ]
    user_config_file().parent.mkdir(parents=True, exist_ok=True)
    user_config_file().write_text("\n".join(["[storage]", 'use = "bucket"', *lines]), "utf-8")


def names_in(root: str) -> set[str]:
    files, path = fsspec.core.url_to_fs(f"{root}/birds")
    files.invalidate_cache()
    return {str(file)[len(path) :].strip("/") for file in files.find(path)}


def delete_local_copies() -> None:
    shutil.rmtree(user_data_folder() / "buckets")


@pytest.mark.parametrize(
    "check",
    checks(Bucket, root=f"memory://{secrets.token_hex(4)}"),
    ids=lambda check: check.name,
)
def test_the_contract_is_kept(check: Check) -> None:
    check()


def test_a_run_leaves_in_the_bucket_what_it_leaves_in_a_folder(
    birds: str, images: Path, covey: Cli, tmp_path: Path
) -> None:
    assert covey("run", "bucket:birds", *QUICK, "--set", f"storage.root={birds}").exit_code == 0
    shutil.copytree(images, tmp_path / "folder" / "images")
    assert covey("run", tmp_path / "folder", *QUICK).exit_code == 0
    written = {path.relative_to(tmp_path / "folder").as_posix() for path in (tmp_path / "folder").rglob("*.*")}
    assert names_in(birds) == {name for name in written if not name.startswith(".covey")}
    assert {"clusters.csv", "images/call_00.png"} < names_in(birds)
    delete_local_copies()
    again = covey("run", "bucket:birds", *QUICK, "--set", f"storage.root={birds}")
    assert "0 tables made, 3 kept from before" in again.stdout


def test_results_go_to_a_bucket_that_an_experiment_file_names(root: str, images: Path, covey: Cli) -> None:
    lines = (
        f'dataset = "{images.name}"', 'out = "bucket:birds"', "[[storage]]", 'use = "bucket"', f'root = "{root}"',
        "[[extractor]]", 'use = "brightness"', "[[reducer]]", 'use = "pca"', "[[clusterer]]", 'use = "kmeans"',
    )  # fmt: skip
    path = images.parent / "covey.toml"
    path.write_text("\n".join(lines), "utf-8")
    refused = covey("run", path)
    assert "writes to bucket:birds, outside its own folder" in refused.stderr
    assert names_in(root) == set()
    assert covey("run", path, "--allow-outside").exit_code == 0
    assert {"clusters.csv", "covey.json"} < names_in(root)


def test_labels_are_in_the_bucket_after_each_action(birds: str, tmp_path: Path) -> None:
    configure(root=birds)
    covey_api.open("bucket:birds").labels.add(["call_00.png"], "robin")
    files, path = fsspec.core.url_to_fs(f"{birds}/birds/labels.sqlite")
    files.get_file(path, str(tmp_path / "sent.sqlite"))
    assert LabelStore(tmp_path / "sent.sqlite", writable=False).by_image() == {"call_00.png": ("robin",)}
    delete_local_copies()
    labels = covey_api.open("bucket:birds").labels
    assert labels.by_image() == {"call_00.png": ("robin",)}
    labels.undo()
    delete_local_copies()
    assert covey_api.open("bucket:birds").labels.by_image() == {}


def test_labels_that_cannot_be_sent_stay_on_this_machine(birds: str) -> None:
    configure(root=birds)
    labels = covey_api.open("bucket:birds").labels
    labels.add(["call_00.png"], "robin")
    files, path = fsspec.core.url_to_fs(f"{birds}/birds/labels.sqlite")
    files.pipe_file(path, b"of somebody else")
    with pytest.raises(CoveyError, match=r"safe on this machine, in .*labels.sqlite, but not yet where the dataset"):
        labels.add(["call_01.png"], "wren")
    assert labels.by_image() == {"call_00.png": ("robin",), "call_01.png": ("wren",)}
    assert covey_api.open("bucket:birds").labels.by_image() == labels.by_image()


def test_what_could_not_be_sent_is_sent_when_the_dataset_is_opened_again(birds: str, tmp_path: Path) -> None:
    configure(root=birds)
    files, path = fsspec.core.url_to_fs(f"{birds}/birds/labels.sqlite")
    labels = covey_api.open("bucket:birds").labels
    labels.add(["call_00.png"], "robin")
    files.pipe_file(path, b"of somebody else")
    with pytest.raises(CoveyError, match="safe on this machine"):
        labels.add(["call_01.png"], "wren")
    files.rm_file(path)
    covey_api.open("bucket:birds")
    files.invalidate_cache()
    files.get_file(path, str(tmp_path / "sent.sqlite"))
    sent = LabelStore(tmp_path / "sent.sqlite", writable=False)
    assert sent.by_image() == {"call_00.png": ("robin",), "call_01.png": ("wren",)}


def test_of_two_changes_the_one_that_is_not_deleted_is_used(birds: str) -> None:
    configure(root=birds)
    files, path = fsspec.core.url_to_fs(f"{birds}/birds/clusters.csv")
    dataset = covey_api.open("bucket:birds")
    (dataset.home / "clusters.csv").write_text("mine", "utf-8")
    dataset.keep(dataset.home / "clusters.csv")
    files.pipe_file(path, b"theirs")
    (dataset.home / "clusters.csv").write_text("mine, changed", "utf-8")
    covey_api.open("bucket:birds")
    assert (dataset.home / "clusters.csv").read_text("utf-8") == "mine, changed"
    (dataset.home / "clusters.csv").unlink()
    covey_api.open("bucket:birds")
    assert (dataset.home / "clusters.csv").read_text("utf-8") == "theirs"


def test_an_address_is_a_location(birds: str, covey: Cli) -> None:
    assert covey("run", f"bucket:{birds}/birds", *QUICK).exit_code == 0
    assert "clusters.csv" in names_in(birds)


def test_addresses_that_look_alike_have_copies_of_their_own(birds: str) -> None:
    homes = {covey_api.open(f"bucket:{birds}/birds{end}").home for end in ("", "/images")}
    assert len(homes) == 2
    storage = Bucket()
    for address in ("memory://a/b-c", "memory://a-b/c"):
        fsspec.filesystem("memory").pipe_file(f"{address}/images/x.png", b"x")
        storage.fetch(address)
        homes.add(storage.open(address).home)
    assert len(homes) == 4


def test_an_interrupted_fetch_goes_on(images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("covey_bucket.remote_folder._BATCH", 4)
    shutil.copytree(images, tmp_path / "lab" / "images")
    address = f"bucket:{(tmp_path / 'lab').as_uri()}"
    gone = tmp_path / "lab" / "images" / "call_23.png"
    content = gone.read_bytes()
    gone.unlink()
    gone.symlink_to(tmp_path / "nowhere")
    for _ in range(2):
        with pytest.raises(CoveyError, match="lab cannot be used"):
            covey_api.open(address)
    before = {path: path.stat().st_mtime_ns for path in user_data_folder().rglob("*.png")}
    assert len(before) >= 4
    gone.unlink()
    gone.write_bytes(content)
    fetched = covey_api.open(address).images
    assert fetched is not None
    assert len(fetched.names()) == 24
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_bucket_that_is_gone_is_used_as_it_was_fetched(images: Path, tmp_path: Path, covey: Cli) -> None:
    shutil.copytree(images, tmp_path / "lab" / "images")
    address = f"bucket:{(tmp_path / 'lab').as_uri()}"
    assert covey("info", address).exit_code == 0
    shutil.rmtree(tmp_path / "lab")
    again = covey("info", address, "--json")
    assert '"images": 24' in again.stdout
    assert "check the spelling. What was fetched before is used." in again.stderr
    shutil.rmtree(user_data_folder() / "buckets")
    assert covey("info", address).exit_code == 2


def test_names_that_lead_elsewhere_are_left_out_and_counted(birds: str, covey: Cli) -> None:
    files, path = fsspec.core.url_to_fs(f"{birds}/birds")
    for name in (".hidden/x.png", "images/trailing.", "images/back\\slash.png"):
        files.makedirs(f"{path}/{name}".rpartition("/")[0], exist_ok=True)
        files.pipe_file(f"{path}/{name}", b"x")
    shown = covey("info", f"bucket:{birds}/birds", "--json")
    assert "3 files left out, hidden or with names that not every system allows" in shown.stderr
    assert '"images": 24' in shown.stdout


@pytest.mark.parametrize(
    ("location", "sentence"),
    [
        ("bucket:birds", "'birds' is no address: write bucket:s3://…, or set the option root of the storage bucket."),
        ("bucket:nosuch://lab/birds", "nosuch://lab/birds cannot be used (Protocol not known: nosuch"),
        pytest.param(
            "bucket:gs://lab/birds",
            "gs://lab/birds needs another package: Please install gcsfs",
            marks=pytest.mark.skipif(find_spec("gcsfs") is not None, reason="gcsfs is installed"),
        ),
        ("bucket:memory://empty/birds", "There is no dataset in memory://empty/birds: check the spelling."),
    ],
)
def test_a_wrong_address_is_named(covey: Cli, location: str, sentence: str) -> None:
    refused = covey("info", location)
    assert refused.exit_code == 2
    assert sentence in refused.stderr


def test_a_folder_is_pushed(root: str, images: Path, covey: Cli) -> None:
    for flags in (["--public"], ["--message", "new"], ["--original"]):
        refused = covey("push", images, f"bucket:{root}/birds", *flags)
        assert "leave out public, message and original" in refused.stderr
    assert names_in(root) == set()
    pushed = covey("push", images, f"bucket:{root}/birds")
    assert f"24 files sent to {root}/birds." in pushed.stdout
    assert '"images": 24' in covey("info", f"bucket:{root}/birds", "--json").stdout


def test_nothing_is_sent_to_a_bucket_that_is_only_read(root: str, images: Path, covey: Cli) -> None:
    configure(root=root, read_only=True)
    for words in (["push", images, "bucket:birds"], ["run", images, "--out", "bucket:birds", *QUICK]):
        assert "bucket:birds is only read (option read_only): name another place." in covey(*words).stderr
    assert names_in(root) == set()


def test_a_disk_that_is_full_is_named(birds: str, covey: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as full:
        full.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=0))
        assert "0.0 GB left: make room" in covey("info", f"bucket:{birds}/birds").stderr
    assert covey("info", f"bucket:{birds}/birds").exit_code == 0


def test_repaired_labels_are_sent(birds: str, covey: Cli) -> None:
    configure(root=birds)
    dataset = covey_api.open("bucket:birds")
    dataset.labels.add(["call_00.png"], "robin")
    contents = bytearray((dataset.home / "labels.sqlite").read_bytes())
    contents[4096:4200] = bytes(104)
    (dataset.home / "labels.sqlite").write_bytes(contents)
    assert covey("labels", "repair", "bucket:birds").exit_code == 0
    repaired = (dataset.home / "labels.sqlite").read_bytes()
    files, path = fsspec.core.url_to_fs(f"{birds}/birds/labels.sqlite")
    assert files.cat_file(path) == repaired != contents


def test_every_command_opens_the_bucket_with_the_users_settings(birds: str, covey: Cli, tmp_path: Path) -> None:
    configure(root=birds)
    assert covey("run", "bucket:birds", *QUICK).exit_code == 0
    covey_api.open("bucket:birds").labels.add(["call_00.png"], "robin")
    assert covey("export", "bucket:birds", tmp_path / "tables", "--to", "csv").exit_code == 0
    assert "call_00.png,robin" in (tmp_path / "tables" / "labels.csv").read_text("utf-8")
    assert covey("report", "bucket:birds", "-o", tmp_path / "report.html").exit_code == 0
    assert "brightness" in (tmp_path / "report.html").read_text("utf-8")
    assert '"images": 24' in covey("info", "bucket:birds", "--json").stdout


def test_nothing_is_computed_for_a_bucket_that_cannot_be_written(birds: str, covey: Cli, tmp_path: Path) -> None:
    configure(root=birds, read_only=True)
    refused = covey("run", "bucket:birds", *QUICK)
    assert refused.exit_code == 2
    assert "bucket:birds cannot be written: name a place for the results (out)." in refused.stderr
    assert not list(user_data_folder().rglob("*.npz"))
    assert covey("run", "bucket:birds", *QUICK, "--out", tmp_path / "results").exit_code == 0
    (tmp_path / "features.csv").write_text("filename,d0\ncall_00.png,1\n", "utf-8")
    imported = covey("import", "features", "bucket:birds", tmp_path / "features.csv")
    assert "bucket:birds cannot be written" in imported.stderr


def test_labels_of_a_bucket_that_cannot_be_written_lie_with_the_user(birds: str) -> None:
    configure(root=birds, read_only=True)
    labels = covey_api.open("bucket:birds").labels
    labels.add(["call_00.png"], "robin")
    assert labels.path.is_relative_to(user_data_folder() / "labels")
    assert "labels.sqlite" not in names_in(birds)
    configure(root=birds)
    assert covey_api.open("bucket:birds").labels.by_image() == {"call_00.png": ("robin",)}
    delete_local_copies()
    assert covey_api.open("bucket:birds").labels.by_image() == {"call_00.png": ("robin",)}


def test_an_experiment_says_more_of_a_storage_than_the_user_does(birds: str, tmp_path: Path) -> None:
    configure(root="memory://elsewhere", read_only=True)
    registry = Registry.installed()
    storage = registry.get(Kind.STORAGE, "bucket")
    dataset = open_dataset(registry, "bucket:birds", storages=[storage(root=birds)])  # type: ignore[call-arg]
    assert dataset.writable
    assert dataset.images is not None


def test_wrong_settings_of_the_user_are_named_with_their_line(covey: Cli) -> None:
    user_config_file().parent.mkdir(parents=True)
    user_config_file().write_text('stroage = 1\n[[storage]]\nuse = "bucket"\nroof = "x"\n', "utf-8")
    assert covey("info", "bucket:birds").stderr.splitlines() == [
        f"Error: {user_config_file()}, line 1: there is no setting 'stroage'. Did you mean 'storage'?",
        f"{user_config_file()}, line 4: bucket: there is no option 'roof'. Did you mean 'root'? Its options: root,"
        " read_only.",
    ]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["storage.roof=x"], "--set storage.roof: bucket: there is no option 'roof'. Did you mean 'root'?"),
        (["storage.read_only=perhaps"], "--set storage.read_only: bucket: option 'read_only' must be true or false"),
        (["storage.root=a", "storage.root=b"], "bucket has several settings: give each of its options one value, once"),
        (["stroage.root=a"], "Did you mean 'storage'?"),
    ],
)
def test_wrong_flags_are_named(settings: list[str], message: str) -> None:
    with pytest.raises(CoveyError) as caught:
        from_flags("bucket:birds", None, {}, settings, Registry.installed())
    assert message in str(caught.value)


def test_options_of_a_storage_that_is_not_used_are_an_error(tmp_path: Path) -> None:
    path = tmp_path / "covey.toml"
    path.write_text('dataset = "birds"\n[storage]\nuse = "bucket"\n', "utf-8")
    with pytest.raises(CoveyError, match=r"line 2: bucket is not used: neither dataset nor out begins with bucket:"):
        read_experiment(path, Registry.installed())
    with pytest.raises(CoveyError, match=r"npz: there is no option 'root'\. It has no options\."):
        from_flags(str(tmp_path), None, {}, ["storage.root=x"], Registry.installed())


def test_a_file_and_a_command_repeat_the_settings(tmp_path: Path) -> None:
    registry = Registry.installed()
    settings = ["storage.root=memory://x", "storage.read_only=true"]
    experiment = from_flags(str(tmp_path), "bucket:birds", {}, settings, registry)
    path = tmp_path / "covey.toml"
    path.write_text(to_toml(experiment, registry), "utf-8")
    assert read_experiment(path, registry) == experiment
    words = command_words(experiment, registry)
    assert words is not None
    assert words[-4:] == ["--set", "storage.root=memory://x", "--set", "storage.read_only=true"]
