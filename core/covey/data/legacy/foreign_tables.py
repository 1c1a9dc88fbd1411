"""Tables that other programs made: what they are known by, and what the names of their files tell."""

from __future__ import annotations

from covey.components.kinds import Kind
from covey.data.legacy.file_names import parse_file_name
from covey.data.provenance import FOREIGN, Details, Provenance


def describe_foreign_embedding(file_name: str, content: str, size: int) -> Provenance:
    """Return the provenance of an embedding that another program made.

    Its arrays decide the key. The name of the file tells the model and the neighbours, as far as it is one of the
    original tools: a file of another name with the same arrays is the same embedding.

    Args:
        file_name: the name of the file.
        content: the SHA-256 of its arrays.
        size: how many dimensions it has.
    """
    origin = parse_file_name(file_name)
    return Provenance(
        kind=Kind.REDUCER,
        component=FOREIGN,
        tag=_name_tag(file_name),
        version=1,
        options={"sizes": [size]},
        identity={"arrays": content},
        input=content,
        details=Details(chosen={"neighbors": origin.neighbors} if origin else {}, file=file_name),
    )


def describe_foreign_features(file_name: str, content: str, edges: int | None) -> Provenance:
    """Return the provenance of features that another program made, as `describe_foreign_embedding` does.

    Args:
        file_name: the name of the file.
        content: the SHA-256 of its arrays.
        edges: columns that were left out at both ends of time when they were averaged over it; None if they were not.
    """
    return Provenance(
        kind=Kind.EXTRACTOR,
        component=FOREIGN,
        tag=_name_tag(file_name),
        version=1,
        options={} if edges is None else {"edges": edges},
        identity={"arrays": content},
        input=content,
        details=Details(file=file_name),
    )


def _name_tag(file_name: str) -> str:
    origin = parse_file_name(file_name)
    return origin.tag if origin else file_name.removesuffix(".npz")
