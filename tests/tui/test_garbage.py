"""Garbage is collected between frames, and what stays to the end is not looked at."""

from __future__ import annotations

import subprocess
import sys

PLAYED = """
import gc
from tui import garbage

garbage.hold()
assert not gc.isenabled()
garbage.begin()
assert gc.isenabled()
assert gc.get_freeze_count() > 1000  # out of sight
assert not garbage.tidy()  # there is nothing yet

def litter():
    for _ in range(200_000):
        ring = []
        ring.append(ring)
        kept.append([])  # the young that stay are what makes a look at all due

kept = []
looks = []
gc.callbacks.append(lambda when, info: looks.append(info["generation"]))
litter()
if gc.get_threshold()[2]:
    assert 2 not in looks, "it looked at all by itself"
    assert garbage.tidy()
    assert 2 in looks
    assert not garbage.tidy()
    litter()
    gc.disable()  # turns are measured
    assert not garbage.tidy()
"""


def test_all_is_looked_at_only_when_it_is_tidied() -> None:
    played = subprocess.run(
        [sys.executable, "-c", PLAYED], capture_output=True, text=True, check=False, timeout=60
    )
    assert played.returncode == 0, played.stderr


def test_in_somebody_elses_process_nothing_is_changed() -> None:
    import gc

    from tui import garbage

    before = gc.get_threshold(), gc.get_freeze_count()
    garbage.begin()
    assert (gc.get_threshold(), gc.get_freeze_count()) == before
    assert not garbage.tidy()
