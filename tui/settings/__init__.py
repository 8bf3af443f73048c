"""Settings: what there is, where a value comes from, and how it is changed.

:mod:`tui.settings.table` defines each of them once.
"""

from tui.settings.sources import Sources, gather, read_settings
from tui.settings.table import SETTINGS, Settings

__all__ = ["SETTINGS", "Settings", "Sources", "gather", "read_settings"]
