"""What helps a person who labels: what to look at next, what is alike, what is odd."""
