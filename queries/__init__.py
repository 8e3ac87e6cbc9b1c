"""Versioned SQL, and the registry that reads, orders, renders and checks it."""
