"""What nobody need wait for: modules, metadata and clips that are there already, or that are not needed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from tests.dashboard.elements import button, name_class

from covey.data.folder import FolderDataset
from covey.frontend import Dataset
from covey.labelling import open_labels
from covey_dashboard.data.datasets import OpenEmbedding
from covey_dashboard.data.image_filters.filters import FilterColumn
from covey_dashboard.pages.explore import explore_view
from covey_dashboard.server import server
from covey_dashboard.server.access.access_rules import AccessRules
from covey_dashboard.state import ExploreState
from covey_dashboard.widgets.gallery import ClipColumns

IMPORTED_BY_THE_PAGE = """
import json, sys
from streamlit.testing.v1 import AppTest
import covey_dashboard.server.web
from covey_dashboard.server import server
before = set(sys.modules)
app = AppTest.from_file(str(server.APP.parents[1] / "pages" / "explore" / "page.py"), default_timeout=120).run()
assert app.selectbox and not app.exception
print(json.dumps(sorted({*sys.modules} - before)))
"""


def test_explore_imports_nothing_large_when_the_first_visitor_comes(birds: Path) -> None:
    env = {**os.environ, server.ACCESS: AccessRules(port=1, hosts=()).to_json(), server.LOCATION: str(birds)}
    done = subprocess.run([sys.executable, "-c", IMPORTED_BY_THE_PAGE], env=env, check=True, capture_output=True)
    imported = json.loads(done.stdout.splitlines()[-1])
    own = [name for name in imported if name.startswith("covey_dashboard.") and name != "covey_dashboard.plugin"]
    assert own == []
    assert "pandas" not in imported


def test_metadata_are_read_for_filters_alone(
    view: Callable[..., AppTest], birds: Path, names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [f"{name},{at % 7}" for at, name in enumerate(names)]
    (birds / "metadata.csv").write_text("\n".join(["filename,height", *rows]))
    readings: list[OpenEmbedding] = []
    read_columns = explore_view.metadata_columns

    def observe_reading(opened: OpenEmbedding) -> list[FilterColumn]:
        readings.append(opened)
        return read_columns(opened)

    monkeypatch.setattr(explore_view, "metadata_columns", observe_reading)
    app = view("explore", birds)
    assert readings == []
    app.session_state[ExploreState.filter_menu_key] = True
    assert not app.run().exception
    assert readings


def test_a_label_does_not_let_the_clips_be_looked_for_again(
    view: Callable[..., AppTest], birds: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_for: list[int] = []
    find_clips = ClipColumns.of

    def observe_search(dataset: Dataset, names: Sequence[str]) -> ClipColumns:
        looked_for.append(len(names))
        return find_clips(dataset, names)

    monkeypatch.setattr(ClipColumns, "of", observe_search)
    app = view("explore", birds)
    assert looked_for == [115]
    button(name_class(app, "wren").run(), "Label 115 images").click().run()
    assert not app.exception
    assert len(open_labels(FolderDataset(birds)).images("wren")) == 115
    assert looked_for == [115]
