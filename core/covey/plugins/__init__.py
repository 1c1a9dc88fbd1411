"""Plugins: the hooks they implement, the registry that collects them, a scaffold for new ones."""
