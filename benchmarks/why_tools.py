"""What each tool says on the logs of ``undertow example smollm2``, for ``why.py``.

A tool's code is a file of ``why_code`` that is run as it is shown; it prints a line for each
question that it answers.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import polars as pl

CODE = Path(__file__).parent / "why_code"
SIDES = ("reference", "reference-again")
QUESTIONS = {
    "loss": "Did accuracy fall, by how much, and is that more than chance?",
    "languages": "Which languages lose, corrected for how many were looked at?",
    "changed": "How many answers changed, and how many does a repeat run change?",
    "release": "Released under “at most 1 point”?",
    "examples": "Which examples?",
    "equal": "What must be equal before comparing?",
}


class Told(NamedTuple):
    """What a tool was given, what it printed, and from that its answer to each question."""

    given: str
    printed: str
    answers: dict[str, str]


def answers_in(printed: str) -> dict[str, str]:
    """The lines ``question: answer``, with a minus for a hyphen before a number."""
    lines = (line.partition(": ") for line in printed.splitlines())
    minus = re.compile(r"(?<![\w.])-(?=\d)")
    return {key: minus.sub("−", said) for key, _, said in lines if key in QUESTIONS and said}


def snippet(name: str, variant: str, logs: Path) -> Told:
    """Run a file of ``why_code`` where the logs are."""
    file = CODE / f"{name}.py"
    done = subprocess.run(
        [sys.executable, str(file), variant], cwd=logs, capture_output=True, text=True, check=True
    )
    return Told(file.read_text(encoding="utf-8"), done.stdout, answers_in(done.stdout))


def undertow(variant: str, logs: Path) -> Told:
    """The two commands of README's first minute, with one variant."""
    runs = f"{' '.join(SIDES)} --against {variant}"
    audit = f"undertow audit {runs} --by language --cluster article --out audit-{variant} --quiet"
    gate = f"undertow gate {runs} --cluster article --policy gate.toml --out gate-{variant} --quiet"
    printed = {command: typed(command, logs) for command in (audit, gate)}
    return Told(
        "\n".join(printed),
        "\n".join(printed.values()),
        ours(logs / f"audit-{variant}", logs / f"gate-{variant}"),
    )


def typed(command: str, logs: Path) -> str:
    """What ``command`` prints; a gate that does not pass is no failure here."""
    words = [sys.executable, "-m", *command.split()]
    done = subprocess.run(words, cwd=logs, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1, 3) or done.stderr:
        raise RuntimeError(f"{command}: {done.stderr}")
    return done.stdout


def ours(audit: Path, gate: Path) -> dict[str, str]:
    """Our answers, from the files of the two reports."""
    found = pl.read_parquet(audit / "findings.parquet")
    whole = {row["measure"]: row for row in found.filter(slice="all").iter_rows(named=True)}
    loss, churn = whole["accuracy"], whole["churn"]
    slices = found.filter(measure="accuracy", slice="language")
    alone, left = (slices.filter(pl.col(p) < 0.05)["value"] for p in ("p", "p_adjusted"))
    small = len(slices.filter(verdict="too small to tell"))
    report = json.loads((gate / "report.json").read_text(encoding="utf-8"))
    (rule,) = (d for d in report["gate"]["decisions"] if d["rule"] == "max_drop")
    flips = pl.read_parquet(audit / "flips.parquet").filter(change="right to wrong")
    return {
        "loss": f"{points(loss['effect'])} points ({points(loss['low'])} to "
        f"{points(loss['high'])}), p {loss['p']:.4f}, paired, articles as clusters",
        "languages": f"{named(alone)} of {len(slices)} with p < .05; corrected {named(left)}; "
        f"{small} too small to tell",
        "changed": f"{100 * churn['changed']:.1f} % of answers; a repeat run "
        f"{100 * churn['floor']:.1f} %",
        "release": f"{report['gate']['verdict']} (one-sided 95 % limits "
        f"{points(-rule['high'] / 100)} and {points(-rule['low'] / 100)})",
        "examples": f"{len(flips)} newly wrong, with text and both answers, some beside an "
        "unchanged control",
        "equal": "ids, content, right answers, prompts, few-shot count, decoding, filter, "
        f"versions; says: {' '.join(report['differences'])}",
    }


def named(values: pl.Series) -> str:
    return f"{len(values)} ({', '.join(sorted(values))})" if len(values) else "0"


def points(share: float) -> str:
    return f"{100 * share:+.1f}".replace("-", "−")


def nemo(environment: Path, variant: str, logs: Path) -> Told:
    """``nel compare`` and ``nel gate`` on the logs in NeMo Evaluator's own form; ``category`` is
    the language for the first and the article, which clusters, for the second."""
    nel = [str((environment / "bin" / "nel").absolute())]
    for column in ("language", "article"):
        if not (logs / f"nemo-{column}").exists():
            words = [sys.executable, str(CODE / "to_nemo.py"), f"nemo-{column}", column]
            subprocess.run(words, cwd=logs, check=True)
    (logs / "policy.yaml").write_bytes((CODE / "policy.yaml").read_bytes())
    compare = f"compare nemo-language/{SIDES[0]} nemo-language/{variant} --max-drop 0.01 --verbose"
    again = f"compare nemo-language/{SIDES[0]} nemo-language/{SIDES[1]} --max-drop 0.01 --compact"
    gate = f"gate nemo-article/{SIDES[0]} nemo-article/{variant} --policy policy.yaml --verbose"
    printed = []
    for command in (compare, again, gate):
        words = [*nel, *command.split(), "--no-report"]
        done = subprocess.run(words, cwd=logs, capture_output=True, text=True, check=False)
        if done.returncode not in (0, 1, 2) or done.stderr:
            raise RuntimeError(f"nel {command}: {done.stderr}")
        printed.append(re.sub(r"^Generated: .*\n", "", done.stdout, flags=re.M).strip())
    given = "\n".join(f"nel {command} --no-report" for command in (compare, again, gate))
    return Told(given, "\n\n".join(printed), nemo_answers(*printed))


def nemo_answers(compare: str, again: str, gate: str) -> dict[str, str]:
    """NeMo's answers, read off what it prints."""
    p, low, high, effect = (
        float(only(pattern, compare))
        for pattern in (
            r"p-value: (\S+)",
            r"95% CI: \[(\S+),",
            r"95% CI: \[\S+, (\S+)\]",
            r"Effect size: (\S+)",
        )
    )
    lost, gained = (
        int(only(rf"{word}: +(\d+)", compare)) for word in ("Regressions", "Improvements")
    )
    n = int(only(r"FLIP SUMMARY  \((\d+)", compare))
    languages = re.findall(r"^  (\w\w)  .*\)  (BROKE|WARN|HELD)", compare, flags=re.M)
    broke = [name for name, mark in languages if mark == "BROKE"]
    repeat = [int(only(rf"(\d+) {word}", again)) for word in ("regressions", "improvements")]
    said = only("VERDICT: ([A-Z]+)", compare)
    verdict = only(r"^(GO|NO-GO|INCONCLUSIVE)$", gate)
    least, most = (-float(end) for end in only(r"95% CI on damage \[(.*?)\]", gate).split(", "))
    return {
        "loss": f"{points(-effect)} points ({points(-high)} to {points(-low)}), p {p:.4f} "
        f"one-sided, paired, examples taken alone; `compare` says {said}",
        "languages": f"marks {len(broke)} of {len(languages)} as BROKE ({', '.join(broke)}): those "
        "that moved by over a point, if the whole is significant; not corrected"
        if broke
        else f"marks none of {len(languages)} as BROKE; not corrected",
        "changed": f"{100 * (lost + gained) / n:.1f} % changed between right and wrong, from one "
        f"wrong answer to another not counted; the repeat run, as a comparison of its own, "
        f"{100 * sum(repeat) / n:.1f} %",
        "release": f"{verdict} (95 % limits {points(most)} and {points(least)}, articles as "
        "clusters)",
        "examples": f"{lost} regressions with `--show-flips`, answers cut to 80 characters",
        "equal": "the name of the benchmark; examples are joined by their number",
    }


def only(pattern: str, text: str) -> str:
    found = re.search(pattern, text, flags=re.M)
    if found is None:
        raise ValueError(f"{pattern!r} is not in what was printed: {text}")
    return found[1]
