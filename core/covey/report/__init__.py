"""A report: one page about the clusterings of a dataset, with pictures, that can be mailed."""

from covey.report.contents import Contents, Group, collect
from covey.report.page import page

__all__ = ["Contents", "Group", "collect", "page"]
