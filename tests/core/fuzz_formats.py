"""Damaged and hostile label files, recordings, Parquet files, provenances and experiment files."""

from __future__ import annotations

import io
import json
import random
import shutil
import sqlite3
import struct
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
from tests.core.fuzz_archives import NAMES, PLAIN
from tests.core.fuzz_mutations import check_message, flip_bits, set_integer, splice, truncate, write

from covey import CoveyError
from covey.data.dataset import Dataset
from covey.data.folder import FolderDataset
from covey.data.images import ImageFolder
from covey.data.metadata import read_table
from covey.data.provenance import Provenance
from covey.experiments.experiment import Experiment, read_experiment
from covey.labelling import open_labels, open_labels_read_only
from covey.plugins.registry import Registry
from covey.sound.conversion import convert_recordings
from covey.testing import Brightness, registry_of, tiny_tables
from covey_dbscan import Dbscan
from covey_npz import Npz
from covey_pca import Pca

T = TypeVar("T")
Mutation = Callable[[bytes, random.Random], bytes]
BATCH = 20
"""Recordings that are converted together."""
BINARY: list[Mutation] = [truncate, flip_bits, splice, set_integer]
EXPERIMENT = b"""
dataset = "birds/"
[runtime]
device = "cpu"
[[extractor]]
use = "brightness"
[[reducer]]
use = "pca"
sizes = [2, 4]
[[clusterer]]
use = "dbscan"
eps = [0.3, 0.4]
"""
TOKENS = [
    b"[" * 3000, b"{" * 3000, b'{"source": ' * 1500, b"a." * 3000, b"9" * 6000, b"1e999", b"-1e-400", b"NaN", b"nan",
    b"Infinity", b"null", b"true", b'"\\ud800"', b"\0", b"\xff", b"\r", b'"""', b"'''", b"=", b"\n[[", b"]]\n", b"#",
    b'"../../etc"', b'"/etc/passwd"', b'"canary/victim"', b"2024-13-45", b"{}", b"[]", b'""', b"0x", b"\xe2\x80\xae",
]  # fmt: skip


def insert_token(content: bytes, rng: random.Random) -> bytes:
    """Put a token that parsers stumble over somewhere into a text."""
    position = rng.randrange(len(content))
    return content[:position] + rng.choice(TOKENS) + content[position + rng.choice((0, 1, 8)) :]


TEXTS: list[Mutation] = [truncate, flip_bits, splice, insert_token, insert_token]


# --- label files ---


def write_super_journal(path: Path, victim: Path) -> None:
    """Write the journal of a dead writer that names `victim` as its super-journal: SQLite would delete it."""
    magic, name = bytes.fromhex("d9d505f920a163d7"), str(victim).encode()
    header = magic + struct.pack(">IIIII", 0, 1, path.stat().st_size // 4096, 512, 4096)
    record = struct.pack(">I", 262145) + name + struct.pack(">II", len(name), sum(name)) + magic
    path.with_name(f"{path.name}-journal").write_bytes(header.ljust(512, b"\0") + record)


HOSTILE_SQL = [
    "CREATE TRIGGER t AFTER INSERT ON label BEGIN DELETE FROM label; END",
    "CREATE VIEW extra AS SELECT load_extension('canary')",
    "ALTER TABLE class ADD COLUMN more GENERATED ALWAYS AS (zeroblob(1000000000)) VIRTUAL",
    "PRAGMA user_version = 2147483647",
    "PRAGMA application_id = 7",
    "DROP TABLE action",
    "UPDATE class SET name = char(0) || name",
    "UPDATE class SET colour = 'red; background: url(//x)'",
    "UPDATE image SET name = randomblob(10)",
    "UPDATE image SET name = '../../' || name",
    "UPDATE label SET at = 12",
    "INSERT INTO label SELECT class, 99999, at, how FROM label LIMIT 1",
    "UPDATE revision SET number = 9e99",
    "DELETE FROM revision",
    "PRAGMA journal_mode = WAL",
]


def run_hostile_sql(path: Path, rng: random.Random) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA ignore_check_constraints = 1")
        db.execute(rng.choice(HOSTILE_SQL))


def fuzz_labels(folder: Path, rng: random.Random, count: int) -> Iterator[str]:
    dataset = FolderDataset(folder / "labels")
    dataset.home.mkdir()
    store = open_labels(dataset)
    for label in ("robin", "wren"):
        store.add(NAMES[:8], label)
    store.undo()
    good, rows = store.path.read_bytes(), store.rows()
    for number in range(count):
        for path in dataset.home.glob("labels.sqlite*"):
            path.unlink()
        mutations = [*BINARY, run_hostile_sql, write_super_journal]
        mutation = mutations[number % len(mutations)]
        write(store.path, good)
        if mutation is run_hostile_sql:
            run_hostile_sql(store.path, rng)
        elif mutation is write_super_journal:
            write_super_journal(store.path, Path("canary/victim").absolute())
        else:
            write(store.path, _apply(mutation, good, rng))
        yield f"{mutation.__name__}: {_outcome(lambda: _use_labels(dataset, rng))}"
    assert len(rows) == 8


def _apply(mutation: object, content: bytes, rng: random.Random) -> bytes:
    assert callable(mutation)
    changed: bytes = mutation(content, rng)
    return changed


def _use_labels(dataset: Dataset, rng: random.Random) -> None:
    """Read labels and their history, change them and undo that."""
    for row in open_labels_read_only(dataset).rows():
        assert all(type(text) is str for text in (row.filename, row.label, row.when, row.how))
    store = open_labels(dataset)
    assert all(type(action.description) is str for action in store.history(10))
    before = store.rows()
    assert store.add(["new.png"], f"class {rng.randrange(3)}")
    store.undo()
    assert store.rows() == before


# --- recordings ---


def good_recording(file_format: str, rng: random.Random) -> bytes:
    import soundfile

    file = io.BytesIO()
    samples = 0.1 * np.random.default_rng(rng.randrange(4)).standard_normal((12_000, 1 + rng.randrange(2)))
    subtype = rng.choice(["PCM_16", "PCM_24"] + ["FLOAT"] * (file_format == "WAV"))
    soundfile.write(file, samples, 24_000, format=file_format, subtype=subtype)
    return file.getvalue()


def fuzz_recordings(file_format: str, folder: Path, rng: random.Random, count: int) -> Iterator[str]:
    """Convert damaged recordings: each gives readable images of a plausible number, or is reported, or both."""
    recordings, dataset = folder / file_format, folder / f"images of {file_format}"
    for start in range(0, count, BATCH):
        shutil.rmtree(recordings, ignore_errors=True)
        shutil.rmtree(dataset, ignore_errors=True)
        recordings.mkdir()
        mutations: dict[str, str] = {}
        for number in range(min(BATCH, count - start)):
            mutation = BINARY[(start + number) % len(BINARY)]
            name = f"{mutation.__name__}-{number:02}.{file_format.lower()}"
            write(recordings / name, mutation(good_recording(file_format, rng), rng))
            mutations[name] = mutation.__name__
        report = convert_recordings(recordings, dataset)
        problems = {shortfall.name for shortfall in report.shortfalls}
        images = {entry.name: entry.images for entry in report.used}
        _check_images(dataset, sum(images.values()))
        for name, mutation_name in mutations.items():
            assert name in problems or name in images, f"{name} is neither used nor reported"
            yield f"{mutation_name}: {'loaded' if name in images else 'refused'}"


def _check_images(dataset: Path, count: int) -> None:
    if not count:
        return
    image_folder = ImageFolder(dataset / "images")
    names = image_folder.names()
    assert len(names) == count
    for name in names:
        assert image_folder.pixels(name).shape[0] == 128


def fuzz_wav(folder: Path, rng: random.Random, count: int) -> Iterator[str]:
    yield from fuzz_recordings("WAV", folder, rng, count)


def fuzz_flac(folder: Path, rng: random.Random, count: int) -> Iterator[str]:
    yield from fuzz_recordings("FLAC", folder, rng, count)


# --- tables and texts ---


def fuzz_parquet(folder: Path, rng: random.Random, count: int) -> Iterator[str]:
    import pyarrow
    from pyarrow import parquet

    path = folder / "metadata.parquet"
    files = []
    for compression in ("NONE", "SNAPPY", "ZSTD"):
        columns = {
            "filename": NAMES,
            "length": list(range(12)),
            "lat": np.linspace(40, 50, 12),
            "site": list("aabbccddeeff"),
        }
        parquet.write_table(pyarrow.table(columns), path, compression=compression)
        files.append(path.read_bytes())
    for number in range(count):
        mutation = BINARY[number % len(BINARY)]
        write(path, mutation(rng.choice(files), rng))
        yield f"{mutation.__name__}: {_outcome(lambda: _check_metadata(path))}"


def _check_metadata(path: Path) -> None:
    columns = read_table(path, path.parent).columns
    assert len({len(column) for column in columns.values()}) <= 1
    assert {type(cell) for column in columns.values() for cell in column} <= PLAIN


def fuzz_provenance(folder: Path, rng: random.Random, count: int) -> Iterator[str]:
    good = [table.provenance.to_json().encode() for table in tiny_tables(NAMES) if table.provenance is not None]
    documents = [json.dumps(_replace_random_value(json.loads(text), rng)).encode() for text in good for _ in range(20)]
    for number in range(count):
        mutation = TEXTS[number % len(TEXTS)]
        text = mutation(rng.choice([*good, *documents]), rng).decode("utf-8", "surrogateescape")
        yield f"{mutation.__name__}: {_outcome(partial(_check_provenance, text))}"


def _replace_random_value(document: dict[str, object], rng: random.Random) -> dict[str, object]:
    """Give a field of a document a value of another type."""
    odd: list[object] = [None, True, -1, 2**70, 1e308, "", "x" * 5000, [], [[]], {}, {"a": {"b": []}}, "\ud800"]
    return document | {rng.choice(list(document)): rng.choice(odd)}


def _check_provenance(text: str) -> None:
    provenance = Provenance.from_json(text, "the file")
    assert Provenance.from_json(provenance.to_json(), "the file").key == provenance.key
    assert provenance.lineage


def fuzz_toml(folder: Path, rng: random.Random, count: int) -> Iterator[str]:
    registry = registry_of(Brightness, Pca, Dbscan, Npz)
    path = folder / "covey.toml"
    for number in range(count):
        mutation = TEXTS[number % len(TEXTS)]
        write(path, mutation(EXPERIMENT, rng))
        yield f"{mutation.__name__}: {_outcome(lambda: _check_experiment(path, registry))}"


def _check_experiment(path: Path, registry: Registry) -> None:
    experiment = read_experiment(path, registry)
    assert isinstance(experiment, Experiment)
    assert experiment.extractors


def _outcome(use: Callable[[], None]) -> str:
    try:
        use()
    except CoveyError as error:
        check_message(error)
        return "refused"
    return "loaded"
