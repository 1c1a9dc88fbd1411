"""The dashboard: a person looks at the groups in a browser."""
