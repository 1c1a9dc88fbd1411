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
        tag=origin.tag if origin else file_name.removesuffix(".npz"),
        version=1,
        options={"sizes": [size]},
        identity={"arrays": content},
        input=content,
        details=Details(chosen={"neighbors": origin.neighbors} if origin else {}, file=file_name),
    )
