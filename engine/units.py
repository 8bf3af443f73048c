"""Figures as a person reads them."""

from __future__ import annotations


def seconds(value: float) -> str:
    """A duration with its unit, three figures: ``0.52 s``, ``41.3 s``, ``2:05 min``."""
    if value < 0.0995:
        return f"{value * 1000:.0f} ms"
    if value < 9.995:
        return f"{value:.2f} s"
    if value < 99.95:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02} h" if hours else f"{minutes}:{rest:02} min"


def size(count: float) -> str:
    """Bytes with a unit a person reads: ``512 MB``, ``3.1 GB`` (powers of 1024)."""
    for unit in ("B", "KB", "MB"):
        if abs(count) < 1023.5:
            return f"{count:.0f} {unit}"
        count /= 1024
    return f"{count:.1f} GB" if count < 99.95 else f"{count:.0f} GB"


def stars(rating: int) -> str:
    """A rating as five stars; empty for none."""
    return "★" * rating + "☆" * (5 - rating) if rating else ""
