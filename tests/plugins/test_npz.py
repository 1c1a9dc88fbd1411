"""Folders as datasets: what is written is read again, and what is not right is refused."""

from __future__ import annotations

import hashlib
import io
import json
import mmap
import os
import struct
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from covey import Clustering, CoveyError, Dataset, Embedding, Features
from covey.data.folder import table_file_name
from covey.data.formats import npz
from covey.data.images import ImageFolder
from covey.data.picture_decoding import BrokenImage
from covey.data.provenance import Provenance
from covey.data.tables import Table
from covey.testing import tiny_images, tiny_tables
from covey_npz import Npz

NAMES = ("a.png", "sub/ü.png", "XC1_segm_0000.315.png")


def arrays_of(table: Table) -> dict[str, Any]:
    return {field.name: getattr(table, field.name) for field in attrs.fields(type(table)) if field.name != "provenance"}


def only_file(folder: Path) -> Path:
    (path,) = folder.glob("*.npz")
    return path


def assert_equal(first: Table, second: Table) -> None:
    assert type(first) is type(second)
    assert first.provenance == second.provenance
    for name, array in arrays_of(first).items():
        if array is None:
            assert getattr(second, name) is None
            continue
        np.testing.assert_array_equal(getattr(second, name), array)
        assert getattr(second, name).dtype == array.dtype


def loaded(dataset: Dataset) -> list[Table]:
    return [dataset.load(entry) for entry in dataset.entries()]


def test_every_kind_of_table_comes_back_as_it_was(tmp_path: Path) -> None:
    tables = tiny_tables(NAMES)
    Npz().open(str(tmp_path)).save(tables)
    again = Npz().open(str(tmp_path))
    for table in tables:
        assert table.provenance is not None
        entry = again.find(table.provenance.key)
        assert entry is not None
        assert entry.provenance == table.provenance
        assert_equal(table, again.load(entry))
    assert [(entry.kind, entry.shape) for entry in again.entries()] == [
        ("clustering", (3, 1)),
        ("embedding", (3, 8)),
        ("features", (3, 12)),
    ]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1), max_size=6, unique=True))
def test_any_names_come_back_as_they_were(tmp_path_factory: pytest.TempPathFactory, names: list[str]) -> None:
    dataset = Npz().open(str(tmp_path_factory.mktemp("names")))
    dataset.save(tiny_tables(names))
    assert all(table.names.tolist() == names for table in loaded(dataset))


def test_the_same_tables_give_the_same_files_bit_for_bit(tmp_path: Path) -> None:
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()
        Npz().open(str(folder)).save(tiny_tables(NAMES))
    written = [{path.name: path.read_bytes() for path in folder.iterdir()} for folder in folders]
    assert len(written[0]) == 3
    assert written[0] == written[1]


def test_the_names_tell_the_original_tools_size_neighbours_and_model(tmp_path: Path) -> None:
    Npz().open(str(tmp_path)).save(tiny_tables(NAMES))
    stems = sorted(path.name.partition("~")[0] for path in tmp_path.iterdir())
    assert stems == [
        "clusters_tiny_8_neigh_5_tiny_brightness",
        "dimred_8_neigh_5_tiny_brightness",
        "full_features_brightness",
    ]


def test_the_files_hold_what_the_format_page_says(tmp_path: Path) -> None:
    tables = tiny_tables(NAMES)
    Npz().open(str(tmp_path)).save(tables)
    expected = {
        "full": {"X": "float32", "N": "<U21", "covey": None},
        "dimred": {"X_red": "float32", "X_2D": "float32", "N": "<U21", "covey": None},
        "clusters": {"labels": "int32", "N": "<U21", "covey": None},
    }
    for path in tmp_path.iterdir():
        with np.load(path, allow_pickle=False) as archive:
            keys = expected[path.name.partition("_")[0]]
            assert set(archive.files) == set(keys)
            assert all(dtype is None or archive[key].dtype == dtype for key, dtype in keys.items())
            document = json.loads(str(archive["covey"]))
            assert document["format"] == 1
            if document["kind"] != "reducer":
                assert path.name.endswith(f"~{document['key'][:8]}.npz")
            parts = [
                document["kind"],
                document["component"],
                document["version"],
                {**document["options"], **document["identity"]},
                document["input"],
            ]
            text = json.dumps(parts, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
            assert hashlib.sha256(text.encode()).hexdigest() == document["key"]


def test_names_tell_reducers_apart_and_the_sizes_of_one_reduction_belong_together(tmp_path: Path) -> None:
    _, embedding, clustering = tiny_tables(NAMES)
    assert embedding.provenance is not None
    assert clustering.provenance is not None
    reductions = [
        attrs.evolve(embedding.provenance, component=name, tag=name, options=options)
        for name, options in (
            ("umap", {"sizes": [2], "neighbors": 10, "seed": 0}),
            ("umap", {"sizes": [8], "neighbors": 10, "seed": 0}),
            ("umap", {"sizes": [8], "neighbors": 10, "seed": 1}),
            ("pca", {"sizes": [8]}),
        )
    ]
    Npz().open(str(tmp_path)).save([attrs.evolve(embedding, provenance=reduction) for reduction in reductions])
    names = [table_file_name(reduction) for reduction in reductions]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)
    stems = [name.partition("~")[0] for name in names]
    umap = "neigh_10_umap_brightness"
    assert stems == [f"dimred_2_{umap}", f"dimred_8_{umap}", f"dimred_8_{umap}", "dimred_8_neigh_0_pca_brightness"]
    models = ["_".join(name.split("_")[4:]) for name in names]  # as the original frontend groups
    assert models[0] == models[1]
    assert len(set(models)) == 3
    clusterings = [
        attrs.evolve(clustering.provenance, source=reduction, input=reduction.key) for reduction in reductions[2:]
    ]
    stems = [table_file_name(provenance).partition("~")[0] for provenance in clusterings]
    assert stems == [f"clusters_tiny_8_{umap}", "clusters_tiny_8_neigh_0_pca_brightness"]


def test_files_of_the_original_tools_open(tmp_path: Path) -> None:
    X, flat, names = np.zeros((2, 4), dtype=np.float16), np.ones((2, 2)), np.array(["a.png", "b.png"])
    np.savez(tmp_path / "full_features_vgg16_features.28.npz", X=X, N=names)
    np.savez(tmp_path / "dimred_4_neigh_10_vgg16_features.28.npz", X_red=X, X_2D=flat, N=names, Y=names)
    embedding, features = loaded(Npz().open(str(tmp_path)))
    assert isinstance(features, Features)
    assert isinstance(embedding, Embedding)
    assert features.provenance is None
    assert embedding.provenance is not None
    assert embedding.provenance.is_foreign
    assert features.X.dtype == embedding.Z.dtype == embedding.map.dtype == np.float32
    assert embedding.names.tolist() == ["a.png", "b.png"]


def test_names_that_are_objects_open_without_being_run(tmp_path: Path) -> None:
    names = np.array(["a.png", "sub/ü.png"], dtype=object)
    np.savez(tmp_path / "full_features_old.npz", X=np.zeros((2, 4)), N=names)
    (features,) = loaded(Npz().open(str(tmp_path)))
    assert features.names.tolist() == names.tolist()
    assert features.names.dtype.kind == "U"


class Hostile:
    def __reduce__(self) -> Any:
        return eval, ("open('canary', 'w')",)


def test_objects_that_are_no_names_are_refused_and_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    np.savez("full_features_old.npz", X=np.zeros((2, 4)), N=np.array(["a.png", Hostile()], dtype=object))
    with pytest.raises(CoveyError, match=r"full_features_old.npz is refused, since it names builtins.eval"):
        npz.read(Path("full_features_old.npz"))
    np.savez("objects.npz", X=np.array([[1.0, Hostile()]], dtype=object), N=np.array(["a.png"]))
    with pytest.raises(CoveyError, match=r"X is an array \(1, 2\) of object"):
        npz.read(Path("objects.npz"))
    assert not Path("canary").exists()


X = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)
Y = np.array(["tit", "crow"] * 3)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize(
    "values_given",
    [X.astype(np.float16), X.astype(np.float64), X.astype(">f4"), np.asfortranarray(X), np.zeros((6, 0), np.float32)],
    ids=["float16", "float64", "big-endian", "Fortran order", "no columns"],
)
def test_every_kind_of_numbers_loads_as_float32(values_given: NDArray[Any], save: Any, tmp_path: Path) -> None:
    names = np.array([f"{index}.png" for index in range(6)])
    save(tmp_path / "a.npz", X=values_given, N=names.astype(">U9"), Y=Y)
    save(tmp_path / "b.npz", X=values_given, N=np.char.encode(names), Y=Y)
    for table in loaded(Npz().open(str(tmp_path))):
        assert isinstance(table, Features)
        assert table.X.dtype == np.float32
        assert table.X.dtype.isnative
        assert table.X.flags.c_contiguous
        np.testing.assert_array_equal(table.X, values_given.astype(np.float32))
        assert table.names.tolist() == names.tolist()


def test_arrays_begin_at_multiples_of_64_bytes_and_are_not_compressed(tmp_path: Path) -> None:
    Npz().open(str(tmp_path)).save(tiny_tables(["a" * 7, "b"]))
    for path in tmp_path.iterdir():
        data = path.read_bytes()
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                assert info.compress_type == zipfile.ZIP_STORED
                name, extra = struct.unpack_from("<HH", data, info.header_offset + 26)
                start = info.header_offset + 30 + name + extra
                assert data[start : start + 6] == b"\x93NUMPY"
                (header,) = struct.unpack_from("<H", data, start + 8)
                assert (start + 10 + header) % 64 == 0


def test_large_arrays_are_mapped_and_changes_never_reach_the_file(tmp_path: Path) -> None:
    (features, *_) = tiny_tables(NAMES)
    path = tmp_path / "large.npz"
    large = np.ones((3, 200_000), dtype=np.float32)
    npz.write(path, Features(names=features.names, X=large, provenance=features.provenance))
    before = path.read_bytes()
    table = npz.read(path)
    assert isinstance(table, Features)
    base: Any = table.X
    while isinstance(base, np.ndarray):
        base = base.base
    assert isinstance(base.obj, mmap.mmap)
    table.X[:] = 5
    assert (table.X == 5).all()
    assert path.read_bytes() == before


SHORTENED = """
import sys
from pathlib import Path
import numpy as np
from covey.data.folder import table_file_name
from covey.data.formats import npz

path = Path(sys.argv[1])
np.savez(path, X=np.ones((3, 600_000), np.float32), N=np.array(["a", "b", "c"]))
table = npz.read(path)
np.savez(path, X=np.zeros((1, 1), np.float32), N=np.array(["a"]))
print(int(table.X.sum()))
"""


def test_a_file_of_another_program_may_be_overwritten_while_its_table_is_in_use(tmp_path: Path) -> None:
    words = [sys.executable, "-c", SHORTENED, str(tmp_path / "full_features_theirs.npz")]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "1800000\n"), done.stderr


@pytest.mark.parametrize(("count", "sentence"), [(500_000_000, "would take 500,0"), (200_000_000, "")])
def test_a_small_file_may_not_claim_more_memory_than_a_bound(count: int, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "bomb.npz"
    header = f"{{'descr': '|i1', 'fortran_order': False, 'shape': ({count},), }}\n".encode()
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as opened,
        opened.open("labels.npy", "w") as written,
    ):
        written.write(b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header)
        for _ in range(count // 10_000_000):
            written.write(bytes(10_000_000))
    assert path.stat().st_size < 3_000_000
    with pytest.raises(CoveyError, match=sentence or "is no table that covey knows"):
        npz.read(path)


def test_large_arrays_that_are_not_aligned_load_too(tmp_path: Path) -> None:
    big = np.arange(600_000, dtype=np.float32).reshape(3, -1)
    for length in range(1, 5):
        before: Any = {"k" * length: np.zeros(1)}
        np.savez(tmp_path / "x.npz", **before, X=big, N=np.array(NAMES))
        table = npz.read(tmp_path / "x.npz")
        assert isinstance(table, Features)
        np.testing.assert_array_equal(table.X, big)
        assert table.X.flags.aligned


def test_names_that_lead_elsewhere_load_and_are_never_opened(tmp_path: Path) -> None:
    outside = tiny_images(tmp_path, count=1)
    (inside,) = outside.names()
    names = ["../" + inside, str(tmp_path / inside), "C:\\" + inside, "..\\" + inside, "a\0.png", "\ud800.png", ""]
    np.savez(tmp_path / "x.npz", X=np.zeros((len(names), 2)), N=np.array(names))
    (tmp_path / "images").mkdir()
    for name in npz.read(tmp_path / "x.npz").names.tolist():
        with pytest.raises(BrokenImage):
            ImageFolder(tmp_path / "images").path(name)


def with_details(provenance: Provenance, details: dict[str, Any]) -> str:
    """Return a provenance as JSON, with other details."""
    return json.dumps({**json.loads(provenance.to_json()), "details": details})


def test_a_provenance_that_does_not_fit_its_key_is_refused(tmp_path: Path) -> None:
    features, embedding, _ = tiny_tables(NAMES)
    assert features.provenance is not None
    assert embedding.provenance is not None
    made = features.provenance.to_json()
    deep: list[Any] = []
    for _ in range(200):
        deep = [deep]
    odd = [
        made.replace('"tag":"brightness"', '"tag":5'),
        made.replace('"kind":"extractor"', '"kind":"person"'),
        with_details(features.provenance, {"deep": deep}),
        *(
            with_details(features.provenance, {name: "x"})
            for name in ("versions", "chosen", "broken", "sizes", "copies", "constant", "runtime", "earlier", "lacking")
        ),
        with_details(features.provenance, {"file": 3}),
        with_details(features.provenance, {"runtime": {"threads": "x"}}),
        with_details(features.provenance, {"copies": {"count": 1}}),
        attrs.evolve(embedding.provenance, input=features.provenance.input).to_json(),
        made.replace('"component":"', '"component":"x'),
        made.replace('"options":{', '"options":[{').replace('},"source"', '}],"source"'),
        '{"a":' * 5000,
        "[" * 200 + "]" * 200,
        "null",
        made.replace('"format":1', '"format":2'),
    ]
    for text in odd:
        np.savez(tmp_path / "x.npz", X=X[:3], N=np.array(NAMES), covey=np.array(text))
        with pytest.raises(CoveyError, match="damaged provenance"):
            npz.read_entry(tmp_path / "x.npz")


@pytest.mark.parametrize(
    "arrays",
    [
        {"X": np.zeros((3, 4)), "N": np.array(["a", "b"])},
        {"X_red": np.zeros((2, 4)), "X_2D": np.zeros((3, 2)), "N": np.array(["a", "b"])},
        {"labels": np.zeros(1, dtype=np.int32), "N": np.array(["a", "b"])},
    ],
)
def test_arrays_of_differing_length_are_refused(arrays: dict[str, NDArray[Any]], tmp_path: Path) -> None:
    np.savez(tmp_path / "bad.npz", **arrays)  # type: ignore[arg-type]
    dataset = Npz().open(str(tmp_path))
    assert dataset.entries() == []
    assert "its arrays differ in length" in dataset.problems[0]
    with pytest.raises(CoveyError, match="its arrays differ in length"):
        npz.read(tmp_path / "bad.npz")


@pytest.mark.parametrize(
    ("arrays", "sentence"),
    [
        ({"X": np.zeros(3)}, r"X is an array \(3,\) of float64"),
        ({"X": np.zeros((3, 4), complex)}, "it holds an array of the kind complex128"),
        ({"X_red": np.zeros((3, 4)), "X_2D": np.zeros((3, 3))}, r"X_2D is an array \(3, 3\)"),
        ({"labels": np.array([0, 1, 1 << 40])}, "labels holds numbers of more than 32 bits"),
        ({"X": np.zeros((3, 4)), "N": np.array([b"a", b"b", b"\xff"])}, "can't decode byte 0xff"),
        ({"X": np.zeros((3, 4)), "N": np.full(3, 0x110000, np.uint32).view("<U1")}, "N holds what is no text"),
        ({"X": np.zeros((3, 4)), "N": np.zeros(3)}, r"N is an array \(3,\) of float64"),
    ],
)
def test_arrays_that_are_no_table_are_refused(arrays: dict[str, Any], sentence: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "bad.npz", **{"N": np.array(NAMES), **arrays})
    with pytest.raises(CoveyError, match=f"bad.npz .*{sentence}"):
        npz.read(tmp_path / "bad.npz")


HEADER = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }"


def member(header: str, content: bytes = bytes(48)) -> bytes:
    """An array with any header."""
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header.encode() + content


def archive(X: bytes) -> bytes:
    """An NPZ file of features."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as opened:
        opened.writestr(zipfile.ZipInfo("N.npy"), member(HEADER.replace("f4", "U1").replace(" 4", ""), b"a\0\0\0" * 3))
        opened.writestr(zipfile.ZipInfo("X.npy"), X)
    return file.getvalue()


def changed(place: int, value: int, width: str, mark: bytes = b"PK\1\2") -> bytes:
    """An NPZ file with a number of its last directory entry, or of its end, replaced."""
    data = bytearray(archive(member(HEADER)))
    struct.pack_into(width, data, data.rindex(mark) + place, value)
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (archive(member(HEADER)).replace(b"X.npy", b"N.npy"), "it holds one name twice"),
        (archive(member(HEADER.replace("(3, 4)", "(3, 5)"))), "X has 117 bytes, but its header speaks of 129"),
        (archive(member(HEADER + " " * 20_000)), "too long to be read safely"),
        (archive(member("__import__('os')")), "a header that is not understood"),
        (
            archive(member(HEADER).replace(b"NUMPY\1", b"NUMPY\3")),
            "in version 3 of the NPY format: save it with version 1",
        ),
        (archive(member(HEADER.replace("(3, 4)", "(3, -4)"))), "an array of the shape"),
        (archive(b"text"), "it holds what is no NPY array"),
        (changed(8, 1, "<H"), "it is encrypted"),
        (changed(10, 12, "<H"), "it is compressed in an unusual way"),
        (changed(24, 1 << 30, "<I"), "it says that 1,073,741,824 bytes lie in 117"),
        (changed(42, 10, "<I"), "its members overlap"),
        (changed(10, 3, "<H", b"PK\5\6"), "its directory is damaged"),
    ],
)
def test_archives_that_lie_are_refused(data: bytes, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.npz"
    path.write_bytes(archive(member(HEADER)))
    assert npz.read(path).names.tolist() == ["a", "a", "a"]
    path.write_bytes(data)
    with pytest.raises(CoveyError, match=f"bad.npz cannot be read .*{sentence}"):
        npz.read(path)


def test_a_file_that_is_no_table_is_reported_and_harms_nobody(tmp_path: Path) -> None:
    dataset = Npz().open(str(tmp_path))
    dataset.save(tiny_tables(NAMES))
    (tmp_path / "empty.npz").write_bytes(b"")
    (tmp_path / "text.npz").write_text("no archive", "utf-8")
    np.savez(tmp_path / "other.npz", weights=np.zeros(3))
    assert len(dataset.entries()) == 3
    assert [any(name in problem for problem in dataset.problems) for name in ("empty", "text", "other")] == [True] * 3


def test_a_damaged_file_is_reported(tmp_path: Path) -> None:
    dataset = Npz().open(str(tmp_path))
    dataset.save(tiny_tables(NAMES)[:1])
    (entry,) = dataset.entries()
    path = only_file(tmp_path)
    with zipfile.ZipFile(path) as archive:
        start = archive.getinfo("X.npy").header_offset
    damaged = bytearray(path.read_bytes())
    damaged[start + 200] ^= 255
    path.write_bytes(damaged)
    with pytest.raises(CoveyError, match="cannot be read"):
        dataset.load(entry)


def test_a_table_that_exists_already_is_not_written_again(tmp_path: Path) -> None:
    dataset = Npz().open(str(tmp_path))
    dataset.save(tiny_tables(NAMES)[2:])
    before = only_file(tmp_path).stat()
    dataset.save(tiny_tables(NAMES)[2:])
    after = only_file(tmp_path).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


FULL = """
import resource, signal, sys
from pathlib import Path
from covey.data.folder import table_file_name
from covey.data.formats import npz
from covey.testing import tiny_tables
path, names = Path(sys.argv[1]), [f"{index}.png" for index in range(500)]
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
npz.write(path, tiny_tables(names)[0])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on the size of files")
def test_a_full_disk_leaves_the_old_file_and_no_temporary_file(tmp_path: Path) -> None:
    dataset = Npz().open(str(tmp_path))
    dataset.save(tiny_tables(NAMES)[:1])
    path = only_file(tmp_path)
    before = path.read_bytes()
    done = subprocess.run([sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, check=False)
    assert "CoveyError" in done.stderr
    assert "could not be written" in done.stderr
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(sys.platform == "win32", reason="needs the rights of POSIX")
def test_a_read_only_folder_is_reported() -> None:
    with tempfile.TemporaryDirectory() as place:
        dataset, tables, myself = Npz().open(place), tiny_tables(NAMES), os.geteuid()
        Path(place).chmod(0o555)
        os.seteuid(myself or 65534)  # the administrator may write everywhere
        try:
            with pytest.raises(CoveyError, match="could not be written: Permission denied"):
                dataset.save(tables)
        finally:
            os.seteuid(myself)
            Path(place).chmod(0o700)
        assert list(Path(place).iterdir()) == []


SAVE = """
import sys
from itertools import count
from pathlib import Path
import attrs, numpy as np
from covey.data.folder import table_file_name
from covey.data.formats import npz
from covey.testing import tiny_tables
features = tiny_tables(["a.png", "b.png", "c.png"])[0]
for number in count():
    npz.write(Path(sys.argv[1]), attrs.evolve(features, X=np.full((3, 50_000), number % 1000, dtype=np.float32)))
    if number == 0:
        print("saved", flush=True)
"""


def test_a_process_that_is_killed_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    path, rng = tmp_path / "x.npz", np.random.default_rng(0)
    for _ in range(10):
        with subprocess.Popen([sys.executable, "-c", SAVE, str(path)], stdout=subprocess.PIPE) as saving:
            assert saving.stdout
            assert saving.stdout.readline() == b"saved\n"
            time.sleep(rng.uniform(0, 0.05))
            saving.kill()
        table = npz.read(path)
        assert isinstance(table, Features)
        assert len(np.unique(table.X)) == 1


def test_only_folders_open(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(CoveyError, match=r"missing: check the spelling"):
        Npz().open(str(tmp_path / "missing"))
    with pytest.raises(CoveyError, match=r"is a file: give the folder"):
        Npz().open(str(tmp_path / "file"))


def test_a_created_dataset_remembers_where_its_images_are(tmp_path: Path) -> None:
    images = tiny_images(tmp_path / "pictures", count=2)
    made = Npz().create(str(tmp_path / "deep" / "dataset"), images.root)
    opened = Npz().open(str(tmp_path / "deep" / "dataset"))
    for dataset in (made, opened):
        assert dataset.images is not None
        assert dataset.images.names() == images.names()
        assert dataset.entries() == []
    assert json.loads((tmp_path / "deep/dataset/covey.json").read_text("utf-8"))["images"] == "../../pictures"


def test_a_deeply_nested_pointer_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "covey.json").write_text("[" * 100_000, "utf-8")
    dataset = Npz().open(str(tmp_path))
    with pytest.raises(CoveyError, match=r"covey\.json is damaged: delete it"):
        _ = dataset.images


def test_a_dataset_can_be_moved_with_its_images(tmp_path: Path) -> None:
    names = tiny_images(tmp_path / "old" / "pictures", count=2).names()
    Npz().create(str(tmp_path / "old" / "dataset"), tmp_path / "old" / "pictures")
    (tmp_path / "old").rename(tmp_path / "new")
    image_folder = Npz().open(str(tmp_path / "new" / "dataset")).images
    assert image_folder is not None
    assert image_folder.names() == names


def test_a_dataset_cannot_be_created_where_a_file_is(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(CoveyError, match="cannot be created"):
        Npz().create(str(tmp_path / "file"), tmp_path)


def test_a_clustering_keeps_noise(tmp_path: Path) -> None:
    Npz().open(str(tmp_path)).save(tiny_tables(NAMES)[2:])
    (table,) = loaded(Npz().open(str(tmp_path)))
    assert isinstance(table, Clustering)
    assert table.labels.tolist() == [-1, 0, 1]


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04 cut off"])
def test_a_file_that_is_no_archive_is_reported(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "dimred_8.npz"
    path.write_bytes(content)
    with pytest.raises(CoveyError, match="it is no NPZ file, or was cut off"):
        npz.read_entry(path)
