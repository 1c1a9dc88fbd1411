"""The page of a report: one HTML file that includes all its pictures and loads nothing."""

from __future__ import annotations

import base64
import math
from importlib.resources import files
from pathlib import PurePath

import attrs
from jinja2 import Environment, StrictUndefined

from covey._base.progress import SILENT, Progress
from covey._base.text import count_noun
from covey._version import __version__
from covey.analysis.measures.measure_columns import explain_columns, explain_gaps
from covey.analysis.measures.own_measures import cluster_sizes, coverage
from covey.data.cluster_colours import cluster_colour
from covey.data.images import ImageFolder
from covey.data.picture_decoding import BrokenImage
from covey.outputs.profile_chart import draw_profiles
from covey.outputs.report.collect_report import COMPARED, MOST_CLUSTERS, Group, ReportContents
from covey.outputs.report.contact_sheets import encode_jpeg, encode_png, load_thumbnail
from covey.outputs.report.map_picture import draw_map_picture

MOST_CREDITED = 500
"""Recordings of one person that are listed."""
FEW = 4
"""Recordings and labels of a cluster that are listed."""


@attrs.frozen(kw_only=True)
class _Picture:
    """One image on the page: the address of its thumbnail (a data URL), or the problem why there is none."""

    name: str
    address: str | None = None
    problem: str = ""


@attrs.frozen(kw_only=True)
class _ClusterSection:
    """The part of the page about one cluster."""

    group: Group
    typical: list[_Picture]
    odd: list[_Picture]


def render_page(contents: ReportContents, progress: Progress = SILENT) -> str:
    """Return the report as one HTML page; the template `page.html.jinja` escapes every name in it."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    signs = ["-"] if contents.chosen.labelled is None else ["noise", "-"]
    return environment.from_string(_read_resource("page.html.jinja")).render(
        title=f"covey: {PurePath(contents.location).name or contents.location}",
        css=_read_resource("page.css"),
        version=__version__,
        contents=contents,
        sizes=cluster_sizes(contents.clustering.labels),
        coverage=coverage(contents.clustering.labels),
        map_address=_map_address(contents),
        meanings=explain_columns(contents.columns, *signs),
        gaps=explain_gaps({row.clustering: row.cells for row in contents.rows}, contents.columns),
        chart_address=_chart_address(contents),
        agreement_rows=_agreement_rows(contents),
        most_compared=COMPARED,
        clusters=_cluster_sections(contents, progress),
        small_groups=contents.groups[MOST_CLUSTERS:],
        few=FEW,
        most_credited=MOST_CREDITED,
        count_noun=count_noun,
        cluster_colour=cluster_colour,
    )


def _read_resource(name: str) -> str:
    return files("covey.outputs.report").joinpath(name).read_text("utf-8")


def _map_address(contents: ReportContents) -> str | None:
    """Return the map as a data URL with a PNG; None without a map."""
    if contents.map is None:
        return None
    return encode_png(draw_map_picture(contents.map, contents.clustering.labels))


def _chart_address(contents: ReportContents) -> str | None:
    """Return the profile as a data URL with a PNG; None without a profile."""
    if contents.profile is None:
        return None
    encoded = base64.b64encode(draw_profiles([(contents.chosen.clustering, contents.profile)])).decode("ascii")
    return f"data:image/png;base64,{encoded}"


def _agreement_rows(contents: ReportContents) -> list[tuple[str, list[float | None]]]:
    """Return each compared clustering and its agreement with all of them; None where they share no image."""
    return [
        (name, [None if math.isnan(agreement) else agreement for agreement in agreements])
        for name, agreements in zip(contents.compared, contents.agreements.tolist(), strict=True)
    ]


def _cluster_sections(contents: ReportContents, progress: Progress) -> list[_ClusterSection]:
    groups = contents.groups[:MOST_CLUSTERS]
    with progress.step("Drawing clusters", len(groups), "cluster") as step:
        return [step.tick(_cluster_section(contents.folder, group)) for group in groups]


def _cluster_section(folder: ImageFolder | None, group: Group) -> _ClusterSection:
    return _ClusterSection(
        group=group,
        typical=[_load_picture(folder, name) for name in group.typical],
        odd=[_load_picture(folder, name) for name in group.odd],
    )


def _load_picture(folder: ImageFolder | None, name: str) -> _Picture:
    if folder is None:
        return _Picture(name=name, problem="the images are not on this machine")
    try:
        return _Picture(name=name, address=encode_jpeg(load_thumbnail(folder, name)))
    except BrokenImage as error:
        return _Picture(name=name, problem=str(error))
