"""Settings: which source goes before which, and what is said of what cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given as anything
from hypothesis import strategies as st

from engine.pictures.output import Output
from tui.cli import main
from tui.headless.arguments import parse
from tui.headless.setting_options import given
from tui.settings import SETTINGS, Settings, Sources, gather
from tui.settings.toml_lines import lines_of
from tui.settings.values import as_text, as_toml, from_text, from_toml


def read(folder: Path, text: str, **variables: str) -> Sources:
    file = folder / "config.toml"
    file.write_text(text, encoding="utf-8")
    return gather(file, environment=variables)


def test_how_pictures_are_written(tmp_path: Path) -> None:
    text = 'picture_format = "webp"\nmetadata = false\nfile_name = "{date}/{prompt:.40}-{id}"'
    sources = read(tmp_path, text)
    assert sources.problems == ()
    assert sources.settings.output == Output("webp", False, "{date}/{prompt:.40}-{id}")
    assert Settings().output == Output()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('picture_format = "gif"', "“picture_format” must be one of png, jpeg, webp, not “gif”."),
        ('graphics = "sixels"', "not “sixels”. Did you mean “sixel”?"),
        ("metadata = 1", "“metadata” must be true or false."),
        ("file_name = 1", "“file_name” must be text in quotes."),
        (
            'file_name = "{promt}"',
            "“file_name” has no field called “promt” (did you mean “prompt”?).",
        ),
        ('file_name = "../{id}"', "“file_name” must stay below the folder of pictures"),
        ('file_name = "{id"', "“file_name” has a { or } without its other half."),
        ('device = "toaster"', "There is no device called “toaster”. Use auto, cuda,"),
        ('devise = "cpu"', "no setting is called “devise”. Did you mean “device”?"),
        ('[kyes]\nrun = "f5"', "no table is called “kyes”. Did you mean “keys”?"),
        pytest.param("notify_after_seconds = 1" + "0" * 400, "a number, 0 or more.", id="large"),
        ("notify_after_seconds = inf", "must be a number, 0 or more."),
        ("notify_after_seconds = nan", "must be a number, 0 or more."),
        ('keys = "vim"', "“keys” must be a table: [keys]."),
    ],
)
def test_what_is_wrong_names_its_line_and_the_rest_counts(
    tmp_path: Path, text: str, complaint: str
) -> None:
    sources = read(tmp_path, f'theme = "nord"\n\n{text}')
    assert sources.complaint.startswith("config.toml, line 3: ")
    assert complaint in sources.complaint
    assert sources.settings == Settings(theme="nord")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("climb = ", "line 3, column 9"),
        ('theme "nord"', "line 3, column 7"),
        ("climb = true\nclimb = true", "line 4, column 13"),
        ('checkpoint_folders = [\n"/a",\n', "line 4, column 6"),
        ('file_name = """\nabc', "line 4, column 4"),
        pytest.param("[x]\ny = 1" + "0" * 5000, "line 4, column 5", id="long"),
    ],
)
def test_of_a_broken_file_what_stands_above_counts(tmp_path: Path, text: str, place: str) -> None:
    sources = read(tmp_path, f"# mine\npreviews = false\n{text}")
    assert f"config.toml is not valid TOML: {place}: " in sources.complaint
    assert "What stands above it counts." in sources.complaint
    assert sources.settings.previews is False
    assert sources.settings.theme == ""


def test_of_many_unknown_names_some_are_told(tmp_path: Path) -> None:
    sources = read(tmp_path, "".join(f"name_{n} = 1\n" for n in range(3000)) + "climb = true")
    assert "config.toml, line 8: no setting is called “name_7”." in sources.problems
    assert sources.problems[-1] == "config.toml has 2992 more names that are no settings."
    assert len(sources.problems) == 9
    assert sources.origin("climb") == "config.toml, line 3001"


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes(b'theme = "\xff"')
    assert "it is not UTF-8. Using the defaults." in gather(tmp_path / "config.toml").complaint
    assert "Is a directory. Using the defaults." in gather(tmp_path).complaint
    assert gather(tmp_path / "none").problems == ()


def test_lines_of_whatever_toml_may_hold() -> None:
    text = (
        '# a = 1\na = """\nb = 2\u2028\n"""\n\n"b c" = [\n  1, # x\n  2,\n]\r\nd.e = 1; f\n'
        '[keys]\n# run = 1\nrun = "f5"\n[[many]]\nx = 1\n[[many]]\ny = {z = 2}\n[empty]\n'
    ).replace("; f", "")
    assert lines_of(text) == {
        ("a",): 2,
        ("b c",): 6,
        ("d", "e"): 10,
        ("keys",): 11,
        ("keys", "run"): 13,
        ("many",): 14,
        ("many", "x"): 15,
        ("many", "y", "z"): 17,
        ("empty",): 18,
    }


def test_an_option_goes_before_the_environment_the_file_and_what_was_chosen(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    variables = {"SAFELIGHT_THEME": "in-environment"}
    flags = {"theme": "by-flag"}
    chosen = {"theme": "chosen"}
    sources = gather(file, environment={})
    assert (sources.settings.theme, sources.origin("theme")) == ("", "default")
    sources = gather(file, environment={}, chosen=chosen)
    assert (sources.settings.theme, sources.origin("theme")) == ("chosen", "chosen in the app")
    file.write_text('climb = true\ntheme = "in-file"')
    sources = gather(file, environment={"SAFELIGHT_THEME": " "}, chosen=chosen)
    assert (sources.settings.theme, sources.origin("theme")) == ("in-file", "config.toml, line 2")
    sources = gather(file, environment=variables, chosen=chosen)
    assert (sources.settings.theme, sources.origin("theme")) == (
        "in-environment",
        "SAFELIGHT_THEME",
    )
    sources = gather(file, flags, variables, chosen)
    assert (sources.settings.theme, sources.origin("theme")) == ("by-flag", "--theme")


def test_what_the_environment_says_wrongly(tmp_path: Path) -> None:
    said = {"SAFELIGHT_CLIMB": "maybe", "SAFELIGHT_DEVCIE": "cpu", "SAFELIGHT_HOME": "/x"}
    sources = read(tmp_path, "climb = true", **said, SAFELIGHT_NOPE="1")
    assert sources.settings == Settings(climb=True)
    assert sources.problems == (
        "SAFELIGHT_CLIMB: “climb” must be true or false, not “maybe”.",
        "The environment has SAFELIGHT_DEVCIE. Did you mean SAFELIGHT_DEVICE?",
        "The environment has SAFELIGHT_NOPE. No setting is called so.",
    )


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_has_a_variable_an_option_and_a_line_in_the_file(name: str) -> None:
    import tomllib

    setting = SETTINGS[name]
    default = setting.default
    assert setting.help.endswith(".")
    assert from_text(setting, as_text(default)) == default
    assert from_toml(setting, tomllib.loads(f"x = {as_toml(default)}")["x"]) == default
    wanted = as_text(not default) if isinstance(default, bool) else as_text(default)
    no = [setting.flag.replace("--", "--no-")] if wanted == "false" else [setting.flag]
    words = no if isinstance(default, bool) else [setting.flag, wanted]
    assert given(parse([*words, "doctor"])) == {name: wanted}


def test_texts_with_anything_in_them_are_written_as_toml() -> None:
    import tomllib

    text = '"quoted" \\ ü 😀 \n\t\x7f\x1b'
    assert tomllib.loads(f"x = {as_toml((text, text))}")["x"] == [text, text]


@anything(st.lists(st.text(':[]", /a', max_size=4)).map(tuple))
def test_any_folders_come_back_from_their_text(folders: tuple[str, ...]) -> None:
    assert from_text(SETTINGS["checkpoint_folders"], as_text(folders)) == folders


def test_a_wrong_option_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["--graphics", "sixels"], ["--device", "toaster"], ["--climb", "--device="]):
        assert main(words) == 2
    said = capsys.readouterr().err
    assert "safelight: --graphics: “graphics” must be one of" in said
    assert "Did you mean “sixel”?" in said
    assert "There is no device called “toaster”." in said


def test_the_table_of_keys_is_handed_on(tmp_path: Path) -> None:
    sources = read(tmp_path, '[keys]\nrun = "f5"')
    assert sources.table("keys") == {"run": "f5"}
    assert sources.file.place("keys", "run") == "config.toml, line 2"
    assert sources.problems == ()
