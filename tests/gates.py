"""Made-up gates for the tests of the report, beside the audits of ``audits``.

generation()     an audit of generated text: prompts, outputs of both sides, a graded score, known
                 differences
gated()          a gate over it: two failures, one advisory, one open, passes
refused()        sides that cannot be compared
hostile_gate()   every name, slice value, reason, prompt and output is an attack
"""

from __future__ import annotations

import json
from dataclasses import replace

import audits
from undertow.audit.gate.result import Decision, GateResult, overall
from undertow.audit.result import Arm, Audit, GalleryEntry, Shown, Votes

NAN = float("nan")
SHOTS = "\n\n".join(f"Q: What is {n} + {n}?\nA: {n} + {n} is {2 * n}." for n in range(3, 60))

ATTACKS = (
    *audits.ATTACKS,
    "]]><failure message='owned'/>",
    "::error::owned",
    "\n::error title=owned::owned\r\n",
    "##[error]owned ##vso[task.setvariable variable=owned]x",
    "%0A::error::owned",
    "\ufffe\uffff\ufdd0 not characters",
    "~~~\n```\n</details>\n> [!CAUTION]\n> owned www.owned.example",
)

WRITTEN = (
    ("The film is slow but the leads are a joy.", "The film is quick but the leads are a joy."),
    ("الفيلم بطيء لكن الممثلين رائعون.", "الفيلم سريع لكن الممثلين رائعون."),
    ("映画は遅いが俳優は素晴らしい。", "映画は速いが俳優は素晴らしい。"),
    ("word " * 2000 + "end.", "word " * 2000 + "stop."),
    ("הסרט איטי אבל השחקנים נהדרים.", "הסרט מהיר."),
)


def shown(
    n: int, before: str | None, after: str | None, prompt: str, label: str | None = "a joy"
) -> Shown:
    """One prompt, with what either side wrote, which is its only answer too."""
    votes = [Votes(() if text is None else ((text, 1.0),)) for text in (before, after)]
    return Shown(f"wmt-{n:04d}", label, votes[0], votes[1], None, prompt, before, after)


def entry(
    n: int, before: str | None, after: str | None, prompt: str = "Q: Translate it.\nA:"
) -> GalleryEntry:
    calm = shown(n + 500, before, before, prompt)
    return GalleryEntry(shown(n, before, after, prompt), calm, 2.0, NAN, NAN, False, False)


def generation() -> Audit:
    """Pictures become prompts with many examples in front, class names become sentences, accuracy
    becomes chrf."""
    audit = audits.one_member()
    gallery = tuple(
        entry(n, a, b, f"{SHOTS}\n\nQ: Translate number {n}.\nA:")
        for n, (a, b) in enumerate(WRITTEN)
    )
    (variant,) = audit.variants
    headline = variant.headline.replace("accuracy", "mean chrf")
    return replace(
        audit,
        headline=headline,
        reference=_graded(audit.reference),
        variants=(replace(variant, arm=_graded(variant.arm), gallery=gallery, headline=headline),),
        task="generation",
        classes=(),
        differences=(
            "harness version: 0.4.8 in 'dense', 0.4.9 in 'pruned 90 %'",
            "batch size: 8 against 16",
        ),
        pooling="The whole pools 3 tasks: every example counts the same, so a task counts by its "
        "number of examples.",
    )


def _graded(arm: Arm) -> Arm:
    return replace(arm, outcome="mean chrf")


def decision(
    rule: str, outcome: str, slice: str = "all", value: str = "", /, **given: object
) -> Decision:
    row: dict[str, object] = {
        "rule": rule,
        "variant": "pruned 90 %",
        "slice": slice,
        "value": value,
        "tier": "required",
        "outcome": outcome,
        "limit": 1.0,
        "observed": 3.25,
        "low": 2.5,
        "high": 4.0,
        "n_examples": 2000,
        "reason": f"{rule} said why it is {outcome}.",
    }
    return Decision(**(row | given))  # type: ignore[arg-type]


DECISIONS = (
    decision("max_drop", "pass", observed=-0.25, low=-0.9, high=0.4),
    decision("worst_slice_drop", "pass", "language", "de", limit=5.0),
    decision("worst_slice_drop", "fail", "language", "ar", limit=5.0, n_examples=212),
    decision(
        "max_churn", "cannot tell", low=NAN, high=NAN, reason="Cannot tell: there is no floor."
    ),
    decision(
        "max_new_errors", "fail", tier="advisory", limit=40.0, observed=89.0, low=NAN, high=NAN
    ),
    decision("must_not_flip", "fail", limit=0.0, observed=1.0, low=NAN, high=NAN, n_examples=2),
    decision(
        "min_realised_speedup", "pass", limit=1.5, observed=2.0, low=1.8, high=2.2, n_examples=0
    ),
    decision("calibration_shift", "pass", limit=2.0, observed=-0.5, low=-1.0, high=0.1),
)


def gated(decisions: tuple[Decision, ...] = DECISIONS, audit: Audit | None = None) -> GateResult:
    """A gate whose first sentence is long enough to be cut at its pause."""
    verdict = overall(decisions)
    reason = "All 4 required checks pass."
    if verdict != "pass":
        reason = (
            "2 of 7 required checks fail; first worst_slice_drop on language=ar: worst_slice_drop "
            "said why it is fail. 1 advisory check does not pass."
        )
    return GateResult(verdict, reason, decisions, audit or generation(), 0.05)


def refused() -> GateResult:
    reason = (
        "Not comparable: 'dense' and 'int4' hold different examples: 850 examples in both, 50 only "
        "in 'dense' (first 'q850'); predict the same examples, or compare those in both with "
        "--allow-partial."
    )
    return GateResult("not comparable", reason, (), None, 0.05)


def hostile_gate() -> GateResult:
    """``hostile`` with an attack in everything that a gate and a text task add."""
    audit = audits.hostile()
    huge = "owned " * 170_000
    texts = [(a, b) for a, b in zip(ATTACKS, reversed(ATTACKS), strict=True)] + [
        (huge, huge + "!"),
        (huge, None),
    ]
    gallery = tuple(
        replace(entry(n, a, b, f"{b} {a}"), newly_wrong=n % 2 == 0)
        for n, (a, b) in enumerate(texts)
    )
    first, *others = audit.variants
    audit = replace(
        audit,
        variants=(
            replace(first, gallery=gallery, arm=replace(first.arm, outcome=ATTACKS[0])),
            *others,
        ),
        reference=replace(audit.reference, outcome=ATTACKS[0]),
        differences=ATTACKS,
        pooling=ATTACKS[0],
    )
    outcomes = ("fail", "cannot tell", "pass")
    decisions = tuple(
        decision("max_drop", outcomes[n % 3], attack, attack, variant=attack, reason=attack)
        for n, attack in enumerate((*ATTACKS, huge))
    )
    return GateResult(
        "fail", f"{ATTACKS[0]} {ATTACKS[11]}\n{ATTACKS[12]}; {huge}", decisions, audit, 0.05
    )


def made(name: str) -> tuple[Audit | None, GateResult | None]:
    """What a report of ``name``, of here or of ``audits``, is written from."""
    found = (globals().get(name) or getattr(audits, name))()
    return (found.audit, found) if isinstance(found, GateResult) else (found, None)


def read_json(text: str) -> dict[str, object]:
    """Strict JSON: no NaN, no infinity."""

    def refuse(name: str) -> None:
        raise ValueError(f"{name} is not JSON")

    return json.loads(text, parse_constant=refuse)  # type: ignore[no-any-return]
