"""What a web host sets before it starts the dashboard for everybody with plain `streamlit run`."""

from __future__ import annotations

import os

import streamlit as st
from streamlit import config

from covey_dashboard.server import server
from covey_dashboard.server.access.access_rules import AccessRules

DATASET = "COVEY_DATASET"
"""The one setting, an environment variable or a secret of Streamlit: the dataset to show; several with commas."""


def prepare_public_server() -> AccessRules:
    """Let this process show the dataset of the setting, read-only; return who may talk to it: everybody."""
    locations = [location.strip() for location in _read_setting().split(",")]
    os.environ[server.LOCATION] = "\n".join(filter(None, locations))
    os.environ[server.READ_ONLY] = "1"
    for key, setting in {**server.SETTINGS, "server.enableCORS": False, "server.enableXsrfProtection": False}.items():
        config.set_option(key, setting)
    base_path = str(config.get_option("server.baseUrlPath") or "").strip("/")
    return AccessRules(
        port=config.get_option("server.port"),
        hosts=(),
        base_path=f"/{base_path}" if base_path else "",
        any_host=True,
        read_only=True,
    )


def _read_setting() -> str:
    try:
        return os.environ.get(DATASET) or str(st.secrets.get(DATASET, ""))
    except FileNotFoundError:  # no secrets
        return ""
