"""The methods text of a table: from its provenance, what was done, with versions and references."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from covey._base.errors import CoveyError
from covey._base.text import count_noun
from covey._version import CITATION
from covey.components.contracts import Component
from covey.components.kinds import Kind
from covey.components.options import add_absent, format_value
from covey.data.legacy.file_names import describe_origin
from covey.data.provenance import Provenance
from covey.extraction.notes import describe_sample
from covey.plugins.registry import Registry

_SENTENCES = {
    Kind.EXTRACTOR: "{images} were described by features, extracted with {component}",
    Kind.REDUCER: "The features were reduced with {component}",
    Kind.CLUSTERER: "The {input} were clustered with {component}",
}
_JOIN = (
    "The {inputs} of {titles} were joined by image with {component}: {each}, and all sets were given equal weight in"
    " the distances of images"
)
_LEARNING = "{component} learned from spectrogram images"
_INPUTS = {Kind.EXTRACTOR: "features", Kind.REDUCER: "reduced features"}


def describe_methods(provenance: Provenance, registry: Registry) -> str:
    """Return paragraphs of plain text: every step with all its options, versions and how to cite covey, references.

    A component that is no longer installed is described from the provenance, without its references.
    """
    chain = provenance.lineage
    references = list(dict.fromkeys(text for step in chain for text in _references(step, registry)))
    paragraph = " ".join(_describe_step(step, references, registry) for step in chain)
    software = {name: version for step in chain for name, version in step.details.versions.items()}
    versions = ", ".join(f"{name} {version}" for name, version in sorted(software.items()))
    cited = "\n".join(f"[{number}] {text}" for number, text in enumerate(references, 1))
    used = versions and f"Software: {versions}. To cite covey: {CITATION}."
    return "\n\n".join(filter(None, [paragraph, used, cited]))


def _describe_step(provenance: Provenance, references: Sequence[str], registry: Registry) -> str:
    if provenance.is_foreign:
        return _describe_foreign(provenance)
    numbers = [references.index(text) + 1 for text in _references(provenance, registry)]
    cited = f" [{', '.join(map(str, numbers))}]" if numbers else ""
    options = f"version {provenance.version} of the component; {_list_settings(_all_options(provenance, registry))}"
    component = f"{provenance.component}{cited} ({options})"
    sentence = _describe_join(provenance, component) if provenance.joined else _describe_work(provenance, component)
    sentences = [sentence, *_implementation(provenance, registry), *_circumstances(provenance)]
    return " ".join(f"{text}." for text in sentences)


def _describe_foreign(provenance: Provenance) -> str:
    file_name = provenance.details.file
    hashed = f"the SHA-256 of its arrays is {provenance.identity.get('arrays')}"
    edges = provenance.options.get("edges")
    pooled = "" if edges is None else f", and averaged over time without {edges} columns at both ends"
    table = _INPUTS[provenance.kind]
    return f"The {table} were taken from the file {file_name}{pooled}, {describe_origin(file_name)}; {hashed}."


def _describe_work(provenance: Provenance, component: str) -> str:
    template = _LEARNING if provenance.is_state else _SENTENCES[provenance.kind]
    return template.format(
        component=component,
        images=_images(provenance),
        input=_INPUTS.get(provenance.source.kind, "") if provenance.source else "data",
    )


def _describe_join(provenance: Provenance, component: str) -> str:
    each = "each was scaled as a whole" if provenance.kind is Kind.REDUCER else "each feature was standardised"
    if provenance.options.get("whiten"):
        each += ", the principal components of each set were scaled by their variance to the power of -whiten / 2"
    return _JOIN.format(
        inputs=_INPUTS[provenance.kind],
        titles=" and ".join(source.title for source in provenance.sources),
        component=component,
        each=each,
    )


def _implementation(provenance: Provenance, registry: Registry) -> list[str]:
    """Return whose code computed the step, if its component says so."""
    cls = _installed_class(provenance, registry)
    return [cls.implementation.rstrip(".")] if cls and cls.implementation else []


def _images(provenance: Provenance) -> str:
    sizes, broken = provenance.details.sizes, len(provenance.details.broken)
    count = count_noun(sum(sizes.values()), "spectrogram image") if sizes else "Spectrogram images"
    pixels = f" of {', '.join(f'{size} pixels' for size in sizes)}" if sizes else ""
    left_out = f" ({broken:,} broken {'one was' if broken == 1 else 'ones were'} left out)" if broken else ""
    return f"{count}{pixels}{left_out}"


def _circumstances(provenance: Provenance) -> list[str]:
    """Return sentences about what else decided the table."""
    sentences = []
    if losses := provenance.details.losses:
        epochs = count_noun(len(losses), "epoch")
        sentences.append(f"Its loss went from {losses[0]:.4g} to {losses[-1]:.4g} in {epochs}")
    if provenance.identity and not provenance.joined:
        sentences.append(f"What else decided the result: {_list_settings(provenance.identity)}")
    if chosen := provenance.details.chosen:
        reasons = "; ".join(provenance.details.reasons.values())
        sentences.append(f"The data decided {_list_settings(chosen)}{f' ({reasons})' if reasons else ''}")
    if runtime := provenance.details.runtime:
        how = provenance.details.describe_computation() or "on cpu"
        sentences.append(f"It was computed {how}, {runtime.batch_size} images at a time")
    sentences += [sentence.rstrip(".") for sentence in describe_sample(provenance.details.sample)]
    for title, count in provenance.details.lacking.items():
        sentences.append(f"Left out: {count_noun(count, 'image')} that {'is' if count == 1 else 'are'} not in {title}")
    return sentences


def _all_options(provenance: Provenance, registry: Registry) -> Mapping[str, object]:
    """Return the options of a step, with those at values at which they stand in no key, such as whiten = 0."""
    cls = _installed_class(provenance, registry)
    return provenance.options if cls is None or provenance.is_state else add_absent(cls, provenance.options)


def _list_settings(settings: Mapping[str, object]) -> str:
    return ", ".join(f"{name} = {format_value(setting)}" for name, setting in settings.items()) or "no options"


def _references(provenance: Provenance, registry: Registry) -> tuple[str, ...]:
    cls = _installed_class(provenance, registry)
    return cls.references if cls else ()


def _installed_class(provenance: Provenance, registry: Registry) -> type[Component] | None:
    try:
        return registry.find(provenance.component, provenance.kind).cls
    except CoveyError:
        return None
