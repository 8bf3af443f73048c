"""Where pictures of a comparison stand, and which part of them is seen."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tui.graphics.frames import Frame, Frames, Shot, cut_out
from tui.graphics.pixels import Bands
from tui.graphics.viewport import WHOLE, ZOOMS, Viewport, panes

SIZE = st.sampled_from([(512, 512), (768, 512), (512, 1024), (128, 128), (2048, 256)])
PART = st.floats(0, 1)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(SIZE, min_size=1, max_size=4),
    st.integers(8, 220),
    st.integers(4, 70),
    st.sampled_from([1.8, 2.0, 2.4]),
    st.builds(Viewport, st.sampled_from(ZOOMS), PART, PART),
)
def test_panes_are_apart_within_their_room_and_never_stretched(
    sizes: list[tuple[int, int]], columns: int, rows: int, ratio: float, view: Viewport
) -> None:
    found = panes(sizes, columns, rows, ratio, view)
    taken: set[tuple[int, int]] = set()
    for pane, (width, height) in zip(found, sizes, strict=True):
        assert pane.x >= 0
        assert pane.y >= 1
        assert pane.x + pane.columns <= columns
        assert pane.y + pane.rows <= rows
        cells = {
            (x, y)
            for x in range(pane.x, pane.x + pane.columns)
            for y in range(pane.y - 1, pane.y + pane.rows)
        }
        assert not cells & taken
        taken |= cells
        left, top, right, bottom = pane.box
        assert 0 <= left < right <= 1 + 1e-9
        assert 0 <= top < bottom <= 1 + 1e-9
        # The fitted picture is whole cells wide and high; enlarged, that rounding is as large.
        across = pane.columns / ((right - left) * width)
        down = pane.rows * ratio / ((bottom - top) * height)
        fitted_columns, fitted_rows = (
            pane.columns / (right - left) / view.zoom,
            pane.rows / (bottom - top) / view.zoom,
        )
        most = 1 / min(fitted_columns, fitted_rows)
        assert abs(across / down - 1) <= most + 1e-6


def test_moving_stops_at_the_ends() -> None:
    view = Viewport(4.0)
    for _ in range(100):
        box = view.seen(512, 512, 40, 20, 2.0).box
        view = view.moved(1, -1, box)
    left, top, right, bottom = view.seen(512, 512, 40, 20, 2.0).box
    assert (top, right) == (0.0, 1.0)
    assert right - left == bottom - top == 0.25
    assert view.moved(-1, 0, (left, top, right, bottom)).x < view.x  # at once, not a step later


def test_far_enlarged_a_picture_shows_its_own_pixels() -> None:
    image = Image.new("RGB", (4, 4))
    image.putpixel((1, 1), (255, 255, 255))
    large = cut_out(image, WHOLE, 40, 40)
    assert {colour for _, colour in large.getcolors() or []} == {(0, 0, 0), (255, 255, 255)}
    part = cut_out(image, (0.25, 0.25, 0.5, 0.5), 40, 40)
    assert part.getcolors() == [(1600, (255, 255, 255))]


def test_frames_let_go_of_the_oldest() -> None:
    frames = Frames(most_bytes=1000)
    shots = [Shot(n, 10, 5, WHOLE) for n in range(12)]
    for shot in shots:
        frames.put(shot, Frame(pixels=Bands(1, 1, 1, ("x" * 100,))))
    assert frames.get(shots[0]) is None
    assert frames.get(shots[-1]) is not None
