"""The judge must see what the generator drew before it may judge anybody else."""

import dataclasses

from engine.demo import evaluate
from engine.demo.judge import judge


def test_the_judge_reads_the_generators_own_drawings() -> None:
    known = evaluate.drawings(200)
    named = [dataclasses.asdict(scene) for scene, _ in known]
    scores = evaluate.rights(named, [judge(image) for _, image in known])
    for field, (right, cases) in scores.items():
        assert right / cases >= 0.98, field


def test_only_what_a_caption_names_is_counted() -> None:
    scene, image = evaluate.drawings(1)[0]
    scores = evaluate.rights([{"sky_colour": scene.sky_colour}], [judge(image)])
    assert scores["sky_colour"] == (1, 1)
    assert scores["terrain"] == (0, 0)


def test_a_missed_bar_says_so() -> None:
    results = [
        evaluate.Result("a", 94.9, "%", 95, 10),
        evaluate.Result("b", 1.6, "dB", 1.5, 10),
        evaluate.Result("c", 1.0, "dB", None, 10),
    ]
    assert [result.met for result in results] == [False, True, True]
    lines = evaluate.table(results).splitlines()
    assert lines[1].endswith("MISSED")
    assert lines[2].endswith("met")
