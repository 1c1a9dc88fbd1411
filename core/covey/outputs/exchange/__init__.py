"""Results in the forms of other programs, and what other programs made brought into a dataset."""
