"""The page of a report: HTML that holds everything it shows, and fetches nothing."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from html import escape
from importlib.resources import files
from pathlib import PurePath

from covey._base.progress import SILENT, Progress
from covey._base.text import count_noun
from covey._version import __version__
from covey.analysis.measures.leaderboard import format_measure, heading, shown_measures
from covey.data.cluster_colours import cluster_colour
from covey.data.images import BrokenImage
from covey.outputs.profile_chart import chart
from covey.outputs.report import contact_sheets as sheets
from covey.outputs.report import map_picture as maps
from covey.outputs.report.collect_report import COMPARED, MOST_CLUSTERS, Group, ReportContents

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""Whatever a name may hold, a browser runs and fetches nothing."""
FEW = 4
"""Recordings and labels of a cluster that are named."""


def page(contents: ReportContents, progress: Progress = SILENT) -> str:
    """Return the report as one HTML page; every name in it is escaped."""
    title = f"covey: {PurePath(contents.location).name or contents.location}"
    css = files("covey.outputs.report").joinpath("page.css").read_text("utf-8")
    body = "\n".join([f"<h1>{escape(title)}</h1>", *_sections(contents, progress)])
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        f'<meta name="viewport" content="width=device-width">\n<title>{escape(title)}</title>\n'
        f"<style>\n{css}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _sections(contents: ReportContents, progress: Progress) -> Iterator[str]:
    shape = contents.chosen.shape
    counts = f"{count_noun(shape.images, 'image')}, {count_noun(shape.clusters, 'cluster')}"
    yield (
        f"<p>{counts}, {1 - shape.coverage:.0%} of the images in none: <b>{escape(contents.chosen.clustering)}</b>.</p>"
    )
    yield "<h2>Map</h2>" + _map(contents)
    yield "<h2>Leaderboard</h2>" + _leaderboard(contents)
    if contents.profile:
        yield f"<h2>Along {escape(contents.profile.option)}</h2>" + _profile(contents)
    if len(contents.compared) > 1:
        yield f"<h2>Agreement of the first {len(contents.compared)}</h2>" + _agreement(contents)
    yield "<h2>Clusters</h2>" + _clusters(contents, progress)
    yield f'<h2>Methods</h2><p class="methods">{escape(contents.methods)}</p>'
    yield f'<p class="faint">Made with covey {__version__}.</p>'


def _map(contents: ReportContents) -> str:
    if contents.map is None:
        return "<p>There is no map: the table that was clustered is not kept, or has none.</p>"
    address = sheets.png(maps.draw(contents.map, contents.clustering.labels))
    caption = "Each point is an image, its colour and number are those of its cluster; grey is in no cluster."
    return f'<img class="map" alt="The map" src="{address}"><p class="faint">{caption}</p>'


def _leaderboard(contents: ReportContents) -> str:
    columns = shown_measures(any(row.scores for row in contents.rows), contents.measure)
    rows = [
        [str(rank), *(format_measure(row, measure) for measure in columns), row.clustering]
        for rank, row in enumerate(contents.rows, 1)
    ]
    marks = [row.clustering == contents.chosen.clustering for row in contents.rows]
    caption = (
        "The best first. AMI, ARI and V compare with labels, noise being one more cluster; pure is the share of images"
        " in clusters of at least 90 % one label and 10 images from 3 recordings; kNN how often neighbours from other"
        " recordings tell the label. DBCV and silhouette say how well clusters lie apart (-1 to 1); halves and seeds"
        " whether half samples and other seeds give the same clusters (1 is the same); coverage is the share of images"
        " in clusters. What cannot be said is -."
    )
    return _table(["", *map(heading, columns), "clustering"], rows, marks) + f'<p class="faint">{caption}</p>'


def _profile(contents: ReportContents) -> str:
    assert contents.profile is not None
    encoded = base64.b64encode(chart([(contents.chosen.clustering, contents.profile)])).decode("ascii")
    caption = "How the clusters change with this option, all others being the same; stretches of no change are shaded."
    return f'<img class="chart" alt="" src="data:image/png;base64,{encoded}"><p class="faint">{caption}</p>'


def _agreement(contents: ReportContents) -> str:
    """Show adjusted mutual information between clusterings, which are named by their ranks."""
    ranks = [str(rank) for rank in range(1, len(contents.compared) + 1)]
    rows = [
        f'<tr><th>{rank}</th>{"".join(map(_share, values))}<td class="name">{escape(name)}</td></tr>'
        for rank, name, values in zip(ranks, contents.compared, contents.alike.tolist(), strict=True)
    ]
    head = "".join(f"<th>{escape(text)}</th>" for text in ["", *ranks])
    caption = (
        f"Adjusted mutual information between the first {COMPARED} clusterings at most: 1 is the same groups, 0 what"
        " chance gives."
    )
    table = f'<thead><tr>{head}<th class="name">clustering</th></tr></thead><tbody>{"".join(rows)}</tbody>'
    return f'<div class="wide"><table>{table}</table></div><p class="faint">{caption}</p>'


def _share(share: float) -> str:
    if share != share:  # no image is in both
        return "<td>-</td>"
    return f'<td class="share" style="--share: {max(0.0, share):.2f}">{share:.2f}</td>'


def _clusters(contents: ReportContents, progress: Progress) -> str:
    if not contents.groups:
        return "<p>There is no cluster: every image is noise.</p>"
    first_groups, rest = contents.groups[:MOST_CLUSTERS], contents.groups[MOST_CLUSTERS:]
    with progress.step("Drawing clusters", len(first_groups), "cluster") as step:
        parts = [step.tick(_group(contents, group)) for group in first_groups]
    if rest:
        sizes = ", ".join(f"{group.cluster} ({group.images:,})" for group in rest)
        parts.append(f"<h3>{count_noun(len(rest), 'smaller cluster')}</h3><p>Number and images: {sizes}.</p>")
    return "".join(parts)


def _group(contents: ReportContents, group: Group) -> str:
    dot = f'<span class="dot" style="background: {cluster_colour(group.cluster)}"></span>'
    facts = [count_noun(group.images, "image")]
    if group.recordings:
        facts.append(f"from {count_noun(len(group.recordings), 'recording')}: {_counts(group.recordings)}")
    if group.labels:
        facts.append(f"labelled {_counts(group.labels)}")
    rows = [("Most typical", group.typical), ("Oddest", group.odd)]
    pictures = "".join(
        f'<p class="faint">{title}</p><div class="sheet">{"".join(_picture(contents, name) for name in names)}</div>'
        for title, names in rows
        if names
    )
    return f"<h3>{dot}Cluster {group.cluster}</h3><p>{escape('; '.join(facts))}</p>{pictures}"


def _picture(contents: ReportContents, name: str) -> str:
    title = escape(name)
    try:
        if contents.folder is None:
            raise BrokenImage("the images are not there")
        address = sheets.jpeg(sheets.thumbnail(contents.folder, name))
    except BrokenImage as error:
        return f'<span title="{title}">{title}: {escape(str(error))}</span>'
    return f'<img title="{title}" alt="{title}" src="{address}">'


def _counts(counts: Sequence[tuple[str, int]]) -> str:
    listing = ", ".join(f"{name} ({count:,})" for name, count in counts[:FEW])
    return listing + (f" and {len(counts) - FEW:,} more" if len(counts) > FEW else "")


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], marks: Sequence[bool]) -> str:
    """Return a table whose last column is a name; the marked rows stand out."""
    head = "".join(f"<th>{escape(text)}</th>" for text in heads[:-1]) + f'<th class="name">{escape(heads[-1])}</th>'
    body = "".join(
        f'<tr class="chosen">{_cells(row)}</tr>' if mark else f"<tr>{_cells(row)}</tr>"
        for row, mark in zip(rows, marks, strict=True)
    )
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _cells(row: Sequence[str]) -> str:
    return "".join(f"<td>{escape(text)}</td>" for text in row[:-1]) + f'<td class="name">{escape(row[-1])}</td>'
