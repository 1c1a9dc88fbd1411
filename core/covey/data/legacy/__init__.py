"""Files of the tools that covey succeeds: their names and their pickles."""
