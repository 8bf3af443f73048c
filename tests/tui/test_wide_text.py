"""Characters that are two cells wide, and marks that are none, shift nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from engine.record import Status
from engine.spec import RunSpec
from tests.tui.conftest import Open, Session
from tests.tui.kept import draw, history_of, run
from tests.tui.scripted import ScriptedLab, record_of
from tui.text import centred, clean, fitting, one_line, padded, wrapped

WIDE = "赤い太陽、青い山々 🌅 e\u0301cole 한국어 ｆｕｌｌ 👩‍🚀"
TEXTS = st.text(st.sampled_from("ab 太陽🌅e\u0301한ｆ界\u200d\ufe0f"))


@given(TEXTS, st.integers(1, 30))
def test_texts_are_cut_filled_and_wrapped_by_cells(text: str, width: int) -> None:
    assert cell_len(one_line(text, width)) <= width
    assert cell_len(padded(clean(text), width)) == width
    assert cell_len(centred(clean(text), width)) == width
    assert cell_len(fitting([text, text], width)) <= width
    lines = wrapped(text, width)
    assert all(cell_len(line) <= max(width, 2) for line in lines)
    assert "".join("".join(lines).split()) == "".join(clean(text).split())


def lab(folder: Path) -> ScriptedLab:
    spec = RunSpec(WIDE * 3, negative_prompt=WIDE, seed=7)
    records = [record_of(n, replace(spec, seed=n)) for n in range(1, 9)]
    records[3] = record_of(4, spec, Status.FAILED, WIDE)
    lab = ScriptedLab(records[::-1])
    lab.kept = history_of(folder, 4)
    for number in (5, 6):
        lab.kept.add(run(lab.kept, lab.kept.new_id(), WIDE * (number - 4)))
        lab.kept.marks.tag([number], ["太陽", "🌅"])
        lab.kept.marks.note([number], WIDE)
    draw(lab.kept, 5, 6)
    return lab


def edges(s: Session) -> list[str]:
    """The rows, each of which must be as wide as the screen, with its frame where it belongs."""
    width = s.app.size.width
    strips = s.app.screen._compositor.render_strips()
    assert [strip.cell_length for strip in strips] == [width] * s.app.size.height
    rows = [strip.text for strip in strips]
    assert all(cell_len(row) == width for row in rows)
    return rows


def test_an_edge_that_is_missing_is_seen() -> None:
    assert framed(["╭─╮", "│a│", "╰─╯", "a"])
    assert not framed(["╭─╮", "│a ", "╰─╯"])
    assert not framed(["╭─╮", "", "╰─╯"])


def framed(rows: list[str]) -> bool:
    """Whether the right edge of the outermost panels is one line."""
    inside, good = False, True
    for row in rows:
        end = row.rstrip()[-1:]
        if end == "╮":
            inside = True
        elif end == "╯":
            inside = False
        elif inside:
            good = good and end == "│"
    return good


async def test_every_screen_keeps_its_edges(open_app: Open, tmp_path: Path) -> None:
    async with open_app(lab(tmp_path / "kept"), size=(120, 40)) as s:
        s.engine.loaded("太陽モデル/山々🌅")
        s.studio.spec_form.prompt.load_text(WIDE)
        s.studio.say(WIDE * 4, "bad")
        for keys in ((), ("f9",), ("v",), ("v", "c"), ("escape", "escape", "f12"), ("escape",)):
            await s.press(*keys)
            for size in ((120, 40), (60, 20), (81, 24), (161, 50)):
                await s.pilot.resize_terminal(*size)
                await s.settle()
                assert framed(edges(s)), s.seen()
