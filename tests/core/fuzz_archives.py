"""Damaged and hostile NPZ files and pickles, made from a few good ones."""

from __future__ import annotations

import io
import os
import pickle
import random
import struct
import subprocess
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from tests.core.fuzz_mutations import check_message, flip_bits, splice, truncate, write

from covey import CoveyError, Features
from covey.data.formats import npz
from covey.data.legacy import pickles
from covey.data.tables import Clustering, NearestGroups, Table
from covey.testing import tiny_tables

NAMES = [f"XC{number}_segm_0000.{number:03}.png" for number in range(12)]
PLAIN = {str, int, float, bool, datetime, date, type(None)}
Members = list[tuple[str, bytes]]


class Evil:
    """An object whose pickle calls what it is given."""

    def __init__(self, function: Any, *args: Any) -> None:
        self.call = (function, args)

    def __reduce__(self) -> Any:
        return self.call


# --- good files ---


def members_of(data: bytes) -> Members:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [(info.filename, archive.read(info)) for info in archive.infolist()]


def pack(members: Members, compression: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, compression)
    return file.getvalue()


def clustering_with_nearest() -> Clustering:
    nearest = NearestGroups(np.zeros(len(NAMES), np.int32), np.linspace(0, 1, len(NAMES), dtype=np.float32))
    labels = np.full(len(NAMES), -1, np.int32)
    return Clustering(names=np.array(NAMES), labels=labels, provenance=None, nearest=nearest)


def good_npz_files(folder: Path) -> list[bytes]:
    computed = []
    for table in [*tiny_tables(NAMES), clustering_with_nearest()]:
        npz.write(folder / "good.npz", table)
        computed.append((folder / "good.npz").read_bytes())
    X, names = np.linspace(0, 1, 48).reshape(12, 4), np.array(NAMES)
    foreign: list[tuple[Any, dict[str, Any]]] = [
        (np.savez, {"X": X.astype(np.float16), "N": names}),
        (np.savez_compressed, {"X_red": X.astype(">f8"), "X_2D": np.asfortranarray(X[:, :2]), "N": names, "Y": names}),
        (np.savez, {"X": X, "N": names.astype(object)}),
    ]
    for save, arrays in foreign:
        file = io.BytesIO()
        save(file, **arrays)
        computed.append(file.getvalue())
    return computed


def good_pickles() -> list[bytes]:
    import pandas

    frame = pandas.DataFrame({"file_name_stub": NAMES, "length": range(12), "lat": np.linspace(40, 50, 12)})
    tables = [
        frame,
        frame.astype(object),
        frame.assign(time=pandas.Timestamp("2024-05-01"), also=[["a", "b"]] * 12),
        frame.set_index("file_name_stub"),
    ]
    return [pickle.dumps(table, protocol=protocol) for table in tables for protocol in (4, 5)]


# --- what is wrong with them ---


def swap_members(data: bytes, rng: random.Random) -> bytes:
    names, contents = zip(*members_of(data), strict=True)
    return pack(list(zip(names, rng.sample(contents, len(contents)), strict=True)))


def change_header(data: bytes, rng: random.Random) -> bytes:
    """Another dtype or shape in the header of a member, with a checksum that fits."""
    members = members_of(data)
    place = rng.randrange(len(members))
    name, content = members[place]
    length = int.from_bytes(content[8:10], "little")
    header = content[10 : 10 + length].decode("latin-1")
    descr = rng.choice(
        ["<f4", ">f8", "<U9", "|O", "|V8", "<M8[ns]", "<c16", "|S200", "<U999999999", "<i8", "|b1", "<f2"]
    )
    size = rng.choice([0, 1, 3, 11, 13, 10**6, 2**31, 2**63, 10**30])
    shape = rng.choice([f"({size},)", f"({size}, 4)", f"({size}, {size})", "()", "(-1, 4)", f"({'2, ' * 70})"])
    message = rng.choice([("'<", f"'{descr}', 'x': '<"), ("(12", f"({size}"), ("False", "True")])
    header = header.replace(*message) if rng.random() < 0.5 else npy_header(descr, shape)
    text = header.encode("latin-1")
    members[place] = (name, b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text + content[10 + length :])
    return pack(members)


def npy_header(descr: str, shape: str) -> str:
    return f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n"


def inflate_member(data: bytes, rng: random.Random) -> bytes:
    """A member that says that it is huge, compressed zeros or nothing at all."""
    members = members_of(data)
    place, count = rng.randrange(len(members)), rng.choice([10**5, 10**6, 10**9, 10**12])
    text = npy_header(
        rng.choice(["<f4", "<U31", "|O"]), f"({count}, 4)" if rng.random() < 0.5 else f"({count},)"
    ).encode()
    zeros = bytes(rng.choice([0, 1000, 4_000_000]))
    members[place] = (members[place][0], b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text + zeros)
    archive = bytearray(pack(members, zipfile.ZIP_DEFLATED))
    if rng.random() < 0.5:  # the directory tells another size
        at = archive.rindex(b"PK\1\2")
        struct.pack_into("<I", archive, at + rng.choice([20, 24, 42]), rng.choice([0, 10**6, 2**31, 2**32 - 1]))
    return bytes(archive)


def break_header(data: bytes, rng: random.Random) -> bytes:
    """A header that is huge, says that it is, or is no header."""
    members = members_of(data)
    place = rng.randrange(len(members))
    text = rng.choice([b"(" * 5000, b"-" * 60_000, b"{" * 300, b"9" * 9000, b" " * 65_000, b"__import__('os')", b""])
    size = rng.choice([len(text), 65_535, 0])
    version, width = rng.choice([(b"\1\0", "<H"), (b"\2\0", "<I"), (b"\3\0", "<I"), (b"\xff\0", "<I")])
    size = 2**32 - 1 if width == "<I" and rng.random() < 0.5 else size
    members[place] = (members[place][0], b"\x93NUMPY" + version + struct.pack(width, size) + text)
    return pack(members, rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))


def repeat_member(data: bytes, rng: random.Random) -> bytes:
    members = members_of(data)
    return pack([*members, rng.choice(members)])


def rename_member(data: bytes, rng: random.Random) -> bytes:
    names = ["../X.npy", "/etc/passwd.npy", "C:\\X.npy", "a/X.npy", "X.npy/", "X.npy\0.png", "\\\\host\\X.npy", ".npy"]
    members = members_of(data)
    place = rng.randrange(len(members))
    members[place] = (rng.choice(names), members[place][1])
    return pack(members)


def insert_hostile_pickle(data: bytes, rng: random.Random) -> bytes:
    """Names that are an array of objects with a hostile pickle."""
    members = dict(members_of(data))
    text = npy_header("|O", "(12,)").encode()
    members["N.npy"] = b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text + draw_hostile_pickle(rng)
    return pack(list(members.items()))


@cache
def hostile_pickles() -> list[bytes]:
    canary = "open('canary', 'w').close()"
    deep: list[Any] = []
    for _ in range(300):
        deep = [deep, deep]
    looped: list[Any] = []
    looped.append(looped)
    calls = [
        Evil(os.system, "touch canary"),
        Evil(eval, canary),
        Evil(exec, canary),
        Evil(getattr, Evil(__import__, "os"), "system"),
        Evil(Evil, Evil(eval, canary)),
        Evil(subprocess.Popen, "touch canary"),
        Evil(np.zeros(0).__reduce__()[0], Evil(eval, canary)),
        Evil(bytearray, 10**10),
        Evil(pickle.loads, pickle.dumps(Evil(eval, canary))),
    ]
    odd = [*calls, deep, looped, {"a": looped}, 10**5000, "x" * 10**5, b"\xff", frozenset(NAMES), {(1, 2): 3}, None]
    return [
        *(pickle.dumps(call, protocol) for call in calls for protocol in range(6)),
        *(pickle.dumps(np.array([*NAMES[1:], value], dtype=object), 4) for value in odd),
        b"\x80\4" + b"(" * 9_000 + b".",
        b"\x80\4" + b"]\x94" + b"h\0\x85" * 5_000 + b".",
        b"\x80\4" + b"]" * 9_000 + b"a" * 8_999 + b".",
        b"\x80\4" + b")\x94" + b"h\0h\0\x86\x940" * 2_000 + b".",
        b"\x80\4Nr\xff\xff\xff\x7f.",
        b"\x80\4\x8e\xff\xff\xff\xff\xff\xff\xff\x7f.",
        b"\x80\4X" + struct.pack("<I", 10**5) + b"a" * 10**5 + b"\x94(" + b"h\0" * 10**4 + b"l.",
        b"c__builtin__\neval\n(S'" + canary.encode() + b"'\ntR.",
        b"(S'touch canary'\nios\nsystem\n.",
    ]


def draw_hostile_pickle(rng: random.Random) -> bytes:
    return rng.choice(hostile_pickles())


def rename_function(data: bytes, rng: random.Random) -> bytes:
    """A pickle that names another function than the one it was written with."""
    old = rng.choice([b"DataFrame", b"_reconstruct", b"BlockManager", b"_unpickle_block", b"_new_Index", b"slice"])
    new = rng.choice([b"eval", b"system", b"__import__", b"_nat_unpickle", b"RangeIndex", b"getattr"])
    return data.replace(bytes([len(old)]) + old, bytes([len(new)]) + new)


def replace_by_hostile(data: bytes, rng: random.Random) -> bytes:
    return draw_hostile_pickle(rng)


def insert_opcodes(data: bytes, rng: random.Random) -> bytes:
    """Instructions put into the middle of a pickle."""
    place = rng.randrange(2, len(data))
    extra = rng.choice(
        [b"R", b"b", b"\x81", b"0", b"2", b"(", b"t", b"e", b"u", b"h\0", b"\x93", b"Q", b"\x82\1", b"o"]
    )
    return data[:place] + extra * rng.choice([1, 1, 50]) + data[place:]


DAMAGED = [truncate, flip_bits]  # what loads all the same is what was there before
ARCHIVES = [
    *DAMAGED,
    splice,
    swap_members,
    change_header,
    inflate_member,
    break_header,
    repeat_member,
    rename_member,
    insert_hostile_pickle,
]
TABLES = [truncate, flip_bits, splice, rename_function, insert_opcodes, replace_by_hostile]


def check_table(table: Table, good: Table | None) -> None:
    columns = columns_of(table)
    for name, array in columns.items():
        assert len(array) == len(table.names)
        assert array.dtype.kind == "U" if name == "names" else array.dtype in (np.float32, np.int32)
    assert all(isinstance(name, str) for name in table.names.tolist())
    if good is not None:
        assert columns.keys() == columns_of(good).keys()
        for name, array in columns.items():
            assert np.array_equal(array, columns_of(good)[name])
        assert table.provenance == good.provenance


def columns_of(table: Table) -> dict[str, Any]:
    columns = {name: value for name, value in attrs.asdict(table, recurse=False).items() if name != "provenance"}
    if nearest := columns.pop("nearest", None):
        columns |= attrs.asdict(nearest, recurse=False)
    return columns


def check_frame(frame: dict[str, list[Any]]) -> None:
    assert len({len(column) for column in frame.values()}) <= 1
    for name, column in frame.items():
        assert type(name) is str
        assert set(map(type, column)) <= PLAIN


def fuzz_npz(folder: Path, rng: random.Random, count: int) -> Iterator[str]:
    good = good_npz_files(folder)
    path = folder / "full_features_x.npz"
    tables = []
    for data in good:
        path.write_bytes(data)
        tables.append(npz.read(path))
    for number in range(count):
        change, which = ARCHIVES[number % len(ARCHIVES)], rng.randrange(len(good))
        write(path, change(good[which], rng))
        try:
            npz.read_entry(path)
            check_table(npz.read(path), tables[which] if change in DAMAGED else None)
            yield f"{change.__name__}: loaded"
        except CoveyError as error:
            check_message(error)
            yield f"{change.__name__}: refused"


def fuzz_mapped_npz(folder: Path, rng: random.Random, count: int) -> Iterator[str]:
    """Files so large that their arrays are mapped into memory and not read against their checksums."""
    (features, *_) = tiny_tables(NAMES)
    path = folder / "full_features_large.npz"
    npz.write(path, Features(names=features.names, X=np.ones((12, 30_000), np.float32), provenance=None))
    good = path.read_bytes()
    for number in range(count):
        change = [truncate, flip_bits, splice, swap_members, change_header][number % 5]
        write(path, change(good, rng))
        try:
            check_table(npz.read(path), None)
            yield f"{change.__name__}: loaded"
        except CoveyError as error:
            check_message(error)
            yield f"{change.__name__}: refused"


def fuzz_pickles(folder: Path, rng: random.Random, count: int) -> Iterator[str]:
    good = good_pickles()
    path = folder / "downloaded_data_meta.pkl"
    for data in good:
        path.write_bytes(data)
        check_frame(pickles.read_frame(path))
    for number in range(count):
        change = TABLES[number % len(TABLES)]
        write(path, change(rng.choice(good), rng))
        try:
            check_frame(pickles.read_frame(path))
            yield f"{change.__name__}: loaded"
        except CoveyError as error:
            check_message(error)
            yield f"{change.__name__}: refused"
