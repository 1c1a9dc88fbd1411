"""Twenty thousand damaged and hostile files: each loads as it was or is refused, and nothing in them ever runs.

The files are made from a few small good ones with a fixed seed and read in a process of its own, which may not take
much memory and in which the interpreter itself reports whatever is imported, compiled or started.
"""

from __future__ import annotations

import codecs
import io
import json
import os
import pickle
import random
import re
import struct
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest

from covey import CoveyError, Features
from covey.data.formats import npz
from covey.data.legacy import pickles
from covey.data.tables import Table
from covey.testing import tiny_tables

NPZ, MAPPED, PICKLES = 13_700, 300, 6_000
NAMES = [f"XC{number}_segm_0000.{number:03}.png" for number in range(12)]
RUNNING = {"exec", "compile", "import", "pickle.find_class", "os.system", "os.exec", "os.fork", "os.posix_spawn"}
RUNNING |= {"os.spawn", "subprocess.Popen", "ctypes.dlopen", "socket.__new__"}
MOST_MEMORY = 100  # MB more than before
PLAIN = {str, int, float, bool, datetime, date, type(None)}
Members = list[tuple[str, bytes]]


class Evil:
    """An object whose pickle calls what it is given."""

    def __init__(self, function: Any, *args: Any) -> None:
        self.made = (function, args)

    def __reduce__(self) -> Any:
        return self.made


def write(path: Path, data: bytes) -> None:
    """Write a new file: an old one may be mapped, and some systems wait for the disk when one is overwritten."""
    path.unlink(missing_ok=True)
    path.write_bytes(data)


# --- good files ---


def members_of(data: bytes) -> Members:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [(info.filename, archive.read(info)) for info in archive.infolist()]


def packed(members: Members, compression: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, compression)
    return file.getvalue()


def good_archives(folder: Path) -> list[bytes]:
    computed = []
    for table in tiny_tables(NAMES):
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


def cut(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data))]


def flipped(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8))):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def spliced(data: bytes, rng: random.Random) -> bytes:
    start, end = sorted(rng.randrange(len(data)) for _ in range(2))
    place = rng.randrange(len(data))
    return data[:place] + data[start:end] + data[place + rng.choice((0, end - start)) :]


def swapped(data: bytes, rng: random.Random) -> bytes:
    names, contents = zip(*members_of(data), strict=True)
    return packed(list(zip(names, rng.sample(contents, len(contents)), strict=True)))


def lied(data: bytes, rng: random.Random) -> bytes:
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
    header = header.replace(*message) if rng.random() < 0.5 else header_of(descr, shape)
    text = header.encode("latin-1")
    members[place] = (name, b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text + content[10 + length :])
    return packed(members)


def header_of(descr: str, shape: str) -> str:
    return f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n"


def bomb(data: bytes, rng: random.Random) -> bytes:
    """A member that says that it is huge, compressed zeros or nothing at all."""
    members = members_of(data)
    place, count = rng.randrange(len(members)), rng.choice([10**5, 10**6, 10**9, 10**12])
    text = header_of(
        rng.choice(["<f4", "<U31", "|O"]), f"({count}, 4)" if rng.random() < 0.5 else f"({count},)"
    ).encode()
    zeros = bytes(rng.choice([0, 1000, 4_000_000]))
    members[place] = (members[place][0], b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text + zeros)
    archive = bytearray(packed(members, zipfile.ZIP_DEFLATED))
    if rng.random() < 0.5:  # the directory tells another size
        at = archive.rindex(b"PK\1\2")
        struct.pack_into("<I", archive, at + rng.choice([20, 24, 42]), rng.choice([0, 10**6, 2**31, 2**32 - 1]))
    return bytes(archive)


def headed(data: bytes, rng: random.Random) -> bytes:
    """A header that is huge, says that it is, or is no header."""
    members = members_of(data)
    place = rng.randrange(len(members))
    text = rng.choice([b"(" * 5000, b"-" * 60_000, b"{" * 300, b"9" * 9000, b" " * 65_000, b"__import__('os')", b""])
    size = rng.choice([len(text), 65_535, 0])
    version, width = rng.choice([(b"\1\0", "<H"), (b"\2\0", "<I"), (b"\3\0", "<I"), (b"\xff\0", "<I")])
    size = 2**32 - 1 if width == "<I" and rng.random() < 0.5 else size
    members[place] = (members[place][0], b"\x93NUMPY" + version + struct.pack(width, size) + text)
    return packed(members, rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))


def doubled(data: bytes, rng: random.Random) -> bytes:
    members = members_of(data)
    return packed([*members, rng.choice(members)])


def elsewhere(data: bytes, rng: random.Random) -> bytes:
    names = ["../X.npy", "/etc/passwd.npy", "C:\\X.npy", "a/X.npy", "X.npy/", "X.npy\0.png", "\\\\host\\X.npy", ".npy"]
    members = members_of(data)
    place = rng.randrange(len(members))
    members[place] = (rng.choice(names), members[place][1])
    return packed(members)


def possessed(data: bytes, rng: random.Random) -> bytes:
    """Names that are an array of objects with a hostile pickle."""
    members = dict(members_of(data))
    text = header_of("|O", "(12,)").encode()
    members["N.npy"] = b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text + hostile(rng)
    return packed(list(members.items()))


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


def hostile(rng: random.Random) -> bytes:
    return rng.choice(hostile_pickles())


def renamed(data: bytes, rng: random.Random) -> bytes:
    """A pickle that names another function than the one it was written with."""
    old = rng.choice([b"DataFrame", b"_reconstruct", b"BlockManager", b"_unpickle_block", b"_new_Index", b"slice"])
    new = rng.choice([b"eval", b"system", b"__import__", b"_nat_unpickle", b"RangeIndex", b"getattr"])
    return data.replace(bytes([len(old)]) + old, bytes([len(new)]) + new)


def replaced(data: bytes, rng: random.Random) -> bytes:
    return hostile(rng)


def stuffed(data: bytes, rng: random.Random) -> bytes:
    """Instructions put into the middle of a pickle."""
    place = rng.randrange(2, len(data))
    extra = rng.choice(
        [b"R", b"b", b"\x81", b"0", b"2", b"(", b"t", b"e", b"u", b"h\0", b"\x93", b"Q", b"\x82\1", b"o"]
    )
    return data[:place] + extra * rng.choice([1, 1, 50]) + data[place:]


DAMAGED = [cut, flipped]  # what loads all the same is what was there before
ARCHIVES = [*DAMAGED, spliced, swapped, lied, bomb, headed, doubled, elsewhere, possessed]
TABLES = [cut, flipped, spliced, renamed, stuffed, replaced]


def check_table(table: Table, good: Table | None) -> None:
    columns = {name: value for name, value in attrs.asdict(table, recurse=False).items() if name != "provenance"}
    for name, array in columns.items():
        assert len(array) == len(table.names)
        assert array.dtype.kind == "U" if name == "names" else array.dtype in (np.float32, np.int32)
    assert all(isinstance(name, str) for name in table.names.tolist())
    if good is not None:
        for name, array in columns.items():
            assert np.array_equal(array, getattr(good, name))
        assert table.provenance == good.provenance


def check_frame(frame: dict[str, list[Any]]) -> None:
    assert len({len(column) for column in frame.values()}) <= 1
    for name, column in frame.items():
        assert type(name) is str
        assert set(map(type, column)) <= PLAIN


def archives(folder: Path, rng: random.Random) -> Iterator[str]:
    good = good_archives(folder)
    path = folder / "full_features_x.npz"
    tables = []
    for data in good:
        path.write_bytes(data)
        tables.append(npz.read(path))
    for number in range(NPZ):
        change, which = ARCHIVES[number % len(ARCHIVES)], rng.randrange(len(good))
        write(path, change(good[which], rng))
        try:
            npz.read_entry(path)
            check_table(npz.read(path), tables[which] if change in DAMAGED else None)
            yield f"{change.__name__}: loaded"
        except CoveyError:
            yield f"{change.__name__}: refused"


def mapped(folder: Path, rng: random.Random) -> Iterator[str]:
    """Files so large that their arrays are mapped, and not read against their checksums."""
    (features, *_) = tiny_tables(NAMES)
    path = folder / "full_features_large.npz"
    npz.write(path, Features(names=features.names, X=np.ones((12, 30_000), np.float32), provenance=None))
    good = path.read_bytes()
    for number in range(MAPPED):
        change = [cut, flipped, spliced, swapped, lied][number % 5]
        write(path, change(good, rng))
        try:
            check_table(npz.read(path), None)
            yield f"mapped {change.__name__}: loaded"
        except CoveyError:
            yield f"mapped {change.__name__}: refused"


def frames(folder: Path, rng: random.Random) -> Iterator[str]:
    good = good_pickles()
    path = folder / "downloaded_data_meta.pkl"
    for data in good:
        path.write_bytes(data)
        check_frame(pickles.read_frame(path))
    for number in range(PICKLES):
        change = TABLES[number % len(TABLES)]
        write(path, change(rng.choice(good), rng))
        try:
            check_frame(pickles.read_frame(path))
            yield f"pickle {change.__name__}: loaded"
        except CoveyError:
            yield f"pickle {change.__name__}: refused"


def memory() -> float:
    """Return the peak memory of this process in MB; 0 where the system does not tell it."""
    status = Path("/proc/self/status")
    match = re.search(r"VmHWM:\s+(\d+)", status.read_text()) if status.exists() else None
    return int(match[1]) / 1e3 if match else 0


def parses_only(event: str, args: tuple[object, ...]) -> bool:
    """Whether NumPy reads the header of an array by `ast.literal_eval`: it is parsed, to a tree that is never run."""
    return event == "compile" and args[1] == "<unknown>"


def main(folder: Path) -> None:
    """Print how each kind of file fared, what was run (nothing), and how much more memory it took."""
    rng = random.Random(0)
    counts: Counter[str] = Counter()
    ran: list[str] = []
    armed: list[bool] = []
    codecs.lookup("raw_unicode_escape")  # which Python imports when it is needed
    sys.addaudithook(
        lambda event, args: (
            ran.append(f"{event} {args}"[:200]) if armed and event in RUNNING and not parses_only(event, args) else None
        )
    )
    more = 0.0
    for computed in (archives(folder, rng), mapped(folder, rng), frames(folder, rng)):
        counts[next(computed)] += 1  # which imports what is our own
        before = memory()
        armed.append(True)
        counts.update(computed)
        armed.clear()
        more = max(more, memory() - before)
    print(json.dumps({"counts": counts, "ran": ran, "memory": more, "canary": Path("canary").exists()}))


def test_no_damaged_or_hostile_file_is_run_or_taken_for_a_good_one(tmp_path: Path) -> None:
    pytest.importorskip("pandas", reason="the good pickles are made with pandas")
    command = [sys.executable, "-W", "ignore", __file__, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    document = json.loads(done.stdout)
    print(json.dumps(document["counts"], indent=2, sort_keys=True), f"{document['memory']:.0f} MB more")
    assert sum(document["counts"].values()) == NPZ + MAPPED + PICKLES
    assert document["ran"] == []
    assert not document["canary"]
    assert document["memory"] < MOST_MEMORY


if __name__ == "__main__":
    main(Path(sys.argv[1]))
