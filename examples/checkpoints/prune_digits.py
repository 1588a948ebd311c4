"""Train a few seeds, prune their checkpoints, record both, and audit who pays for it.

Needs torch and scikit-learn. It takes some seconds on a CPU.
"""

import torch
from sklearn.datasets import load_digits
from torch.nn.utils import prune

import undertow

data, count = load_digits(), 900  # The first 900 digits are learned from, the others tested on.
pixels = torch.tensor(data.images / 16, dtype=torch.float32).flatten(1)
labels, ids = torch.tensor(data.target), torch.arange(len(data.target))
train = {"example_id": ids[:count], "label": labels[:count]}
test = {"example_id": ids[count:], "label": labels[count:]}
test["ink"] = ["little" if ink < 0.3 else "much" for ink in pixels[count:].mean(dim=1)]
test["input"] = (data.images[count:] * 15.9).astype("uint8")  # The report shows them.


def network() -> torch.nn.Sequential:
    return torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 10))


with undertow.Recorder("runs/dense", test, classes=10, train=train) as recorder:
    for seed in range(6):
        if recorder.done(seed):  # By an earlier run of this script.
            continue
        torch.manual_seed(seed)
        member, model = recorder.member(seed, seeds=seed), network()
        optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
        for epoch in range(20):
            for batch in torch.randperm(count).split(64):
                logits = model(pixels[batch])
                member.saw(batch, logits, epoch=epoch)
                optimizer.zero_grad()
                torch.nn.functional.cross_entropy(logits, labels[batch]).backward()
                optimizer.step()
        torch.save(model.state_dict(), f"runs/dense-{seed}.pt")
        member.answers(ids[count:], logits=model(pixels[count:]))

with undertow.Recorder("runs/pruned", test, classes=10, parent="runs/dense") as recorder:
    for seed in range(6):
        if recorder.done(seed):
            continue
        member, model = recorder.member(seed), network()
        model.load_state_dict(torch.load(f"runs/dense-{seed}.pt", weights_only=True))
        layers = [(model[0], "weight"), (model[2], "weight")]
        prune.global_unstructured(layers, prune.L1Unstructured, amount=0.8)
        member.facts(sparsity=0.8)
        member.answers(ids[count:], logits=model(pixels[count:]))

found = undertow.compare("runs/dense", "runs/pruned", by=["class", "ink"])
print(found, "\n", found.report("audit", force=True))
