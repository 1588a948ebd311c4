"""The logs as bundles of NeMo Evaluator: one folder a run, ``category`` the column named second.

python to_nemo.py FOLDER COLUMN
"""

import json
import sys
from pathlib import Path

from logs import read

folder, category = Path(sys.argv[1]), sys.argv[2]
for run in ("reference", "reference-again", "int4", "pruned30"):
    rows = read(run)
    rows["category"] = rows[category].astype(str)
    means = rows.groupby("category").acc.agg(["mean", "size"])
    scores = {"mean_reward": {"value": rows.acc.mean()}, "pass@1": {"value": rows.acc.mean()}}
    groups = {name: {"mean_reward": m, "n": int(n)} for name, m, n in means.itertuples()}
    benchmark = {"name": "udhr", "samples": len(rows), "scores": scores, "categories": groups}
    results = [
        {
            "problem_idx": index,
            "repeat": 0,
            "reward": row.acc,
            "expected_answer": row.doc["choices"][row.doc["gold"]],
            "model_response": row.doc["choices"][row.answer],
            "metadata": {"category": row.category},
        }
        for index, row in enumerate(rows.itertuples())
    ]
    out = folder / run
    out.mkdir(parents=True)
    bundle = {"run_id": run, "config": {"benchmark": "udhr"}, "benchmark": benchmark}
    (out / "eval-udhr.json").write_text(json.dumps(bundle))
    (out / "results.jsonl").write_text("".join(json.dumps(row) + "\n" for row in results))
