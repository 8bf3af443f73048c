"""Calling the user back: what has ended, whether the terminal is looked at, and how to say it."""
