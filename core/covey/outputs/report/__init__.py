"""A report: one page about the clusterings of a dataset, with pictures, that can be mailed."""

from covey.outputs.report.collect_report import Group, ReportContents, collect
from covey.outputs.report.html_page import page

__all__ = ["Group", "ReportContents", "collect", "page"]
