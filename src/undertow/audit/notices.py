"""What must be known before any number is read: a comparison of a model with itself, or with one
that does not work.

Each is one sentence. None of them turns a verdict; they stand before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from undertow.audit.at_chance import reference_at_chance, variant_at_chance
from undertow.audit.exchanged import exchanged_names
from undertow.audit.one_answer import one_answer
from undertow.audit.pair import Pair
from undertow.audit.spelling import spelled_otherwise
from undertow.audit.told_by import told_by
from undertow.records.classes_told import told_by_answers
from undertow.records.conditions import SEVERAL
from undertow.records.formats.arrays.other_keys import NO_LABELS
from undertow.records.formats.columns.labels_meant import labels_among
from undertow.records.records import Records
from undertow.records.rows_averaged import averaged_unasked
from undertow.records.usual_names import flag_of

Bools = NDArray[np.bool_]

COINCIDENCE = 10
"""Examples on which members differ by chance that make two that differ on none a rarity (e to the
minus ten)."""

SOURCES = frozenset(
    [
        "patient",
        "subject",
        "participant",
        "user",
        "speaker",
        "author",
        "customer",
        "household",
        "session",
        "conversation",
        "dialogue",
        "document",
        "doc",
        "article",
        "passage",
        "paragraph",
        "scene",
        "video",
        "clip",
        "recording",
    ]
)
"""Words in a column's name that say where an example comes from."""
MANY = 10
"""Values from which such a column is not taken for a slice."""


def notices(pair: Pair) -> tuple[str, ...]:
    """Both sides identical, a member on both, runs that do not differ, answers written
    otherwise, one answer to nearly everything, classes under other names, a side at chance, no
    labels or too few, examples that may belong together, columns that tell what the models made of
    them: in this order."""
    stuck, otherwise = tuple(one_answer(pair.variant)), tuple(spelled_otherwise(pair))
    before, after = (
        tuple(exchanged_names(role, side, pair.cluster_N))
        for role, side in (("reference", pair.reference), ("variant", pair.variant))
    )
    told = bool(stuck or otherwise or after)  # why the variant is at chance
    return (
        *_identical(pair),
        *told_by_answers(pair.reference, pair.variant),
        *averaged_unasked(pair.reference, pair.variant),
        *_said_of_both(pair),
        *_equal_runs(pair),
        *otherwise,
        *one_answer(pair.reference),
        *stuck,
        *before,
        *after,
        *(() if before else reference_at_chance(pair.reference)),
        *(() if told else variant_at_chance(pair.reference, pair.variant)),
        *_without_labels(pair),
        *_unlabelled(pair),
        *_belong_together(pair.reference),
        *told_by(pair),
    )


def scored_N(pair: Pair) -> Bools:
    """Examples over which accuracy is: both sides have a right answer or a score for at least one
    member."""
    return np.asarray(
        ~np.isnan(pair.reference.correct_MN).all(axis=0)
        & ~np.isnan(pair.variant.correct_MN).all(axis=0)
    )


def _identical(pair: Pair) -> Iterator[str]:
    reference, variant = pair.reference, pair.variant
    if not reference.N or sorted(_prints(reference)) != sorted(_prints(variant)):
        return
    each = "" if reference.M == 1 else f", member by member ({reference.M} a side)"
    both, alike = f"{reference.name!r} and {variant.name!r}", "gave the same answers to all"
    unlike = _unlike_beneath(reference, variant)
    if unlike:
        yield f"{both} {alike} {reference.N:,} examples{each}, though their {unlike} differ."
    else:
        yield (
            f"{both} are identical: they {alike} {reference.N:,} examples{each}. Check that these "
            "are the files you meant to compare."
        )


def _unlike_beneath(*sides: Records) -> str:
    """What differs beneath equal answers, of what both sides have; empty where nothing does."""
    beliefs = {"probabilities": ("proba_MNC", "p_label_MN"), "confidences": ("confidence_MN",)}
    for said, names in beliefs.items():
        shared = [n for n in names if all(getattr(side, n) is not None for side in sides)]
        before, after = (sorted(_prints(side, *shared)) for side in sides)
        if before != after:
            return said
    return ""


def _equal_runs(pair: Pair) -> Iterator[str]:
    """Runs of the reference that are a floor, where they may be one file twice. Where both sides
    have several, ``copies`` says so; runs under other conditions are runs of their own."""
    if pair.variant.M == 1 and pair.design.repeats > 0:
        yield from runs_alike(pair.reference)


def runs_alike(records: Records) -> Iterator[str]:
    """That the floor of these runs is 0, where they may be one file twice."""
    if any(SEVERAL in said for said in records.manifest.conditions.values()):
        return
    if records.M > 1 and records.N > 0 and len(set(_prints(records))) == 1:
        yield (
            f"The {records.M} runs of {records.name!r} gave the same answers to all "
            f"{records.N:,} examples. Either nothing varies from run to run, or they are copies, "
            "and then the floor of 0 says nothing."
        )


def on_both_sides(pair: Pair) -> tuple[tuple[str, str], ...]:
    """Members, reference first, that gave the same answers to everything on both sides, where other
    members of either side did not: most likely one file that stands on both. Pairs that derive from
    one another may well be equal."""
    pair = pair.whole or pair
    before, after = _prints(pair.reference), _prints(pair.variant)
    if pair.paired or sorted(before) == sorted(after):
        return ()
    found = []
    for m, print_ in enumerate(before):
        if print_ in after and _stands_out(pair, m):
            found.append(
                (pair.reference.members[m].id, pair.variant.members[after.index(print_)].id)
            )
    return tuple(found)


def _stands_out(pair: Pair, m: int) -> bool:
    """Whether some member differs from this one of the reference on so many examples that to be
    equal is no coincidence."""
    differs_MN = pair.pred_MN != pair.reference.pred_MN[m]
    before_MN, after_MN = pair.reference.score_MN, pair.variant.score_MN
    if before_MN is not None and after_MN is not None:
        differs_MN |= np.vstack([before_MN, after_MN]) != before_MN[m]
    return bool((differs_MN.sum(axis=1) >= COINCIDENCE).any())


def _said_of_both(pair: Pair) -> Iterator[str]:
    found = on_both_sides(pair)
    if found:
        mine, other = found[0]
        more = f" ({len(found)} such members)" if len(found) > 1 else ""
        yield (
            f"Member {mine!r} of {pair.reference.name!r} and member {other!r} of "
            f"{pair.variant.name!r} gave the same answers to every example, and other members did "
            f"not{more}: is one file on both sides?"
        )


def _prints(records: Records, *beside: str) -> list[bytes]:
    """A fingerprint of what each member answered and scored, and of the arrays ``beside`` that."""
    arrays = [getattr(records, name) for name in ("score_MN", *beside)]
    made = []
    for m in range(records.M):
        print_ = blake2b(
            np.ascontiguousarray(records.pred_MN[m], dtype=np.int64).tobytes(), digest_size=16
        )
        for array in arrays:
            if array is not None:
                print_.update(np.ascontiguousarray(array[m]).tobytes())
        made.append(print_.digest())
    return made


def _without_labels(pair: Pair) -> Iterator[str]:
    """What would make more of a comparison of answers that nothing calls right or wrong."""
    records = pair.reference
    if records.outcome_known or pair.variant.outcome_known or records.score_MN is not None:
        return
    said = "There are no labels, so nothing says which answers are right"
    names = labels_among(records.examples, records.classes)
    notes = (*pair.reference.manifest.notes, *pair.variant.manifest.notes)
    arrays = [note for note in notes if NO_LABELS in note]
    if arrays:
        yield f"{said}. {' '.join(dict.fromkeys(arrays))}"
    elif names:
        looks = "looks" if len(names) == 1 else "look"
        listed = " and ".join(map(repr, names))
        yield f"{said}; {listed} {looks} like the right answers: add {flag_of('label', names[0])}."
    else:
        yield (
            f"{said}: name their column with --label COLUMN, or give them in a file of their own "
            "with --labels FILE."
        )


def _unlabelled(pair: Pair) -> Iterator[str]:
    known_N = scored_N(pair)
    kept, n = int(known_N.sum()), len(known_N)
    if kept in (0, n):
        return
    if pair.reference.score_MN is not None or pair.variant.score_MN is not None:
        what = "a score on both sides"
    elif (pair.reference.label_N >= 0).all():
        what = "an answer on both sides"
    else:
        what = (
            "a label"
            if (pair.reference.label_N >= 0).sum() == kept
            else "a label and an answer on both sides"
        )
    outcome = pair.reference.outcome
    yield (
        f"{n - kept:,} of {n:,} examples {'does' if n - kept == 1 else 'do'} not have {what}: "
        f"{outcome} and its slices are over the "
        f"other {kept:,}."
    )


def _belong_together(records: Records) -> Iterator[str]:
    """Several examples of one patient or document say less than as many of different ones. Nobody
    has said so here, but a column's name does."""
    if records.manifest.clustering is not None or "cluster" in records.examples.columns:
        return
    for name in records.examples.columns:
        values = records.examples[name]
        if name == "example_id" or not names_a_source(name):
            continue
        known, different = len(values) - values.null_count(), values.drop_nulls().n_unique()
        if MANY <= different <= known / 2:
            yield (
                f"Column {name!r} has {different:,} values for {known:,} examples. If those of one "
                f"{name} belong together, every limit here is too narrow: add --cluster {name}; if "
                "they do not, --cluster none."
            )
            return


def names_a_source(name: str) -> bool:
    """``patient``, ``doc_id``, ``speakerId`` …, and not ``doc_type``."""
    word = re.sub(r"[^a-z]", "", name.lower())
    return word.removesuffix("id") in SOURCES
