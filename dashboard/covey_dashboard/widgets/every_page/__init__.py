"""What stands on every page: the task that goes on, the tour, headings."""
