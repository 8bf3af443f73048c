"""Where Safelight keeps things. Nothing is written anywhere else.

``SAFELIGHT_HOME`` moves all of it; else the XDG folders of the platform are used.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

HOME_VARIABLE = "SAFELIGHT_HOME"


@dataclass(frozen=True, slots=True)
class Paths:
    """Safelight's folders and files.

    Attributes:
        data: pictures and the history.
        config: settings and themes that the user writes.
        state: the log and what the app remembers of itself.
    """

    data: Path
    config: Path
    state: Path

    @property
    def log_file(self) -> Path:
        return self.state / "safelight.log"

    @property
    def crashes(self) -> Path:
        return self.state / "crashes"

    @property
    def form_file(self) -> Path:
        return self.state / "form.json"

    @property
    def settings_file(self) -> Path:
        return self.config / "config.toml"

    @property
    def themes(self) -> Path:
        return self.config / "themes"

    @classmethod
    def find(cls) -> Paths:
        """The folders of this user. Creates nothing."""
        home = os.environ.get(HOME_VARIABLE)
        if home:
            root = Path(home).expanduser().absolute()
            return cls(root / "data", root / "config", root / "state")
        from platformdirs import PlatformDirs

        dirs = PlatformDirs("safelight", appauthor=False)
        return cls(dirs.user_data_path, dirs.user_config_path, dirs.user_state_path)
