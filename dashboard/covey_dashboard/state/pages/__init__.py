"""What a session remembers of each page, a module for each."""
