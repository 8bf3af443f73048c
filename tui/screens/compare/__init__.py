"""Runs next to each other."""
