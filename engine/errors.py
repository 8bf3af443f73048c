"""Failures a user can act on.

Whatever goes wrong reaches the user as one sentence that says what to do. An error whose text is
such a sentence is a :class:`SafelightError`; anything else is a bug, and its traceback goes to the
log file.
"""

from __future__ import annotations


class SafelightError(Exception):
    """A failure whose text is one clear sentence for the user; no secret is in it."""

    def __init__(self, sentence: str = "") -> None:
        from engine.secrets import without_secrets

        super().__init__(without_secrets(sentence))


class InvalidSpec(SafelightError):
    """A field of a :class:`~engine.spec.RunSpec` has a value that cannot be run.

    Attributes:
        field: the name of the field, as in ``RunSpec``.
    """

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


class CheckpointError(SafelightError):
    """A checkpoint cannot be found, read, or safely loaded."""


class DeviceError(SafelightError):
    """The device that was asked for is not there."""


class BrokenOutput(SafelightError):
    """The model gave NaN instead of a picture."""


class HistoryError(SafelightError):
    """The history or a picture could not be read or written."""


class DamagedHistory(HistoryError):
    """The history's file is no database any more, or not a whole one."""


class InvalidQuery(SafelightError):
    """A search line asks for something that cannot be asked."""


class InvalidAxis(SafelightError):
    """An axis of a sweep cannot be read, or axes do not go together."""


class ExchangeError(SafelightError):
    """An export or an import cannot be done."""


class RestoreError(SafelightError):
    """A picture or a text holds no settings that can be read."""


class Cancelled(Exception):
    """Raised at a step of a run that the user has asked to stop. Not a failure."""
