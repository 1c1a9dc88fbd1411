"""The base class of sources on the web: the service that they ask, and how fast."""

from __future__ import annotations

from typing import ClassVar

import attrs

from covey.components.options import component, option
from covey.components.source_contract import Source
from covey.sources.web_client import WebClient


@component
class WebSource(Source):
    """Finds recordings by asking a web service, at the pace that people choose."""

    service: ClassVar[WebClient]
    """The service; it is asked by `client`."""

    pace: float = option(
        default=1.0,
        ge=0,
        le=60,
        expert=True,
        help="Least seconds between two requests, at least 1 on the real service. Raising it is kinder to the service.",
    )

    @property
    def client(self) -> WebClient:
        """The client of the service, at this pace."""
        return attrs.evolve(self.service, seconds_between=self.pace)
