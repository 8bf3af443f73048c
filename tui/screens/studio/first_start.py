"""What stands in the picture's place until the first picture is made."""

from __future__ import annotations

from tui.keys.contexts import key_of


def first_words() -> tuple[str, ...]:
    """Three lines that show how to make the first picture, with the keys as they are now."""
    return (
        "Write what to draw into Prompt, or take what stands there.",
        "",
        f"{key_of('run')} makes the picture, on this machine.",
        "",
        f"{key_of('help')} shows every key; {key_of('new-seed')} takes another seed, for another "
        "picture.",
    )
