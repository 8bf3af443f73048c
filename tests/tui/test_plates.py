"""Pictures in pixels that stand over their cells: drawn when they are seen, gone when covered."""

from __future__ import annotations

from contextlib import suppress

from textual.worker import WorkerCancelled

from tests.terminal.staged import photograph
from tests.tui.conftest import Open, Session
from tests.tui.scripted import picture
from tui.graphics.masks import span
from tui.graphics.outgoing import outgoing
from tui.graphics.terminal import Terminal

SIXEL = Terminal("sixel", 10, 20)


def bands(session: Session) -> set[str]:
    out = outgoing(session.app)
    return {name for name in out.drawn if name.startswith("plate")}  # type: ignore[attr-defined]


async def test_a_picture_is_drawn_after_its_text_and_goes_with_its_screen(open_app: Open) -> None:
    async with open_app(terminal=SIXEL) as s:
        s.studio.picture.show((picture(7),), (7,))
        await s.settle()
        (standing,) = s.app.plates._standing
        whole = span(0, standing.pixels.columns)
        assert standing.seen == [whole] * standing.pixels.rows
        assert len(bands(s)) == -(-standing.pixels.rows // standing.pixels.band)
        # What stays is neither wiped nor drawn again.
        covered = s.app.plates.before(s.app.screen, outgoing(s.app))
        assert covered == {y + standing.y: whole << standing.x for y in range(len(standing.seen))}
        assert s.app.plates._waiting == []
        await s.press("f1")
        assert bands(s) == set()
        assert s.app.plates._standing == []
        await s.press("escape")
        assert bands(s)


async def test_a_better_one_takes_its_place_without_a_gap(open_app: Open) -> None:
    async with open_app(terminal=SIXEL) as s:
        out = outgoing(s.app)
        s.studio.picture.show((photograph(128),), (7,))
        await s.settle()
        (before,) = s.app.plates._standing
        out.rate = 1e8  # type: ignore[misc]
        s.studio.picture._make()
        while making := [w for w in s.app.workers if w.group == "better pixels"]:
            with suppress(WorkerCancelled):
                await s.app.workers.wait_for_complete(making)
            await s.pilot.pause()
        covered = s.app.plates.before(s.app.screen, out)
        (after,) = s.app.plates._standing
        assert after.pixels is not before.pixels
        assert after.pixels.weight > before.pixels.weight
        # Its cells stay covered, so that no text is painted between the two.
        assert covered == {
            y + after.y: mask << after.x for y, mask in enumerate(before.seen) if mask
        }


async def test_what_covers_a_part_is_not_drawn_over(open_app: Open) -> None:
    async with open_app(terminal=Terminal("kitty", 10, 20, cells=True)) as s:
        s.studio.picture.show((picture(7),), (7,))
        await s.settle()
        s.app.notify("Look here, and at nothing else for a while, please. " * 20, timeout=60)
        await s.settle()
        (standing,) = s.app.plates._standing
        whole = span(0, standing.pixels.columns)
        assert standing.seen[0] == whole
        assert standing.seen[-1] != whole


async def test_no_picture_but_words_where_none_are_wanted(open_app: Open) -> None:
    async with open_app(terminal=Terminal("none")) as s:
        s.studio.picture.show((picture(7),), (7,))
        await s.settle()
        assert "128x128 pixels, not drawn" in s.seen()
        assert "seed 7" in s.seen()
