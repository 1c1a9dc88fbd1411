"""What all components have in common."""

from __future__ import annotations

import importlib.util
import re
from abc import ABC
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from covey._base.errors import CoveyError
from covey.components.contracts.array_types import Floats
from covey.components.contracts.missing_files import MissingFiles
from covey.components.guard import guard_overrides
from covey.components.options import check_options, format_value, options


class Component(ABC):
    """A frozen value: its fields are its options, its methods do the work.

    Components with equal options are equal. Loaded models and fitted state belong to what the methods return.
    """

    name: ClassVar[str]
    """Name in `use = "..."`: lower-case letters, digits, "-" and "_"."""
    version: ClassVar[int] = 1
    """Raise it whenever the results change."""
    requires: ClassVar[Mapping[str, str]] = {}
    """Libraries that the methods import: import name -> requirement for `pip install`."""

    references: ClassVar[tuple[str, ...]] = ()
    """Publications to cite, each in full."""

    implementation: ClassVar[str] = ""
    """Sentence without a full stop for the methods text: what covey's own code computed, and what a library did."""

    startup_message: ClassVar[str] = "starting"
    """What a waiting person reads until the first result, such as "compiling"."""

    def __init_subclass__(cls) -> None:
        """Guard what a plugin implements, see `covey.components.guard`."""
        super().__init_subclass__()
        guard_overrides(cls)

    def __attrs_post_init__(self) -> None:
        check_options(self)

    @property
    def tag(self) -> str:
        """Short name in file names and tables."""
        return self.name

    def identity(self) -> Mapping[str, object]:
        """Return what decides the result besides name, version and options, such as the hash of a weights file.

        The values are plain JSON and enter the key; one with the name of an option replaces that option in it. covey
        calls this on every run, so that it must be fast and import nothing heavy.
        """
        return {}

    def missing_files(self) -> MissingFiles | None:
        """Return the files that must be fetched before it works, which people are asked about; None if there are none.

        The answer is fast and needs no network.
        """
        return None

    def describe_choice(self, option: str, choice: str) -> str:
        """Return what people should know of a choice of an option, such as "98 MB, needs a download"; "" for nothing.

        The answer is fast and needs no network.

        Args:
            option: the name of an option whose choices are listed on demand.
            choice: one of them, as a text.
        """
        return ""

    def check_finite(self, array: Floats, what: str = "data", again: str = "reduce") -> None:
        """Check that an array holds neither NaN nor infinity.

        Args:
            array: numbers of any shape.
            what: noun for the array in the message.
            again: verb for making the array, in the message.

        Raises:
            CoveyError: a number is not finite.
        """
        if not np.isfinite(array).all():
            raise CoveyError(f"{self.name}: the {what} hold values that are no finite numbers: {again} them again.")

    @classmethod
    def missing(cls) -> tuple[str, ...]:
        """Return the requirements for `pip install` of required libraries that are not installed."""
        requirements = [pip for module, pip in cls.requires.items() if not is_installed(module)]
        return tuple(dict.fromkeys(requirements))


def describe_changes(component: Component, *others: str) -> str:
    """Return the name of a component with the options that differ from their defaults, but for `others`."""
    shown = [option for option in options(type(component)) if not option.plural and option.name not in others]
    settings = [(option, getattr(component, option.name)) for option in shown]
    changed = [f"{option.name}{format_value(chosen)}" for option, chosen in settings if chosen != option.default]
    return plain_text("-".join([component.name, *changed]))


def plain_text(text: str) -> str:
    """Return a text that can stand in a file name."""
    return re.sub(r"[/\\:\s]", "-", text)


def is_installed(module: str) -> bool:
    """Whether a module of this name can be imported."""
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):  # a package in which it would lie is missing
        return False
