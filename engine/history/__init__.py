"""The history: every run, found again, whatever happens to the process."""

from engine.history.file import FILE
from engine.history.history import History
from engine.history.query import Query, parse_query
from engine.history.queue import Left, QueuedSpec
from engine.history.rows import Entry
from engine.history.search import Page, Place

__all__ = [
    "FILE",
    "Entry",
    "History",
    "Left",
    "Page",
    "Place",
    "Query",
    "QueuedSpec",
    "parse_query",
]
