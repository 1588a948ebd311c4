"""The options that commands on files share, each of them once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from undertow.cli.spreading import groups
from undertow.cli.typed import typed
from undertow.errors import UserError

if TYPE_CHECKING:
    from undertow.audit.settings import Asked, Settings
    from undertow.files import Request
    from undertow.records.grade_scale import GradeScale
    from undertow.records.reading import Missing, Reading

PATH = "<path>"
"""What typer calls a path, also where one of ours is parsed here."""


def folder_named(given: str) -> Path:
    """Of what stands after ``--out``. An empty name would be taken for the folder that one is in,
    where a script has a variable that it never set."""
    if not given:
        raise UserError(
            "--out '': names no folder; give a name, such as --out results, or --out . for the "
            "folder that you are in"
        )
    return Path(given)


def folder(help: str) -> Any:
    """The option of a folder to write to."""
    return typer.Option(help=help, parser=folder_named, metavar=PATH)


Reference = Annotated[
    list[Path],
    typer.Argument(
        help="A population folder, evaluation logs, or tables of predictions; repeat runs too."
    ),
]
AGAINST = typer.Option(
    help="The changed model: each folder is a variant, and so is each --against; loose files after "
    "one --against are the members of one variant.",
    metavar="<path>...",
)
Cluster = Annotated[
    str | None,
    typer.Option(
        help="Column whose equal values mean examples that are not independent; none: all "
        "are independent."
    ),
]
Force = Annotated[
    bool, typer.Option("--force", help="Replace what is there already of the files to write.")
]


@dataclass(frozen=True, kw_only=True)
class Files:
    """How files are read: of every command that reads any."""

    format: Annotated[
        str | None, typer.Option(help="Read files as this format (undertow list formats).")
    ] = None
    metric: Annotated[
        str | None, typer.Option(help="The outcome to take where a log has several.")
    ] = None
    filter: Annotated[
        str | None, typer.Option(help="The output filter to take where a log has several.")
    ] = None
    labels: Annotated[
        Path | None,
        typer.Option(
            help="Right answers for predictions that come without: a table, or labels as npy or "
            "npz."
        ),
    ] = None
    id: Annotated[
        str | None,
        typer.Option(
            help="The column of a plain table that names the example; image,img: either; none: the "
            "rows of all files are in one order."
        ),
    ] = None
    prediction: Annotated[
        list[str] | None,
        typer.Option(
            help="The column of predictions; several, with commas between or as a pattern, "
            "are several members."
        ),
    ] = None
    label: Annotated[str | None, typer.Option(help="The column of right answers.")] = None
    score: Annotated[
        str | None,
        typer.Option(
            help="The column of scores: of two classes the probability, else how good the answer "
            "is."
        ),
    ] = None
    answer: Annotated[
        str | None,
        typer.Option(help="The column of what the model wrote, beside a score of how good it is."),
    ] = None
    member: Annotated[
        str | None, typer.Option(help="The column that says which model or seed a row is of.")
    ] = None
    input: Annotated[
        str | None,
        typer.Option(
            help="The column of what is shown of an example: text, or files of pictures. Examples "
            "of equal input count as one piece of evidence, unless --cluster none."
        ),
    ] = None
    pictures: Annotated[
        Path | None,
        typer.Option(
            help="The folder that files of pictures lie in; otherwise that of the first table."
        ),
    ] = None
    positive: Annotated[
        str | None,
        typer.Option(
            help="The positive class of a binary task; otherwise it is guessed, and said."
        ),
    ] = None
    threshold: Annotated[
        str | None,
        typer.Option(
            metavar="<float>",
            help="The score above which the positive class is predicted, as the column is written, "
            "on both sides; at it the other class is. Otherwise 0.5. For one on each side, convert "
            "each with its own and add --accept threshold.",
        ),
    ] = None
    scale: Annotated[
        str | None,
        typer.Option(
            metavar="<pair>",
            help="The scale of a column of grades: the number of the worst answer, then that of "
            "the best. 1,5 where 5 is the best, 6,1 where 1 is, 1,0 where less is better. Or their "
            "words or letters, F,A; of more than two words all: bad,ok,good.",
        ),
    ] = None
    tasks: Annotated[
        list[str] | None, typer.Option(help="Only these tasks, as shell patterns.")
    ] = None
    allow_partial: Annotated[
        bool,
        typer.Option(
            "--allow-partial", help="Go on with the examples that can be used, and count the rest."
        ),
    ] = False

    def reading(
        self, *, cluster: str | None = None, name: str | None = None, inputs: bool = True
    ) -> Reading:
        """The same as readers take it."""
        from undertow.records.reading import Reading

        return Reading(
            name=name,
            allow_partial=self.allow_partial,
            inputs=inputs,
            metric=self.metric,
            filter=self.filter,
            labels=self.labels,
            tasks=tuple(self.tasks or ()),
            cluster=cluster,
            id=self.id,
            prediction=tuple(self.prediction or ()),
            label=self.label,
            score=self.score,
            member=self.member,
            input=self.input,
            answer=self.answer,
            pictures=self.pictures,
            positive=self.positive,
            threshold=cast("float | None", self.threshold),  # Reading makes it a number.
            scale=cast("GradeScale | None", self.scale),  # And this two of them.
        )


@dataclass(frozen=True, kw_only=True)
class Comparing:
    """How two sides are compared: of an audit and of a gate."""

    by: Annotated[
        list[str] | None,
        typer.Option(
            help="Slice by class (or label) or task (the default), by a column, or by "
            "columns crossed, which is each combination of their values: age+gender. It takes the "
            "place of the default: --by class age keeps both."
        ),
    ] = None
    columns_from: Annotated[
        Path | None,
        typer.Option(
            help="A population that takes no part, trained with Trace(clean=True, part='test'): "
            "--by el2n (undertow list instruments) then slices by what it found hard, and --cross "
            "el2n sets exemplars against controls in it."
        ),
    ] = None
    cross: Annotated[
        list[str] | None,
        typer.Option(
            help="Set exemplars against unchanged examples of their class in a column of numbers: "
            "of the examples, or told by --columns-from (el2n, forgetting, depth …)."
        ),
    ] = None
    name: Annotated[
        list[str] | None,
        typer.Option(help="What the sides are called: the reference first, then each variant."),
    ] = None
    paired: Annotated[
        bool,
        typer.Option(
            "--paired",
            help="File i of the reference goes with file i of each variant: pairs of members.",
        ),
    ] = False
    accept: Annotated[
        list[str] | None,
        typer.Option(help="Differences to accept: prompt, fewshot, decoding, filter, template, …"),
    ] = None
    missing: Annotated[
        str | None,
        typer.Option(
            help="Predictions and scores that are not there: refuse (the default) or wrong, which "
            "counts them as wrong."
        ),
    ] = None
    cluster: Cluster = None
    generalise_to: Annotated[
        str,
        typer.Option(
            help="What the verdict is about: examples (these models on new examples), members (new "
            "members of these recipes), both; auto takes members, or in a gate both, where both "
            "sides have several models."
        ),
    ] = "auto"
    members_apart: Annotated[
        bool,
        typer.Option(
            "--members-apart",
            help="Members were trained apart: take none for a repeat run of another.",
        ),
    ] = False
    tolerance: Annotated[
        float, typer.Option(help="Points on a slice that are too few to matter.")
    ] = 5.0
    tolerance_overall: Annotated[float, typer.Option(help="The same for the whole.")] = 1.0
    min_count: Annotated[int, typer.Option(help="Fewest examples in a crossing.")] = 20
    draws: Annotated[int, typer.Option(help="Rearrangements of members.")] = 2000
    seed: Annotated[int, typer.Option(help="Seed of everything random in the audit.")] = 0

    def request(
        self,
        *,
        reference: Sequence[Path],
        against: Sequence[str],
        files: Files,
        level: float = 0.05,
    ) -> Request:
        """Everything that was asked, as files and settings."""
        from undertow.files import Request
        from undertow.records.reading import Reading

        if self.missing is not None:
            Reading(missing=cast("Missing", self.missing))  # It refuses other words.
        return Request(
            reference=reference,
            against=groups(against),
            reading=files.reading(cluster=self.cluster),
            format=files.format,
            accepted=frozenset(self.accept or ()),
            paired=self.paired,
            names=tuple(self.name or ()),
            missing=cast("Missing | None", self.missing),
            columns_from=self.columns_from,
            settings=self._settings(level),
            command=typed(),
        )

    def _settings(self, level: float) -> Settings:
        """Flags are in points, settings in fractions."""
        from undertow.audit.settings import Settings

        return Settings(
            by=tuple(self.by or ()),
            cross=tuple(self.cross or ()),
            level=level,
            draws=self.draws,
            seed=self.seed,
            tolerance=_from_points("tolerance", self.tolerance),
            tolerance_overall=_from_points("tolerance-overall", self.tolerance_overall),
            min_count=self.min_count,
            # Settings refuses any other word.
            generalise_to=cast("Asked", self.generalise_to),
            members_apart=self.members_apart,
        )


def _from_points(flag: str, points: float) -> float:
    """The fraction. Raises ``UserError`` in the words of the flag."""
    if not 0 < points < 100:
        raise UserError(
            f"--{flag} {points:g}: is in points, which must lie between 0 and 100; 2.5 is two and "
            f"a half points: --{flag} 2.5"
        )
    return points / 100


@dataclass(frozen=True, kw_only=True)
class Writing:
    """Where a report goes, and what the terminal says."""

    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder to write to; by default a new one, called after the command (audit, "
            "audit-2 …).",
            parser=folder_named,
            metavar=PATH,
        ),
    ] = None
    force: Force = False
    quiet: Annotated[
        bool,
        typer.Option(
            "--quiet",
            "-q",
            help="Print the verdict and nothing else; warnings go to standard error.",
        ),
    ] = False


ExamplesTable = Annotated[
    Path | None,
    typer.Option(
        help="A table with example_id, label and columns to slice by; in the order of the "
        "inputs, unless these have ids."
    ),
]
"""What is known of the examples that a model of one's own is asked."""
ExamplesBy = Annotated[
    list[str] | None, typer.Option(help="Slice by class or by a column of the table.")
]
