"""Says where answers count as wrong or as changed perhaps only because of how they are written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from undertow.audit.pair import Pair
from undertow.records.records import Records
from undertow.records.spelling import LONGEST, alike, has_own_words, shown_apart, words_in

MOST_SHOWN = 3
NO_LABELS = 0.05
"""Share of a side's answers from which it is said that they are no label."""
ABOUT = 1.5
"""Times the other side's share up to which a side's is about the same."""
FEWEST = 5
"""Times that a word is answered before it can be another name of a label: beside many classes,
wrong answers are as often one that no example has."""
FEW, NEARLY_NONE = 3, 0.1
"""Answers that may be another name of one label, and the share of what the other side has right of
it up to which that label is lost."""
FIX = "If they mean the same, write them alike and audit again."


def spelled_otherwise(pair: Pair) -> Iterator[str]:
    """One sentence of each side whose answers are spelled otherwise than labels, and one of each
    with other words than labels; without labels, one of answers on both sides. A file that declares
    its classes means them as they are."""
    sides = pair.reference, pair.variant
    if not all(map(has_own_words, sides)):
        return
    labels = words_in(pair.reference, pair.reference.label_N)
    if labels:
        for side in sides:
            yield from _no_labels(side, alike(words_in(side, side.pred_MN), labels))
        yield from _other_words(pair.reference, pair.variant, labels)
        yield from _other_words(pair.variant, pair.reference, labels)
        return
    before, after = (words_in(side, side.pred_MN) for side in sides)
    pairs = {name: twin for name, twin in alike(after, before).items() if twin not in after}
    if pairs:
        yield (
            f"Answers of {pair.variant.name!r} count as changed and are spelled like answers of "
            f"{pair.reference.name!r}: {_listed(pairs)}. {FIX}"
        )


def _no_labels(side: Records, pairs: Mapping[str, str]) -> Iterator[str]:
    if not pairs:
        return
    code = [c for c, name in enumerate(side.classes) if name in pairs]
    count, answers = int(np.isin(side.pred_MN, code).sum()), int((side.pred_MN >= 0).sum())
    yield (
        f"{count:,} of {answers:,} answers of {side.name!r} count as wrong and are spelled like a "
        f"label: {_listed(pairs)}. {FIX}"
    )


def _other_words(side: Records, other: Records, labels: set[str]) -> Iterator[str]:
    """Of words that are no label, that the other side does not answer, and that are not only
    spelled like a label."""
    said = words_in(side, side.pred_MN)
    known = labels | words_in(other, other.pred_MN) | set(alike(said, labels))
    times_C = np.bincount(side.pred_MN[side.pred_MN >= 0], minlength=side.C)
    times = {name: int(n) for name, n in zip(side.classes, times_C, strict=True)}
    often = [name for name in said - known if times[name] >= FEWEST]
    answers = int(times_C.sum())
    if not often or sum(times[name] for name in often) < NO_LABELS * answers:
        yield from _renamed(side, other, said - known) or _many_words(side, other, labels)
        return
    shares = [
        f"{name[:LONGEST]!r} to {100 * times[name] / answers:.1f} %"
        for name in sorted(often, key=lambda name: (-times[name], name))
    ]
    first = ", ".join([f"{shares[0]} of them", *shares[1:MOST_SHOWN]])
    more = f" and {len(shares) - MOST_SHOWN} more" if len(shares) > MOST_SHOWN else ""
    yield (
        f"{side.name!r} gives answers that are no right answer of any example: {first}{more}. {FIX}"
    )


def _renamed(side: Records, other: Records, words: set[str]) -> list[str]:
    """A sentence on each label that a side has nearly never right, where the other side had it and
    one of the ``words`` stands in its place: most likely another name of it, however rare it is."""
    code = [c for c, name in enumerate(side.classes) if name in words]
    found = []
    for label in np.unique(other.label_N[other.label_N >= 0]).tolist() if code else ():
        pred_MK, before_MK = side.pred_MN[:, at := other.label_N == label], other.pred_MN[:, at]
        right, before = (float((p == label).mean()) for p in (pred_MK, before_MK))
        times = [int((pred_MK == c).sum()) for c in code]
        n = max(times)
        if n >= FEW and right <= NEARLY_NONE * before and n >= before * pred_MK.size / 2:
            word = side.classes[code[times.index(n)]]
            found.append(
                f"{side.name!r} answers {word[:LONGEST]!r}, which no example has as its right "
                f"answer, to {n:,} of {pred_MK.size:,} whose right answer is "
                f"{side.classes[label][:LONGEST]!r}, and {'none' if not right else 'nearly none'} "
                f"of these is right. {FIX}"
            )
    return found


def _many_words(side: Records, other: Records, labels: set[str]) -> Iterator[str]:
    """Of many different words that are no label, each too seldom to be the name of one. Where the
    other side gives about as many, they are what is asked of both."""
    times = _outside(side, labels)
    share, usual = (
        100 * sum(found.values()) / max(int((records.pred_MN >= 0).sum()), 1)
        for records, found in ((side, times), (other, _outside(other, labels)))
    )
    if share < 100 * NO_LABELS or share <= ABOUT * usual:
        return
    names = [repr(name[:LONGEST]) for name in sorted(times, key=lambda name: (-times[name], name))]
    more = f" and {len(names) - MOST_SHOWN:,} more" if len(names) > MOST_SHOWN else ""
    yield (
        f"{share:.1f} % of the answers of {side.name!r} are no right answer of any example: "
        f"{', '.join(names[:MOST_SHOWN])}{more}. {FIX}"
    )


def _outside(side: Records, labels: set[str]) -> dict[str, int]:
    """How often a side gives each answer that is no label and not only spelled like one."""
    said = words_in(side, side.pred_MN)
    times_C = np.bincount(side.pred_MN[side.pred_MN >= 0], minlength=side.C)
    others = said - labels - set(alike(said, labels))
    return {n: int(t) for n, t in zip(side.classes, times_C, strict=True) if n in others}


def _listed(pairs: Mapping[str, str]) -> str:
    """``'CAT' like 'cat', 'DOG' like 'dog'``."""
    shown = [" like ".join(shown_apart(*pair)) for pair in pairs.items()]
    more = f" and {len(shown) - MOST_SHOWN} more" if len(shown) > MOST_SHOWN else ""
    return ", ".join(shown[:MOST_SHOWN]) + more
