"""The result page: claims, arms and slices in Markdown, nothing that was not measured."""

from __future__ import annotations

import pytest

from undertow.audit import Audit, Settings, audit
from undertow.study import Claim, Results, Study, held
from undertow.study.page import results_page
from worlds import planted_world


@pytest.fixture(scope="module")
def found() -> Audit:
    reference, variant = planted_world({2: 0.4}, m_ref=6, m_var=6, n=600, classes=4, seed=1)
    return audit(reference, [variant], Settings(by=("class",), draws=300))


def page(found: Audit, scale: str = "small") -> str:
    claim = Claim(
        "Class 2 pays | most", "ours", lambda r: held(True, str(r.count("variant").observed))
    )
    study = Study(
        "toy", "A toy.\n\nQuestion    None.", reference=None, variants=(), claims=(claim,)
    )  # type: ignore[arg-type]
    return results_page(
        study,
        Results(found),
        scale=scale,
        published="| a | b |",
        environment="Undertow 0, Python 3.",
    )


def test_claims_stand_with_their_evidence(found: Audit) -> None:
    count = found.variants[0].count
    assert count is not None
    assert f"| Class 2 pays \\| most | ours | **held** | {count.observed} |" in page(found)


def test_every_arm_and_slice_has_its_row(found: Audit) -> None:
    text = page(found)
    assert "| variant | 6 | " in text
    assert "| all | 600 | " in text
    assert "| class class 2 | " in text
    assert "▼" in next(line for line in text.splitlines() if line.startswith("| class class 2 "))
    assert text.endswith("| a | b |\n")
    assert "Made by `undertow run toy --scale small`; do not edit." in text


def test_a_smoke_run_is_stamped(found: Audit) -> None:
    assert "> **Smoke run.** It proves that the study runs and nothing else." in page(
        found, "smoke"
    )
    assert "Smoke" not in page(found)
