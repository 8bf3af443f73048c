"""How to get the pictures of a run: their paths, or the scp line."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from tui.headless.output import DONE, FAILED, complain, print_json, show_file, show_line
from tui.hyperlinks import Placed

if TYPE_CHECKING:
    from engine.record import RunRecord


def show_way(options: Namespace, record: RunRecord) -> int:
    """Print the paths, a line each, or the line that fetches them."""
    from tui.fetching import as_line, scp_words, server

    paths = [image.path for image in record.images]
    if not paths:
        return complain(f"Run #{record.id} has no picture.", FAILED)
    if options.path:
        if options.json:
            print_json({"paths": paths})
        else:
            for path in paths:
                show_file(Placed(path))
        return DONE
    where = server()
    if where is None:
        return complain("You are not here by SSH: there is no address to fetch from.", FAILED)
    try:
        line = as_line(scp_words(where, paths))
    except ValueError as error:
        return complain(str(error), FAILED)
    if options.json:
        print_json({"scp": line})
    else:
        show_line(line)
    return DONE
