"""Pack the logs that ``undertow example`` writes, from where they were made.

    make demo                                   demo/populations, for the images
    examples/smollm2/README.md                  out/smollm2, for the language model
    python examples/pack_first_minute.py demo/populations out/smollm2

The archives hold what the tools wrote, less what describes the machine: lm-eval's list of its
environment. Pictures are not packed, since the package has the images already.
"""

from __future__ import annotations

import argparse
import io
import json
import lzma
import tarfile
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from undertow.records import Records, read_population

HERE = Path(__file__).parents[1] / "src/undertow/first_minute"
POPULATIONS = ("dense", "dense-again", "pruned-90")
RUNS = ("reference", "reference-again", "int4", "pruned30")
ABOUT_THE_MACHINE = ("pretty_env_info",)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("populations", type=Path, help="populations of the demo")
    parser.add_argument("logs", type=Path, help="logs of the four evaluations")
    given = parser.parse_args()
    pack(HERE / "fashion.tar.xz", tables(given.populations))
    pack(HERE / "smollm2.tar.xz", logs(given.logs))


def tables(populations: Path) -> Iterator[tuple[str, bytes]]:
    """One table a member, as a training script would leave it."""
    for name in POPULATIONS:
        records = read_population(populations / name)
        for m, member in enumerate(records.members):
            frame = table(records, m)
            shown = frame if name == POPULATIONS[0] else frame.drop("input")
            yield f"{name}/seed{member.id}.csv", shown.write_csv(float_precision=4).encode()


def table(records: Records, m: int) -> pl.DataFrame:
    label, predicted = (
        [records.classes[c] for c in index_N] for index_N in (records.label_N, records.pred_MN[m])
    )
    number = records.example_id_N.str.split("/").list.last()
    return pl.DataFrame(
        {
            "example_id": number,
            "input": "images/" + number + ".png",
            "label": label,
            "prediction": predicted,
            "confidence": records.confidence_MN[m],
            "frequency": records.examples["frequency"],
        }
    )


def logs(place: Path) -> Iterator[tuple[str, bytes]]:
    """What lm-eval wrote, by run."""
    for run in RUNS:
        for path in sorted((place / run).rglob("*.json*")):
            name = f"{run}/{path.relative_to(place / run).as_posix()}"
            yield name, path.read_bytes() if path.suffix == ".jsonl" else without_machine(path)


def without_machine(path: Path) -> bytes:
    results = json.loads(path.read_bytes())
    kept = {key: value for key, value in results.items() if key not in ABOUT_THE_MACHINE}
    return json.dumps(kept, indent=2, ensure_ascii=False).encode()


def pack(archive: Path, files: Iterator[tuple[str, bytes]]) -> None:
    """Equal files give equal bytes: neither times nor owners."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in files:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    archive.write_bytes(lzma.compress(held.getvalue(), preset=9 | lzma.PRESET_EXTREME))
    print(f"{archive.name}: {archive.stat().st_size / 1e3:,.0f} kB")


if __name__ == "__main__":
    main()
