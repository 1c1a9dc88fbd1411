"""Provenance as it is written to files and read from them."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest

from covey import CoveyError
from covey.analysis.join_tables import Join
from covey.components.contracts import Runtime
from covey.components.kinds import Kind
from covey.data.provenance import Copies, Details, Provenance, ReusedRows

FEATURES = Provenance(kind=Kind.EXTRACTOR, component="probe", tag="probe", version=1, options={}, input="0" * 64)
DETAILS = Details(
    versions={"numpy": "2.1"},
    chosen={"eps": 0.5, "layers": ["a", "b"]},
    broken={"dark.png": "it is empty"},
    sizes={"48 x 32": 20},
    copies=Copies(count=3, first=("a.png", "b.png")),
    constant=2,
    runtime=Runtime(device="cuda", precision="bfloat16", threads=3),
    earlier=ReusedRows(key="1" * 64, rows=7),
    lacking={"probe": 2},
    machines=("cpu: AMD EPYC",),
    file="features.csv",
)


def with_details(details: object) -> str:
    """Return a provenance as JSON whose details are these plain values."""
    return json.dumps({**json.loads(FEATURES.to_json()), "details": details})


def test_a_provenance_with_all_details_is_read_back_as_it_was() -> None:
    provenance = attrs.evolve(FEATURES, details=DETAILS)
    assert Provenance.from_json(provenance.to_json(), "birds.npz") == provenance


def test_details_do_not_change_the_key() -> None:
    assert attrs.evolve(FEATURES, details=DETAILS).key == FEATURES.key


def test_details_are_written_as_plain_values_and_defaults_are_left_out() -> None:
    assert json.loads(FEATURES.to_json())["details"] == {}
    details = json.loads(attrs.evolve(FEATURES, details=DETAILS).to_json())["details"]
    assert details["copies"] == {"count": 3, "first": ["a.png", "b.png"]}
    assert details["runtime"]["precision"] == "bfloat16"
    assert details["lacking"] == {"probe": 2}


@pytest.mark.parametrize(
    ("runtime", "words"),
    [
        (Runtime(), ""),
        (Runtime(device="cuda", precision="bfloat16"), "in bfloat16 on cuda"),
        (Runtime(device="cpu", backend="torch"), "on cpu"),
        (Runtime(device="cpu", precision="bfloat16", backend="openvino"), "with openvino 2026 in float32 on AMD EPYC"),
    ],
)
def test_a_computation_is_described_by_what_was_computed_and_not_by_what_was_allowed(
    runtime: Runtime, words: str
) -> None:
    machine = "openvino 2026 in float32 on AMD EPYC"
    assert Details(runtime=runtime, machines=(machine,)).describe_computation() == words


def test_fields_of_a_newer_covey_are_ignored() -> None:
    assert Provenance.from_json(with_details({"weather": "rain", "constant": 1}), "x").details == Details(constant=1)


def test_a_runtime_of_another_covey_keeps_the_fields_that_both_know() -> None:
    details = Provenance.from_json(with_details({"runtime": {"device": "mps", "cores": 4}}), "x").details
    assert details.runtime == Runtime(device="mps")


@pytest.mark.parametrize(
    ("name", "odd", "sentence"),
    [
        ("versions", 3, "details.versions must be a version for each package, not 3"),
        ("versions", {"numpy": 2}, "details.versions must be a version for each package"),
        ("chosen", "x", 'details.chosen must be a value for each option, not "x"'),
        ("broken", ["a.png"], "details.broken must be a reason for each broken image"),
        ("sizes", {"48 x 32": "many"}, "details.sizes must be a number of images for each size"),
        ("copies", {"count": 1}, "details.copies must be a count and the first names"),
        ("constant", "two", "details.constant must be a whole number"),
        ("runtime", "fast", "details.runtime must be the settings of a computation"),
        ("runtime", {"threads": "many"}, "details.runtime must be the settings of a computation"),
        ("machines", "cpu", "details.machines must be a list of texts"),
        ("earlier", {"rows": 3}, "details.earlier must be a key and a number of rows"),
        ("lacking", {"a": "x"}, "details.lacking must be a number of images for each table"),
        ("file", {"name": "x"}, "details.file must be the name of a file"),
    ],
)
def test_odd_details_are_one_sentence_that_names_the_field(name: str, odd: Any, sentence: str) -> None:
    with pytest.raises(CoveyError) as caught:
        Provenance.from_json(with_details({name: odd}), "birds.npz")
    message = str(caught.value)
    assert message.startswith(f"birds.npz has a damaged provenance ({sentence}")
    assert message.endswith("make the file again.")
    assert "\n" not in message


def test_joined_tables_are_named_by_their_keys() -> None:
    other = attrs.evolve(FEATURES, component="other", tag="other")
    joined = Join(whiten=0.5).provenance_of([FEATURES, other], Details(lacking={"other": 1}))
    assert Provenance.from_json(joined.to_json(), "birds.npz") == joined
    assert joined.lineage == [FEATURES, other, joined]
    assert joined.title == "probe+other-whiten0.5"
    keys = {joined.key, Join().provenance_of([FEATURES, other]).key, Join().provenance_of([FEATURES, FEATURES]).key}
    assert len(keys) == 3
    document = json.loads(joined.to_json())
    document["joined"][0]["version"] = 2
    with pytest.raises(CoveyError, match="its key does not fit what it says"):
        Provenance.from_json(json.dumps(document), "birds.npz")
