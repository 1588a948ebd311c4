"""A column names examples only where the files share its values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from records.formats.pasted.asking import asked, pasted, write
from records.formats.pasted.tables import IDS, NAMES, N, World
from undertow.audit.gate.policy import Policy

# every layout goes through the whole command several times
pytestmark = pytest.mark.heavy

NONE_SHARED = "; {0!r} names no examples, as the files share few of its values or none"


def logged(name: str, key: str, values: list[Any], **more: list[Any]) -> None:
    """Two tables of answers that were logged at other times, of which the second is worse."""

    def rows(w: World) -> dict[str, Any]:
        worse = int(w.hit.mean() < 0.8)
        times = [f"{worse}{n:04d}" for n in range(N)]
        return {name: times, key: values, **more, "truth": NAMES[w.right], "net": NAMES[w.said]}

    write(rows)


@pytest.mark.parametrize("name", ["timestamp", "request_id", "uid", "uuid"])
@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("image_no", [n + 5 for n in range(N)]),
        ("ref", IDS),
        ("prompt", [f"Is {i} a cat?" for i in IDS]),
    ],
)
def test_what_the_files_share_names_the_examples(
    name: str, key: str, values: list[Any], policy: Policy
) -> None:
    logged(name, key, values)
    said = asked(policy)
    assert said == (
        f"old.csv: has no column 'example_id'; it has {name!r}, {key!r}, 'truth', 'net'; name its "
        f"columns with --id {key} --prediction net --label truth{NONE_SHARED.format(name)}"
    )
    assert asked(policy, id=key, prediction="net", label="truth") == "fail"


def test_nothing_is_suggested_where_no_column_shares_values(policy: Policy) -> None:
    logged("timestamp", "truth", NAMES[np.arange(N) % 3].tolist())
    assert asked(policy) == (
        "old.csv: has no column 'example_id'; it has 'timestamp', 'truth', 'net'; name its columns "
        f"with --id COLUMN --prediction net --label truth{NONE_SHARED.format('timestamp')}; if no "
        "column names the examples and the rows of all files are in one order, write --id none: "
        "row 1 is compared with row 1 and so on"
    )


def test_ids_of_which_half_are_shared_are_suggested_where_nothing_shares_more(
    policy: Policy,
) -> None:
    write(lambda w: {"uid": IDS, "truth": NAMES[w.right], "net": NAMES[w.said]})
    pl.read_csv("new.csv").head(N // 2).write_csv(Path("new.csv"))
    assert pasted(asked(policy), "", [])[0] == "--id uid --prediction net --label truth"


def test_answers_that_differ_are_no_ids_for_that_and_stay_answers(policy: Policy) -> None:
    """What two models wrote shares no values either."""
    write(
        lambda w: {
            "qid": IDS,
            "score": 0.2 + 0.6 * w.hit,
            "response": [f"{w.hit.mean()} {n}" for n in IDS],
        }
    )
    assert pasted(asked(policy), "", [])[0] == "--id qid --answer response"
