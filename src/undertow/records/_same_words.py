"""The same words on both sides, where files only show which classes there are."""

from __future__ import annotations

import json
import shlex
from collections.abc import Collection

from undertow.errors import NotComparableError
from undertow.records.records import Records
from undertow.records.spelling import alike, has_own_words, not_the_same, words_in

MOST_SHOWN, MOST_TYPED = 3, 20


def refuse_other_words(reference: Records, variant: Records) -> None:
    """Raises ``NotComparableError`` where no answer of a side is a label of the other, or one of
    its answers: each would count as wrong. A side that declares its classes is held to these."""
    sides = reference, variant
    if not all(map(has_own_words, sides)):
        return
    labels = words_in(reference, reference.label_N) or words_in(variant, variant.label_N)
    before, after = (words_in(side, side.pred_MN) for side in sides)
    for side, said, others in ((reference, before, after), (variant, after, before)):
        if said and labels and not said & labels and not said <= others:
            raise NotComparableError(
                f"{side.name!r} answers {_shown(said)}, and none of that is a label: those are "
                f"{_shown(labels)}; every answer would count as wrong, so write these "
                f"answers in the words of the labels{not_the_same(said, labels)}"
                f"{_respelled(said, labels)}"
            )


def _respelled(said: Collection[str], labels: Collection[str]) -> str:
    """What to type where all answers are labels but for their spelling; here no file is known."""
    words = alike(said, labels)
    if set(words) != set(said) or len(words) > MOST_TYPED:
        return ""
    code = (
        'import polars as pl; pl.read_csv("FILE.csv", infer_schema=False).with_columns('
        f"pl.col(pl.String).replace({json.dumps(words, ensure_ascii=False)}))"
        '.write_csv("FILE-words.csv")'
    )
    return f": of a CSV, with its name for FILE, python -c {shlex.quote(code)}"


def _shown(names: Collection[str]) -> str:
    more = f" … ({len(names):,} values)" if len(names) > MOST_SHOWN else ""
    return ", ".join(repr(name[:40]) for name in sorted(names)[:MOST_SHOWN]) + more
