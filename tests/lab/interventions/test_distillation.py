import math

import pytest
import torch
from torch.nn import functional as F

from undertow.lab.interventions.objective import Distillation
from undertow.lab.interventions.objective.distillation import soft_cross_entropy

DRAWN = torch.Generator().manual_seed(0)
LOGITS_MBC = 3 * torch.randn(2, 5, 4, generator=DRAWN, dtype=torch.float64)
TEACHER_MBC = 3 * torch.randn(2, 5, 4, generator=DRAWN, dtype=torch.float64)
Y_MB = torch.randint(0, 4, (2, 5), generator=DRAWN)


def test_soft_labels_as_torch_computes_them():
    p_MBC = TEACHER_MBC.softmax(-1)
    expected = F.cross_entropy(
        LOGITS_MBC.flatten(0, 1), p_MBC.flatten(0, 1), reduction="none"
    ).reshape(2, 5)
    torch.testing.assert_close(soft_cross_entropy(LOGITS_MBC, p_MBC), expected, rtol=0, atol=1e-12)


def test_it_is_the_papers_sum_written_out():
    each_MB = Distillation(temperature=3.0).each(LOGITS_MBC, Y_MB, TEACHER_MBC)
    for m in range(2):
        for b in range(5):
            teacher = [math.exp(float(value) / 3) for value in TEACHER_MBC[m, b]]
            student = [math.exp(float(value)) for value in LOGITS_MBC[m, b]]
            pairs = zip(teacher, student, strict=True)
            loss = -sum(t / sum(teacher) * math.log(s / sum(student)) for t, s in pairs)
            assert float(each_MB[m, b]) == pytest.approx(loss, abs=1e-12)


def test_a_teacher_that_is_sure_of_the_label_gives_plain_cross_entropy():
    sure_MBC = 1e4 * F.one_hot(Y_MB, 4).double()
    plain = F.cross_entropy(LOGITS_MBC.flatten(0, 1), Y_MB.flatten(), reduction="none").reshape(
        2, 5
    )
    torch.testing.assert_close(
        Distillation().each(LOGITS_MBC, Y_MB, sure_MBC), plain, rtol=0, atol=1e-12
    )


def test_the_gradient_is_student_minus_teacher():
    logits_MBC = LOGITS_MBC.clone().requires_grad_()
    Distillation(temperature=2.0).each(logits_MBC, Y_MB, TEACHER_MBC).sum().backward()
    expected = LOGITS_MBC.softmax(-1) - (TEACHER_MBC / 2).softmax(-1)
    torch.testing.assert_close(logits_MBC.grad, expected, rtol=0, atol=1e-12)


def test_a_flatter_teacher_has_more_entropy_which_no_student_gets_below():
    losses = [
        Distillation(t).each(TEACHER_MBC / t, Y_MB, TEACHER_MBC).mean().item()
        for t in (0.1, 1.0, 3.0, 100.0)
    ]
    assert losses == sorted(losses)
    assert losses[0] > 0
    assert losses[-1] == pytest.approx(math.log(4), abs=0.01)


MEMBER = (
    "teacher_member is a whole number, counted from 0, or None for a teacher of each student's own"
)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: Distillation(temperature=0.0),
            "Distillation(temperature=0.0): a finite number above 0 is needed",
        ),
        (
            lambda: Distillation(math.nan),
            "Distillation(temperature=nan): a finite number above 0 is needed",
        ),
        (
            lambda: Distillation(math.inf),
            "Distillation(temperature=inf): a finite number above 0 is needed",
        ),
        (
            lambda: Distillation(teacher_member=-1),
            f"Distillation(temperature=1.0, teacher_member=-1): {MEMBER}",
        ),
        (
            lambda: Distillation(teacher_member=1.5),
            f"Distillation(temperature=1.0, teacher_member=1.5): {MEMBER}",
        ),
        (
            lambda: Distillation("2"),
            "Distillation(temperature='2', teacher_member=None): temperature is a number, not '2'",
        ),
        (
            lambda: Distillation(2.0).each(LOGITS_MBC, Y_MB, None),
            "Distillation(temperature=2.0, teacher_member=None) needs the logits of a teacher",
        ),
    ],
)
def test_what_cannot_be_is_refused(make, message):
    with pytest.raises(ValueError) as caught:
        make()
    assert str(caught.value) == message
