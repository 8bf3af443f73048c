"""The history on the command line: search, marks, trash, rebuild."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.history import History
from engine.record import RunRecord, Status
from engine.spec import RunSpec
from tests.engine.exchanged import CREATED, NASTY, add_run, pictures_of
from tui.cli import main


@pytest.fixture
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[History]:
    monkeypatch.setenv("SAFELIGHT_HOME", str(tmp_path))
    history = History(tmp_path / "data")
    yield history
    history.close()


Said = Callable[..., Any]


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Said:
    """Runs a command that must work; its JSON, or its text."""

    def run(*words: str) -> Any:
        code = main(list(words))
        told = capsys.readouterr()
        assert code == 0, told.err
        return json.loads(told.out) if "--json" in words else told.out

    return run


def test_a_search_line_as_in_the_app(history: History, said: Said) -> None:
    add_run(history, RunSpec("a red sun", seed=1), rating=4)
    add_run(history, RunSpec("a blue sun", seed=2), rating=2)
    add_run(history, RunSpec("a draft of hills", seed=3))

    def found(*words: str) -> list[int]:
        return [run["id"] for run in said("history", *words, "--json")]

    assert found() == [3, 2, 1]
    assert found("sun") == [2, 1]
    assert found("sun", "rating:>=3") == [1]
    assert found("sun rating:<3") == [2]
    assert found("sort:old", "--limit", "2") == [1, 2]
    assert found("-draft", "sort:old") == [1, 2]
    assert found("-hills") == [2, 1]
    assert found("--limit", "1", "sun", "-blue") == [1]
    assert found("#3") == [3]
    assert found('"rebuild"') == []
    run = said("history", "red", "--json")[0]
    assert (run["rating"], run["spec"]["prompt"]) == (4, "a red sun")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["ratng:4"], "Did you mean “rating”?"),
        (["sort:size"], "There is no order"),
        (["--limit", "0"], "must be 1 or more"),
        (["sun", "--effects"], "takes no search"),
    ],
)
def test_what_cannot_be_asked(
    history: History, capsys: pytest.CaptureFixture[str], words: list[str], why: str
) -> None:
    assert history.count() == 0
    assert main(["history", *words]) == 2
    assert why in capsys.readouterr().err


def test_options_that_are_none_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["history", "--limt", "3"], ["show", "41", "-draft"]):
        with pytest.raises(SystemExit) as ended:
            main(words)
        assert ended.value.code == 2
        assert "unrecognized arguments" in capsys.readouterr().err
    for flag in ("-h", "--help"):
        with pytest.raises(SystemExit) as ended:
            main(["history", flag])
        assert ended.value.code == 0
        assert "SEARCH" in capsys.readouterr().out


def test_the_list(history: History, said: Said, capsys: pytest.CaptureFixture[str]) -> None:
    add_run(history, RunSpec(NASTY, seed=7, switches={"precision": "fp16", "vae_tiling": "on"}))
    add_run(history, RunSpec("plain"), rating=3, winner=True)
    cut = RunRecord(history.new_id(), Status.INTERRUPTED, RunSpec("x"), CREATED, device="")
    history.add(cut)
    lines = said("history").splitlines()
    assert lines[0].split()[:3] == ["#3", "cut", "off"]
    assert "★★★☆☆ ◆" in lines[1]
    assert "0.75 s" in lines[1]
    assert "3.0 GB" in lines[1]
    assert lines[2].endswith("fp16 · VAE tiling")
    assert "\x1b" not in lines[2]
    starts = {line.index("seed ") for line in lines}
    assert len(starts) == 1, "columns line up"
    main(["history", "--limit", "2"])
    assert "2 of 3 runs" in capsys.readouterr().err
    main(["history", "nothing-like-it"])
    assert "No run is like that." in capsys.readouterr().err


def test_show_says_all_of_it(history: History, said: Said) -> None:
    add_run(
        history,
        RunSpec("an old oak\n---\na young oak", seed=4, switches={"precision": "fp16"}),
        rating=2,
        tags=("oak", "tree"),
        note="the second",
        winner=True,
    )
    text = said("show", "1")
    assert "★★☆☆☆  ◆ winner" in text
    assert "#oak #tree" in text
    assert "the second" in text
    assert "{" not in text
    facts = dict(line.split("  ", 1) for line in text.splitlines() if "  " in line)
    assert facts["switches"].strip() == "fp16"
    assert facts["prompt 1"].strip() == "an old oak"
    assert facts["prompt 2"].strip() == "a young oak"
    pictures = [line for line in text.splitlines() if line.startswith("picture")]
    assert pictures[0].endswith("seed 4  an old oak")
    assert pictures[1].endswith("seed 4  a young oak")
    told = said("show", "#1", "--json")
    assert (told["tags"], told["note"], told["winner"]) == (["oak", "tree"], "the second", True)


def test_marks(history: History, said: Said) -> None:
    for _ in range(4):
        add_run(history)
    marked = said(
        *("mark", "1", "#3-4", "--rating", "5", "--tag", "best", "--tag", "#sun"),
        *("--note", "look", "--winner", "--json"),
    )
    assert [run["id"] for run in marked] == [1, 3, 4]
    assert {run["rating"] for run in marked} == {5}
    assert marked[0]["tags"] == ["best", "sun"]
    assert (marked[0]["note"], marked[0]["winner"]) == ("look", True)
    assert said("history", "tag:best", "is:winner", "--json")[-1]["id"] == 1
    marked = said("mark", "1", "--no-winner", "--untag", "best", "--note", "", "--json")
    assert (marked[0]["tags"], marked[0]["note"], marked[0]["winner"]) == (["sun"], "", False)
    assert marked[0]["rating"] == 5
    assert "★★★☆☆" in said("mark", "1", "--rating", "3")


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (["mark", "1"], 2, "Say what to mark"),
        (["mark", "one", "--rating", "1"], 2, "not a run"),
        (["mark", "7-2", "--rating", "1"], 2, "not a run"),
        (["mark", "1", "--tag", "two words"], 2, "one word"),
        (["mark", "99", "--rating", "1"], 1, "no run #99"),
        (["mark", "5-9", "--rating", "1"], 1, "No run from #5 to #9"),
        (["mark", "2", "--rating", "1"], 1, "safelight trash --restore 2"),
        (["trash", "1", "--restore"], 1, "not in the trash"),
        (["trash"], 2, "Name the runs"),
        (["trash", "1", "--empty"], 2, "whole trash"),
        (["show", "99"], 1, "no run #99"),
    ],
)
def test_runs_that_are_not_meant(
    history: History, capsys: pytest.CaptureFixture[str], words: list[str], code: int, why: str
) -> None:
    history.trash.put([(add_run(history), add_run(history))[1].id])
    assert main(words) == code
    assert why in capsys.readouterr().err


def test_nothing_is_made_where_there_is_no_history(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAFELIGHT_HOME", str(tmp_path / "new"))
    for words in (["history"], ["mark", "1", "--rating", "3"], ["trash", "1"], ["trash", "--list"]):
        main(words)
    assert not (tmp_path / "new" / "data").exists()


def test_the_trash(history: History, said: Said, capsys: pytest.CaptureFixture[str]) -> None:
    entries = [add_run(history) for _ in range(4)]
    assert said("trash", "2-3", "4", "--json") == {"trashed": [2, 3, 4]}
    assert [run["id"] for run in said("trash", "--list", "--json")] == [4, 3, 2]
    assert [run["id"] for run in said("history", "--json")] == [1]
    assert "1 run is back" in said("trash", "3", "--restore")
    assert len(said("trash", "--list").splitlines()) == 2
    assert pictures_of(entries[1])
    assert main(["trash", "--empty"]) == 2  # nobody can be asked
    assert "2 runs and their pictures" in capsys.readouterr().err
    told = said("trash", "--empty", "--yes", "--json")
    assert told["runs"] == 2
    assert told["freed_bytes"] > 0
    assert not Path(entries[1].record.images[0].path).exists()
    assert pictures_of(entries[2])
    assert "0 runs deleted" in said("trash", "--empty")
    assert said("trash", "--list") == ""


@pytest.mark.parametrize(("answer", "code", "left"), [("y\n", 0, 0), ("\n", 130, 1)])
def test_emptying_the_trash_asks_first(
    history: History,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    code: int,
    left: int,
) -> None:
    class Keyboard(io.StringIO):
        def isatty(self) -> bool:
            return True

    history.trash.put([add_run(history).id])
    monkeypatch.setattr("sys.stdin", Keyboard(answer))
    assert main(["trash", "--empty"]) == code
    assert "Delete? [y/N]" in capsys.readouterr().err
    assert history.trash.count() == left


def test_rebuild(history: History, said: Said, capsys: pytest.CaptureFixture[str]) -> None:
    add_run(history, rating=4)
    assert main(["history", "rebuild"]) == 1
    assert "Another Safelight has" in capsys.readouterr().err
    history.close()
    told = said("history", "rebuild", "--json")
    assert (told["rows"], told["pictures"]) == (1, 0)
    assert (history.folder / told["kept"]).exists()
    assert "1 run is back" in said("history", "rebuild")
    assert said("history", "rating:4", "--json")[0]["id"] == 1
