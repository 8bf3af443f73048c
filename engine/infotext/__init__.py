"""The settings of one picture as text, as A1111 and many other programs write and read them.

Lines of the prompt, a line that begins with ``Negative prompt:``, and a last line of pairs::

    a red sun
    Negative prompt: stars
    Steps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7, Seed: 42, Size: 512x768

What these words cannot say of a spec of ours goes into one more pair, ``Safelight``, which other
programs pass over: :func:`parse` gives back exactly what :func:`write` was given.
"""

from __future__ import annotations

from engine.infotext.grammar import MAX_TEXT, looks_like_infotext
from engine.infotext.parse import Parsed, parse
from engine.infotext.write import write

__all__ = ["MAX_TEXT", "Parsed", "looks_like_infotext", "parse", "write"]
