"""Names of pictures from a template: harmless whatever the prompt, and inside the folder."""

from __future__ import annotations

import itertools
from pathlib import Path
from unicodedata import category

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from engine.errors import InvalidSpec
from engine.pictures.names import FIELDS, FOLDER, picture_name, problem_with, values_of
from engine.pictures.output import DEFAULT_FILE_NAME
from engine.pictures.save import save_image
from engine.spec import RunSpec

CREATED = "2026-01-31T10:05:09.123Z"
SPEC = RunSpec(
    "a red sun",
    "/models/dreamshaper_8.safetensors",
    "stars",
    seed=7,
    guidance_scale=6.5,
    width=512,
    height=768,
    batch_size=3,
)


def name(template: str, spec: RunSpec = SPEC, index: int = 0, suffix: str = ".png") -> str:
    return picture_name(template, values_of(spec, index, 41, CREATED), suffix)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        (DEFAULT_FILE_NAME, "2026-01-31/000041-2-seed9.png"),
        ("{prompt:.5} {id}", "a red 41.png"),
        ("{time}_{index}", "10-05-09_2.png"),
        ("{checkpoint}/{scheduler} {steps}", "dreamshaper_8/DPM++ 2M 20.png"),
        ("{width}x{height} {guidance} {guidance:.2f}", "512x768 6.5 6.50.png"),
        ("{negative_prompt}-{id:4}", "stars-  41.png"),
        ("{{{id}}}", "{41}.png"),
        ("a\\b", "a/b.png"),
        ("every picture", "every picture.png"),
    ],
)
def test_templates(template: str, expected: str) -> None:
    assert problem_with(template) == ""
    assert name(template, index=2) == f"images/{expected}"


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{promt}", "“file_name” has no field called “promt” (did you mean “prompt”?)"),
        ("{zzz}", "(known: id, index, seed"),
        ("{prompt.__class__}", "no field called “prompt.__class__”"),
        ("{prompt[0]}", "no field called “prompt[0]”"),
        ("{0}", "no field"),
        ("{}", "no field"),
        ("{prompt!r}", "cannot write prompt as “”; try it like {prompt:.40}"),
        ("{prompt:{id}}", "cannot write prompt as “{id}”"),
        ("{prompt:>99999999}", "cannot write prompt"),
        ("{id:999999999d}", "cannot write id"),
        ("{id:x}", "cannot write id as “x”; try it like {id:06d}"),
        ("{guidance:.9999f}", "cannot write guidance"),
        ("{id", "has a { or } without its other half"),
        ("id}", "has a { or } without its other half"),
        ("", "must stay below the folder"),
        ("/etc/{id}", "must stay below the folder"),
        ("../{id}", "must stay below the folder"),
        ("a/../../{id}", "must stay below the folder"),
        ("a//b", "must stay below the folder"),
        ("..\\{id}", "must stay below the folder"),
        ("~/{id}", "must stay below the folder"),
        ("~root/{id}", "must stay below the folder"),
        ("{id}/", "must stay below the folder"),
        ("a" * 1000, "is longer than 300 characters"),
        ("a/" * 20 + "b", "has more than 8 parts"),
    ],
)
def test_templates_that_cannot_be_used(template: str, said: str) -> None:
    assert said in problem_with(template)
    with pytest.raises(InvalidSpec):
        name(template)


HOSTILE = [
    "../../../../etc/passwd",
    "..\\..\\windows\\system32",
    "/etc/cron.d/x",
    "~/.ssh/authorized_keys",
    "~root",
    "C:\\autoexec.bat",
    "\\\\server\\share\\x",
    "...",
    "..",
    ".",
    "",
    "   ",
    ".bashrc",
    "-rf",
    "con",
    "NUL",
    "com1.png",
    "LPT9 ",
    "aux.tar",
    "a\0b",
    "a\nb\r\nc",
    "\x1b[31mred\x1b]0;title\x07",
    'a:b*c?d"e<f>g|h',
    "\u202egnp.exe",
    "\u200b\ufeff",
    "🔥" * 5000,
    "e\u0301" * 5000,
    "山" * 67,
    "x" * 20_000,
    "trailing. . .",
    " leading",
    "\u2028\u2029\x85",
    "${HOME} $(id) `id` %PATH% %n",
    "{id} {prompt} {0.__class__}",
    "a/b/../../../c",
    "....//....//x",
    "%2e%2e%2f",
    "\uff0e\uff0e\uff0f",
    "com¹",
    "file.png:stream",
]
TEMPLATES = [
    "{prompt}",
    "{prompt}/{prompt}",
    "{prompt}{negative_prompt}",
    "{date}/{prompt:.40}-{id:06d}-{index}",
    "{checkpoint}/{prompt:.3}",
    ".{prompt}",
]


def test_hostile_names_stay_inside(tmp_path: Path) -> None:
    """200 and more: each is written, inside of the folder, and none over another."""
    root = tmp_path / "home" / "data"
    image = Image.new("RGB", (8, 8))
    written = []
    for template, text in itertools.product(TEMPLATES, HOSTILE):
        spec = RunSpec(text, text if text.strip() else "scenes", text)
        values = values_of(spec, 0, 1, CREATED)
        path = root / picture_name(template, values, ".png")
        written.append(save_image(image, path, None, inside=root / FOLDER))
    assert len(written) == len(set(written)) >= 200
    assert all(path.resolve().is_relative_to((root / FOLDER).resolve()) for path in written)
    there = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert sorted(there) == sorted(written), "nothing anywhere else, and nothing half written"
    assert {path.name for path in tmp_path.iterdir()} == {"home"}
    for path in written:
        for part in path.relative_to(root).parts:
            assert_harmless(part)


def assert_harmless(part: str) -> None:
    assert 0 < len(part.encode("utf-8")) <= 200
    assert not set(part) & set('/\\:*?"<>|')
    assert not part.startswith((".", "~", " "))
    assert not part.endswith((".", " "))
    assert all(category(char) not in ("Cc", "Cs", "Zl", "Zp") for char in part)
    assert part.split(".", 1)[0].lower().strip() not in ("con", "nul", "aux", "prn", "com1", "lpt9")


FORMATS = st.sampled_from(["", ":06d", ":.40", ":.1f", ":3"])
PIECES = st.one_of(
    st.builds(lambda field, spec: f"{{{field}{spec}}}", st.sampled_from(FIELDS), FORMATS),
    st.text(max_size=6),
    st.sampled_from(["/", "..", "~", "\\", "con", ".", " "]),
)
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=300), st.sampled_from(HOSTILE)
)


@given(st.lists(PIECES, max_size=8).map("".join), TEXTS, TEXTS)
@settings(max_examples=500, deadline=None)
def test_any_template_and_any_prompt(template: str, prompt: str, negative: str) -> None:
    values = {**values_of(SPEC, 0, 41, CREATED), "prompt": prompt, "negative_prompt": negative}
    if problem_with(template):
        with pytest.raises(InvalidSpec):
            picture_name(template, values, ".webp")
        return
    written = picture_name(template, values, ".webp")
    first, *parts = written.split("/")
    assert first == FOLDER
    assert parts[-1].endswith(".webp")
    for part in parts:
        assert_harmless(part)


def test_what_is_long_is_cut_and_the_end_stays() -> None:
    spec = RunSpec("山" * 1000, "x" * 300)
    written = name("{prompt}-{checkpoint}-{id:06d}-{index}", spec)
    assert written.endswith("-000041-0.png")
    assert written.count("山") > 20
    assert 180 < len(Path(written).name.encode()) <= 200
    assert "\ufffd" not in written


def test_the_same_name_for_every_picture(tmp_path: Path) -> None:
    image = Image.new("RGB", (8, 8))
    path = tmp_path / name("{prompt}" * 3, RunSpec("x" * 500))
    paths = [save_image(image, path, None) for _ in range(12)]
    assert len(set(paths)) == 12
    assert all(len(each.name.encode()) <= 200 for each in paths)


def test_lone_surrogates_in_a_template() -> None:
    assert name("a\ud800{id}") == "images/a41.png"
