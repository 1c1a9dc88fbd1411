"""The dashboard for everybody, as web hosts such as Streamlit Community Cloud start it: `streamlit run` and this file.

The setting COVEY_DATASET, an environment variable or a secret, names what it shows: a folder, or a dataset on Kaggle
such as kaggle:owner/name. Nobody can change it; what visitors label is theirs alone, and they can download it.
"""

from __future__ import annotations

from streamlit.starlette import App

from covey_dashboard.pages import preload_pages
from covey_dashboard.server import server
from covey_dashboard.server.public_server import prepare_public_server
from covey_dashboard.server.web_routes import list_middleware, list_routes

preload_pages()
rules = prepare_public_server()
app = App(server.APP, routes=list_routes(rules.base_path), middleware=list_middleware(rules))
