"""Checks of the contract of feature extractors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from covey._base.errors import CoveyError
from covey._base.text import count_noun
from covey.components import options
from covey.components.contracts import PIXELS, SOUND, FeatureExtractor, Floats, Runtime
from covey.components.extras import ExtraArrays, ExtraColumn, Extracted, check_extras
from covey.components.fitting import ExtractAny, PixelsOrSound, State, load_extractor
from covey.components.options import component
from covey.data.provenance import Provenance
from covey.testing.assertions import (
    Observation,
    are_identical,
    check_array,
    describe_difference,
    expect,
    expect_finite,
    observe,
)
from covey.testing.component_checks import WorkChecks
from covey.testing.samples import random_picture, random_sound
from covey.testing.settings import other_settings

_SETTINGS = ("device", "precision", "threads", "backend", "compile")


class ExtractorChecks(WorkChecks[FeatureExtractor]):
    """Checks a feature extractor on four images, or on four sounds if it listens."""

    @cached_property
    def batch(self) -> PixelsOrSound:
        """What it takes: four images, or four sounds."""
        self.check_inputs()
        if not self.component.listens:
            return np.stack([random_picture(index, (128, 256)) for index in range(4)])
        return np.stack([random_sound(index, round(self.cls.rate * self.cls.seconds)) for index in range(4)])

    def check_inputs(self) -> None:
        """It takes pixels, or sound at a rate and of a length that it declares."""
        is_known = self.cls.inputs in (PIXELS, SOUND)
        expect(is_known, f"{self.name}: inputs must be {PIXELS!r} or {SOUND!r}, not {self.cls.inputs!r}")
        rate, seconds = self.cls.rate, self.cls.seconds
        is_heard = isinstance(rate, int) and isinstance(seconds, int | float) and rate > 0 and rate * seconds >= 1
        message = f"{self.name} listens, and must declare rate, in Hz, and seconds, not {rate!r} and {seconds!r}"
        expect(self.cls.inputs == PIXELS or is_heard, message)

    @cached_property
    def observation(self) -> Observation[Extracted]:
        """The features and extra tables of all images."""
        batch = self.batch.copy()
        state = self.state
        return observe(lambda: load_extractor(self.component, Runtime(), state)(batch), batch)

    @property
    def state(self) -> State | None:
        """What it has learned, if it learns."""
        return None

    def load(self, component: FeatureExtractor, runtime: Runtime | None = None) -> ExtractAny:
        """Return the function of a component that computes features, with the state."""
        return load_extractor(component, runtime or Runtime(), self.state)

    @property
    def features(self) -> list[Floats]:
        """The features of all images, one array for each layer."""
        return list(self.observation.outcome.features)

    @property
    def extras(self) -> Mapping[str, ExtraArrays]:
        """The extra tables of all images."""
        return self.observation.outcome.extras

    def check_features(self) -> None:
        """It gives one finite float32 array (images, features) for each layer."""
        layers = len(options.split_plural(self.component))
        counts = f"{count_noun(layers, 'array')}, not {len(self.features)}"
        expect(len(self.features) == layers, f"{self.name} must give {counts}")
        for X in self.features:
            width = X.shape[1] if np.ndim(X) == 2 else "d"
            check_array(self.name, X, (len(self.batch), width), np.dtype(np.float32))
            expect_finite(f"{self.name}: features", X)

    def check_equal_features(self) -> None:
        """Equal options give equal features."""
        features_again = list(self.load(self.build())(self.batch).features)
        difference = describe_difference(self.features, features_again)
        is_equal = are_identical(self.features, features_again)
        expect(is_equal, f"{self.name}: equal options must give equal features: {difference}")

    def check_batches(self) -> None:
        """The features of an image do not depend on the rest of its batch."""
        extract = self.load(self.component)
        for rows in ([0], [3, 2, 1, 0], [1, 1], [0, 1, 2, 3, 0]):
            expected = [Y[rows] for Y in self.features]
            self._expect_close(
                list(extract(self.batch[rows]).features),
                expected,
                f"the features of an image must not depend on the rest of its batch: images {rows}",
            )

    def check_layers(self) -> None:
        """The features of a layer do not depend on the other layers."""
        parts = options.split_plural(self.component)
        for part, Y in zip(parts if len(parts) > 1 else [], self.features, strict=False):
            features = list(self.load(part)(self.batch).features)
            self._expect_close(features, [Y], f"a layer must not depend on the other layers: {part}")

    def check_extras(self) -> None:
        """The extra tables that it declares, and no others, come with each batch, with the columns that it declares."""
        for table, columns in self.cls.extras.items():
            is_declared = bool(columns) and all(isinstance(column, ExtraColumn) for column in columns.values())
            expect(is_declared, f"{self.name}: extras must give the columns of {table!r}, each an ExtraColumn")
            try:
                Provenance.of_extra(self.component, table, "")
            except CoveyError as error:
                raise AssertionError(str(error)) from error
        try:
            check_extras(self.cls.extras, self.extras, len(self.batch))
        except CoveyError as error:
            raise AssertionError(f"{self.name}: {error}") from error
        numbers = [array for _, array in _list_columns(self.extras) if array.dtype.kind == "f"]
        is_finite = all(bool(np.isfinite(array).all()) for array in numbers)
        expect(is_finite, f"{self.name}: the numbers of extra tables must be finite")

    def check_equal_extras(self) -> None:
        """Equal options give equal extra tables."""
        again = self.load(self.build())(self.batch).extras
        self._expect_extras(again, list(range(len(self.batch))), "equal options must give equal extra tables")

    def check_extra_rows(self) -> None:
        """The row of an image in an extra table does not depend on the rest of its batch, nor on the layers."""
        for part in options.split_plural(self.component):
            extract = self.load(part)
            for rows in ([3, 2, 1, 0], [0, 1, 2, 3]):
                sentence = "the row of an image in an extra table must not depend on the rest of its batch or on layers"
                self._expect_extras(extract(self.batch[rows]).extras, rows, sentence)

    def _expect_extras(self, extras: Mapping[str, ExtraArrays], rows: Sequence[int], sentence: str) -> None:
        """Check that extra tables hold these rows: numbers but for rounding."""
        columns, expected = dict(_list_columns(extras)), dict(_list_columns(self.extras))
        expect(list(columns) == list(expected), f"{self.name}: {sentence}")
        for name, array in columns.items():
            other = expected[name][rows]
            is_close = array.dtype.kind == "f" and np.allclose(array.astype(float), other.astype(float), 0.05, 1e-3)
            expect(is_close or np.array_equal(array, other), f"{self.name}: {sentence}: {name} differs")

    def check_available_layers(self) -> None:
        """The layers that it lists, if it lists any, include those that it taps, each with a shape."""
        available = self.component.available_layers()
        plural = options.plural_option(self.cls)
        if plural is None or not available:
            return
        layers = options.option_values(self.component)[plural.name]
        missing_layers = [layer for layer in layers if layer not in available] if isinstance(layers, list) else []
        expect(not missing_layers, f"{self.name}: available_layers() must list {missing_layers[:1]}, which it taps")
        for layer, shape in available.items():
            is_shape = isinstance(shape, tuple) and all(isinstance(length, int) for length in shape)
            expect(is_shape, f"{self.name}: available_layers() must give {layer!r} a shape of whole numbers")

    def check_layer_tags(self) -> None:
        """Two layers have two tags, so that names tell their tables apart."""
        plural = options.plural_option(self.cls)
        if plural is None:
            return
        setting = options.read_option(self.component, plural)
        layers = [(layer,) for layer in self.component.available_layers()] or other_settings(plural, ())
        chosen = [setting, *layers] if isinstance(setting, tuple) and len(setting) == 1 else layers
        pair = list(dict.fromkeys(chosen))[:2]
        tags = [options.evolve(self.component, **{plural.name: layer}).tag for layer in pair]
        names = " and ".join(map(options.format_value, pair))
        message = f"{self.name}: the layers {names} must have different tags, which name their tables, not {tags[:1]}"
        expect(len(set(tags)) == len(pair), message)

    def check_uses(self) -> None:
        """The settings of the runtime that it reads are those that it declares in `uses`."""
        runtime = _WatchedRuntime()
        runtime.names.clear()
        self.use_runtime(runtime)
        read, declared = runtime.names, set[str](self.cls.uses)
        expect(declared <= set(_SETTINGS), f"{self.name}: uses may hold {', '.join(_SETTINGS)}, not {sorted(declared)}")
        expect(read <= declared, f"{self.name} reads {_list(read - declared)} of the runtime: name it in uses")
        expect(declared <= read, f"{self.name} declares {_list(declared - read)} in uses but never reads it")

    def use_runtime(self, runtime: Runtime) -> None:
        """Let it do everything for which it may read settings of a runtime."""
        self.load(self.component, runtime)(self.batch[:1])

    def _expect_close(self, features: Sequence[Floats], expected: Sequence[Floats], sentence: str) -> None:
        """Check that rows differ by at most 5 %: half precision rounds coarsely."""
        is_close = len(features) == len(expected) and all(map(_are_close, features, expected))
        expect(is_close, f"{self.name}: {sentence} ({describe_difference(features, expected)})")


@component
class _WatchedRuntime(Runtime):
    """Remembers the names of the settings that are read."""

    @property
    def names(self) -> set[str]:
        names: set[str] = self.__dict__.setdefault("_names", set())
        return names

    def __getattribute__(self, name: str) -> object:
        if name in _SETTINGS:
            self.names.add(name)
        return super().__getattribute__(name)


def _list_columns(extras: Mapping[str, ExtraArrays]) -> Iterator[tuple[str, NDArray[np.generic]]]:
    """Yield each column of some tables with its name."""
    for table, columns in extras.items():
        for name, array in columns.items():
            yield f"{table}.{name}", array


def _list(names: set[str]) -> str:
    return ", ".join(sorted(names))


def _are_close(X: Floats, Y: Floats) -> bool:
    if X.shape != Y.shape:
        return False
    differences = np.linalg.norm(X - Y, axis=1) > 0.05 * np.linalg.norm(Y, axis=1)
    return not differences.any()
