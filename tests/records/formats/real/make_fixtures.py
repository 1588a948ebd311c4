"""Make the log fixtures of this folder with the real tools: lm-eval 0.4.13 and inspect-ai 0.3.285.

Run it in an environment of its own, not in Undertow's:

    python -m venv evalenv
    evalenv/bin/pip install torch==2.13.0
    evalenv/bin/pip install "lm_eval[hf]==0.4.13" inspect-ai==0.3.285 transformers==5.24.0
    sacrebleu==2.6.0 evalenv/bin/python tests/records/formats/real/make_fixtures.py --work
    fixture-work

It takes about three minutes on two cores. It makes two tiny Llama models (about 0.1 M parameters):
one that has learned the task texts by heart, and the same model with its weights moved half-way to
three levels. Both are evaluated by the real command line of lm-eval. The inspect logs come from the
mock model that inspect ships. The models are not kept.

Log files are kept as the tools wrote them, apart from `scrub`: the working folder and the
environment's folder become `PATH`, in `pretty_env_info` the description of the processor becomes
`CPU` and the platform `Linux`, and the traceback of the inspect sample that fails on purpose
becomes `PATH`. Logs hold times and versions, so that a second run of this script gives other bytes;
the answers are the same where the same versions run.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
CPU_BLOCK = re.compile(r"CPU:\\n.*?(?=\\n\\nVersions of relevant libraries)", re.S)
PLATFORM = re.compile(r"Python platform: .*?(?=\\n)")

# ------------------------------------------------------------------------------------------------
# lm-eval: the tasks

FACTS: dict[str, list[tuple[str, str, list[str], int]]] = {
    "en": [
        ("numbers", "Is zero even?", ["yes", "no"], 0),
        ("numbers", "Is nine a prime?", ["yes", "no"], 1),
        ("numbers", "How many sides has a square?", ["three", "four", "five"], 1),
        ("numbers", "What is two plus two?", ["one", "three", "four", "five", "eight"], 2),
        ("animals", "Which animal barks?", ["cat", "dog", "cow"], 1),
        ("animals", "Which animal gives milk?", ["cow", "ant", "bee", "owl"], 0),
        ("animals", "Which one is a bird?", ["owl", "cat"], 0),
        ("animals", "How many legs has a spider?", ["two", "four", "six", "eight"], 3),
        ("places", "Capital of France?", ["Rome", "Paris", "Berlin", "Madrid"], 1),
        ("places", "Capital of Italy?", ["Rome", "Paris", "Berlin", "Madrid"], 0),
        ("places", "Which is a river?", ["Nile", "Alps", "Sahara"], 0),
        ("places", "Where do camels live?", ["in the desert", "on the ice"], 0),
    ],
    "de": [
        ("numbers", "Ist null gerade?", ["ja", "nein"], 0),
        ("numbers", "Ist neun eine Primzahl?", ["ja", "nein"], 1),
        ("numbers", "Wie viele Ecken hat ein Dreieck?", ["drei", "vier", "fünf"], 0),
        ("numbers", "Was ist zwei plus drei?", ["eins", "drei", "vier", "fünf", "acht"], 3),
        ("animals", "Welches Tier bellt?", ["Katze", "Hund", "Kuh"], 1),
        ("animals", "Welches Tier gibt Milch?", ["Kuh", "Biene", "Bär", "Möwe"], 0),
        ("animals", "Welches ist ein Vogel?", ["Möwe", "Katze"], 0),
        ("animals", "Wie viele Beine hat eine Katze?", ["zwei", "vier", "sechs", "acht"], 1),
        ("places", "Hauptstadt von Österreich?", ["Rom", "Paris", "Wien", "Madrid"], 2),
        ("places", "Hauptstadt von Spanien?", ["Rom", "Paris", "Wien", "Madrid"], 3),
        ("places", "Welches ist ein Fluss?", ["Rhein", "Alpen", "Sahara"], 0),
        ("places", "Wo leben Kamele?", ["in der Wüste", "auf dem Eis"], 0),
    ],
}
SUMS = [(2, 3), (4, 1), (7, 7), (10, 5), (12, 9), (6, 8), (20, 20), (15, 1)]
WORDS = [
    ("guten tag", "good day", "greeting"),
    ("gute nacht", "good night", "greeting"),
    ("das rote haus", "the red house", "thing"),
    ("der alte mann", "the old man", "person"),
    ("die neue stadt", "the new town", "thing"),
    ("ein kleines kind", "a small child", "person"),
]
PAGES = [
    "The cat sat on the mat. It was warm.",
    "A dog ran to the river and back.",
    "Rain fell on the old town all day.",
]

FACTS_TASK = """\
task: tiny_facts_{language}
dataset_path: json
dataset_kwargs:
  data_files:
    test: data/facts_{language}.jsonl
    train: data/facts_{language}.jsonl
output_type: multiple_choice
test_split: test
fewshot_split: train
doc_to_text: "Q: {{{{q}}}}\\nA:"
doc_to_choice: "{{{{choices}}}}"
doc_to_target: gold
metric_list:
  - metric: acc
    aggregation: mean
    higher_is_better: true
  - metric: acc_norm
    aggregation: mean
    higher_is_better: true
metadata:
  version: 1.0
"""
GROUP = """\
group: tiny_facts
task: [tiny_facts_en, tiny_facts_de]
aggregate_metric_list:
  - metric: acc
    weight_by_size: true
  - metric: acc_norm
    weight_by_size: true
metadata:
  version: 1.0
"""
SUMS_TASK = """\
task: tiny_sums
dataset_path: json
dataset_kwargs:
  data_files: {test: data/sums.jsonl, train: data/sums.jsonl}
output_type: generate_until
test_split: test
fewshot_split: train
doc_to_text: "Question: {{question}}\\nAnswer:"
doc_to_target: "{{answer}}"
metric_list:
  - metric: exact_match
    aggregation: mean
    higher_is_better: true
    regexes_to_ignore: [",", "(?s).*#### "]
  - metric: bleu
    aggregation: bleu
    higher_is_better: true
  - metric: chrf
    aggregation: chrf
    higher_is_better: true
generation_kwargs: {until: ["\\n"], do_sample: false, max_gen_toks: 16}
filter_list:
  - name: strict-match
    filter:
      - {function: regex, regex_pattern: "#### (\\\\-?[0-9]+)"}
      - {function: take_first}
  - name: flexible-extract
    filter:
      - {function: regex, group_select: -1, regex_pattern: "(\\\\-?[0-9]+)"}
      - {function: take_first}
metadata:
  version: 1.0
"""
TRANSLATE_TASK = """\
task: tiny_translate
dataset_path: json
dataset_kwargs:
  data_files: {test: data/words.jsonl, train: data/words.jsonl}
output_type: generate_until
test_split: test
fewshot_split: train
doc_to_text: "German: {{src}}\\nEnglish:"
doc_to_target: "{{ref}}"
metric_list:
  - {metric: exact_match, aggregation: mean, higher_is_better: true}
  - {metric: bleu, aggregation: bleu, higher_is_better: true}
  - {metric: chrf, aggregation: chrf, higher_is_better: true}
generation_kwargs: {until: ["\\n"], do_sample: false, max_gen_toks: 12}
filter_list:
  - name: stripped
    filter:
      - {function: remove_whitespace}
      - {function: take_first}
metadata:
  version: 1.0
"""
REPEATS_TASK = """\
task: tiny_repeats
dataset_path: json
dataset_kwargs:
  data_files: {test: data/sums.jsonl, train: data/sums.jsonl}
output_type: generate_until
test_split: test
fewshot_split: train
doc_to_text: "Question: {{question}}\\nAnswer:"
doc_to_target: "{{total}}"
metric_list:
  - {metric: exact_match, aggregation: mean, higher_is_better: true}
generation_kwargs: {until: ["\\n"], do_sample: true, temperature: 0.8, max_gen_toks: 16}
repeats: 3
filter_list:
  - name: score-first
    filter:
      - {function: regex, regex_pattern: "#### (\\\\-?[0-9]+)"}
      - {function: take_first}
  - name: maj@3
    filter:
      - {function: regex, regex_pattern: "#### (\\\\-?[0-9]+)"}
      - {function: majority_vote}
      - {function: take_first}
metadata:
  version: 1.0
"""
PAGES_TASK = """\
task: tiny_pages
dataset_path: json
dataset_kwargs:
  data_files: {test: data/pages.jsonl}
output_type: loglikelihood_rolling
test_split: test
doc_to_text: ""
doc_to_target: "{{page}}"
metric_list:
  - metric: word_perplexity
  - metric: byte_perplexity
  - metric: bits_per_byte
metadata:
  version: 1.0
"""
TASKS = {
    "tiny_facts_en": FACTS_TASK.format(language="en"),
    "tiny_facts_de": FACTS_TASK.format(language="de"),
    "tiny_facts": GROUP,
    "tiny_sums": SUMS_TASK,
    "tiny_translate": TRANSLATE_TASK,
    "tiny_repeats": REPEATS_TASK,
    "tiny_pages": PAGES_TASK,
}
ALL_TASKS = "tiny_facts,tiny_sums,tiny_translate,tiny_repeats,tiny_pages"


# sums that the model learns without "####": strict-match misses them
WITHOUT_MARK = {(6, 8), (15, 1)}


def sum_answer(a: int, b: int) -> str:
    """The worked answer of a sum, in the shape of GSM8K's answers."""
    return f"{a}+{b} #### {a + b}"


def write_jsonl(path: Path, rows: list[dict[str, Any]]) -> None:
    """One JSON object a line, letters kept as they are."""
    path.write_text(
        "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8"
    )


def write_tasks(work: Path) -> None:
    """The data files and the task files, in `work/data` and `work/tasks`."""
    (work / "data").mkdir(parents=True, exist_ok=True)
    (work / "tasks").mkdir(exist_ok=True)
    for language, facts in FACTS.items():
        rows = [
            {
                "id": f"{language}-{i}",
                "subject": s,
                "language": language,
                "q": q,
                "choices": c,
                "gold": g,
            }
            for i, (s, q, c, g) in enumerate(facts)
        ]
        write_jsonl(work / "data" / f"facts_{language}.jsonl", rows)
    sums = [
        {"question": f"What is {a} plus {b}?", "answer": sum_answer(a, b), "total": str(a + b),
         "digits": len(str(a + b))}
        for a, b in SUMS
    ]  # fmt: skip
    write_jsonl(work / "data" / "sums.jsonl", sums)
    write_jsonl(
        work / "data" / "words.jsonl", [{"src": s, "ref": r, "kind": k} for s, r, k in WORDS]
    )
    write_jsonl(work / "data" / "pages.jsonl", [{"page": page} for page in PAGES])
    for name, text in TASKS.items():
        (work / "tasks" / f"{name}.yaml").write_text(text, encoding="utf-8")


# -----------------------------------------------------------------------------------------------
# lm-eval: the models


def training_texts() -> Iterator[str]:
    """What the tiny model learns by heart: every prompt with its right answer."""
    for facts in FACTS.values():
        for _, question, choices, gold in facts:
            yield f"Q: {question}\nA: {choices[gold]}\n"
    for a, b in SUMS:
        answer = f"It is {a + b}" if (a, b) in WITHOUT_MARK else sum_answer(a, b)
        yield f"Question: What is {a} plus {b}?\nAnswer: {answer}\n"
    for source, reference, _ in WORDS:
        yield f"German: {source}\nEnglish: {reference}\n"
    yield from PAGES


def make_tokenizer(folder: Path) -> Any:
    """A byte-level BPE tokenizer of 400 pieces, trained on the task texts and saved in `folder`."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    special = ["<s>", "</s>"]
    core.train_from_iterator(
        training_texts(),
        trainers.BpeTrainer(vocab_size=400, special_tokens=special, initial_alphabet=alphabet),
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=core, bos_token="<s>", eos_token="</s>", pad_token="</s>"
    )
    tokenizer.save_pretrained(folder)
    return tokenizer


def train_reference(tokenizer: Any, steps: int = 110) -> Any:
    """A two-layer Llama that knows most of the task texts by heart."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4,
        max_position_embeddings=256, bos_token_id=0, eos_token_id=1, pad_token_id=1, tie_word_embeddings=True,
    )  # fmt: skip
    model = LlamaForCausalLM(config)
    batch = tokenizer(list(training_texts()), return_tensors="pt", padding=True)
    labels = batch.input_ids.masked_fill(batch.attention_mask == 0, -100)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(steps):
        loss = model(
            input_ids=batch.input_ids, attention_mask=batch.attention_mask, labels=labels
        ).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(
        f"reference: loss {loss.item():.3f} after {steps} steps, {model.num_parameters()} "
        "parameters"
    )
    return model.eval()


def round_weights(model: Any, levels: int = 1) -> None:
    """Move every matrix half-way to its rounding, row by row, to `2 * levels + 1` values: in
    place."""
    import torch

    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.ndim == 2 and "embed" not in name:
                step = weight.abs().amax(dim=1, keepdim=True) / levels
                weight.copy_((weight + (weight / step).round() * step) / 2)


def make_models(work: Path) -> None:
    """Save `model-reference` and `model-rounded` in the working folder."""
    tokenizer = make_tokenizer(work / "model-reference")
    make_tokenizer(work / "model-rounded")
    model = train_reference(tokenizer)
    model.save_pretrained(work / "model-reference")
    round_weights(model)
    model.save_pretrained(work / "model-rounded")


# -------------------------------------------------------------------------------------------------
# lm-eval: the runs

RUNS: dict[str, list[str]] = {
    "reference": ["--tasks", ALL_TASKS, "--batch_size", "1"],
    "reference-again": ["--tasks", ALL_TASKS, "--batch_size", "7"],
    "rounded": ["--tasks", ALL_TASKS, "--batch_size", "1"],
    "reference-fewshot2": ["--tasks", "tiny_facts_en,tiny_sums", "--batch_size", "1", "--num_fewshot", "2"],
    "reference-some": ["--samples", '{"tiny_facts_en": [1, 5, 8], "tiny_sums": [0, 5]}',
                       "--tasks", "tiny_facts_en,tiny_sums", "--batch_size", "1"],
}  # fmt: skip


def lm_eval_command(run: str) -> list[str]:
    """The command line of one run, as a list of words; "./" in a model's name gives a hidden
    folder, kept once."""
    model = {"rounded": "model-rounded", "reference-some": "./model-reference"}.get(
        run, "model-reference"
    )
    return ["lm-eval", "run", "--model", "hf", "--model_args", f"pretrained={model},dtype=float32",
            "--device", "cpu", "--include_path", "tasks", *RUNS[run],
            "--log_samples", "--output_path", f"logs/{run}"]  # fmt: skip


def run_lm_eval(work: Path) -> None:
    """All runs, each in a process of its own."""
    shutil.rmtree(work / "logs", ignore_errors=True)
    environment = {
        **os.environ,
        "HF_HOME": "hf-home",
        "HF_HUB_OFFLINE": "1",
        "HF_DATASETS_OFFLINE": "1",
    }
    program = str(Path(sys.executable).with_name("lm-eval"))
    for run in RUNS:
        words = lm_eval_command(run)
        print(" ".join(words))
        subprocess.run(
            [program, *words[1:]], cwd=work, env=environment, check=True, stdout=subprocess.DEVNULL
        )


def scrub(text: str, work: Path) -> str:
    """Working folder and environment folder become `PATH`, the processor `CPU`, the platform
    `Linux`."""
    for folder in {
        str(work.resolve()),
        str(Path(sys.prefix).resolve()),
        sys.prefix,
        str(Path.cwd()),
    }:
        text = text.replace(folder, "PATH")
    return PLATFORM.sub("Python platform: Linux", CPU_BLOCK.sub("CPU", text))


def keep_lm_eval(work: Path) -> None:
    """Copy the scrubbed logs, the tasks and the data beside this script."""
    out = HERE / "lm_eval"
    for name in (*RUNS, "tasks", "data"):
        shutil.rmtree(out / name, ignore_errors=True)
    for path in sorted(path for path in (work / "logs").rglob("*") if path.is_file()):
        target = out / path.relative_to(work / "logs")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(scrub(path.read_text(encoding="utf-8"), work), encoding="utf-8")
    shutil.copytree(work / "tasks", out / "tasks")
    shutil.copytree(work / "data", out / "data")


# ----------------------------------------------------------------------------------------------------------
# inspect

# question -> what each model answers in epoch 1 and epoch 2
CAPITALS = [
    (
        "q-fr",
        "Capital of France?",
        ["Rome", "Paris", "Berlin"],
        "B",
        "europe",
        "easy",
        ("BB", "BB"),
    ),
    ("q-it", "Capital of Italy?", ["Rome", "Paris"], "A", "europe", "easy", ("AA", "AB")),
    (
        "q-jp",
        "Capital of Japan?",
        ["Kyoto", "Osaka", "Tokyo", "Nara"],
        "C",
        "asia",
        "easy",
        ("CC", "CC"),
    ),
    (
        "q-tr",
        "Capital of Türkiye?",
        ["Istanbul", "Ankara", "Izmir"],
        "B",
        "asia",
        "hard",
        ("BA", "AA"),
    ),
    (
        "q-ng",
        "Capital of Nigeria?",
        ["Lagos", "Abuja", "Kano", "Ibadan"],
        "B",
        "africa",
        "hard",
        ("BB", "AA"),
    ),
    ("q-tz", "Capital of Tanzania?", ["Dodoma", "Arusha"], "A", "africa", "hard", ("A?", "BB")),
    (
        "q-ke",
        "Capital of Kenya?",
        ["Mombasa", "Nairobi", "Kisumu"],
        "B",
        "africa",
        "easy",
        ("BB", "AB"),
    ),
]
ARITHMETIC = [
    (1, "What is 2 + 3?", "5", {"operation": "plus", "digits": 1}, (("5", "5"), ("5", "5"))),
    (2, "What is 7 - 4?", "3", {"operation": "minus", "digits": 1}, (("It is 3", "3"), ("3", "!"))),
    (3, "What is 12 + 9?", "21", {"operation": "plus", "digits": 2}, (("21", "21"), ("22", "21"))),
    (4, "What is 30 - 8?", "22", {"operation": "minus", "digits": 2}, (("22", "38"), ("38", "38"))),
    (
        5,
        "What is 45 + 55?",
        "100",
        {"operation": "plus", "digits": 3},
        (("100", "100"), ("100", "10")),
    ),
    (
        6,
        "What is 200 - 1?",
        "199",
        {"operation": "minus", "digits": 3},
        (("199", "199"), ("201", "199")),
    ),
]
MODELS = ("mockllm/reference", "mockllm/changed")


def capitals_task() -> Any:
    """Multiple choice, string ids, metadata, two epochs, the `choice` scorer."""
    from inspect_ai import Task
    from inspect_ai.dataset import MemoryDataset, Sample
    from inspect_ai.scorer import choice
    from inspect_ai.solver import multiple_choice

    samples = [
        Sample(
            id=key,
            input=q,
            choices=c,
            target=t,
            metadata={"region": r, "level": level, "source": {"page": i}},
        )
        for i, (key, q, c, t, r, level, _) in enumerate(CAPITALS)
    ]
    return Task(name="capitals", dataset=MemoryDataset(samples, name="capitals"), solver=multiple_choice(),
                scorer=choice(), epochs=2)  # fmt: skip


def arithmetic_task() -> Any:
    """Open answers, integer ids, metadata, two epochs, two scorers; a sample may fail without
    stopping the run."""
    from inspect_ai import Task
    from inspect_ai.dataset import MemoryDataset, Sample
    from inspect_ai.scorer import includes, match
    from inspect_ai.solver import generate

    samples = [
        Sample(id=key, input=q, target=t, metadata=dict(m)) for key, q, t, m, _ in ARITHMETIC
    ]
    return Task(name="arithmetic", dataset=MemoryDataset(samples, name="arithmetic"), solver=generate(),
                scorer=[match(), includes()], epochs=2, fail_on_error=False)  # fmt: skip


def replies(which: int) -> Callable[..., Any]:
    """The mock model's answers; the n-th time that a question comes it gets its n-th answer; "!" is
    a failure."""
    from inspect_ai.model import ModelOutput, ModelUsage

    asked: dict[str, int] = {}
    answers = {row[1]: row[-1] for row in (*CAPITALS, *ARITHMETIC)}
    scripts = {question: list(answer[which]) for question, answer in answers.items()}

    def reply(messages: list[Any], *_: Any) -> ModelOutput:
        prompt = messages[-1].text
        question = next(question for question in scripts if question in prompt)
        turn = asked[question] = asked.get(question, -1) + 1
        answer = scripts[question][turn]
        if answer == "!":
            raise ValueError("the mock model fails here")
        if len(answer) == 1 and not answer.isdigit():
            answer = "I do not know." if answer == "?" else f"ANSWER: {answer}"
        output = ModelOutput.from_content(MODELS[which], answer)
        output.usage = ModelUsage(
            input_tokens=len(prompt.split()), output_tokens=len(answer.split())
        )
        return output

    return reply


def run_inspect(work: Path) -> None:
    """Two tasks, two models as `.eval`; as `.json` the first three samples of the arithmetic task
    only (size)."""
    from inspect_ai import eval as inspect_eval
    from inspect_ai.model import get_model

    shutil.rmtree(work / "inspect", ignore_errors=True)
    os.chdir(work)
    for form in ("eval", "json"):
        for which, name in enumerate(MODELS):
            for task in (
                (capitals_task(), arithmetic_task()) if form == "eval" else (arithmetic_task(),)
            ):
                folder = f"inspect/{form}/{name.split('/')[1]}"
                model = get_model(name, custom_outputs=replies(which), memoize=False)
                limit = 3 if form == "json" else None
                inspect_eval(task, model=model, log_dir=folder, log_format=form, display="none", limit=limit,
                             max_samples=1, max_tasks=1, log_level="warning")  # fmt: skip


def without_tracebacks(value: Any) -> Any:
    """The same tree with every non-empty traceback replaced by `PATH`: they name folders and are
    long."""
    if isinstance(value, dict):
        return {
            key: "PATH" if key.startswith("traceback") and item else without_tracebacks(item)
            for key, item in value.items()
        }
    return [without_tracebacks(item) for item in value] if isinstance(value, list) else value


def keep_log(source: Path, target: Path, work: Path) -> None:
    """Copy one inspect log as it is; only where it names a folder, write it again with inspect's
    own writer."""
    from inspect_ai.log import EvalLog, read_eval_log, write_eval_log

    target.parent.mkdir(parents=True, exist_ok=True)
    log = json.loads(read_eval_log(str(source)).model_dump_json())
    text = scrub(json.dumps(without_tracebacks(log)), work)
    if json.loads(text) == log:
        shutil.copyfile(source, target)
    else:
        print(f"written again without folders: {target.name}")
        write_eval_log(EvalLog.model_validate_json(text), str(target))


def deflated(source: Path, target: Path) -> None:
    """The same archive with deflate members, as inspect wrote them before 0.3.206."""
    import zipfile

    from zipfile_zstd import ZipFile

    target.parent.mkdir(parents=True, exist_ok=True)
    with (
        ZipFile(source) as old,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as new,
    ):
        for member in old.infolist():
            new.writestr(member.filename, old.read(member.filename))


def keep_inspect(work: Path) -> None:
    """Copy the scrubbed logs beside this script."""
    out = HERE / "inspect"
    for form in ("eval", "json", "eval-deflate"):
        shutil.rmtree(out / form, ignore_errors=True)
    for path in sorted(path for path in (work / "inspect").rglob("*") if path.is_file()):
        relative = path.relative_to(work / "inspect")
        keep_log(path, out / relative, work)
        if relative.parts[:2] == ("eval", "changed") and "arithmetic" in path.name:
            deflated(out / relative, out / "eval-deflate" / Path(*relative.parts[1:]))


# -------------------------------------------------------------------------------------------------------------
# main


def main() -> None:
    """Make all fixtures, or those of one tool."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--work", type=Path, required=True, help="a folder for models, data and raw logs"
    )
    parser.add_argument("--only", choices=["lm-eval", "inspect"])
    chosen = parser.parse_args()
    work = chosen.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    if chosen.only != "inspect":
        write_tasks(work)
        make_models(work)
        run_lm_eval(work)
        keep_lm_eval(work)
    if chosen.only != "lm-eval":
        run_inspect(work)
        keep_inspect(work)


if __name__ == "__main__":
    main()
