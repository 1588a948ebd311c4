"""Make the log fixtures of lighteval, HELM and NeMo Evaluator with their own code, without a model
or the network.

Run it in an environment of its own, with the wheels unpacked because two of them ask for another
Python or for packages that these parts do not need:

    python -m venv morenv
    morenv/bin/pip download --no-deps lighteval==0.13.0 crfm-helm==0.5.16 -d wheels
    morenv/bin/pip download --no-deps --python-version 3.12 --only-binary=:all: \\
        nemo-evaluator==0.3.0 -d wheels
    for w in wheels/*.whl; do unzip -q "$w" -d unpacked; done
    morenv/bin/pip install torch==2.13.0 datasets==5.2.0 "xxhash<3.6" ...   # what an import asks for
    PYTHONPATH=unpacked morenv/bin/python tests/records/formats/real/make_more_fixtures.py

- lighteval: its loggers, its metrics and its writer, over documents and responses that are written
  here.
- HELM: its whole runner over its own simple scenarios; only the client's answer is replaced. Of
  ``changed`` the files of ``helm-summarize`` are kept instead of scenario_state.json.
- NeMo Evaluator: its evaluation loop and writers over an environment and solvers that are written
  here.

A second run gives other times in names and files; the answers are the same.
"""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent

# ---------------------------------------------------------------------------------------------------------
# lighteval

QUIZ: list[tuple[str, list[str], int, str, list[float]]] = [
    ("Which animal barks?", [" cat", " dog", " cow"], 1, "animals", [-3.0, -1.0, -2.5]),
    ("Which one is a bird?", [" owl", " a long-haired cat"], 0, "animals", [-2.0, -4.0]),
    ("Capital of Italy?", [" Rome", " Paris", " Berlin"], 0, "places", [-1.5, -1.0, -4.0]),
    ("Which is a river?", [" Nile", " the Sahara desert"], 0, "places", [-3.0, -2.0]),
]
SUMS = [("2 + 3 =", "5", "5"), ("7 + 4 =", "11", "12"), ("9 + 9 =", "18", "18")]


def lighteval(model: str, shift: float) -> None:
    """``shift`` is taken from the right option of the first two questions; with it the first sum is
    wrong too."""
    from lighteval.logging.evaluation_tracker import EvaluationTracker
    from lighteval.metrics.metrics_sample import ExactMatches, LoglikelihoodAcc
    from lighteval.metrics.normalizations import LogProbCharNorm
    from lighteval.models.abstract_model import ModelConfig
    from lighteval.models.model_output import ModelResponse
    from lighteval.tasks.requests import Doc, SamplingMethod

    tracker = EvaluationTracker(output_dir=str(HERE / "lighteval"), save_details=True)
    tracker.general_config_logger.log_args_info(num_fewshot_seeds=1, max_samples=None, job_id="0")
    tracker.general_config_logger.log_model_info(ModelConfig(model_name=model))

    def log(task: str, doc: Any, response: Any, metrics: dict[str, Any]) -> None:
        tracker.metrics_logger.log(task, metrics)
        tracker.details_logger.log(task, doc, response, metrics)

    acc, norm = LoglikelihoodAcc(), LoglikelihoodAcc(logprob_normalization=LogProbCharNorm())
    for k, (question, options, gold, topic, logs) in enumerate(QUIZ):
        moved = [v - (shift if j == gold and k < 2 else 0) for j, v in enumerate(logs)]
        doc = Doc(
            query=f"{question}\nAnswer:", choices=options, gold_index=[gold], id=str(k), task_name="quiz|0",
            specific={"topic": topic, "nr": k}, sampling_methods=[SamplingMethod.LOGPROBS],
        )  # fmt: skip
        response = ModelResponse(
            input=f"{question}\nAnswer:", input_tokens=[1, 2, 3], logprobs=moved,
            output_tokens=[[5] * len(o.split()) for o in options], argmax_logits_eq_gold=[False] * len(options),
        )  # fmt: skip
        values = {
            name: m.compute(doc=doc, model_response=response)
            for name, m in {"acc": acc, "acc_norm": norm}.items()
        }
        log("quiz|0", doc, response, values)
    exact = ExactMatches()
    for k, (question, right, said) in enumerate(SUMS):
        doc = Doc(query=question, choices=[right], gold_index=0, id=str(k), task_name="sums|0",
                  sampling_methods=[SamplingMethod.GENERATIVE])  # fmt: skip
        text = "6" if shift and k == 0 else said
        response = ModelResponse(input=question, text=[text], output_tokens=[[7]])
        log("sums|0", doc, response, {"em": exact.compute(doc=doc, model_response=response)})
    tracker.versions_logger.versions = {"quiz|0": 1, "sums|0": 0}
    tracker.details_logger.aggregate()
    tracker.general_config_logger.log_end_time()
    tracker.save()


# --------------------------------------------------------------------------------------------------------------
# HELM

KEPT = (
    "run_spec",
    "per_instance_stats",
    "scenario_state",
    "display_predictions",
    "display_requests",
    "instances",
)


def helm_answers(wrong: int) -> None:
    """Runs in a process of its own: a client that answers by the letters' codes, some of it with no
    option at all."""
    from helm.benchmark import run
    from helm.clients.simple_client import SimpleClient

    def invoke_model(self: Any, raw: Any) -> dict[str, Any]:
        asked = raw["prompt"].split("Question:")[-1]
        n = sum(map(ord, asked))
        if "single letter" in raw["prompt"]:
            letters = [line[0] for line in asked.splitlines() if line[1:3] == ". "]
            said = f" {letters[n % len(letters)]}" if n % 7 >= wrong else " Z"
        else:
            said = (" Even", " odd")[n % 2]
        return {"completions": [said] * raw["num_completions"]}

    SimpleClient.invoke_model = invoke_model
    run.main()


def helm_display(folders: list[Path]) -> None:
    import helm.benchmark
    from helm.benchmark.presentation.run_display import write_run_display_json
    from helm.benchmark.presentation.schema import read_schema
    from helm.benchmark.run_spec import RunSpec
    from helm.common.codec import from_json

    schema = read_schema(str(Path(helm.benchmark.__file__).parent / "static/schema_classic.yaml"))
    for folder in folders:
        spec = from_json((folder / "run_spec.json").read_text(), RunSpec)
        write_run_display_json(str(folder), spec, schema, False)


def helm(work: Path) -> None:
    entries = [
        "simple_mcqa:model=simple/model1,data_augmentation=lower",
        "simple_classification:model=simple/model1",
    ]
    for which, wrong in (("reference", 0), ("changed", 2)):
        more = [
            "--run-entries",
            *entries,
            "--suite",
            which,
            "--max-eval-instances",
            "4",
            "--disable-cache",
        ]
        subprocess.run(
            [sys.executable, __file__, "--helm", str(wrong), *more], cwd=work, check=True
        )
        folders = sorted((work / "benchmark_output/runs" / which).glob("simple_*"))
        if which == "changed":
            helm_display(folders)
        for folder in folders:
            out = HERE / "helm" / which / folder.name
            out.mkdir(parents=True, exist_ok=True)
            for name in KEPT:
                if (folder / f"{name}.json").exists() and (which, name) != (
                    "changed",
                    "scenario_state",
                ):
                    shutil.copy(folder / f"{name}.json", out)


# --------------------------------------------------------------------------------------------------------------
# NeMo

PROBLEMS = [(2, 3, "small"), (7, 4, "small"), (9, 9, "small"), (12, 30, "large"), (25, 25, "large")]


async def nemo(model: str, wrong: int) -> None:
    """Two repeats. ``wrong`` is added on 9 + 9 and 12 + 30, on 7 + 4 the second time; with it a
    connection is lost."""
    from nemo_evaluator.engine.artifacts import write_all
    from nemo_evaluator.engine.eval_loop import run_evaluation
    from nemo_evaluator.environments.base import EvalEnvironment, SeedResult, VerifyResult
    from nemo_evaluator.observability.types import ModelResponse
    from nemo_evaluator.solvers.base import ErrorKind, SolveResult

    class Sums(EvalEnvironment):
        name = "tiny/sums"

        def __init__(self) -> None:
            super().__init__()
            self._dataset = [{"a": a, "b": b} for a, b, _ in PROBLEMS]

        async def seed(self, idx: int) -> Any:
            a, b, category = PROBLEMS[idx]
            return SeedResult(
                prompt=f"What is {a} + {b}?",
                expected_answer=str(a + b),
                metadata={"category": category, "first": a},
            )

        async def verify(
            self, response: str, expected: str, sandbox: Any = None, **metadata: Any
        ) -> Any:
            said = response.split()[-1]
            close = abs(int(said) - int(expected)) <= 1
            further = {"reward": float(close), "correct": close}
            details = {"method": "last word", "scorer:close": further}
            return VerifyResult(
                reward=float(said == expected), extracted_answer=said, scoring_details=details
            )

    class Says:
        def __init__(self) -> None:
            self.turns: dict[str, int] = {}

        async def solve(self, task: Any) -> Any:
            turn = self.turns[task.prompt] = self.turns.get(task.prompt, 0) + 1
            a, b = (int(w.strip("?")) for w in task.prompt.split() if w.strip("?").isdigit())
            if wrong and a == 25 and turn == 2:
                return SolveResult(response="", error="connection lost", error_kind=ErrorKind.INFRA)
            off = wrong if a in (9, 12) or (a == 7 and turn == 2) else 0
            said = f"It is {a + b + off}"
            made = ModelResponse(content=said, model=model, total_tokens=9, latency_ms=100.0 * turn)
            return SolveResult(response=said, model_response=made)

    config = {
        "benchmark": Sums.name, "model": model, "base_url": "http://localhost/v1", "repeats": 2, "max_problems": None,
        "scorers": None, "temperature": 0.0,
    }  # fmt: skip
    bundle = await run_evaluation(
        Sums(),
        Says(),
        n_repeats=2,
        max_concurrent=1,
        config=config,
        skip_failed=True,
        max_system_retries=1,
    )
    bundle.pop("_artifacts", None)
    write_all(bundle, HERE / "nemo" / model.split("/")[1] / "tiny_sums")


def main() -> None:
    for name in ("lighteval", "helm", "nemo"):
        shutil.rmtree(HERE / name, ignore_errors=True)
    lighteval("org/reference", 0.0)
    lighteval("org/changed", 3.0)
    asyncio.run(nemo("org/reference", 0))
    asyncio.run(nemo("org/changed", 1))
    with tempfile.TemporaryDirectory() as work:
        helm(Path(work))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--helm"]:
        count = int(sys.argv.pop(2))
        del sys.argv[1]
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        helm_answers(count)
    else:
        main()
