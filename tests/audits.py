"""Made-up audits for the tests of the report: shaped like real ones, with no model, no records and
no statistics.

    garments()        ten classes, a null arm and four sparsities; pictures; one slice pays heavily
    texts()           a text task with two slice columns
    one_member()      one member a side: no floor, no exemplar count
    long_names()      three variants, and slices, that differ at the end of long names
    many_classes(n)   n class slices in six variants
    crossed()         exemplars against controls in columns of numbers
    hostile()         every name, id and text is an attack

Every audit is a pure function of its arguments. The numbers are drawn, not measured: never quote
them.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import replace
from functools import cache
from itertools import combinations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.audit.findings import FINDING_COLUMNS
from undertow.audit.result import (
    EXEMPLAR_COLUMNS,
    Arm,
    Audit,
    ClassAnswers,
    Composition,
    Crossed,
    CrossedColumn,
    ExemplarCount,
    Flow,
    GalleryEntry,
    RankCorrelation,
    Shown,
    VariantAudit,
    Votes,
)
from undertow.audit.settings import Settings
from undertow.audit.verdicts import Verdict

GARMENTS = (
    "T-shirt",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
LEVELS = (0.0, 0.5, 0.7, 0.9, 0.95)
NAN = float("nan")
LONG = "xlm_roberta_large_finetuned_on_customer_feedback_2024"
LONG_NAMES = (f"{LONG}_weights_int8", f"{LONG}_weights_int4", f"{LONG}_again")


def png(pixels_HW: NDArray[np.uint8]) -> bytes:
    """A greyscale PNG; the smallest encoder that a browser accepts."""
    height, width = pixels_HW.shape
    rows = b"".join(b"\x00" + row.tobytes() for row in pixels_HW)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows, 9))
        + chunk(b"IEND", b"")
    )


def thumbnail(kind: int, rng: np.random.Generator, side: int = 28) -> bytes:
    """A silhouette that differs by ``kind``, with cloth-like noise."""
    y, x = np.mgrid[0:side, 0:side] / (side - 1) - 0.5
    lean = rng.normal(0, 0.03)
    shapes = (
        (abs(x) < 0.22) & (abs(y) < 0.4) | (abs(y + 0.25) < 0.12) & (abs(x) < 0.42),
        (abs(abs(x) - 0.13) < 0.09) & (abs(y) < 0.45) | (abs(x) < 0.2) & (abs(y + 0.38) < 0.08),
        (abs(x) < 0.24) & (abs(y) < 0.36) | (abs(abs(x) - 0.34) < 0.07) & (abs(y) < 0.34),
        (abs(x) < 0.12 + 0.22 * (y + 0.5)) & (abs(y) < 0.45),
        (abs(x) < 0.27) & (abs(y) < 0.44) | (abs(abs(x) - 0.36) < 0.07) & (abs(y + 0.02) < 0.38),
        (abs(y - 0.2 - 0.2 * x) < 0.06) | (abs(y - 0.05 + 0.5 * x) < 0.03) & (x > -0.1),
        (abs(x) < 0.2) & (abs(y) < 0.42) | (abs(abs(x) - 0.29) < 0.06) & (y < 0.15) & (y > -0.38),
        (abs(y - 0.12) < 0.12 - 0.1 * x) & (abs(x) < 0.45),
        (abs(x) < 0.36) & (abs(y - 0.12) < 0.25)
        | (abs(np.hypot(x, y + 0.12) - 0.2) < 0.035) & (y < -0.1),
        (abs(y - 0.25) < 0.13) & (abs(x) < 0.42) | (abs(x - 0.2) < 0.17) & (abs(y + 0.1) < 0.35),
    )
    shade = 150 + 60 * np.cos(9 * (x + lean)) + rng.normal(0, 22, (side, side))
    return png(np.where(shapes[kind % 10], np.clip(shade, 40, 255), 0).astype(np.uint8))


def finding(
    variant: str, value: str, effect: float, rng: np.random.Generator, **given: object
) -> dict[str, object]:
    """One row of findings; what is not given is drawn so that it fits the effect."""
    half = 0.018 + 0.012 * rng.random()
    floor = 0.014 + 0.006 * rng.random()
    reference = 0.9 - 0.15 * rng.random()
    told = abs(effect) > half + 0.004
    verdict: Verdict = (
        ("worse" if effect < 0 else "better")
        if told
        else "within tolerance"
        if half < 0.026
        else "too small to tell"
    )
    row: dict[str, object] = {
        "variant": variant,
        "measure": "accuracy",
        "unit": "member",
        "slice": "class",
        "value": value,
        "reference": reference,
        "changed": reference + effect,
        "effect": effect,
        "low": effect - half,
        "high": effect + half,
        "p": 0.0005 if told else 0.4,
        "p_adjusted": 0.0015 if told else 0.8,
        "floor": 0.0,
        "floor_low": -floor,
        "floor_high": floor,
        "n_examples": 200,
        "members_reference": 10,
        "members_variant": 10,
        "verdict": verdict,
        "note": "about 14 members a side would decide 5 points"
        if verdict == "too small to tell"
        else "",
    }
    return row | given


def disagreement(
    variant: str, measure: str, value: str, changed: float, floor: float, **given: object
) -> dict[str, object]:
    """One row of a measure that is judged against its floor."""
    width = 0.4 * floor
    told = changed > floor + width
    return {
        "variant": variant,
        "measure": measure,
        "unit": "example",
        "slice": "class" if value else "all",
        "value": value,
        "reference": floor,
        "changed": changed,
        "effect": changed - floor,
        "low": changed - floor - width,
        "high": changed - floor + width,
        "p": 0.0005 if told else 0.35,
        "p_adjusted": 0.001 if told else 0.71,
        "floor": floor,
        "floor_low": floor - width,
        "floor_high": floor + width,
        "n_examples": 200 if value else 2000,
        "members_reference": 10,
        "members_variant": 10,
        "verdict": "worse" if told else "within tolerance",
        "note": "",
    } | given


def frame(rows: list[dict[str, object]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=FINDING_COLUMNS)


def arm(name: str, level: float, accuracy: float) -> Arm:
    made = (
        ()
        if level == 0
        else (f"MagnitudePruning(sparsity={level}, begin=0.2, end=0.6, scope='layer')",)
    )
    return Arm(name, 10, accuracy, accuracy - 0.004, accuracy + 0.004, made, {"sparsity": level})


def counted(observed: int, level: float) -> ExemplarCount:
    return ExemplarCount(
        observed=observed, floor=41.3 + 20 * level, floor_low=31.0, floor_high=55.0 + 20 * level,
        p=0.0005 if observed > 80 else 0.41, confirmed=observed // 4 if observed > 80 else 0, tied=37, with_modes=1963, n_examples=2000,
        mean_taxicab=0.071 + 0.25 * level**4, mean_taxicab_floor=0.069 + 0.05 * level**4,
        mean_taxicab_p=0.0005 if level > 0.6 else 0.37, split_half=58.25,
        reference_accuracy_on_exemplars=0.52 + 0.2 * level, variant_accuracy_on_exemplars=0.44,
    )  # fmt: skip


def shown(
    n: int, label: int, before: Votes, after: Votes, rng: np.random.Generator, **given: object
) -> Shown:
    content = {"image": thumbnail(label, rng)} | given
    return Shown(f"test-{n:05d}", GARMENTS[label], before, after, **content)  # type: ignore[arg-type]


def entry(n: int, rng: np.random.Generator, control: bool = True, **given: object) -> GalleryEntry:
    """A garment that most reference members called right and most variant members wrong."""
    label = int(rng.choice((6, 6, 4, 2, 0)))
    other = int(rng.choice([c for c in (0, 2, 4, 6) if c != label]))
    share = round(float(rng.uniform(0.6, 1.0)), 1)
    before = Votes(
        (
            (GARMENTS[label], share),
            *(((GARMENTS[other], round(1 - share, 1)),) if share < 1 else ()),
        )
    )
    after = Votes(((GARMENTS[other], 0.8), (GARMENTS[label], 0.1), (GARMENTS[8], 0.1)))
    calm = shown(n + 5000, label, before, before, rng, **given)
    q = float(rng.choice((0.0008, 0.012, 0.031, 0.2)))
    return GalleryEntry(
        shown(n, label, before, after, rng, **given),
        calm if control else None,
        1.4,
        q / 3,
        q,
        q <= 0.05,
        n % 3 > 0,
    )


def over_indexed(rng: np.random.Generator, observed: int) -> pl.DataFrame:
    share = rng.dirichlet(np.array([3, 0.2, 4, 1, 5, 0.3, 9, 0.3, 0.3, 0.3]))
    return pl.DataFrame(
        {
            "slice": ["class"] * 10,
            "value": list(GARMENTS),
            "share_exemplars": share,
            "share_all": [0.1] * 10,
            "ratio": share / 0.1,
            "n_exemplars": (share * observed).astype(int),
            "n_all": [200] * 10,
        }
    )


def exemplar_rows(name: str, n: int) -> pl.DataFrame:
    rows = [
        {
            "variant": name, "example_id": f"test-{i:05d}", "label": GARMENTS[i % 10],
            "reference_modal": GARMENTS[i % 10],
            "variant_modal": None if i % 7 == 0 else GARMENTS[(i + 1) % 10], "reference_share": 0.8,
            "variant_share": 0.3, "reference_score": None, "variant_score": None, "taxicab": 1.0, "modal_disagreement": i % 7 != 0, "newly_wrong": i % 7 != 0,
            "p": 0.001, "q": 0.02, "rank": i + 1,
        }
        for i in range(n)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=EXEMPLAR_COLUMNS)


def _garment_arm(
    name: str, level: float, rng: np.random.Generator
) -> tuple[VariantAudit, list[dict[str, object]]]:
    weight = np.array([0.1, 0.0, 0.35, 0.1, 0.5, 0.0, 1.0, -0.1, 0.02, 0.0])
    damage_C = -0.24 * level**6 * weight + rng.normal(0, 0.004, 10)
    overall = float(damage_C.mean())
    observed = int(44 + 190 * level**8)
    rows = [
        finding(
            name,
            "",
            overall,
            rng,
            slice="all",
            n_examples=2000,
            low=overall - 0.004,
            high=overall + 0.004,
            verdict="worse" if overall < -0.004 else "within tolerance",
            note="",
        )
    ]
    rows += [finding(name, g, float(d), rng) for g, d in zip(GARMENTS, damage_C, strict=True)]
    for measure, high in (("modal_disagreement", 1.0), ("taxicab", 3.0)):
        rows.append(disagreement(name, measure, "", high * observed / 2000, 0.022 * high))
        rows += [
            disagreement(name, measure, g, high * (0.02 - 0.5 * d), 0.02 * high)
            for g, d in zip(GARMENTS, damage_C, strict=True)
        ]
    worse = sum(r["verdict"] == "worse" for r in rows[1:11])
    verdict: Verdict = "worse" if worse else "within tolerance"
    pays = (
        f"{worse} of 10 slices lose more than chance can explain; class Shirt pays most."
        if worse
        else "No slice loses more than chance can explain."
    )
    changed = (
        f"{observed} of 2,000 examples changed their modal answer; chance alone gives 31 to 60."
    )
    kept = "loses accuracy overall" if overall < -0.004 else "keeps its accuracy"
    headline = f"{name} {kept}. {pays} {changed}"
    gallery = tuple(
        entry(100 * int(100 * level) + i, rng, control=i != 4) for i in range(24 if worse else 4)
    )
    design = (
        "10 + 10 members: members are exchanged between the two populations; p values come from "
        "these rearrangements.",
    )
    made = VariantAudit(
        arm=arm(name, level, 0.884 + overall),
        headline=headline,
        verdict=verdict,
        scope="members",
        design=design,
        count=counted(observed, level),
        gallery=gallery,
        over_indexed=over_indexed(rng, observed),
        composition=composition(level),
    )
    return made, rows


def composition(level: float, names: tuple[str, ...] = GARMENTS) -> Composition:
    """Shirts are answered less the sparser the model, and become T-shirts and coats."""
    shifts = [20.0, 0.0, 5.0, 0.0, 15.0, 0.0, -60.0, 4.0, 0.0, 0.0]
    classes = tuple(
        ClassAnswers(
            name,
            200 - d / 2,
            200 - d / 2 + level * d,
            0.88,
            0.9,
            0.9,
            0.9 - 0.2 * level * (d < 0),
            d < 0,
        )
        for name, d in zip(names, shifts, strict=True)
    )
    flows = tuple(
        Flow(names[6], names[c], 30.0 * level, 4.0, 30.0 * level - 4, 2.0, 31.5)
        for c in (0, 4, 2)
        if level > 0.5
    )
    return Composition(2000.0, classes, flows, 45, "members", True)


@cache
def garments(levels: tuple[float, ...] = LEVELS, seed: int = 0) -> Audit:
    """A dense reference against a second dense population and several sparsities."""
    rng = np.random.default_rng(seed)
    made = [
        _garment_arm("dense again" if s == 0 else f"pruned {100 * s:g} %", s, rng) for s in levels
    ]
    worse = [v for v, _ in made if v.verdict == "worse"]
    variants = tuple(v for v, _ in made)
    first = (
        f"{len(worse)} of {len(made)} variants {'loses' if len(worse) == 1 else 'lose'} more than "
        "chance can explain."
        if worse
        else "No variant costs anybody more than chance shows."
    )
    return Audit(
        headline=f"{first} {(worse or list(variants))[-1].headline}",
        verdict="worse" if worse else "within tolerance",
        reference=arm("dense", 0.0, 0.884),
        variants=variants,
        findings=frame([row for _, rows in made for row in rows]),
        exemplars=pl.concat([exemplar_rows(v.arm.name, 60) for v in variants]),
        settings=Settings(),
        assumptions=(
            "Examples carry content hashes and they agree.",
            "dense: trained for 12 epochs on CPU; the variants were trained with the same recipe "
            "and other seeds.",
        ),
        n_examples=2000,
        task="classification",
        classes=GARMENTS,
        scale="small",
    )


@cache
def texts() -> Audit:
    """A text task: sentences instead of pictures, slices from two columns."""
    rng = np.random.default_rng(1)
    audit = garments((0.9,))
    variant = audit.variants[0]
    words = [
        "the",
        "plot",
        "never",
        "quite",
        "finds",
        "its",
        "feet",
        "but",
        "the",
        "two",
        "leads",
        "are",
        "a",
        "pleasure",
        "to",
        "watch",
    ]
    said = " ".join(rng.choice(words, 60)).capitalize() + "."
    gallery = tuple(entry(i, rng, image=None, text=said[: 80 + 60 * i]) for i in range(7))
    regions = [
        finding(variant.arm.name, r, d, rng, slice="region", n_examples=n)
        for r, d, n in (
            ("north", -0.002, 640),
            ("south", -0.061, 212),
            ("east", 0.008, 803),
            ("west", -0.012, 345),
        )
    ]
    return replace(
        audit,
        variants=(replace(variant, gallery=gallery),),
        findings=pl.concat([audit.findings, frame(regions)]),
    )


@cache
def long_names() -> Audit:
    """Three variants that differ at their ends, as do the slices of one column."""
    audit = garments((0.7, 0.9, 0.95))
    pairs = list(zip([v.arm.name for v in audit.variants], LONG_NAMES, strict=True))
    findings = audit.findings.with_columns(
        variant=pl.col("variant").replace(dict(pairs)),
        value="customer_feedback_language_region_" + pl.col("value"),
    )
    variants = tuple(
        replace(v, arm=replace(v.arm, name=new), headline=v.headline.replace(old, new))
        for v, (old, new) in zip(audit.variants, pairs, strict=True)
    )
    return replace(audit, variants=variants, findings=findings)


@cache
def one_member() -> Audit:
    """One member a side: churn without a floor, no exemplars, no p by exchange."""
    audit = garments((0.9,))
    only = {
        "members_reference": 1,
        "members_variant": 1,
        "floor": NAN,
        "floor_low": NAN,
        "floor_high": NAN,
    }
    rows = audit.findings.filter(pl.col("measure") == "accuracy").with_columns(
        *(pl.lit(v).cast(FINDING_COLUMNS[k]).alias(k) for k, v in only.items())
    )
    name = audit.variants[0].arm.name
    churn = (
        disagreement(
            name,
            "churn",
            "",
            0.083,
            0.01,
            verdict="too small to tell",
            note="no floor: one reference run",
        )
        | only
    )
    gallery = tuple(replace(e, p=NAN, q=NAN, confirmed=False) for e in audit.variants[0].gallery)
    design = ("No floor: one member each side. A repeat run of the reference would give one.",)
    variant = replace(
        audit.variants[0], count=None, scope="examples", design=design, gallery=gallery
    )
    return replace(
        audit,
        variants=(replace(variant, arm=replace(variant.arm, members=1)),),
        findings=pl.concat([rows, frame([churn])]),
        reference=replace(audit.reference, members=1),
    )


@cache
def many_classes(n: int = 1000) -> Audit:
    """``n`` class slices for six variants, three measures: what a thousand classes look like to the
    report."""
    rng = np.random.default_rng(2)
    audit = garments((0.0, 0.3, 0.5, 0.7, 0.9, 0.95))
    names = [f"n{10_000_000 + 37 * c} {GARMENTS[c % 10].lower()}" for c in range(n)]
    rows = []
    for variant in audit.variants:
        level = variant.arm.facts["sparsity"]
        effect_C = rng.normal(-0.01 * level, 0.012 + 0.03 * level**4, n)
        name = variant.arm.name
        rows.append(finding(name, "", float(effect_C.mean()), rng, slice="all", n_examples=50 * n))
        rows += [
            finding(name, c, float(e), rng, n_examples=50)
            for c, e in zip(names, effect_C, strict=True)
        ]
        for measure in ("modal_disagreement", "taxicab"):
            rows += [
                disagreement(name, measure, c, float(0.02 + abs(e)), 0.02)
                for c, e in zip(names, effect_C, strict=True)
            ]
    return replace(audit, findings=frame(rows), classes=tuple(names), n_examples=50 * n)


ATTACKS = (
    "<script>document.title='owned'</script>",
    '"><img src=x onerror="document.title=\'owned\'">',
    "\x1b[31mred\x1b[0m \x1b]0;owned\x07title",
    "abc\u202egpj.exe\u2066",
    "{{ 7 * 7 }} {% raw %} ${7*7}",
    "</title></style></script><svg onload=document.title='owned'>",
    "| a | b |\n# heading\n[link](javascript:document.title='owned') @everyone",
    "مرحبا بالعالم",
    "\ud800lone\x00zero\x9bcsi",
    "unbroken" * 60,
)


@cache
def hostile() -> Audit:
    """The garments with attacks for names, classes, ids, slice values, notes, sentences and ten
    megabytes of text."""
    audit = garments((0.5, 0.95))
    swap = dict(zip(GARMENTS, ATTACKS, strict=True))
    columns = [
        pl.col("value").replace(
            {k: v.encode("utf-8", "replace").decode() for k, v in swap.items()}
        ),
        pl.lit(ATTACKS[0]).alias("note"),
    ]
    findings = audit.findings.with_columns(*columns)
    named = dict(zip((v.arm.name for v in audit.variants), ATTACKS[:2], strict=True))
    findings = findings.with_columns(
        pl.col("variant").replace(named), pl.lit(ATTACKS[5]).alias("slice")
    ).with_columns(
        pl.when(pl.col("value") == "").then(pl.lit("all")).otherwise(pl.col("slice")).alias("slice")
    )
    variants = tuple(_hostile_variant(v, ATTACKS[i], swap) for i, v in enumerate(audit.variants))
    return replace(
        audit,
        headline=f"{ATTACKS[0]} {ATTACKS[3]} {ATTACKS[2]} costs. {ATTACKS[5]}",
        reference=replace(audit.reference, name=ATTACKS[1]),
        variants=variants,
        findings=findings,
        assumptions=ATTACKS,
        classes=ATTACKS,
        notices=(ATTACKS[0], ATTACKS[2]),
        n_scored=1500,
        task=ATTACKS[5],
        settings=Settings(by=(ATTACKS[0], ATTACKS[6])),
    )


def _hostile_variant(variant: VariantAudit, name: str, swap: dict[str, str]) -> VariantAudit:
    gallery = tuple(
        replace(
            e,
            exemplar=_hostile_shown(e.exemplar, i, swap),
            control=e.control and _hostile_shown(e.control, i + 1, swap),
        )
        for i, e in enumerate(variant.gallery[:10])
    )
    over = variant.over_indexed.with_columns(
        pl.lit(ATTACKS[1]).alias("value"), pl.lit(ATTACKS[5]).alias("slice")
    )
    arm_ = replace(variant.arm, name=name, interventions=ATTACKS)
    made_of = composition(0.9, ATTACKS)
    given = {
        "headline": ATTACKS[5],
        "design": ATTACKS,
        "gallery": gallery,
        "over_indexed": over,
        "composition": made_of,
    }
    return replace(variant, arm=arm_, **given)


def _hostile_shown(given: Shown, i: int, swap: dict[str, str]) -> Shown:
    votes = [
        Votes(tuple((swap[n], s) for n, s in v.shares)) for v in (given.reference, given.variant)
    ]
    attack = ATTACKS[i % len(ATTACKS)]
    if i == 3:
        return Shown(
            attack,
            attack,
            votes[0],
            votes[1],
            image=b"<svg xmlns='http://www.w3.org/2000/svg' onload='x()'/>",
        )
    text = "A" * 10_000_000 if i == 0 else attack
    return Shown(attack, swap[given.label or ""], votes[0], votes[1], text=text)


@cache
def crossed() -> Audit:
    """Two variants whose exemplars are set against controls in columns of numbers, one of them with
    a name that attacks and one of which nothing can be told."""
    audit = garments((0.5, 0.9))
    columns = (
        crossed_column("depth", "layers", 1.3, 0.4, "Exemplars are deeper by 1.3 layers."),
        crossed_column("el2n", "", -0.02, 0.09, "Exemplars are not shown to differ in EL2N."),
        crossed_column(HOSTILE_NAME, "", 40.0, 900.0, f"Nothing is told of {HOSTILE_NAME}."),
        replace(
            crossed_column("age", "", NAN, NAN, "age: 3 exemplars have a value."), n_exemplars=3
        ),
    )
    names = [c.column for c in columns]
    ranks = tuple(
        RankCorrelation(first, second, 0.25, 1963)
        for first, second in [*combinations(names, 2), *((n, "taxicab") for n in names)]
    )
    found = Crossed("controls of their class", columns, ranks)
    return replace(audit, variants=tuple(replace(v, crossed=found) for v in audit.variants))


HOSTILE_NAME = "<script>alert(1)</script>\u202eloud \x1b[31m" + 40 * "very long "


def crossed_column(name: str, unit: str, effect: float, half: float, said: str) -> CrossedColumn:
    """A column of 57 exemplars whose values have a standard deviation of 1.3 in their class."""
    return CrossedColumn(
        column=name, unit=unit, n_exemplars=57, n_controls=1900, unknown=4, alone=2, effect=effect,
        low=effect - half, high=effect + half, p=0.01, p_adjusted=0.02 if abs(effect) > half else 0.6,
        spread=1.3, auroc=0.5 + effect / 100, auroc_low=0.4 + effect / 100, auroc_high=0.6 + effect / 100, said=said,
    )  # fmt: skip
