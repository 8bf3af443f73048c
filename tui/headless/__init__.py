"""The same engine and the same history, without the app: a command a module."""
