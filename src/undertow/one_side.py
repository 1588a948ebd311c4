"""One side of files, read and kept: as a population folder, or as a blessing of what it holds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from undertow.audit.gate.blessing import bless
from undertow.errors import UserError
from undertow.records.formats.columns.either_name import refuse_nowhere
from undertow.records.formats.detect import read_any
from undertow.records.reading import Reading
from undertow.records.write import write_records
from undertow.report.wording import line, plural, quoted_for_logs
from undertow.undecoded import escaped


def bless_files(
    paths: Sequence[Path], out: Path, reading: Reading, format: str | None = None
) -> str:
    """Write the blessing of these records; returns a line that says what was blessed."""
    records, about = read_any(paths, reading, format=format)
    refuse_nowhere([records], reading)
    blessing = bless(records)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(blessing.model_dump_json(indent=1) + "\n", encoding="utf-8")
    except OSError as problem:
        raise UserError(
            f"{out}: the blessing cannot be written ({problem.strerror}); give another --out"
        ) from problem
    said = f"blessed as {blessing.content[:12]}… in {escaped(str(out))}"
    return f"{quoted_for_logs(line(about))}\n{said}"


def convert_files(
    paths: Sequence[Path], out: Path, reading: Reading, format: str | None = None
) -> None:
    """Write what ``paths`` hold as a population folder."""
    records, about = read_any(paths, reading, format=format)
    refuse_nowhere([records], reading)
    write_records(records, out)
    held = f"{plural(records.M, 'member')}, {plural(records.N, 'example')}"
    print(f"{quoted_for_logs(line(about))}\nwritten to {escaped(str(out))}: {held}")
