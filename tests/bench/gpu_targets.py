"""The last tables: where a step's time goes, and the targets with what limits them."""

from __future__ import annotations

from collections.abc import Mapping

from tests.bench.gpu_measure import Bench, Measure
from tests.bench.gpu_models import Model
from tests.bench.gpu_sides import FailedRun
from tests.bench.gpu_tables import Report, Table

FULL = "compile=full"
"""The label of the row that is compiled in full, and nothing else."""


def profiles(bench: Bench, report: Report, models: Mapping[str, Model]) -> Table:
    """Of the plain run, of the compiled one, and of the one that a target is about."""
    table = report.table(
        "Where a step's time goes",
        "Busy is the time in which at least one kernel runs, by torch.profiler over the middle "
        "half of a run; wall is what a step takes when nobody profiles.",
        ("", "wall ms", "busy ms", "idle", "most of it"),
    )
    for key, model in models.items():
        best, _ = _aimed_at(bench, key, model)
        for label in dict.fromkeys(("plain", FULL, best or FULL)):
            name = f"{model.name}, {label}"
            known = bench.measures.get((model.name, label))
            if known is None:
                table.lack(name, "not measured")
                continue
            with table.row(name):
                spec = known.runs[0].kept.spec
                bench.plain.run(spec)  # compiles
                profile = bench.plain.run(spec, profile=True).profile
                if profile is None:
                    raise FailedRun("the profiler saw no kernel")
                step = 1 / known.rate
                busy = profile.busy_a_step
                idle = max(0.0, 1 - busy / step)
                most = ", ".join(f"{kind} {share:.0%}" for kind, share in profile.shares[:4])
                bench.limits[model.name, label] = (
                    f"the device is busy {1000 * busy:.2f} of {1000 * step:.2f} ms a step; {most}"
                )
                table.add(name, f"{1000 * step:.3f}", f"{1000 * busy:.3f}", f"{idle:.0%}", most)
    return table


def targets(bench: Bench, report: Report, models: Mapping[str, Model]) -> Table:
    table = report.table(
        "Targets",
        "A model's own are of its fastest row above. --profile finds what limits it.",
        ("", "measured", "target", "met", "what limits it"),
    )
    for name, ratio in bench.ratios.items():
        limit = f"{1000 * bench.outsides[name]:.1f} ms a run lie outside of its phases"
        table.add(
            f"engine / bare: {name}", f"{ratio:.3f}", ">= 0.99", bench.met(ratio >= 0.99), limit
        )
    for key, model in models.items():
        what = "batch 1, compiled in full" if key == "sd15" else f"{model.steps} steps"
        label, best = _aimed_at(bench, key, model)
        if best is None:
            table.lack(f"{model.name}, {what}", "not measured")
            continue
        limit = f"{label}: {bench.limits.get((model.name, label), 'not profiled')}"
        if key == "sd15":
            cells = f"{best.rate:.1f} it/s", "> 105 it/s", bench.met(best.rate > 105)
        else:
            cells = f"{best.making:.3f} s", "< 1.39 s", bench.met(best.making < 1.39)
        table.add(f"{model.name}, {what}", *cells, limit)
    return table


def _aimed_at(bench: Bench, key: str, model: Model) -> tuple[str, Measure | None]:
    """The label and the figures that a model's target is held against."""
    return bench.best(model.name, compiled=key == "sd15")
