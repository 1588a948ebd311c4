"""Before any number: are these two populations about the same thing, and what does a comparison
have to assume?"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.errors import NotComparableError
from undertow.records._differences import differences, refuse_dtype, unverified
from undertow.records._missing import answered, coverage, examples_of
from undertow.records._other_ids import FEW, other_examples, refuse_rows_numbered, same_examples
from undertow.records._same_classes import coded_together, same_classes
from undertow.records._same_words import refuse_other_words
from undertow.records._teachers import taught
from undertow.records.caveats import (
    LABELS_OF_ONE,
    NO_LABELS,
    NOT_BY_CONTENT,
    NOT_BY_PROMPT,
    ONLY_IN_BOTH,
    PROMPTED,
    PROMPTS_DIFFER,
)
from undertow.records.conditions import PROMPT, compare_conditions
from undertow.records.disputes import Dispute, dispute, in_other_words
from undertow.records.formats.columns.values import positive_among
from undertow.records.reading import Missing
from undertow.records.records import Records
from undertow.records.top_five import FEWEST, among_all

MOST_LEFT_OUT = 0.05
"""The share of labels that may differ and be left out, if it is more than one."""


@dataclass(frozen=True, eq=False)
class Aligned:
    """Two populations over the same examples in the same order, with the same classes and labels.

    Where ``paired``, row m of one derives from (or shares its parent with) row m of the other.
    ``assumptions`` are full sentences: what was left out, remapped, assumed, or could not be
    verified.
    """

    reference: Records
    variant: Records
    paired: bool
    assumptions: tuple[str, ...]
    differences: tuple[str, ...] = ()
    """Those of the assumptions that are differences known to exist, besides the change that is
    audited."""
    coverage: str = ""
    """What a verdict must say of its examples: that it rests on some of them only, or that some
    count as wrong for want of an outcome."""
    disputed: Mapping[str, Dispute] = field(default_factory=dict)
    """Columns that both sides have and fill in differently."""
    left_out: int = 0
    """How many examples that a side has, or had before reading left any out, are not compared."""


def align(
    reference: Records,
    variant: Records,
    *,
    allow_partial: bool = False,
    accepted: Collection[str] = (),
    missing: Missing = "refuse",
) -> Aligned:
    """Bring the variant into the reference's order and say what the comparison assumes.

    With ``allow_partial``, examples that are not in both, or on whose label or content the two
    disagree, or that lack an outcome on a side, are left out and counted; with ``missing="wrong"``
    the last count as wrong. ``accepted`` names conditions (``records.conditions.KNOWN``,
    ``prompt``) that may differ. Raises ``NotComparableError`` for other examples, labels, classes,
    task, conditions, or number type, and for outcomes that are not there.
    """
    said: list[str] = []
    disputed: dict[str, Dispute] = {}
    known = reference, variant
    stated, expected = compare_conditions(reference, variant, accepted)
    reference, variant = same_classes(reference, variant, said)
    refuse_dtype(reference, variant)
    reference, variant = _same_order(reference, variant, said, allow_partial)
    refuse_other_words(*known)
    reference, variant = _same_content(reference, variant, said, allow_partial)
    stated += _same_prompts(reference, variant, said, PROMPT in accepted)
    reference, variant = coded_together(reference, variant)
    reference, variant = _same_labels(reference, variant, said, allow_partial)
    reference, variant, filled = answered(
        reference, variant, said, allow_partial=allow_partial, missing=missing
    )
    reference, variant = _same_columns(reference, variant, said, disputed)
    stated += differences(reference, variant)
    said += [*expected, *stated, *unverified(reference, variant)]
    reference, variant, paired = _pairs(reference, variant, said)
    said += taught(reference, variant)
    covered = coverage(reference, variant, known, filled)
    left_out = examples_of(known) - reference.N if allow_partial else 0
    return Aligned(
        reference, variant, paired, tuple(said), tuple(stated), covered, disputed, left_out
    )


def _same_order(
    reference: Records, variant: Records, said: list[str], allow_partial: bool
) -> tuple[Records, Records]:
    ref_ids, var_ids = reference.example_id_N, variant.example_id_N
    if ref_ids.equals(var_ids, check_names=False):
        return reference, variant
    where = ref_ids.to_frame("id").join(
        var_ids.to_frame("id").with_row_index("at"), on="id", how="left", maintain_order="left"
    )["at"]
    both = where.is_not_null()
    extra = var_ids.filter(~var_ids.is_in(ref_ids.implode()))
    if both.all() and not len(extra):
        return reference, variant.take_examples(where.to_numpy())
    lost = [
        f"{len(ids)} only in {side.name!r} (first {ids.sort()[0]!r})"
        for side, ids in ((reference, ref_ids.filter(~both)), (variant, extra))
        if len(ids)
    ]
    counts = f"{int(both.sum())} examples in both, {' and '.join(lost)}"
    if not both.any():
        same = same_examples(ref_ids, var_ids)
        raise NotComparableError(f"{_pair(reference, variant)} share no example: {counts}; {same}")
    if not allow_partial:
        same = same_examples(ref_ids.filter(~both), extra)
        raise NotComparableError(
            f"{_pair(reference, variant)} hold different examples: {counts}; {same}, or compare "
            "those in both with --allow-partial"
        )
    said.append(f"{ONLY_IN_BOTH}: {counts}.")
    kept_N = np.flatnonzero(both.to_numpy())
    return reference.take_examples(kept_N), variant.take_examples(where.drop_nulls().to_numpy())


def _same_content(
    reference: Records, variant: Records, said: list[str], allow_partial: bool
) -> tuple[Records, Records]:
    name = "content_hash"
    if name not in reference.examples.columns or name not in variant.examples.columns:
        said.append(NOT_BY_CONTENT)
        return reference, variant
    before, after = (r.examples[name].cast(pl.String) for r in (reference, variant))
    different_N = (before.is_not_null() & after.is_not_null() & before.ne_missing(after)).to_numpy()
    sentence = "have different inputs for one example (by content_hash)"
    return _without(reference, variant, different_N, sentence, said, allow_partial)


def _same_prompts(
    reference: Records, variant: Records, said: list[str], accepted: bool
) -> list[str]:
    """The same prompt for every example, by its hash, where both sides have one."""
    name = "prompt_hash"
    if name not in reference.examples.columns or name not in variant.examples.columns:
        said += [NOT_BY_PROMPT] if reference.manifest.task in PROMPTED else []
        return []
    before, after = (r.examples[name].cast(pl.String) for r in (reference, variant))
    different_N = (before.is_not_null() & after.is_not_null() & before.ne_missing(after)).to_numpy()
    if not different_N.any():
        return []
    first = reference.example_id_N[int(different_N.argmax())]
    counts = f"{int(different_N.sum())} of {different_N.size} examples, first {first!r}"
    if not accepted:
        raise NotComparableError(
            f"{_pair(reference, variant)} were given different prompts (by {name}): {counts}; use "
            f"one template and few-shot count, or accept it with --accept {PROMPT}"
        )
    return [f"{PROMPTS_DIFFER} (by {name}): {counts}."]


def _same_labels(
    reference: Records, variant: Records, said: list[str], allow_partial: bool
) -> tuple[Records, Records]:
    labelled = [bool((r.label_N >= 0).any()) for r in (reference, variant)]
    if reference.outcome_known and not any(labelled):
        return reference, variant
    if not any(labelled):
        said.append(
            f"{NO_LABELS}: accuracy and errors are undefined, only changes of answers are measured."
        )
        return reference, variant
    if not all(labelled):
        giver = reference if labelled[0] else variant
        said.append(f"{LABELS_OF_ONE}{giver.name!r}; the other population has none.")
        return reference, variant
    different_N = reference.label_N != variant.label_N
    sentence = "have different labels for one example"
    first = int(different_N.argmax())
    shown = f" ({_label(reference, first)} and {_label(variant, first)})"
    doubt, outcome = other_examples(reference, variant), _may_be_outcomes(different_N, reference)
    if not outcome and _are_many(reference, variant):
        outcome = (
            "; if they are what each model answered, give that column with --prediction in place "
            "of --label"
        )
    if outcome:  # Leaving them out would leave out all that changed.
        allow_partial = False
    cure = doubt or f"right answers are the same for both models, so correct the data{outcome}"
    return _without(reference, variant, different_N, sentence, said, allow_partial, shown, cure)


def _are_many(reference: Records, variant: Records) -> bool:
    """Whether labels of both sides differ on so many examples that a column of answers may have
    been named as the right ones: leaving them out would leave out what is worse."""
    both_N = (reference.label_N >= 0) & (variant.label_N >= 0)
    differ = int((both_N & (reference.label_N != variant.label_N)).sum())
    return differ > max(1, MOST_LEFT_OUT * int(both_N.sum()))


def _may_be_outcomes(different_N: NDArray[np.bool_], reference: Records) -> str:
    """What to do where labels of two values, such as 0 and 1, differ on more than a few examples;
    empty where they do not."""
    two = positive_among(reference.classes) is not None
    if not two or different_N.sum() <= FEW:
        return ""
    return (
        "; if they say whether an answer is right, which each model has its own of, give that "
        "column with --score in place of --label"
    )


def _label(records: Records, n: int) -> str:
    label = int(records.label_N[n])
    return "no label" if label < 0 else repr(records.classes[label])


def _without(
    reference: Records,
    variant: Records,
    different_N: NDArray[np.bool_],
    sentence: str,
    said: list[str],
    allow_partial: bool,
    shown: str = "",
    cure: str | None = None,
) -> tuple[Records, Records]:
    """Refuse examples on which the two disagree, or leave them out and say so; ``shown`` is what
    the first has, ``cure`` what to do where leaving them out is none."""
    if not different_N.any():
        return reference, variant
    first = reference.example_id_N[int(different_N.argmax())]
    counts = f"{int(different_N.sum())} of {different_N.size} examples, first {first!r}{shown}"
    if different_N.all() or not allow_partial:
        raise NotComparableError(
            f"{_pair(reference, variant)} {sentence}: {counts}; "
            f"{cure or 'correct the data, or leave them out with --allow-partial'}"
        )
    said.append(f"Left out because the populations {sentence}: {counts}.")
    kept_N = np.flatnonzero(~different_N)
    return reference.take_examples(kept_N), variant.take_examples(kept_N)


def followed(name: str, count: int, reference: Records) -> str:
    """On how many examples the sides differ in a column, and whose values are taken."""
    return (
        f"Slice {name!r} differs on {count:,} of {reference.N:,} examples; {reference.name!r} is "
        "followed."
    )


FOLLOWED = re.compile(r"Slice (?P<name>.+) differs on (?P<counts>[\d,]+ of [\d,]+ examples); .+")
"""The same where it is read again."""


def _same_columns(
    reference: Records, variant: Records, said: list[str], disputed: dict[str, Dispute]
) -> tuple[Records, Records]:
    """Both get the same examples: the reference's, with what only the variant knows about them."""
    examples, theirs = reference.examples, variant.examples
    own, added = set(examples.columns), list[pl.Series]()
    for name in variant.slice_columns:
        if name not in own:
            added.append(theirs[name])
            said.append(
                f"Slice {name!r} is taken from {variant.name!r}; {reference.name!r} does "
                "not have it."
            )
            continue
        if examples[name].equals(theirs[name]):
            continue
        sides = [f[name].cast(pl.String) for f in (examples, theirs)]
        found = dispute(reference.example_id_N, *sides)
        if found is None:
            continue
        if in_other_words(*sides):
            said.append(
                f"Slice {name!r} is the same in other words in {variant.name!r}; "
                f"{reference.name!r} is followed."
            )
            continue
        refuse_rows_numbered(name, found.count, reference, variant)
        disputed[name] = found
        said.append(followed(name, found.count, reference))
    examples = examples.with_columns(added)
    reference, examples = _same_clusters(reference, variant, examples, said)
    shown = reference if reference.inputs is not None else variant
    if not (reference.label_N >= 0).any():
        examples = examples.drop("label", strict=False).with_columns(
            pl.Series("label", theirs["label"])
        )
    return _over(reference, examples, shown), _over(variant, examples, shown)


def _same_clusters(
    reference: Records, variant: Records, examples: pl.DataFrame, said: list[str]
) -> tuple[Records, pl.DataFrame]:
    """Which examples are not independent is known of the examples, so what one side knows holds for
    both."""
    if "content_hash" not in examples.columns and "content_hash" in variant.examples.columns:
        examples = examples.with_columns(variant.examples["content_hash"])
    mine, other = (r.manifest.clustering for r in (reference, variant))
    if "cluster" not in variant.examples.columns or (mine is not None and mine.column is None):
        return reference, examples
    theirs = variant.examples["cluster"].cast(pl.String)
    if "cluster" not in examples.columns:
        said.append(f"Clusters are those of {variant.name!r}; {reference.name!r} has none.")
        manifest = reference.manifest.model_copy(update={"clustering": other})
        return replace(reference, manifest=manifest), examples.with_columns(theirs)
    count = int(examples["cluster"].cast(pl.String).ne_missing(theirs).sum())
    if count:
        said.append(
            f"Clusters differ on {count} of {len(theirs)} examples; {reference.name!r} is followed."
        )
    return reference, examples


def _over(records: Records, examples: pl.DataFrame, shown: Records) -> Records:
    """The same answers over these examples, with the inputs that are ``shown``; the label's
    probability, and whether it is among the five likeliest classes, are found anew where labels are
    new."""
    made = replace(records, examples=examples, inputs=shown.inputs, pictures=shown.pictures)
    proba_MNC = made.proba_MNC
    if made.p_label_MN is not None or proba_MNC is None or not (made.label_N >= 0).any():
        return made
    at_label_MN = proba_MNC[:, np.arange(made.N), np.maximum(made.label_N, 0)]
    p_label_MN = np.where(made.label_N >= 0, at_label_MN, np.float32(np.nan))
    made = replace(made, p_label_MN=p_label_MN)
    if len(made.answer_classes) < FEWEST:
        return made
    sides = zip(proba_MNC, p_label_MN, strict=True)
    return replace(made, in_top_MN=np.stack([among_all(p, made.label_N, at) for p, at in sides]))


def _pairs(reference: Records, variant: Records, said: list[str]) -> tuple[Records, Records, bool]:
    """Members in pair order where one population derives from the other, or both from a third."""
    if variant.manifest.parent is None and reference.manifest.parent is None:
        return reference, variant, False
    ref_keys, var_keys = _kinship(reference, variant)
    if ref_keys is None or var_keys is None:
        return reference, variant, False
    pairs = [
        (ref_keys.index(key), m)
        for m, key in enumerate(var_keys)
        if key is not None and key in ref_keys
    ]
    derived = variant if variant.manifest.parent is not None else reference
    alone = derived.M - len(pairs)
    if alone > 0 or any(len(set(keys)) < len(keys) for keys in (ref_keys, var_keys)):
        said.append(
            f"{_pair(reference, variant)} derive from one another but do not pair one to one"
            f" ({max(alone, 0)} of {derived.M} members without a partner); they are compared as if "
            "independent."
        )
        return reference, variant, False
    for side in (reference, variant):
        if len(pairs) < side.M:
            unused = f"{side.M - len(pairs)} of {side.M} members of {side.name!r}"
            said.append(f"{unused} have no partner and are left out.")
    said.append(
        f"Members are compared in {len(pairs)} pairs: each two share the trained network "
        "they come from."
    )
    rows, columns = zip(*sorted(pairs), strict=True)
    return reference.take_members(list(rows)), variant.take_members(list(columns)), True


_Keys = list[str | None]


def _kinship(reference: Records, variant: Records) -> tuple[_Keys | None, _Keys | None]:
    """For each member the network it goes back to, in a population that both know; ``None`` where
    there is none."""
    own = [[m.id for m in r.members] for r in (reference, variant)]
    parents = [[m.parent for m in r.members] for r in (reference, variant)]
    if variant.manifest.parent == reference.name:
        return list(own[0]), parents[1]
    if reference.manifest.parent == variant.name:
        return parents[0], list(own[1])
    if variant.manifest.parent == reference.manifest.parent:
        return parents[0], parents[1]
    return None, None


def _pair(reference: Records, variant: Records) -> str:
    return f"{reference.name!r} and {variant.name!r}"
