"""Who may talk to the server, as the command decides it and its middleware enforces it."""

from __future__ import annotations

import json

import attrs

TOKEN = "token"
"""The parameter of an address that holds the token."""
_OWN_NAMES = {"localhost", "127.0.0.1", "::1"}
HEALTH = "/_stcore/health"
"""The only place that answers without the token: it says whether the server runs, and nothing else."""

VISIT_CHANGES = "/covey/names"
"""The only place that takes something from visitors in read-only mode: it changes what lasts as long as their visit."""


@attrs.frozen(kw_only=True)
class AccessRules:
    """Who may talk to the server on a port.

    Attributes:
        port: the port; the name of the cookie holds it, for a browser sends a cookie to every port of a machine.
        hosts: the names under which the server may be addressed, besides the address that a connection has reached.
        token: what a browser must present; "" where none is needed.
        base_path: what all paths begin with, such as "/covey"; "" for nothing.
        frames: the origins of pages that may show the dashboard in a frame, besides its own.
        behind_proxy: whether all requests come through a web server, which says how it was addressed.
        any_host: whether it answers under every name and to pages of every site: on the web, where proxies write both.
        read_only: whether nobody can change anything that lasts: any page may then frame it, and only reading requests
            pass, besides those to VISIT_CHANGES.
    """

    port: int
    hosts: tuple[str, ...]
    token: str = ""
    base_path: str = ""
    frames: tuple[str, ...] = ()
    behind_proxy: bool = False
    any_host: bool = False
    read_only: bool = False

    @property
    def cookie(self) -> str:
        """The name of the cookie that holds the token."""
        return f"covey_token_{self.port}"

    @property
    def is_shared(self) -> bool:
        """Whether people at other machines can open the dashboard."""
        return self.behind_proxy or not set(self.hosts) <= _OWN_NAMES

    def to_json(self) -> str:
        """Return the rules as a text, from which `from_json` makes them again."""
        return json.dumps(attrs.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> AccessRules:
        """Return the rules that `to_json` wrote."""
        fields = json.loads(text)
        return cls(**{**fields, "hosts": tuple(fields["hosts"]), "frames": tuple(fields["frames"])})
