"""The steps of a run: each computes the tables of one task from what the dataset holds, and saves them."""
