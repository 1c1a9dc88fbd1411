"""A report: one page about the clusterings of a dataset, with pictures, that can be mailed."""

from covey.outputs.report.collect_report import Group, ReportContents, collect_report
from covey.outputs.report.html_page import render_page
from covey.outputs.report.png_files import write_pictures

__all__ = ["Group", "ReportContents", "collect_report", "render_page", "write_pictures"]
