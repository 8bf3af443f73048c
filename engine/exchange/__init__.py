"""Runs on their way out of a history and into another."""

from engine.exchange.export import Exported, export

__all__ = ["Exported", "export"]
