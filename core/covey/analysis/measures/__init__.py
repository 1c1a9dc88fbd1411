"""How good clusters are, how they agree with labels and with each other."""
