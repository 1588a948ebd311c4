"""What two models wrote, word by word."""

from __future__ import annotations

import random
import time

import pytest

from undertow.report.difference import WINDOW, Outputs, compared


def marked(outputs: Outputs | None) -> tuple[str, str]:
    """Both sides with what changed in brackets."""
    assert outputs is not None
    sides = (outputs.reference, outputs.variant)
    said = [
        "".join(f"[{p.text}]" if p.changed else p.text for p in side.pieces) if side else ""
        for side in sides
    ]
    return said[0], said[1]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("It is 35.", "It is 42.", ("It is [35].", "It is [42].")),
        ("one two three", "one three", ("one [two ]three", "one three")),
        ("a b c d", "a x y d", ("a [b c] d", "a [x y] d")),
        ("", "words", ("", "[words]")),
        ("same", "same", ("same", "same")),
        ("f(x)\n  return 1", "f(y)\n  return 1", ("f([x])\n  return 1", "f([y])\n  return 1")),
        ("映画は遅い。", "映画は速い。", ("映画は[遅]い。", "映画は[速]い。")),
        ("الجواب هو 35.", "الجواب هو 42.", ("الجواب هو [35].", "الجواب هو [42].")),
        ("कहानी धीमी है", "कहानी तेज़ है", ("कहानी [धीमी] है", "कहानी [तेज़] है")),
        ("\x1b[31mred\x1b[0m \u202egpj", "red jpg", ("red [gpj]", "red [jpg]")),
    ],
)
def test_words_that_changed_are_marked_on_both_sides(
    before: str, after: str, said: tuple[str, str]
):
    assert marked(compared(before, after)) == said


def test_pieces_put_together_are_the_text():
    rng = random.Random(1)
    for _ in range(200):
        texts = [
            "".join(rng.choice("ab .,\n語") for _ in range(rng.randrange(60))) for _ in range(2)
        ]
        outputs = compared(*texts)
        assert outputs is not None
        for text, side in zip(texts, (outputs.reference, outputs.variant), strict=True):
            assert side is not None
            assert "".join(p.text for p in side.pieces) == text
        kept = [
            [p.text for p in s.pieces if not p.changed]
            for s in (outputs.reference, outputs.variant)
            if s
        ]
        assert "".join("".join(kept[0]).split()) == "".join("".join(kept[1]).split())


def test_long_texts_that_begin_alike_are_shown_from_shortly_before_they_differ():
    outputs = compared("word " * 2000 + "end.", "word " * 2000 + "stop.")
    assert marked(outputs) == ("word " * 32 + "[end].", "word " * 32 + "[stop].")
    assert outputs is not None
    assert outputs.skipped == 10_000 - 160
    assert (outputs.note, outputs.reference and outputs.reference.rest) == ("", "")


def test_a_cut_says_how_long_the_text_is():
    outputs = compared("a " * 3000, "b " * 4000)
    assert outputs is not None
    assert outputs.reference is not None
    assert outputs.variant is not None
    assert (outputs.reference.rest, outputs.variant.rest) == (
        "… [6,000 characters in all]",
        "… [8,000 characters in all]",
    )
    assert sum(len(p.text) for p in outputs.variant.pieces) == WINDOW


def test_one_side_alone_and_neither():
    outputs = compared("only this", None)
    assert marked(outputs) == ("only this", "")
    assert outputs is not None
    assert outputs.note == "What the other side wrote was not kept."
    assert compared(None, None) is None


def test_texts_that_look_the_same_say_whether_they_are():
    same, hidden = compared("same", "same"), compared("a\u202eb", "ab")
    assert same is not None
    assert hidden is not None
    assert same.note == "Both sides wrote the same."
    assert hidden.note == "They differ only in what is not shown here."


def test_the_work_is_bounded():
    rng = random.Random(3)
    words = [" ".join(str(rng.randrange(k)) for _ in range(10_000)) for k in (2, 2, 40, 40)]
    pairs = [
        (words[0], words[1]),
        (words[2], words[3]),
        ("x" * 10_000_000, "x" * 10_000_000 + "y"),
        (".," * 5000, ",.;" * 5000),
    ]
    start = time.process_time()
    for before, after in pairs:
        compared(before, after)
    assert time.process_time() - start < 1
