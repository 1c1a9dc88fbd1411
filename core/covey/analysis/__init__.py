"""What clusters are like: density, profiles, measures, and help for a person who labels."""
