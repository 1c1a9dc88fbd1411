"""Who may talk to the server, and by what they are known."""
