"""Licences of recordings, as sources name them: what they are called, and what they allow."""

from __future__ import annotations

import re

import attrs

_ADDRESS = re.compile(
    r"(?:https?:)?//(?:www\.)?creativecommons\.org/(?:licenses|publicdomain)/(?P<kind>zero|mark|by(?:-(?:nc|nd|sa)){0,2})/(?P<version>\d\.\d)"
    r"(?:/(?:[a-z]{2,3}/?)?(?:deed|legalcode)?(?:\.[a-z]{2})?)?/?",
    re.IGNORECASE,
)
_NAME = re.compile(r"(?:cc[ -]?)?(?P<kind>0|zero|pdm|by(?:[ -](?:nc|nd|sa)){0,2})(?:[ -]v?(?P<version>\d\.\d))?", re.I)
_PUBLIC_DOMAIN = {"0": "CC0", "zero": "CC0", "pdm": "PDM", "mark": "PDM"}


@attrs.frozen
class Licence:
    """A licence, known if it is one of Creative Commons.

    Attributes:
        text: as the source names it.
        kind: "CC0", "PDM" (public domain mark) or the elements, such as "BY-NC-SA"; "" if it is not known.
        version: such as "4.0"; "" if the source does not say.
    """

    text: str
    kind: str = ""
    version: str = ""

    @property
    def code(self) -> str:
        """The short name by SPDX, such as "CC-BY-NC-SA-4.0"; the text if it is not known."""
        prefix = "" if self.kind in ("CC0", "PDM") else "CC-"
        return "-".join(part for part in (f"{prefix}{self.kind}", self.version) if part) if self.kind else self.text

    @property
    def title(self) -> str:
        """The name for people, such as "CC BY-NC-SA 4.0"; the text if it is not known."""
        name = {"CC0": "CC0", "PDM": "Public Domain Mark"}.get(self.kind, f"CC {self.kind}")
        return f"{name} {self.version}".strip() if self.kind else self.text

    @property
    def address(self) -> str:
        """Where it can be read; "" if that is not known."""
        if not (self.kind and self.version):
            return ""
        public = {"CC0": "publicdomain/zero", "PDM": "publicdomain/mark"}
        path = public.get(self.kind, f"licenses/{self.kind.lower()}")
        return f"https://creativecommons.org/{path}/{self.version}/"

    @property
    def allows_derivatives(self) -> bool:
        """Whether it is known and cuts and spectrograms may be published."""
        return bool(self.kind) and "ND" not in self.kind.split("-")

    @property
    def allows_commercial_use(self) -> bool:
        """Whether it is known and does not exclude commercial use."""
        return bool(self.kind) and "NC" not in self.kind.split("-")

    @property
    def is_open(self) -> bool:
        """Whether anybody may use, change and share what it covers, for any purpose."""
        return self.allows_derivatives and self.allows_commercial_use


def read_licence(text: str) -> Licence:
    """Return the licence that an address, a code (cc-by-nc) or a name (CC BY 4.0) means."""
    match = _ADDRESS.fullmatch(text.strip()) or _NAME.fullmatch(text.strip())
    if match is None:
        return Licence(text)
    elements = match["kind"].upper().replace(" ", "-")
    return Licence(text, _PUBLIC_DOMAIN.get(match["kind"].lower(), elements), match["version"] or "")
