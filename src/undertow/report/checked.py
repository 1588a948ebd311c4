"""What makes two sides comparable: what was checked, and what nobody recorded, so that it was not.

A reader of the word alone takes it for "all was checked". So both stand before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from undertow.audit.result import Audit
from undertow.records.caveats import (
    DOES_NOT_SAY,
    LABELS_OF_ONE,
    NO_CONFIGURATION,
    NO_LABELS,
    NOT_BY_CONTENT,
    NOT_BY_PROMPT,
    ONLY_IN_BOTH,
    PROMPTED,
    PROMPTS_DIFFER,
)
from undertow.report.naming import listed
from undertow.report.wording import plural

FIELDS = {
    "runner": "runner",
    "device": "device",
    "dtype": "number type",
    "recipe": "training recipe",
    "versions": "software versions",
}
"""What a manifest may leave unsaid, as people call it."""


@dataclass(frozen=True)
class Checked:
    """``same`` and ``unknown`` are sentences (the second may be empty); ``word`` has no full
    stop."""

    same: str
    unknown: str
    word: str

    @property
    def said(self) -> str:
        """All of it in one line."""
        return " ".join(s for s in (self.same, self.unknown, f"{self.word}.") if s)


def checked(audit: Audit) -> Checked:
    """Read off the assumptions, in which the comparability check says what it could not do."""
    unknown = list(dict.fromkeys(_unknown(audit)))
    word = "Comparable as far as the files say" if unknown else "Comparable"
    if audit.differences:
        count = plural(len(audit.differences), "stated difference")
        word += f", with {count}" if unknown else f" with {count}"
    return Checked(
        same=f"Checked: {listed(list(_same(audit)))}.",
        unknown=f"Not recorded, so not checked: {listed(unknown)}." if unknown else "",
        word=word,
    )


def _same(audit: Audit) -> Iterator[str]:
    examples = plural(audit.n_examples, "example")
    by = "by id" if NOT_BY_CONTENT in audit.assumptions else "by id and content"
    if _says(audit, ONLY_IN_BOTH):
        yield f"the {examples} that both sides have, {by}"
    else:
        yield f"the same {examples} {by}"
    if audit.task != "generation" and not (_says(audit, NO_LABELS) or _says(audit, LABELS_OF_ONE)):
        yield "the same right answers"
    if audit.task not in PROMPTED:
        return
    if NOT_BY_PROMPT not in audit.assumptions and not _says(audit, PROMPTS_DIFFER):
        yield "the same prompts"
    if not _says(audit, DOES_NOT_SAY) and not _without_configuration(audit):
        yield "the settings of the evaluation that both sides state"


def _unknown(audit: Audit) -> Iterator[str]:
    if NOT_BY_CONTENT in audit.assumptions:
        yield "what each example holds"
    if NOT_BY_PROMPT in audit.assumptions:
        yield "the prompts"
    if _says(audit, LABELS_OF_ONE):
        yield "the right answers, which one side alone gives"
    if _without_configuration(audit):
        yield "few-shot count and versions"
    for sentence in audit.assumptions:
        if sentence.startswith(DOES_NOT_SAY):
            missing = sentence.rpartition(": ")[2].rstrip(".").split(", ")
            yield from (FIELDS[field] for field in missing if field in FIELDS)


def _without_configuration(audit: Audit) -> bool:
    return any(NO_CONFIGURATION in sentence for sentence in audit.assumptions)


def _says(audit: Audit, beginning: str) -> bool:
    return any(sentence.startswith(beginning) for sentence in audit.assumptions)
