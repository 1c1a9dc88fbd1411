"""The line of a key in a TOML text is found from its path, however the key is written."""

from __future__ import annotations

import tomllib

import pytest
import tomlkit
from hypothesis import given, settings
from hypothesis import strategies as st

from covey._base.toml_lines import KeyPath, find_line

TEXT = '''\
dataset = "birds"  # dataset = "bats"
out = """
[runtime]
threads = 1 \\""" = 2
"""
features = [
    "a = 1",
    'b',  # a comment with ] and }
]
begun = 1979-05-27 07:32:00
runtime.threads = 0
runtime . "batch_size" = 4

[[extractor]]
use = "timm"
"layers" = [[1,
  2], [3]]

[[clusterer]]
use = "dbscan"
eps = 0.3
[clusterer.more]
note = \'\'\'
eps = 4\'\'\'\'
deep.er = 1
[[clusterer]]
use = "dbscan"
eps = -1
[clusterer.more]
note = ""
[[clusterer.parts]]
size = 1
[[clusterer.parts]]
size = 2

[reducer]
use = "pca"
inline = { first = 1, second.third = [ { x = 1 },
  { x = 2 } ] }
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("dataset",), 1),
        (("out",), 2),
        (("features",), 6),
        (("features", 0), 7),
        (("features", 1), 8),
        (("begun",), 10),
        (("runtime",), 11),
        (("runtime", "threads"), 11),
        (("runtime", "batch_size"), 12),
        (("extractor",), 14),
        (("extractor", 0), 14),
        (("extractor", 0, "use"), 15),
        (("extractor", 0, "layers"), 16),
        (("extractor", 0, "layers", 0, 1), 17),
        (("extractor", 0, "layers", 1), 17),
        (("clusterer",), 19),
        (("clusterer", 0, "eps"), 21),
        (("clusterer", 0, "more"), 22),
        (("clusterer", 0, "more", "note"), 23),
        (("clusterer", 0, "more", "deep", "er"), 25),
        (("clusterer", 1), 26),
        (("clusterer", 1, "eps"), 28),
        (("clusterer", 1, "more", "note"), 30),
        (("clusterer", 1, "parts", 0, "size"), 32),
        (("clusterer", 1, "parts", 1, "size"), 34),
        (("reducer", "use"), 37),
        (("reducer", "inline", "first"), 38),
        (("reducer", "inline", "second", "third", 0, "x"), 38),
        (("reducer", "inline", "second", "third", 1, "x"), 39),
    ],
)
def test_each_key_stands_at_its_line(path: KeyPath, line: int) -> None:
    assert find_line(TEXT, path) == line


@pytest.mark.parametrize(
    ("path", "line"),
    [(("clusterer", 1, "min_samples"), 26), (("reducer", "sizes"), 36), (("runtime", "x"), 11), (("absent", 0), None)],
)
def test_a_key_that_is_absent_has_the_line_of_its_table(path: KeyPath, line: int | None) -> None:
    assert find_line(TEXT, path) == line


scalars = st.one_of(st.text(), st.integers(-(2**31), 2**31), st.booleans(), st.datetimes())
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner, max_size=3)),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(document=st.dictionaries(st.text(), values, max_size=5))
def test_every_key_of_any_document_has_a_line(document: dict[str, object]) -> None:
    text = tomlkit.dumps(document)
    for key in tomllib.loads(text):
        line = find_line(text, (key,))
        assert line is not None
        assert 1 <= line <= text.count("\n") + 1
