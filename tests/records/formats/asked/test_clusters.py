"""Clusters that somebody chose with --cluster, in every format, and those that a reader takes
unasked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from undertow.errors import UserError
from undertow.records.check import align
from undertow.records.clusters import clusters_of
from undertow.records.formats.detect import read_any
from undertow.records.records import Records
from undertow.records.schema import Clustering
from undertow.records.write import write_records

PAGE = ["p", "p", "q", "q", "r", "r"]
LABELS = "filename,label,page\n" + "".join(f"i{i},{i % 2},{page}\n" for i, page in enumerate(PAGE))


def table(folder: Path) -> Path:
    rows = "".join(f"e{i},a,{'ab'[i % 2]},{page}\n" for i, page in enumerate(PAGE))
    return _text(folder / "t.csv", "example_id,prediction,label,page\n" + rows)


def graded(folder: Path) -> Path:
    return _text(
        folder / "g.csv",
        "example_id,score,page\n" + "".join(f"e{i},1,{p}\n" for i, p in enumerate(PAGE)),
    )


def timm(folder: Path) -> Path:
    rows = "".join(f"i{i},{i % 2},0.9\n" for i in range(6))
    return _text(folder / "timm.csv", "filename,label,prob\n" + rows)


def arrays(folder: Path) -> Path:
    np.savez(
        folder / "a.npz", predictions=np.arange(6) % 2, ids=np.array([f"i{i}" for i in range(6)])
    )
    return folder / "a.npz"


def huggingface(folder: Path) -> Path:
    return _text(
        folder / "hf.txt", "index\tprediction\n" + "".join(f"{i}\t{i % 2}\n" for i in range(6))
    )


def fiftyone(folder: Path) -> Path:
    samples = [
        {"filepath": f"i{i}.png", "model": {"label": "a"}, "page": page}
        for i, page in enumerate(PAGE)
    ]
    return _text(folder / "samples.json", json.dumps({"samples": samples}))


def pie(folder: Path) -> Path:
    head = "pruning_fraction,image_index,true_class_label,baseline_mode_base_label,predicted_mode_variant_label,page\n"
    rows = "".join(f"0.5,{i},a,a,a,{page}\n" for i, page in enumerate(PAGE))
    return _text(folder / "pie.csv", head + rows)


def population(folder: Path) -> Path:
    write_records(read_any([table(folder)])[0], folder / "records")
    return folder / "records"


def _text(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


FORMATS = {
    "table": table,
    "graded table": graded,
    "timm": timm,
    "arrays": arrays,
    "huggingface": huggingface,
    "fiftyone": fiftyone,
    "pie": pie,
    "population": population,
}


def read(folder: Path, name: str, cluster: str | None) -> Records:
    made: Path = FORMATS[name](folder)
    given: dict[str, Any] = {"cluster": cluster}
    if name in ("timm", "arrays", "huggingface"):
        labels = LABELS.replace("i", "", 6) if name == "huggingface" else LABELS
        text = (
            labels
            if name != "huggingface"
            else LABELS.replace("filename", "index").replace("\ni", "\n")
        )
        given["labels"] = _text(folder / "labels.csv", text)
    return read_any([Path(f"{made}::0.5") if name == "pie" else made], **given)[0]


@pytest.mark.parametrize("name", FORMATS)
def test_a_column_can_be_chosen_in_every_format(tmp_path: Path, name: str):
    records = read(tmp_path, name, "page")
    clusters = clusters_of(records)
    assert clusters is not None
    assert clusters.number_N.tolist() == [0, 0, 1, 1, 2, 2]
    assert clusters.said == "column 'page'"
    assert "Examples with one value of 'page' are one cluster, as asked." in records.manifest.notes


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "pie"])
def test_a_column_that_does_not_exist_is_an_error_that_lists_those_there_are(
    tmp_path: Path, name: str
):
    with pytest.raises(UserError) as caught:
        read(tmp_path, name, "pgae")
    first, said = str(caught.value).split(";")
    assert first == "--cluster pgae: the examples have no such column"
    assert "page" in said


WAYS = "; name the column of what several examples share, such as a passage or a patient, or none"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("example_id", "each example has an id of its own, so all would be independent"),
        ("label", "it is the right answer, and examples with one answer are not one example"),
        ("prediction", "it is what a model answered, not where an example comes from"),
    ],
)
def test_what_cannot_be_a_cluster(tmp_path: Path, name: str, why: str):
    (tmp_path / "a.csv").write_text("example_id,prediction,label\n1,a,a\n2,b,a\n")
    with pytest.raises(UserError) as caught:
        read_any([tmp_path / "a.csv"], cluster=name)
    assert str(caught.value) == f"--cluster {name}: {name} cannot be a cluster: {why}{WAYS}"


def test_an_empty_name_is_no_cluster(tmp_path: Path):
    (tmp_path / "a.csv").write_text("example_id,prediction,label\n1,a,a\n2,b,a\n")
    with pytest.raises(UserError) as caught:
        read_any([tmp_path / "a.csv"], cluster="")
    said = "--cluster '': is empty; name a column, or write --cluster none if all examples are independent"
    assert str(caught.value) == said


def test_what_a_reader_takes_unasked_is_known_by_name(tmp_path: Path):
    path = _text(tmp_path / "g.csv", graded(tmp_path).read_text().replace("page", "passage"))
    taken = read_any([path])[0]
    assert taken.manifest.clustering == Clustering(column="passage", asked=False)
    asked = read_any([path], cluster="passage")[0]
    assert asked.manifest.clustering == Clustering(column="passage", asked=True)
    independent = read_any([path], cluster="none")[0]
    assert clusters_of(independent) is None
    assert independent.manifest.notes == (
        "Every example is taken as independent of the others, copies too, as asked (--cluster "
        "none).",
    )


def test_who_asked_survives_a_population_folder(tmp_path: Path):
    write_records(read(tmp_path, "table", "page"), tmp_path / "out")
    assert read_any([tmp_path / "out"])[0].manifest.clustering == Clustering(
        column="page", asked=True
    )


def test_a_side_that_knows_clusters_serves_both(tmp_path: Path):
    plain, clustered = read(tmp_path, "table", None), read(tmp_path, "table", "page")
    hashes = pl.Series("content_hash", ["h1", "h2", "h2", "h3", "h4", "h5"])
    knowing = clustered.manifest.model_copy(update={"name": "b"})
    variant = Records(knowing, clustered.examples.with_columns(hashes), clustered.pred_MN)
    aligned = align(plain, variant)
    assert "Clusters are those of 'b'; 't' has none." in aligned.assumptions
    clusters = clusters_of(aligned.reference)
    assert clusters is not None
    assert clusters.said == "column 'page' and examples with equal content (1 repeat another)"
    back = align(variant, plain)
    assert clusters_of(back.reference) is not None


def test_clusters_that_differ_are_counted_and_the_references_are_followed(tmp_path: Path):
    mine = read(tmp_path, "table", "page")
    pages = mine.examples["cluster"].to_list()
    theirs = pl.Series("cluster", [pages[-1], *pages[1:]])
    variant = Records(
        mine.manifest.model_copy(update={"name": "b"}),
        mine.examples.with_columns(theirs),
        mine.pred_MN,
    )
    aligned = align(mine, variant)
    said = f"Clusters differ on 1 of {len(pages)} examples; {mine.name!r} is followed."
    assert said in aligned.assumptions
    assert aligned.reference.examples["cluster"].to_list() == pages
