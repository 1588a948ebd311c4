"""Small files of class predictions as bytes, of each format: to be mutated by the fuzzer."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

PIE = (
    "image_index,true_class_label,baseline_mode_base_label,predicted_mode_variant_label,baseline_number_observ,"
    "variant_number_observ,baseline_mean_probability,variant_mean_probability,pruning_fraction\n"
    "1,cat,cat,cat,30,30,0.9,0.8,0.5\n2,dog,dog,cat,30,30,0.7,0.6,0.5\n3,dog,dog,dog,30,30,0.7,0.6,0.9\n"
)
TIMM = pl.DataFrame(
    {
        "filename": ["cat/1.jpg", "dog/2.jpg", "dog/3.jpg"],
        "label": ["cat", "cat", "dog"],
        "prob": [0.9, 0.6, 0.8],
    }
)
GRADED = "example_id,score,answer,target,input,lang,passage\nq1,1,a,a,what?,en,p\nq2,0.5,b,c,why?,de,p\nq3,0,c,d,,de,q\n"
PLAIN = "example_id,prediction,label,region,p_a,p_b\n1,a,a,n,0.9,0.1\n2,b,a,s,0.2,0.8\n3,b,b,s,0.3,0.7\n"


def seeds() -> dict[str, dict[str, bytes]]:
    """Format module → file name → content."""
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(2, 5, 3))
    return {
        "arrays": {
            "a.npz": _npz(logits=logits, labels=np.arange(5) % 3, ids=np.array(list("abcde"))),
            "b.npz": _npz(predictions=np.arange(5) % 3, classes=np.array(["x", "y", "z"])),
            "c.npy": _npy(logits[0]),
        },
        "pie": {"pie.csv": PIE.encode()},
        "timm": {
            "a.csv": TIMM.write_csv().encode(),
            "index.json": json.dumps(
                {r[0]: {"label": r[1], "prob": r[2]} for r in TIMM.rows()}
            ).encode(),
            "record.json": TIMM.write_json().encode(),
            "a.parquet": _parquet(TIMM.to_arrow()),
        },
        "huggingface": {
            "predict_results_x.txt": b"index\tprediction\n0\ta\n1\tb\n2\ta\n",
            "a.parquet": _parquet(_classlabels()),
        },
        "fiftyone": {
            "samples.json": json.dumps({"samples": [_sample(i) for i in range(3)]}).encode()
        },
        "graded": {
            "g.csv": GRADED.encode(),
            "g.jsonl": pl.read_csv(GRADED.encode()).write_ndjson().encode(),
        },
        "table": {
            "t.csv": PLAIN.encode(),
            "t.jsonl": pl.read_csv(PLAIN.encode()).write_ndjson().encode(),
        },
    }


def _npz(**arrays: Any) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def _npy(array: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def _parquet(table: Any) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return buffer.getvalue()


def _classlabels() -> Any:
    kind = {"names": ["neg", "pos", "mixed"], "_type": "ClassLabel"}
    meta = {"huggingface": json.dumps({"info": {"features": {"prediction": kind, "label": kind}}})}
    return pa.table(
        {"prediction": [0, 1, 2], "label": [0, 1, 1], "idx": [4, 5, 6]}
    ).replace_schema_metadata(meta)


def _sample(i: int) -> dict[str, Any]:
    made = {"_cls": "Classification", "label": "cat" if i else "dog", "confidence": 0.5 + 0.1 * i}
    return {
        "_id": {"$oid": f"{i:024d}"},
        "filepath": f"data/{i}.jpg",
        "tags": ["test"],
        "weather": "sun",
        "ground_truth": made,
        "model": made,
    }
