"""Analysis of clusters: density, profiles, measures, matching, and help for a person who labels."""
