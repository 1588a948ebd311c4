"""lm-evaluation-harness's samples of one run as a pandas frame, a row an example."""

from pathlib import Path

import pandas as pd


def read(run: str) -> pd.DataFrame:
    files = sorted(Path(run).glob("*/samples_*.jsonl"))
    rows = pd.concat([pd.read_json(f, lines=True).assign(task=f.name[:-34]) for f in files])
    rows[["language", "article"]] = [(d["language"], d["article"]) for d in rows["doc"]]
    loglikelihoods = [[float(option[0]) for option in said] for said in rows["filtered_resps"]]
    rows["answer"] = [said.index(max(said)) for said in loglikelihoods]
    return rows.set_index(["task", "doc_id"]).sort_index()
