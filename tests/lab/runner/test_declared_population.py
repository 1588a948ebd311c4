import pytest

from blobs import Blobs
from undertow.lab.interventions.objective import Distillation
from undertow.lab.interventions.runtime import OnnxDynamicInt8
from undertow.lab.interventions.sampling import RhoLoss
from undertow.lab.interventions.weights import MagnitudePruning, OneShotPruning, WeightQuantization
from undertow.lab.models import MLP
from undertow.lab.population import Population
from undertow.lab.recipe import Recipe

DENSE = Population("dense", Blobs(), MLP(hidden=(8,)), Recipe(epochs=1), members=3)
PRUNED = MagnitudePruning(sparsity=0.5)
INT8 = WeightQuantization(bits=8)
SOFT = Distillation(temperature=3.0)
SMOOTH = Population(
    "smooth", Blobs(), MLP(hidden=(8,)), Recipe(epochs=1, label_smoothing=0.1), members=3
)
OTHER = Population("other", Blobs(train=30), MLP(hidden=(8,)), Recipe(epochs=1), members=3)


def test_an_intervention_during_training_makes_members_of_its_own():
    pruned = DENSE.under(PRUNED, name="pruned 50 %", members=5)
    assert (pruned.interventions, pruned.parent, pruned.members) == ((PRUNED,), None, 5)
    assert pruned.folder == "pruned-50"
    assert pruned.seeds.member(pruned.name, 0) != DENSE.seeds.member(DENSE.name, 0)


def test_one_after_training_derives_from_all_that_came_before():
    pruned = DENSE.under(PRUNED, name="pruned")
    both = pruned.under(INT8, name="pruned int8")
    assert (both.interventions, both.parent) == ((INT8,), pruned)


def test_again_is_fresh_down_to_the_parents():
    assert DENSE.again("dense again") == Population(
        "dense again", Blobs(), MLP(hidden=(8,)), Recipe(epochs=1), members=3
    )
    again = DENSE.under(INT8, name="int8").again("int8 again")
    assert again.parent is not None
    assert (again.name, again.parent.name) == ("int8 again", "int8 again-dense")


def test_a_student_keeps_its_teacher_under_whatever_acts_during_training():
    student = DENSE.under(SOFT, name="student", teacher=DENSE)
    assert (student.objective, student.teacher, student.parent, student.source) == (
        SOFT,
        DENSE,
        None,
        DENSE,
    )
    pruned = student.under(PRUNED, name="pruned student")
    assert (pruned.interventions, pruned.teacher) == ((SOFT, PRUNED), DENSE)
    elsewhere = student.under(name="of smooth", teacher=SMOOTH)
    assert (elsewhere.interventions, elsewhere.teacher) == ((SOFT,), SMOOTH)


def test_what_derives_from_a_student_has_no_teacher_but_a_parent_that_has():
    student = DENSE.under(SOFT, name="student", teacher=DENSE)
    child = student.under(INT8, name="int8 student")
    assert (child.objective, child.teacher, child.parent, child.source) == (
        None,
        None,
        student,
        student,
    )
    pupil = DENSE.under(SOFT, name="of int8", teacher=child)
    assert pupil.teacher == child


def test_again_keeps_the_teacher_since_students_are_fresh_anyway():
    student = DENSE.under(SOFT, name="student", teacher=DENSE)
    again = student.again("again")
    assert (again.teacher, again.objective) == (DENSE, SOFT)
    assert again.seeds.member(again.name, 0) != student.seeds.member(student.name, 0)
    below = student.under(INT8, name="int8").again("int8 again")
    assert below.parent is not None
    assert (below.parent.name, below.parent.teacher) == ("int8 again-student", DENSE)


def test_member_m_is_taught_by_member_m_or_all_by_one():
    own = DENSE.under(SOFT, name="own", teacher=DENSE)
    fixed = DENSE.under(Distillation(teacher_member=1), name="fixed", members=7, teacher=DENSE)
    assert [own.teacher_of(m) for m in range(3)] == [0, 1, 2]
    assert [fixed.teacher_of(m) for m in range(7)] == [1] * 7


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: DENSE.again("…/"),
            "Population(name='…/'): a name needs a letter or digit, it becomes a folder's",
        ),
        (
            lambda: Population("none", Blobs(), MLP(), Recipe(epochs=1), members=0),
            "Population(name='none', members=0): at least one member",
        ),
        (
            lambda: DENSE.under(PRUNED, INT8, name="both"),
            "one population cannot both derive from trained members and act during training",
        ),
        (
            lambda: Population(
                "q", Blobs(), MLP(), Recipe(epochs=1), members=1, interventions=(INT8,)
            ),
            "population 'q': interventions after training need a parent, interventions during "
            "training must not have one; write parent.under(intervention, name=...)",
        ),
        (
            lambda: DENSE.under(INT8, name="int8").under(PRUNED, name="pruned int8"),
            "population 'int8' derives from trained members, so nothing can act during its "
            "training; put the intervention on its parent",
        ),
        (
            lambda: DENSE.under(INT8, name="dense"),
            "population 'dense' has the name of its parent; give it one of its own",
        ),
        (
            lambda: DENSE.under(INT8, name="int8", members=4),
            "population 'int8' asks for 4 members, but its parent 'dense' has 3 to derive from",
        ),
        (
            lambda: DENSE.under(SOFT, name="student"),
            "population 'student': Distillation(temperature=3.0, teacher_member=None) needs a "
            "teacher; write under(..., teacher=population)",
        ),
        (
            lambda: DENSE.under(PRUNED, name="pruned", teacher=OTHER),
            "population 'pruned' has the teacher 'other', but no intervention that learns from "
            "one; add Distillation(...)",
        ),
        (
            lambda: DENSE.under(INT8, name="int8", teacher=OTHER),
            "population 'int8' has the teacher 'other', but no intervention that learns from one; "
            "add Distillation(...)",
        ),
        (
            lambda: DENSE.under(SOFT, Distillation(), name="student", teacher=DENSE),
            "population 'student': Distillation(temperature=1.0, teacher_member=None) cannot join "
            "Distillation(temperature=3.0, teacher_member=None); a training has one objective",
        ),
        (
            lambda: DENSE.under(RhoLoss(0.1), name="reduced"),
            "population 'reduced': RhoLoss(keep=0.1, teacher_member=None) needs a teacher; write "
            "under(..., teacher=population)",
        ),
        (
            lambda: DENSE.under(SOFT, RhoLoss(0.1), name="both", teacher=OTHER),
            "population 'both': Distillation(temperature=3.0, teacher_member=None) and "
            "RhoLoss(keep=0.1, teacher_member=None) both learn from a teacher, and a population has "
            "one; leave one out",
        ),
        (
            lambda: SMOOTH.under(SOFT, name="student", teacher=DENSE),
            "population 'student': label_smoothing=0.1 is of cross-entropy with labels, which "
            "Distillation(temperature=3.0, teacher_member=None) replaces; set it to 0 in the "
            "recipe",
        ),
        (
            lambda: DENSE.under(SOFT, name="student", teacher=OTHER),
            "population 'student' has the data Blobs(train=60, test=30), but its teacher 'other' "
            "has Blobs(train=30, test=30); a teacher sees its student's images, so give both the "
            "same",
        ),
        (
            lambda: DENSE.under(SOFT, name="dense", teacher=DENSE),
            "population 'dense' has the name of its teacher; give it one of its own",
        ),
        (
            lambda: DENSE.under(
                SOFT, name="dense", teacher=DENSE.under(OneShotPruning(0.5), name="pruned")
            ),
            "population 'dense' has the name of its teacher's parent; give it one of its own",
        ),
        (
            lambda: DENSE.under(SOFT, name="student", teacher=DENSE).under(INT8, name="dense"),
            "population 'dense' has the name of its parent's teacher; give it one of its own",
        ),
        (
            lambda: DENSE.under(
                SOFT, name="student", teacher=DENSE.under(OnnxDynamicInt8(), name="int8")
            ),
            "population 'student': its teacher 'int8' runs on an engine, which cannot teach; let "
            "its parent teach",
        ),
        (
            lambda: DENSE.under(SOFT, name="student", members=4, teacher=DENSE),
            "population 'student' wants to learn from member 3 of 'dense', which has members 0 to "
            "2; give the teacher more members, or set teacher_member",
        ),
        (
            lambda: DENSE.under(
                Distillation(teacher_member=3), name="student", members=1, teacher=DENSE
            ),
            "population 'student' wants to learn from member 3 of 'dense', which has members 0 to "
            "2; give the teacher more members, or set teacher_member",
        ),
        (
            lambda: DENSE.under(INT8, name="int8").under(SOFT, name="student", teacher=DENSE),
            "population 'int8' derives from trained members, so nothing can act during its "
            "training; put the intervention on its parent",
        ),
    ],
)
def test_what_cannot_be_trained_cannot_be_declared(make, message):
    with pytest.raises(ValueError) as caught:
        make()
    assert str(caught.value) == message
