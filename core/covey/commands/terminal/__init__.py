"""Output on the terminal: progress bars, tables and tracebacks."""
