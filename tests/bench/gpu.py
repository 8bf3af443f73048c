"""Figures of Stable Diffusion 1.5 and SDXL on a GPU, as tables: the tutorial's way, the switches,
Safelight's engine against a bare diffusers script, and the targets.

    python tests/bench/gpu.py [--quick] [--only sd15|sdxl] [--profile] [--out FILE]
    python tests/bench/gpu.py --tiny --device cpu       # only shows that the script works

Nothing is downloaded: the weights are random, in the published shapes. They take 10 GB in the
temporary folder (TMPDIR moves it), or in that of --models, where they stay for the next time.
Compiling takes most of the time; --no-compile leaves it out. Where time is short, --parts and
--rows choose what is measured, and --seconds ends it: the file is written row by row.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Collection, Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from engine.errors import DeviceError
from engine.pipelines import import_libraries
from engine.spec import RunSpec
from tests.bench.gpu_measure import (
    Bench,
    Measure,
    against_bare,
    gib,
    interleaved,
    measure,
    outside,
)
from tests.bench.gpu_models import MODELS, SECOND_VAE, TINY_MODELS, Model, kept
from tests.bench.gpu_sides import FailedRun
from tests.bench.gpu_tables import NONE, Report, Table
from tests.bench.gpu_targets import FULL, profiles, targets

_SWITCHES: tuple[Mapping[str, str], ...] = (
    *({"attention": kernel} for kernel in ("flash", "efficient", "cudnn", "math")),
    {"channels_last": "on"},
    {"fused_qkv": "on"},
    {"channels_last": "on", "fused_qkv": "on"},
    {"compile": "regional"},
    {"channels_last": "on", "fused_qkv": "on", "compile": "regional"},
    {"compile": "full"},
    {"channels_last": "on", "compile": "full"},
    {"channels_last": "on", "fused_qkv": "on", "compile": "full"},
)
SWITCHES = {
    " + ".join(k if v == "on" else f"{k}={v}" for k, v in values.items()): values
    for values in _SWITCHES
}
"""Of the second table. Compiled ones come last: each begins in a process of its own."""
PARTS = ("tutorial", "switches", "bare")


def tutorial(bench: Bench, report: Report, model: Model, folder: Path, pndm_steps: int) -> Table:
    """The tutorial's steps, one after the other: each keeps what those before it changed."""
    table = report.table(
        f"The tutorial's way: {model.name}, {model.side}x{model.side}",
        "SSIM is to the fp32 picture, where steps and scheduler are the same.",
        ("", "s an image", "it/s", f"peak {bench.memory} GiB", "SSIM", "notes"),
    )
    spec = model.spec(folder, scheduler="PNDM", num_inference_steps=pndm_steps)
    half = {"precision": "fp16"}
    sliced = {**half, "attention_slicing": "auto"}
    fast = {"scheduler": "DPM++ 2M", "num_inference_steps": model.steps}
    rows: tuple[tuple[str, RunSpec], ...] = (
        (f"fp32, {pndm_steps} steps of PNDM", spec.with_(switches={"precision": "fp32"})),
        ("fp16", spec),
        (f"DPM++ 2M, {model.steps} steps", spec.with_(**fast)),
        ("a batch of 4", spec.with_(**fast, batch_size=4)),
        ("a batch of 8", spec.with_(**fast, batch_size=8)),
        ("attention slicing", spec.with_(**fast, batch_size=8, switches=sliced)),
        (
            "another VAE",
            spec.with_(**fast, batch_size=8, switches={**sliced, "vae": SECOND_VAE}),
        ),
    )
    first: Measure | None = None
    for label, asked in rows:
        with table.row(label):
            found = measure(bench.plain, asked, bench.repeats)
            if label == rows[0][0]:
                first, alike = found, NONE
            elif first is not None and label == "fp16":
                alike = f"{found.likeness(first):.4f}"
            else:
                alike = NONE
            seconds = found.making / asked.batch_size
            figures = f"{seconds:.3f}", f"{found.rate:.2f}", gib(found.peak), alike
            table.add(label, *figures, found.notes)
    return table


def switches(
    bench: Bench, report: Report, model: Model, folder: Path, wanted: Collection[str]
) -> Table:
    """Each switch, or those of the ``wanted`` labels, against the plain run in turns."""
    table = report.table(
        f"Switches: {model.run}",
        "Each against plain runs that alternate with its own; above 1 is faster. Compiling is with "
        "empty caches. SSIM is to the plain picture.",
        (
            "",
            "s an image",
            "it/s",
            "plain / this",
            f"peak {bench.memory} GiB",
            "compile s",
            "SSIM",
            "notes",
        ),
    )
    spec = model.spec(folder)
    with table.row("plain"):
        plain = measure(bench.plain, spec, bench.repeats)
        bench.keep(model.name, "plain", plain)
        figures = f"{plain.making:.3f}", f"{plain.rate:.2f}", "1.000", gib(plain.peak)
        table.add("plain", *figures, NONE, "1.0000", plain.notes)
    for label, values in SWITCHES.items():
        if wanted and label not in wanted:
            table.lack(label, "not run (--rows)")
            continue
        if "compile" in values and not bench.compiles:
            table.lack(label, "not run (--no-compile)")
            continue
        if "compile" in values:
            bench.begin_anew(shared=label == FULL)
        with table.row(label):
            asked = spec.with_(switches={**spec.switches, **values})
            ours, others, ratio = interleaved(bench, spec, asked)
            bench.keep(model.name, label, ours)
            figures = f"{ours.making:.3f}", f"{ours.rate:.2f}", f"{ratio:.3f}", gib(ours.peak)
            compiling = f"{ours.compiling:.1f}" if "compile" in values else NONE
            table.add(label, *figures, compiling, f"{ours.likeness(others):.4f}", ours.notes)
    return table


def engine_against_bare(
    bench: Bench, report: Report, models: Mapping[str, Model], folders: Path
) -> Table:
    table = report.table(
        "Safelight's engine against a bare diffusers script",
        "The same settings; events, previews, history and memory sampling are on. Two processes "
        "that take turns. SSIM is between their pictures.",
        ("", "bare s", "engine s", "bare / engine", "previews", "SSIM", "notes"),
    )
    for key, model in models.items():
        for label, more in (("plain", {}), (FULL, {"compile": "full"})):
            name = f"{model.run}, {label}"
            if more and not bench.compiles:
                table.lack(name, "not run (--no-compile)")
                continue
            with table.row(name):
                spec = model.spec(folders / key)
                spec = spec.with_(switches={**spec.switches, **more})
                bare, ours, ratio = against_bare(bench, spec)
                bench.ratios[f"{model.name}, {label}"] = ratio
                bench.outsides[f"{model.name}, {label}"] = outside(ours)
                figures = f"{bare.seconds:.3f}", f"{ours.seconds:.3f}", f"{ratio:.3f}"
                table.add(name, *figures, f"{ours.previews:.1f}", f"{ours.likeness(bare):.4f}")
    return table


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="2 repeats of each, not 7")
    parser.add_argument("--repeats", type=int, metavar="N", help="or as many as this")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="that it may take")
    parser.add_argument("--parts", nargs="*", choices=PARTS, default=PARTS, help="some tables")
    parser.add_argument("--rows", nargs="*", choices=SWITCHES, default=(), help="some switches")
    parser.add_argument("--models", type=Path, metavar="FOLDER", help="where the weights stay")
    parser.add_argument("--only", choices=tuple(MODELS), help="one of the two models")
    parser.add_argument("--device", default="cuda", help="cuda, cuda:1 or cpu")
    parser.add_argument("--tiny", action="store_true", help="tiny models, to try the script")
    parser.add_argument("--profile", action="store_true", help="find what limits the speed")
    parser.add_argument("--compile", action=argparse.BooleanOptionalAction, help="not for --tiny")
    parser.add_argument("--out", type=Path, metavar="FILE", help="also write the tables there")
    options = parser.parse_args()
    known = TINY_MODELS if options.tiny else MODELS
    if options.tiny and options.device == "cpu":
        os.environ["OMP_NUM_THREADS"] = "1"  # of the sides: tiny models are faster on one
    try:
        import_libraries().pick_device(options.device)
    except DeviceError as error:
        raise SystemExit(f"Nothing can be measured: {error}") from None
    models = {key: known[key] for key in known if options.only in (None, key)}
    compiles = not options.tiny if options.compile is None else bool(options.compile)
    repeats = options.repeats or (2 if options.quick else 7)
    until = time.monotonic() + options.seconds
    with tempfile.TemporaryDirectory(prefix="safelight-gpu-") as temporary:
        folder = Path(temporary)
        report = Report(options.out)
        checkpoints = options.models or folder
        checkpoints.mkdir(parents=True, exist_ok=True)
        for key, model in models.items():
            print(f"Making {model.name} ...", file=sys.stderr)
            kept(checkpoints / key, model.shape)
        left = until - time.monotonic()
        with Bench(folder, options.device, repeats, compiles, left) as bench:
            bench.judges = not options.tiny
            first = next(iter(models))
            try:  # the cheapest run: whether the device works at all, and its facts
                begun = bench.plain.run(
                    models[first].spec(checkpoints / first, num_inference_steps=2)
                )
            except FailedRun as why:
                raise SystemExit(f"Nothing can be measured: {why}") from None
            report.begin(begun.kept, options.tiny)
            if "sd15" in models and "tutorial" in options.parts:
                pndm_steps = 6 if options.tiny else 50
                sd15 = models["sd15"], checkpoints / "sd15"
                report.done(tutorial(bench, report, *sd15, pndm_steps))
            if "switches" in options.parts:
                for key, model in models.items():
                    report.done(switches(bench, report, model, checkpoints / key, options.rows))
            bench.other.close()  # its memory is for the bare side
            if "bare" in options.parts:
                report.done(engine_against_bare(bench, report, models, checkpoints))
            bench.bare.close()
            if options.profile:
                report.done(profiles(bench, report, models))
            report.done(targets(bench, report, models))


if __name__ == "__main__":
    main()
