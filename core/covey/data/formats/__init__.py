"""Files as covey reads and writes them: NPZ within bounds, CSV, Parquet, and pickles of others as plain data."""
