"""``audit`` and ``gate``, ``bless`` and ``convert``: the commands on files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from undertow.cli.option_groups import with_groups
from undertow.cli.options import (
    AGAINST,
    Cluster,
    Comparing,
    Files,
    Force,
    Reference,
    Writing,
    folder,
)
from undertow.cli.program import app
from undertow.cli.usage import Incomplete, epilog
from undertow.errors import UserError


@app.command(epilog=epilog("audit"))
@with_groups
def audit(
    reference: Reference,
    *,
    against: Annotated[list[str], AGAINST],
    writing: Writing,
    comparing: Comparing,
    level: Annotated[
        float, typer.Option(help="Level of the tests, over all slices together.")
    ] = 0.05,
    files: Files,
) -> None:
    """Compare predictions on disk and write report.html, findings and exemplars. Needs no torch and
    no model."""
    from undertow.cli.places import report_folder
    from undertow.files import audit_files
    from undertow.report.write import AUDIT_FILES

    request = comparing.request(reference=reference, against=against, files=files, level=level)
    with report_folder(writing.out, usual="audit", files=AUDIT_FILES, force=writing.force) as out:
        audit_files(request, out, quiet=writing.quiet, replace=writing.force)


@app.command(epilog=epilog("gate"))
@with_groups
def gate(
    reference: Reference,
    *,
    against: Annotated[list[str] | None, AGAINST] = None,
    policy: Annotated[
        Path | None, typer.Option(help="The policy, a TOML file; --suggest writes a first one.")
    ] = None,
    suggest: Annotated[
        Path | None,
        typer.Option(
            help="Write a policy here from what the reference's own runs differ by, and stop."
        ),
    ] = None,
    inconclusive: Annotated[
        str,
        typer.Option(
            help="What to exit with where a required rule cannot tell: report (3), pass (0) or "
            "fail (1). What has to be looked into first (identical, below_chance, "
            "at_chance, classes_told, more_is_better, contrary_scale, wide_scale, other_reading, "
            "little_to_lose, left_out, implausible_gain, member_on_both_sides) is never a pass."
        ),
    ] = "report",
    annotations: Annotated[
        str,
        typer.Option(
            help="Print workflow annotations: github, none, or auto (where GITHUB_ACTIONS is set, "
            "but not with --quiet)."
        ),
    ] = "auto",
    writing: Writing,
    comparing: Comparing,
    files: Files,
) -> None:
    """Decide a release by a written policy."""
    from undertow.cli.places import refuse_present, report_folder
    from undertow.gating import run_gate, usable, write_suggestion
    from undertow.report.write import GATE_FILES

    if not against and suggest is None:
        raise Incomplete("gate", "--against")
    request = comparing.request(reference=reference, against=against or (), files=files)
    if suggest is not None:
        refuse_present(suggest, flag="--suggest", force=writing.force)
        write_suggestion(request, suggest)
        return
    chosen, taken_for = usable(policy, inconclusive=inconclusive, annotations=annotations)
    with report_folder(writing.out, usual="gate", files=GATE_FILES, force=writing.force) as out:
        code = run_gate(
            request,
            chosen,
            out,
            inconclusive=taken_for,
            annotations=annotations,
            quiet=writing.quiet,
            replace=writing.force,
        )
    raise typer.Exit(code)


@app.command(epilog=epilog("bless"))
@with_groups
def bless(
    reference: Reference,
    *,
    out: Annotated[Path, typer.Option(help="File to write the blessing to.")] = Path(
        "blessed.json"
    ),
    force: Force = False,
    files: Files,
) -> None:
    """Record an approved reference by the hash of its content, for a policy's line blessed =
    "blessed.json"."""
    from undertow.cli.places import refuse_present
    from undertow.one_side import bless_files

    refuse_present(out, flag="--out", force=force)
    typer.echo(bless_files(reference, out, files.reading(inputs=False), files.format))


@app.command(epilog=epilog("convert"))
@with_groups
def convert(
    paths: Annotated[
        list[Path], typer.Argument(help="Files of any known format; several are several members.")
    ],
    *,
    out: Annotated[Path, folder("Folder to write to.")],
    name: Annotated[list[str] | None, typer.Option(help="What the population is called.")] = None,
    cluster: Cluster = None,
    files: Files,
) -> None:
    """Write files of any known format as a population folder (undertow-records/1)."""
    from undertow.one_side import convert_files

    reading = files.reading(cluster=cluster, name=_one_name(name))
    convert_files(paths, out, reading, files.format)


def _one_name(names: list[str] | None) -> str | None:
    """What stands after ``--name`` is read as names to the next flag, as an audit has several."""
    if names and len(names) > 1:
        raise UserError(
            f"--name {' '.join(names)}: one population has one name; write the files before "
            "--name, and one name after it"
        )
    return names[0] if names else None
