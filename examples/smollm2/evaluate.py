"""Evaluate the three models with lm-eval 0.4.13, the reference twice, and keep every answer.

    python examples/smollm2/evaluate.py --work out/smollm2/work --out out/smollm2

The second run of the reference differs only in its batch size. Another batch size pads and sums in
another order, so its logs show how much the answers move when nothing was changed: the noise floor
for everything else.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

RUNS: dict[str, tuple[str, int]] = {  # run -> model, batch size
    "reference": ("reference", 16),
    "int4": ("int4", 16),
    "pruned30": ("pruned30", 16),
    "reference-again": ("reference", 6),
}
TASKS = "udhr_continuation,udhr_word_order"


def command(run: str, out: Path) -> list[str]:
    """The lm-eval command of one run; paths inside are relative to the working folder, so the logs
    name no machine."""
    model, batch = RUNS[run]
    return [
        str(Path(sys.executable).with_name("lm-eval")), "run", "--model", "hf",
        "--model_args", f"pretrained=models/{model},dtype=float32", "--device", "cpu",
        "--include_path", "tasks", "--tasks", TASKS, "--batch_size", str(batch),
        "--log_samples", "--output_path", os.path.relpath(out / run, Path.cwd()),
    ]  # fmt: skip


def main() -> None:
    """Run what was asked for, one after another; a folder that already has results is left
    alone."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--work", type=Path, required=True, help="the folder with tasks/, data/ and models/"
    )
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--runs", nargs="+", default=list(RUNS), choices=list(RUNS))
    chosen = parser.parse_args()
    out = chosen.out.resolve()
    os.chdir(chosen.work)
    environment = {
        **os.environ,
        "HF_HOME": "hf-home",
        "HF_HUB_OFFLINE": "1",
        "HF_DATASETS_OFFLINE": "1",
    }
    for run in chosen.runs:
        if list((out / run).rglob("results_*.json")):
            print(f"{run}: there already", flush=True)
            continue
        started = time.monotonic()
        subprocess.run(command(run, out), env=environment, check=True)
        print(f"{run}: {time.monotonic() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main()
