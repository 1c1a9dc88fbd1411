"""Files as covey reads and writes them: NPZ within bounds, CSV, and pickles of others as plain data."""
