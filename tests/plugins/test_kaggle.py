"""Datasets on Kaggle: Kaggle's own client talks to a server on loopback."""

from __future__ import annotations

import io
import json
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from tests.fixture_types import Cli
from tests.original_frontend import OriginalFrontend
from tests.plugins.kaggle_server import STALLED, Files, KaggleServer, packed

from covey import CoveyError
from covey.components.kinds import Kind
from covey.data import metadata
from covey.data.folder import FolderDataset
from covey.data.legacy.pickles import read_frame
from covey.labelling import open_labels
from covey.plugins.locations import open_dataset
from covey.plugins.registry import Registry
from covey.testing import tiny_images, tiny_tables
from covey.testing.samples import tiny_state

if find_spec("kaggle") is None:
    pytest.skip('needs pip install "covey[kaggle]"', allow_module_level=True)

PLACE = "kaggle:owner/small-birds"
SLUG = "owner/small-birds"


@pytest.fixture
def kaggle(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[KaggleServer]:
    """Start a server; the user has credentials for it and a folder of their own."""
    from kagglesdk import kaggle_env

    server = KaggleServer()
    monkeypatch.setenv("KAGGLE_API_ENVIRONMENT", "LOCALHOST")
    monkeypatch.setitem(kaggle_env._env_to_endpoint, kaggle_env.KaggleEnv.LOCAL, server.url)
    monkeypatch.setenv("KAGGLE_USERNAME", "owner")
    monkeypatch.setenv("KAGGLE_KEY", "key")
    monkeypatch.delenv("KAGGLE_API_TOKEN", raising=False)
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("HOME", str(tmp_path / "person"))
    monkeypatch.setenv("COVEY_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr("covey_kaggle.client.RETRY_PAUSES_S", (0.01, 0.01, 0.01))
    monkeypatch.setattr("covey_kaggle.download.CHUNK", 500)
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def birds(tmp_path: Path) -> Path:
    """Return a dataset of six images, a table of each kind and metadata."""
    folder = tmp_path / "birds"
    images = tiny_images(folder / "images")
    FolderDataset(folder).save(tiny_tables(images.names()))
    text = "file_name_stub,rec,lic\nXC1_Great_tit,A. <b>Person</b>,//creativecommons.org/licenses/by-nc-sa/4.0/\n"
    (folder / "metadata.csv").write_text(text, "utf-8")
    return folder


@pytest.fixture
def published(kaggle: KaggleServer, birds: Path, covey: Cli) -> KaggleServer:
    """Return the server after that dataset was pushed."""
    done = covey("push", birds, PLACE)
    assert done.exit_code == 0, done.output
    return kaggle


def files_of(server: KaggleServer, slug: str = SLUG) -> Files:
    """Return the files of the first version."""
    files = server.datasets[slug][0]
    assert isinstance(files, dict)
    return files


def test_a_pushed_dataset_comes_back_by_pull(published: KaggleServer, birds: Path, covey: Cli, tmp_path: Path) -> None:
    pull = covey("pull", PLACE, tmp_path / "pulled")
    assert pull.exit_code == 0, pull.output
    pushed = {path.relative_to(birds): path.read_bytes() for path in birds.rglob("*.*") if ".covey" not in path.parts}
    pulled = {path.relative_to(tmp_path / "pulled"): path.read_bytes() for path in (tmp_path / "pulled").rglob("*.*")}
    assert pulled == pushed


def test_what_an_extractor_has_learned_goes_along(
    kaggle: KaggleServer, birds: Path, covey: Cli, tmp_path: Path
) -> None:
    learned = tiny_state(["image_000.png"])
    FolderDataset(birds).save([learned])
    assert covey("push", birds, PLACE).exit_code == 0
    for dataset in (open_dataset(Registry.installed(), PLACE), _pull(covey, tmp_path / "pulled")):
        (state,) = map(dataset.load, dataset.states())
        assert state.provenance == learned.provenance
        assert {name: array.tolist() for name, array in state.arrays.items()} == {
            name: array.tolist() for name, array in learned.arrays.items()
        }


def _pull(covey: Cli, folder: Path) -> FolderDataset:
    assert covey("pull", PLACE, folder).exit_code == 0
    return FolderDataset(folder)


def test_the_dashboard_opens_a_pushed_dataset(published: KaggleServer) -> None:
    streamlit = pytest.importorskip("streamlit.testing.v1")
    server = pytest.importorskip("covey_dashboard.server.server")
    app = streamlit.AppTest.from_file(str(server.APP), default_timeout=600).run()
    app.text_input(key="start.location").set_value(PLACE).run()
    assert not app.exception
    assert "6 images" in " ".join(item.value for item in (*app.html, *app.text))


def test_a_dataset_on_kaggle_is_used_like_a_folder(published: KaggleServer, birds: Path, covey: Cli) -> None:
    document = json.loads(covey("info", PLACE, "--json").stdout)
    assert document["location"] == PLACE
    assert document["images"] == 6
    assert document["tables"] == json.loads(covey("info", birds, "--json").stdout)["tables"]
    dataset = open_dataset(Registry.installed(), PLACE)
    for entry in dataset.entries():
        assert np.array_equal(dataset.load(entry).names, FolderDataset(birds).load(entry).names)


@pytest.mark.usefixtures("brightness")
def test_results_stay_on_this_machine_until_they_are_pushed(
    published: KaggleServer, covey: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["--extractor", "brightness", "--reducer", "pca", "--clusterer", "kmeans", "--set", "clusterer.clusters=2"]
    done = covey("run", PLACE, *words, "--set", "reducer.sizes=2")
    assert done.exit_code == 0, done.output
    assert "3 tables made" in done.stdout
    assert len(published.datasets[SLUG]) == 1
    dataset = open_dataset(Registry.installed(), PLACE)
    assert len(dataset.entries()) == 6
    assert open_labels(dataset).path.parent == dataset.home
    text = f'dataset = "{PLACE}"\n[[extractor]]\nuse = "brightness"\n[[reducer]]\nuse = "pca"\nsizes = [2]\n'
    (tmp_path / "covey.toml").write_text(f'{text}[[clusterer]]\nuse = "kmeans"\nclusters = 2\n', "utf-8")
    assert "3 kept from before" in covey("run", tmp_path / "covey.toml").stdout
    pushed = covey("push", PLACE, PLACE, "--message", "Brightness")
    assert pushed.exit_code == 0, pushed.output
    assert published.requests[-1]["versionNotes"] == "Brightness"
    monkeypatch.setenv("COVEY_HOME", str(tmp_path / "elsewhere"))
    assert len(open_dataset(Registry.installed(), PLACE).entries()) == 6


def test_a_published_dataset_has_a_description_and_is_private(published: KaggleServer) -> None:
    request = published.requests[0]
    assert request["isPrivate"] is True
    assert request["title"] == "Small birds"
    assert request["licenseName"] == "CC-BY-NC-SA-4.0"
    assert request["subtitle"] == "Spectrogram images: 6, feature sets: 1, embeddings: 1"
    assert "brightness" in request["description"]
    assert "no provenance" not in request["description"]
    assert "A. \\<b\\>Person\\</b\\> (1)" in request["description"]
    assert {name.partition("/")[0] for name in files_of(published)} >= {"images", "metadata.csv"}


def exclude_derivatives(birds: Path) -> None:
    """Let the metadata say that the recording of one image may not be changed."""
    name = min(path.name for path in (birds / "images").iterdir())
    text = f"filename,lic\n{name},//creativecommons.org/licenses/by-nc-nd/4.0/\n"
    (birds / "metadata.csv").write_text(text, "utf-8")


def test_images_whose_licence_excludes_derivatives_are_not_made_public(
    kaggle: KaggleServer, birds: Path, covey: Cli
) -> None:
    exclude_derivatives(birds)
    done = covey("push", birds, PLACE, "--public")
    assert (done.exit_code, kaggle.requests) == (2, [])
    assert "1 image may not be published, since the licence of the recording excludes derivatives: " in done.stderr
    assert "only you" in covey("push", birds, PLACE).stdout


def test_a_dataset_that_is_public_already_gets_no_such_images_either(
    kaggle: KaggleServer, birds: Path, covey: Cli
) -> None:
    assert covey("push", birds, PLACE, "--public").exit_code == 0
    exclude_derivatives(birds)
    assert "may not be published" in covey("push", birds, PLACE).stderr
    assert len(kaggle.requests) == 1


def test_a_dataset_is_public_only_on_request(kaggle: KaggleServer, birds: Path, covey: Cli) -> None:
    assert "everybody can see it" in covey("push", birds, PLACE, "--public").stdout
    assert "isPrivate" not in kaggle.requests[0]  # its default on the wire: false


def test_unchanged_files_are_not_sent_twice(published: KaggleServer, birds: Path, covey: Cli) -> None:
    sent = published.calls["StartBlobUpload"]
    (birds / "._metadata.csv").write_text("hidden", "utf-8")
    assert "nothing was sent" in covey("push", birds, PLACE).stdout
    assert published.calls["StartBlobUpload"] == sent
    (birds / "clusters.csv").write_text("filename,cluster\nimage_000.png,1\n", "utf-8")
    assert "has a new version" in covey("push", birds, PLACE).stdout
    assert len(published.datasets[SLUG]) == 2
    published.datasets[SLUG].append({"images/other.png": b""})  # by somebody else
    assert "has a new version" in covey("push", birds, PLACE).stdout


def test_a_description_that_a_person_wrote_stays(published: KaggleServer, birds: Path, covey: Cli) -> None:
    for text, replaced in ((published.requests[0]["description"], True), ("My own words.", False)):
        published.description = text
        (birds / "more.csv").write_text(text, "utf-8")
        assert covey("push", birds, PLACE).exit_code == 0
        assert ("description" in published.requests[-1]) == replaced


def test_an_interrupted_push_is_resumed(kaggle: KaggleServer, birds: Path, covey: Cli) -> None:
    kaggle.cuts = [50]
    done = covey("push", birds, PLACE)
    assert done.exit_code == 0, done.output
    assert kaggle.calls["StartBlobUpload"] == len(list(birds.glob("*.*"))) + 1
    assert files_of(kaggle)["metadata.csv"] == (birds / "metadata.csv").read_bytes()


def test_no_version_is_made_if_kaggle_refuses_a_file(kaggle: KaggleServer, birds: Path, covey: Cli) -> None:
    kaggle.faults = {"Blob": [400]}
    done = covey("push", birds, PLACE)
    assert done.exit_code == 2
    assert re.search("Kaggle took only [04] of 5 files, so no version was made: run the same", done.stderr)
    assert kaggle.requests == []
    kaggle.faults = {"CreateDataset": [500]}
    assert "an internal error (500)" in covey("push", birds, PLACE).stderr
    assert covey("push", birds, PLACE).exit_code == 0


@pytest.mark.usefixtures("brightness")
def test_the_original_frontend_opens_a_push_with_original(
    kaggle: KaggleServer, birds: Path, covey: Cli, tmp_path: Path
) -> None:
    for path in birds.glob("*.npz"):
        path.unlink()
    shutil.rmtree(birds / "images")
    images = tiny_images(birds / "images", count=24)
    for number, name in enumerate(images.names()):
        images.path(name).rename(images.root / f"XC{1 + number // 12}_Great_tit_segm_{number:08.3f}.png")
    words = ["--extractor", "brightness", "--reducer", "pca", "--clusterer", "kmeans", "--set", "clusterer.clusters=2"]
    assert covey("run", birds, *words).exit_code == 0
    FolderDataset(birds).labels.add(sorted(path.name for path in images.root.glob("*.png"))[:2], "song")
    assert covey("push", birds, PLACE, "--original").exit_code == 0
    sent = kaggle.calls["StartBlobUpload"]
    assert "nothing was sent" in covey("push", birds, PLACE, "--original").stdout
    assert kaggle.calls["StartBlobUpload"] == sent
    for name, content in files_of(kaggle).items():
        path = tmp_path / "fetched" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    frontend = OriginalFrontend(tmp_path / "fetched")
    assert frontend.files == [f"dimred_{size}_neigh_0_brightness.npz" for size in (2, 4, 8)]
    assert len(frontend.open()) == 24
    frame = read_frame(tmp_path / "fetched" / "downloaded_data_meta.pkl")
    assert frame["file_name_stub"] == ["XC1_Great_tit"]
    assert frame["rec"] == ["A. <b>Person</b>"]
    labels = (tmp_path / "fetched" / "clustering_based_labels.csv").read_text("utf-8").splitlines()
    assert (labels[0], len(labels), sum(row.endswith(",1.0") for row in labels)) == (",filename,song", 25, 2)
    assert covey("pull", PLACE, tmp_path / "pulled").exit_code == 0
    keys = FolderDataset(birds).entries_by_key().keys()
    assert FolderDataset(tmp_path / "pulled").entries_by_key().keys() == keys


def test_a_push_with_original_needs_what_the_original_opens(kaggle: KaggleServer, birds: Path, covey: Cli) -> None:
    done = covey("push", birds, PLACE, "--original")
    assert done.exit_code == 2
    assert "sizes of the reducer set to 2,4,8" in done.stderr
    assert kaggle.requests == []


def test_a_dataset_of_the_original_opens_and_goes_back(
    kaggle: KaggleServer, xc_dev: Path, covey: Cli, tmp_path: Path
) -> None:
    files = {f"xc_spectrograms/xc_spectrograms/{path.name}": path.read_bytes() for path in xc_dev.glob("images/*")}
    names = np.array([name.rpartition("/")[2] for name in files if name.endswith(".png")], dtype=object)
    file = io.BytesIO()
    np.savez(file, X_red=np.ones((len(names), 8), np.float32), X_2D=np.ones((len(names), 2), np.float32), N=names)
    files["dimred_8_neigh_10_vgg16_features.28.npz"] = file.getvalue()
    files["downloaded_data_meta.pkl"] = (xc_dev / "downloaded_data_meta.pkl").read_bytes()
    kaggle.datasets["someone/corvidae"] = [files]
    assert covey("pull", "kaggle:someone/corvidae", tmp_path / "pulled").exit_code == 0
    document = json.loads(covey("info", tmp_path / "pulled", "--json").stdout)
    assert (document["images"], document["tables"][0]["shape"]) == (210, [210, 8])
    done = covey("push", tmp_path / "pulled", "kaggle:owner/corvidae")
    assert done.exit_code == 0, done.output
    sent = files_of(kaggle, "owner/corvidae")
    assert "metadata.csv" in sent
    assert "downloaded_data_meta.pkl" not in sent
    assert kaggle.requests[0]["licenseName"] == "other"
    assert "Jerome Fischer" in kaggle.requests[0]["description"]


def test_metadata_of_images_come_back_from_a_pickle(
    kaggle: KaggleServer, birds: Path, covey: Cli, tmp_path: Path
) -> None:
    pandas = pytest.importorskip("pandas")
    (birds / "metadata.csv").unlink()
    names = [f"image_{number:03}.png" for number in range(6)]
    pandas.DataFrame({"site": list("abcdef"), "filename": names}).to_pickle(birds / "downloaded_data_meta.pkl")
    assert covey("push", birds, PLACE).exit_code == 0
    assert covey("pull", PLACE, tmp_path / "pulled").exit_code == 0
    assert metadata.read_metadata(FolderDataset(tmp_path / "pulled")).of(names) == {"site": list("abcdef")}


def test_a_dataset_is_fetched_once_and_used_without_network(
    published: KaggleServer, covey: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    covey("info", PLACE)
    fetched = published.calls["DownloadDataset"]
    covey("info", PLACE)
    assert published.calls["DownloadDataset"] == fetched
    published.faults = {"GetDataset": [500]}
    assert covey("info", PLACE).exit_code == 0
    monkeypatch.delenv("KAGGLE_KEY")
    assert covey("info", PLACE).exit_code == 0
    done = covey("pull", "kaggle:owner/not-fetched", "anywhere")
    assert done.exit_code == 2
    assert "make a token at https://www.kaggle.com/settings/api" in done.stderr


def test_a_new_version_is_fetched(published: KaggleServer, birds: Path, covey: Cli) -> None:
    covey("info", PLACE)
    files = files_of(published)
    published.datasets[SLUG].append({**files, "images/more.png": files["images/image_000.png"]})
    assert json.loads(covey("info", PLACE, "--json").stdout)["images"] == 7


def test_an_interrupted_download_is_resumed(published: KaggleServer, covey: Cli) -> None:
    published.cuts = [1000, 2000, 0, 500]
    done = covey("info", PLACE)
    assert done.exit_code == 0, done.output
    assert published.sent == [0, 1000, 3000, 3000, 3500]


def test_a_failed_download_is_resumed_by_the_next_command(published: KaggleServer, covey: Cli) -> None:
    published.cuts = [1000, *[0] * 8]
    done = covey("info", PLACE)
    assert done.exit_code == 2
    assert "The connection to Kaggle failed" in done.stderr
    published.cuts = []
    assert covey("info", PLACE).exit_code == 0
    assert published.sent[-1] == 1000


def test_a_silent_connection_counts_as_broken(
    published: KaggleServer, covey: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A busy machine may let other connections time out too: they are retried until they succeed."""
    monkeypatch.setattr("covey_kaggle.client.READ_TIMEOUT_S", 0.5)
    monkeypatch.setattr("covey_kaggle.download.READ_TIMEOUT_S", 0.5)
    monkeypatch.setattr("covey_kaggle.client.RETRY_PAUSES_S", (0.01,) * 1000)
    published.cuts, published.faults, published.stall = [1000], {"GetDataset": [STALLED]}, 600
    assert covey("info", PLACE).exit_code == 0
    assert published.sent[0] == 0
    assert 1000 in published.sent


def test_a_download_with_a_wrong_checksum_is_reported_and_deleted(
    published: KaggleServer, covey: Cli, tmp_path: Path
) -> None:
    published.md5 = "A" * 22 + "=="
    assert "is damaged: its checksum is wrong" in covey("info", PLACE).stderr
    assert not list((tmp_path / "home").rglob("*.part"))
    published.md5 = None
    assert covey("info", PLACE).exit_code == 0


@pytest.mark.parametrize(
    ("call", "statuses"), [("GetDataset", [500, 429, 503]), ("DownloadDataset", [500, 429]), ("GetDataset", [429])]
)
def test_a_temporary_error_of_kaggle_is_retried(
    call: str, statuses: list[int], published: KaggleServer, covey: Cli
) -> None:
    published.faults = {call: statuses}
    assert covey("info", PLACE).exit_code == 0


@pytest.mark.parametrize(
    ("status", "wait", "message"),
    [
        (401, "", "Kaggle does not accept your credentials: make a new token"),
        (403, "", "kaggle:owner/small-birds does not exist, or you may not do this with it"),
        (404, "", "There is no kaggle:owner/small-birds: check the spelling."),
        (429, "3600", "too many requests from you: try again in 3,600 seconds."),
        (429, "Fri, 01 Jan 2100 00:00:00 GMT", "too many requests from you: try again in "),
        (500, "", "Kaggle has an internal error (500): try again later"),
        (418, "", "Kaggle refused the request for kaggle:owner/small-birds"),
    ],
)
def test_a_permanent_error_of_kaggle_is_reported_in_one_sentence(
    status: int, wait: str, message: str, published: KaggleServer, covey: Cli
) -> None:
    published.faults, published.retry_after = {"GetDataset": [status] * 9}, wait
    done = covey("info", PLACE)
    assert done.exit_code == 2
    assert message in done.stderr
    assert done.stdout == ""


def test_wrong_credentials_are_reported(published: KaggleServer, covey: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAGGLE_KEY", "wrong")
    assert "does not accept your credentials" in covey("info", PLACE).stderr


def test_an_unreachable_server_is_reported(kaggle: KaggleServer, covey: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    from kagglesdk import kaggle_env

    monkeypatch.setitem(kaggle_env._env_to_endpoint, kaggle_env.KaggleEnv.LOCAL, "http://127.0.0.1:1")
    assert "The connection to Kaggle failed" in covey("info", PLACE).stderr


@pytest.mark.parametrize("place", ["", "owner", "owner/", "/name", "owner/name/3", "../../etc", "owner/na me", "a/b\n"])
def test_a_malformed_name_is_reported(place: str, kaggle: KaggleServer, covey: Cli) -> None:
    done = covey("info", f"kaggle:{place}")
    assert done.exit_code == 2
    assert "write kaggle:owner/name" in done.stderr
    assert kaggle.calls == {}


def test_a_dataset_without_images_or_features_is_reported(kaggle: KaggleServer, covey: Cli) -> None:
    kaggle.datasets["someone/houses"] = [{"prices.csv": b"house,price\n"}]
    assert "holds neither images nor feature files" in covey("info", "kaggle:someone/houses").stderr


def link(target: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        member = zipfile.ZipInfo("images/link.png")
        member.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(member, target)
    return file.getvalue()


def bomb() -> bytes:
    """Return an archive whose ten members claim to hold 200 MB each."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(10):
            archive.writestr(f"{number}.png", b"")
    data = bytearray(file.getvalue())
    start = 0
    while (start := data.find(b"PK\1\2", start)) >= 0:
        data[start + 24 : start + 28] = (200_000_000).to_bytes(4, "little")
        start += 4
    return bytes(data)


def flipped() -> bytes:
    data = bytearray(packed({"images/a.png": b"x" * 1000}))
    data[500] ^= 1
    return bytes(data)


@pytest.mark.parametrize(
    ("archive", "message"),
    [
        (packed({"../out.png": b""}), "leads out of the folder"),
        (packed({"/out.png": b""}), "leads out of the folder"),
        (packed({"images/../../../out.png": b""}), "leads out of the folder"),
        (packed({"C:/out.png": b""}), "leads out of the folder"),
        (packed({"images\\..\\..\\out.png": b""}), "leads out of the folder"),
        (packed({"images/.. /out.png": b""}), "leads out of the folder"),
        (link("../../../out.png"), "is a link"),
        (bomb(), "it would make 2,000,000,000 bytes"),
        (flipped(), "cannot be unpacked"),
        (b"no archive", "cannot be unpacked"),
        (packed({"images/a.png": b"", "images/a.png/b.png": b""}), "cannot be unpacked"),
    ],
)
def test_a_hostile_or_damaged_archive_is_refused(
    archive: bytes, message: str, kaggle: KaggleServer, covey: Cli, tmp_path: Path
) -> None:
    kaggle.datasets["someone/hostile"] = [archive]
    done = covey("info", "kaggle:someone/hostile")
    assert done.exit_code == 2
    assert message in done.stderr
    assert not list(tmp_path.rglob("*out.png"))
    assert not list((tmp_path / "home").rglob("versions/*"))


def deflated(files: Files) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return file.getvalue()


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on the size of files")
@pytest.mark.parametrize(
    ("archive", "message"), [(packed, "could not be saved (File too large)"), (deflated, "cannot be unpacked in")]
)
def test_a_full_disk_is_reported_and_the_partial_download_stays(
    archive: Callable[[Files], bytes], message: str, kaggle: KaggleServer, covey: Cli
) -> None:
    import resource

    kaggle.datasets[SLUG] = [archive({"images/a.png": bytes(10_000)})]
    most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, most[1]))
    try:
        done = covey("info", PLACE)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, most)
    assert done.exit_code == 2
    assert message in done.stderr
    assert "make room, or set COVEY_HOME to another folder" in done.stderr
    assert covey("info", PLACE).exit_code == 0
    assert kaggle.sent[0] == 0
    assert 0 not in kaggle.sent[1:]


def test_a_dataset_that_does_not_fit_on_the_disk_is_reported(
    published: KaggleServer, covey: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as full:
        full.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=0))
        assert "0.0 GB left: make room, or set COVEY_HOME to another folder" in covey("info", PLACE).stderr
    assert covey("info", PLACE).exit_code == 0
    assert published.sent == [0]


def test_an_archive_cannot_point_covey_elsewhere(kaggle: KaggleServer, covey: Cli, birds: Path) -> None:
    pointer = json.dumps({"images": str(birds / "images")}).encode()
    kaggle.datasets["someone/pointing"] = [
        {"covey.json": pointer, "Covey.JSON": pointer, ".covey/x.png": b"", "a.csv": b""}
    ]
    assert "holds neither images nor feature files" in covey("info", "kaggle:someone/pointing").stderr


def test_pull_replaces_nothing(published: KaggleServer, covey: Cli, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "metadata.csv").write_text("mine", "utf-8")
    done = covey("pull", PLACE, tmp_path / "mine")
    assert "metadata.csv is there already and differs" in done.stderr
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["metadata.csv"]


def test_a_push_that_is_impossible_is_reported(kaggle: KaggleServer, birds: Path, covey: Cli, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "There is nothing to push" in covey("push", tmp_path / "empty", PLACE).stderr
    assert "npz publishes nothing" in covey("push", birds, tmp_path / "copy").stderr
    assert "6 to 50 characters" in covey("push", birds, "kaggle:owner/birds").stderr
    kaggle.faults = {"CreateDataset": [403]}
    assert "you may not do this with it" in covey("push", birds, PLACE).stderr


def test_a_read_only_user_folder_is_reported(
    published: KaggleServer, covey: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    monkeypatch.setenv("COVEY_HOME", str(tmp_path / "file" / "home"))
    done = covey("info", PLACE)
    assert done.exit_code == 2
    assert "cannot be created" in done.stderr


def test_without_credentials_one_sentence_is_printed_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a fresh Python, for the client signs in as soon as it is imported."""
    for name in ("KAGGLE_USERNAME", "KAGGLE_KEY", "KAGGLE_API_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HOME", "KAGGLE_CONFIG_DIR", "COVEY_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    code = "import sys; from covey.commands.main import main; main(['info', sys.argv[1]])"
    command = [sys.executable, "-c", code, PLACE]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("Error: Kaggle needs credentials")
    assert len(done.stderr.splitlines()) == 1


def test_opening_without_fetching_raises_coveys_error(kaggle: KaggleServer) -> None:
    storage = Registry.installed().get(Kind.STORAGE, "kaggle")()
    with pytest.raises(CoveyError, match="does not exist"):
        storage.open("owner/nothing-there")
