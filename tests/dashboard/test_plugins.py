"""The page Plugins, as far as it can be seen without a browser."""

from __future__ import annotations

from html import unescape
from typing import Any

from streamlit.testing.v1 import AppTest
from tests.fixture_types import Distribution

from covey.components.options import options
from covey.plugins.registry import Registry
from covey_dashboard.server import server

PLUGIN = '''
import click
from covey import Clusterer, component, hookimpl, option

@component
class Odd(Clusterer):
    """<b onclick=alert(1)>odd</b> **groups** $x$"""
    name = "odd"
    version = 7
    requires = {"not_there_at_all": "covey-odd[all]"}
    references = ("<i>Odd</i>, A. (2000).",)
    size: int = option(default=5, ge=1, help="<script>size</script>. Raising it helps.")
    def cluster(self, Z): ...

@click.command("odd-look", help="<u>Look</u> oddly.")
def look(): ...

@hookimpl
def covey_clusterers():
    yield Odd

@hookimpl
def covey_commands():
    yield look
'''


def open_page() -> AppTest:
    app = AppTest.from_file(str(server.APP.parents[1] / "pages" / "plugins" / "page.py"), default_timeout=120).run()
    assert not app.exception
    return app


def text_of(app: AppTest) -> str:
    return " ".join([*(unescape(item.value) for item in app.html), *(item.value for item in app.text)])


def choose(app: AppTest, name: str) -> Any:
    return app.selectbox[0].select(next(value for value in options_of(app) if value.endswith(name))).run()


def options_of(app: AppTest) -> list[str]:
    return [f"{item.kind} {item.full_name}" for item in Registry.installed().components]


def test_every_installed_component_is_listed_with_its_status_and_source() -> None:
    page = text_of(open_page())
    for item in Registry.installed().components:
        assert f"<tr><td>{item.kind}</td><td>{item.name}</td><td>{item.summary}</td><td>{item.status}</td>" in page


def test_the_options_of_each_component_are_told() -> None:
    app = open_page()
    for item in Registry.installed().components:
        choose(app, f"{item.kind} {item.full_name}")
        assert not app.exception
        for option in options(item.cls):
            assert f"<td>{option.name}</td><td>{option.help}</td>" in text_of(app)
        for reference in item.cls.references:
            assert reference in text_of(app)


def test_what_a_plugin_says_is_text(distribution: Distribution) -> None:
    distribution("covey-odd", {"odd": "odd_plugin"}, odd_plugin=PLUGIN)
    app = open_page()
    choose(app, "covey-odd:odd")
    page, html = text_of(app), " ".join(item.value for item in app.html)
    assert 'needs: pip install "covey-odd[all]"' in page
    assert "covey-odd 1.0, component version 7" in page
    assert "a whole number at least 1; by default 5" in page
    assert "<b onclick=alert(1)>odd</b> **groups** $x$" in page
    assert "<td>covey odd-look</td><td><u>Look</u> oddly.</td>" in page
    assert "<i>Odd</i>, A. (2000)." in page
    assert not [tag for tag in ("<b", "<script", "<u", "<i") if tag in html]


def test_a_plugin_that_is_broken_is_told_with_the_reason(distribution: Distribution) -> None:
    distribution("covey-bad", {"bad": "bad_plugin"}, bad_plugin="raise ValueError('<b>no</b>')")
    app = open_page()
    assert "The plugin 'bad' of covey-bad is broken: ValueError: <b>no</b>." in text_of(app)
    assert "<b>" not in " ".join(item.value for item in app.html)
    assert "dbscan" in text_of(app)
