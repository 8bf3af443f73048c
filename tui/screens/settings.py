"""Every setting: what it is, where that comes from, and changing it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.keys.command import bindings
from tui.keys.contexts import with_keys
from tui.keys.machine import SETTINGS_SCREEN
from tui.keys.moving import FOCUS
from tui.screens.ask import AskScreen
from tui.screens.choose import ChooseScreen
from tui.settings.setting import AT_ONCE, Setting, Value
from tui.settings.values import WrongValue, as_text, from_text
from tui.text import clean, one_line
from tui.widgets.choice import Option
from tui.widgets.setting_table import SettingTable

if TYPE_CHECKING:
    from tui.preferences import Preferences

_EMPTY = "default"
"""How an empty text, which is the default of some, is shown among the values."""

_MOST_TOLD, _TALL = 4, 30
"""Problems that are shown, and rows from which on that many are."""
_WIDE = 80
"""Columns from which on the writing of a file is offered too."""


class SettingsScreen(ModalScreen[None], inherit_bindings=False):
    """Shows the settings and changes them."""

    DEFAULT_CSS = """
    SettingsScreen {
        align: center middle;
        background: $background 60%;
        & > Vertical {
            width: 100;
            max-width: 98%;
            height: auto;
            max-height: 96%;
        }
        & SettingTable {
            height: auto;
            max-height: 100%;
            border: round $border;
            border-title-color: $accent;
            border-subtitle-color: $text-muted;
            background: $surface;
            padding: 0 1;
            scrollbar-size-vertical: 1;
        }
        & #about {
            height: 6;
            border: round $border-blurred;
            border-title-color: $text-muted;
            border-subtitle-color: $text-muted;
            background: $surface;
            padding: 0 1;
        }
        & #below {
            dock: bottom;
            height: auto;
        }
        & #wrong {
            height: auto;
            border: round $error;
            border-title-color: $error;
            background: $surface;
            padding: 0 1;
        }
    }
    """
    BINDINGS = bindings(SETTINGS_SCREEN, FOCUS)

    def __init__(self, preferences: Preferences) -> None:
        super().__init__()
        self._preferences, self._live = preferences, preferences.live
        self._table = SettingTable(self._live, "setting-table")
        self._warning = ""

    def compose(self) -> ComposeResult:
        with Vertical():
            self._table.border_title = "Settings"
            yield self._table
            with Vertical(id="below"):
                yield Static(id="wrong")
                yield Static(id="about")

    def on_mount(self) -> None:
        self._table.focus()
        self.show_settings()

    def on_resize(self) -> None:
        self.call_after_refresh(self.show_settings)

    def show_settings(self) -> None:
        """Draw again: something has changed."""
        self._table.show()
        self._show_wrong()
        offers = self.app.size.width >= _WIDE and not self._live.sources.file.path.exists()
        self._table.border_subtitle = with_keys(
            "{list.left}{list.right} change · {choice.open} values · {choice.clear} default · "
            + ("{settings.create} example · " if offers else "")
            + "{settings.done} done"
        )
        setting = self._table.current
        value = as_text(self._live.value(setting.name))
        about = self.query_one("#about", Static)
        words = self._options(setting).get(value, "")
        if value == as_text(setting.default):
            words = words or setting.at_default
        shown = self._table.shown(setting)
        if words.startswith(shown):
            shown, words = words, ""  # once is enough
        lines = [
            Content(setting.help),
            Content.assemble((clean(shown), "bold"), "  ", (words, "$text-muted")),
        ]
        if self._warning:
            lines.append(Content.styled(clean(self._warning), "$warning"))
        elif fixed := self._live.fixed_by(setting.name):
            lines.append(Content.styled(f"Fixed by {fixed} as long as this is open.", "$warning"))
        else:
            counts = f"A change counts {setting.counts}." if setting.counts != AT_ONCE else ""
            takes = f"{setting.takes[0].upper()}{setting.takes[1:]}. " if setting.takes else ""
            lines.append(Content.styled(takes + counts, "$text-muted"))
        about.border_title = f"{setting.label} · {setting.name}"
        about.border_subtitle = f"{setting.variable} · {setting.flag}"
        about.update(Content("\n").join(lines))

    def _show_wrong(self) -> None:
        """Say what cannot be used of the file, the variables and the themes."""
        problems = self._preferences.problems
        wrong = self.query_one("#wrong", Static)
        wrong.display = bool(problems)
        is_tall = self.app.size.height >= _TALL
        told = problems[: _MOST_TOLD if is_tall else 1]
        lines = [
            clean(each) if is_tall else one_line(each, self.query_one("#about").content_size.width)
            for each in told
        ]
        if more := len(problems) - len(told):
            lines.append(f"{more} more: safelight doctor tells all.")
        wrong.border_title = "✗ Not used"
        wrong.update(Content("\n".join(lines)))

    def _options(self, setting: Setting) -> dict[str, str]:
        """The values there are to choose from, each with a few words; none for what is typed."""
        if setting.name == "theme":
            return dict.fromkeys(["", *sorted(self.app.available_themes)], "")
        return dict(setting.values)

    # What the user does

    @on(SettingTable.Moved)
    def _moved(self, event: SettingTable.Moved) -> None:
        event.stop()
        self._warning = ""
        self.show_settings()

    def _put(self, setting: Setting, value: Value | None) -> None:
        if fixed := self._live.fixed_by(setting.name):
            self._warning = f"It cannot be changed here: {fixed} goes before all else."
        elif why := self._live.put(setting.name, value):
            self._warning = f"Until you quit. {why}"
        else:
            self._warning = ""
        self.show_settings()

    def _put_text(self, setting: Setting, text: str) -> None:
        is_default = text == as_text(setting.default)
        self._put(setting, None if is_default else from_text(setting, text))

    @on(SettingTable.Stepped)
    def _stepped(self, event: SettingTable.Stepped) -> None:
        """The next value; round and round where there are two."""
        event.stop()
        setting = self._table.current
        values = list(self._options(setting))
        now = self._live.value(setting.name)
        if isinstance(now, (int, float)) and not isinstance(now, bool):
            wanted = min(max(now + event.by, setting.least), setting.most)
            self._put_text(setting, as_text(type(now)(wanted)))
        elif not values:
            self._type(setting)
        else:
            at = values.index(as_text(now)) + event.by if as_text(now) in values else 0
            if len(values) == 2:
                at %= 2
            if 0 <= at < len(values):
                self._put_text(setting, values[at])

    @on(SettingTable.Reset)
    def _reset(self, event: SettingTable.Reset) -> None:
        event.stop()
        self._put(self._table.current, None)

    @on(SettingTable.Opened)
    def _opened(self, event: SettingTable.Opened) -> None:
        event.stop()
        setting = self._table.current
        values = self._options(setting)
        if not values:
            self._type(setting)
            return
        options = tuple(
            Option(value, words if value else setting.at_default, name=value or _EMPTY)
            for value, words in values.items()
        )

        def chosen(value: str | None) -> None:
            if value is not None:
                self._put_text(setting, value)

        now = as_text(self._live.value(setting.name))
        self.app.push_screen(ChooseScreen(setting.label, options, now), chosen)

    def _type(self, setting: Setting) -> None:
        def check(text: str) -> str:
            try:
                from_text(setting, text)
            except WrongValue as error:
                return str(error)
            return ""

        def typed(text: str | None) -> None:
            if text is not None:
                self._put_text(setting, text)

        takes = f" {setting.takes[:1].upper()}{setting.takes[1:]}." if setting.takes else ""
        hint = setting.help + takes
        if isinstance(setting.default, tuple):
            hint += ' With a : between them, or as in the file: ["/a:b"].'
        now = as_text(self._live.value(setting.name))
        self.app.push_screen(AskScreen(setting.label, hint, now, check), typed)

    def action_create(self) -> None:
        """Write a file in which every setting is explained, where there is none."""
        from tui.files import write_atomically
        from tui.settings.example import example

        path = self._live.sources.file.path
        if path.exists():
            self.notify(f"It is there already: {path}")
            return
        try:
            write_atomically(path, example())
        except OSError as error:
            self.notify(f"{path} cannot be written: {error.strerror}.", severity="error")
        else:
            self.notify(f"Written: {path}")
            self._preferences.look()
            self.show_settings()

    def action_done(self) -> None:
        self.dismiss(None)
