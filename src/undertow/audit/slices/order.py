"""Values that have an order of their own: numbers written as text, and words that people grade
by."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NamedTuple

SCALES: tuple[tuple[str, ...], ...] = (
    ("head", "middle", "tail"),
    ("none", "low", "medium", "high"),
    ("very low", "low", "mid", "high", "very high"),
    ("very low", "low", "medium", "high", "very high"),
    ("lowest", "lower", "middle", "higher", "highest"),
    ("tiny", "small", "medium", "large", "huge"),
    ("small", "mid", "large"),
    ("xxs", "xs", "s", "m", "l", "xl", "xxl", "xxxl"),
    ("very short", "short", "medium", "long", "very long"),
    ("very easy", "easy", "medium", "hard", "very hard"),
    ("easy", "moderate", "difficult"),
    ("none", "mild", "moderate", "severe"),
    ("none", "minor", "moderate", "major", "critical"),
    ("very poor", "poor", "fair", "good", "very good", "excellent"),
    ("bad", "fair", "good"),
    ("never", "rarely", "sometimes", "often", "always"),
    ("never", "seldom", "sometimes", "usually", "always"),
    ("rare", "uncommon", "common"),
    ("rare", "occasional", "frequent"),
    ("infant", "child", "teenager", "adult", "senior"),
    ("young", "middle-aged", "old"),
    ("beginner", "intermediate", "advanced", "expert"),
    ("strongly disagree", "disagree", "neutral", "agree", "strongly agree"),
    ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
    (
        "january", "february", "march", "april", "may", "june",
        "july", "august", "september", "october", "november", "december",
    ),
)  # fmt: skip
"""Each from least to most (strata of frequency from most to least frequent). A column takes the
first that has all of its values, whatever their case; then order is theirs, spelling the data's."""

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?\Z", flags=re.ASCII)
_CODE = re.compile(r"[+-]?0\d")


class Numbers(NamedTuple):
    """Texts that are all numbers. ``codes`` where a leading zero says that some are names, such as
    of districts."""

    of: dict[str, float]
    codes: bool


def numbers_in(values: Collection[str]) -> Numbers | None:
    """``None`` where there is no value, or one that is not a plain number."""
    if not values or not all(_NUMBER.match(value) for value in values):
        return None
    return Numbers(
        {value: float(value) for value in values}, any(_CODE.match(value) for value in values)
    )


def in_natural_order(values: Collection[str]) -> list[str] | None:
    """Known words in their order; ``None`` where some value is not of one scale, or two differ in
    case alone."""
    place = {value: value.strip().lower() for value in values}
    if len(values) < 2 or len(set(place.values())) < len(place):
        return None
    scale = next((scale for scale in SCALES if set(place.values()) <= set(scale)), None)
    return None if scale is None else sorted(values, key=lambda value: scale.index(place[value]))
