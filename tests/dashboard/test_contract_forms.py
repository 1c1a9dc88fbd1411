"""Every component keeps its options through a form, whatever their values; a form that does not is reported."""

from __future__ import annotations

import pytest

from covey import Clusterer, Floats, Labels, component, option
from covey.plugins.registry import Registry
from covey_dashboard.testing import check_form


class Groups(Clusterer):
    def cluster(self, Z: Floats) -> Labels:
        raise NotImplementedError


@component
class Perplexed(Groups):
    """Its number must be greater than 1, so that few values are allowed."""

    name = "perplexed"
    perplexity: float = option(default=30.0, gt=1, help="Neighbours. Raising it looks farther.")
    rate: float = option(default=0.5, gt=0, lt=1, help="A rate. Raising it learns faster.")
    power: int | None = option(default=None, le=-5, help="A power. Raising it flattens.")


@component
class Rounding(Groups):
    """Has a number that no field of a browser can hold."""

    name = "rounding"
    seed: int = option(default=2**60 + 1, help="A seed. Raising it only changes the draw.")


@component
class Refusing(Groups):
    """Has an option whose default is not among its choices."""

    name = "refusing"
    words: tuple[str, ...] = option(default=("a, b",), help="Words.")


@pytest.mark.parametrize(
    "cls", [Perplexed, *(item.cls for item in Registry.installed().components)], ids=lambda cls: str(cls.name)
)
def test_a_form_gives_back_the_options_it_starts_with(cls: type[Clusterer]) -> None:
    check_form(cls)


@pytest.mark.parametrize(("cls", "sentence"), [(Refusing, "must give back"), (Rounding, "cannot be shown")])
def test_a_form_that_loses_an_option_is_reported(cls: type[Clusterer], sentence: str) -> None:
    with pytest.raises(AssertionError, match=sentence):
        check_form(cls)
