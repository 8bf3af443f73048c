"""Runs on their way out of a history and into another."""

from engine.exchange.export import Exported, export
from engine.exchange.importing import Imported, import_

__all__ = ["Exported", "Imported", "export", "import_"]
