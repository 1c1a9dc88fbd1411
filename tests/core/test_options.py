"""Options are declared once; values are converted, checked and explained."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from covey import Clusterer, CoveyError, component, option
from covey.components.contracts import Floats, Labels
from covey.components.options import (
    Option,
    allowed_choices,
    build,
    expand_variants,
    format_value,
    join_plural,
    key_values,
    option_errors,
    option_values,
    options,
    rebuild,
    split_plural,
)


@component
class Example(Clusterer):
    """An example for these tests."""

    name = "example"
    eps: float = option(default=0.4, gt=0, le=2, help="Radius.")
    count: int = option(default=3, ge=1, help="Count.")
    method: str = option(default="eom", choices=("eom", "leaf"), help="Method.")
    flat: bool = option(default=False, help="Flat.")
    seed: int | None = option(default=None, ge=0, help="Seed.")
    weights: tuple[float, ...] = option(default=(1, 2), help="Weights.")
    layers: tuple[str, ...] = option(
        default=("a",), plural=True, choices=lambda self: ["a", "b"] * self.count, help="L."
    )

    def cluster(self, Z: Floats) -> Labels:
        raise NotImplementedError


def option_named(name: str) -> Option:
    return next(option for option in options(Example) if option.name == name)


def test_values_take_the_declared_type() -> None:
    example = build(Example, {"eps": 1, "weights": [3, 4.5], "layers": ["a", "b", "a"]})
    assert (example.eps, example.weights, example.layers) == (1.0, (3.0, 4.5), ("a", "b"))
    assert type(example.eps) is float


def test_equal_options_make_equal_components() -> None:
    first, second = Example(eps=1), Example(eps=1.0)
    assert first == second
    assert hash(first) == hash(second)
    assert pickle.loads(pickle.dumps(first)) == first
    assert first != Example(eps=1.1)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"eps": 0}, "example: option 'eps' must be a number greater than 0 and at most 2, not 0."),
        ({"eps": True}, "example: option 'eps' must be a number greater than 0 and at most 2, not True."),
        ({"eps": float("nan")}, "example: option 'eps' must be a number greater than 0 and at most 2, not nan."),
        ({"count": 1.5}, "example: option 'count' must be a whole number at least 1, not 1.5."),
        ({"count": None}, "example: option 'count' must be a whole number at least 1, not None."),
        ({"method": "leav"}, "example: option 'method' must be one of eom, leaf, not 'leav'. Did you mean 'leaf'?"),
        ({"seed": -1}, "example: option 'seed' must be a whole number at least 0, or none, not -1."),
        ({"layers": []}, "example: option 'layers' needs at least one value."),
        (
            {"ebs": 1},
            "example: there is no option 'ebs'. Did you mean 'eps'? "
            "Its options: eps, count, method, flat, seed, weights, layers.",
        ),
    ],
)
def test_a_bad_value_gets_one_clear_sentence(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(CoveyError) as caught:
        build(Example, settings)
    assert str(caught.value) == sentence


def test_every_bad_option_is_named() -> None:
    with pytest.raises(CoveyError, match=r"'eps'[^\n]*\n[^\n]*'count'"):
        Example(eps=-1, count=0)
    assert list(option_errors(Example, {"eps": [0.1, -1], "typo": 1, "flat": True})) == ["eps", "typo"]


def test_a_list_where_one_value_is_expected_holds_alternatives() -> None:
    variants = expand_variants(Example, {"eps": [0.1, 0.2], "method": ["eom", "leaf"], "weights": [[1], [2, 3]]})
    assert len(variants) == 8
    assert {variant.weights for variant in variants} == {(1.0,), (2.0, 3.0)}
    assert len(expand_variants(Example, {"weights": [1, 2]})) == 1


def test_plural_options_split_and_join() -> None:
    example = Example(layers=("a", "b"), eps=1)
    assert [part.layers for part in split_plural(example)] == [("a",), ("b",)]
    assert join_plural(split_plural(example)) == example


def test_choices_on_demand_may_depend_on_other_options() -> None:
    assert allowed_choices(Example(count=2), "layers") == ["a", "b", "a", "b"]
    assert allowed_choices(Example(), "method") == ["eom", "leaf"]
    assert allowed_choices(Example(), "eps") is None


@pytest.mark.parametrize(
    ("name", "text", "setting"),
    [
        ("eps", "0.3", 0.3),
        ("eps", "0.3,0.4", [0.3, 0.4]),
        ("weights", "1,2", (1.0, 2.0)),
        ("layers", "a, b", ("a", "b")),
        ("seed", "none", None),
        ("flat", "yes", True),
        ("method", "eom,leaf", ["eom", "leaf"]),
        ("method", "eom,leef", "eom,leef"),
    ],
)
def test_text_on_the_command_line_is_parsed(name: str, text: str, setting: Any) -> None:
    assert option_named(name).parse(text) == setting


@settings(deadline=None)
@given(
    st.builds(
        Example,
        eps=st.floats(0.001, 2),
        count=st.integers(1, 10**6),
        method=st.sampled_from(["eom", "leaf"]),
        flat=st.booleans(),
        seed=st.none() | st.integers(0, 2**32),
        weights=st.lists(st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False)).map(tuple),
    )
)
def test_options_written_for_the_command_line_are_read_back(example: Example) -> None:
    texts = {name: format_value(value) for name, value in option_values(example).items()}
    assert build(Example, {name: option_named(name).parse(text) for name, text in texts.items()}) == example


@component
class Extended(Clusterer):
    """A component that got an option after tables had been made by it."""

    name = "extended"
    count: int = option(default=3, ge=1, help="Count.")
    shrink: float = option(default=0.5, ge=0, le=1, absent=0.0, help="Shrinking. Raising it shrinks more.")

    def cluster(self, Z: Floats) -> Labels:
        raise NotImplementedError


def test_an_option_that_came_later_leaves_earlier_tables_their_keys() -> None:
    assert key_values(Extended(shrink=0)) == {"count": 3}
    assert key_values(Extended()) == {"count": 3, "shrink": 0.5}
    for extended in (Extended(count=2, shrink=0), Extended(), Extended(shrink=0.7)):
        assert rebuild(Extended, key_values(extended)) == extended
    assert build(Extended, {}).shrink == 0.5


def test_a_field_that_is_no_option_is_refused() -> None:
    @component
    class Plain(Clusterer):
        name = "plain"
        eps: float = 1.0

        def cluster(self, Z: Floats) -> Labels:
            raise NotImplementedError

    with pytest.raises(TypeError, match=r"Plain.eps is not declared with option\(\)"):
        options(Plain)


def test_a_default_out_of_bounds_is_refused() -> None:
    @component
    class Wrong(Clusterer):
        name = "wrong"
        eps: float = option(default=-1, gt=0, help="Radius.")

        def cluster(self, Z: Floats) -> Labels:
            raise NotImplementedError

    with pytest.raises(TypeError, match=r"Wrong.eps: option 'eps' must be a number greater than 0"):
        options(Wrong)
