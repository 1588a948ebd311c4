"""Train a few seeds, prune their checkpoints, record both, and audit who pays for it.

Needs torch and scikit-learn (the lab extra). About ten seconds on a CPU.
"""

import torch
from sklearn.datasets import load_digits
from torch.nn.utils import prune

import undertow

digits = load_digits()
pixels = torch.tensor(digits.images / 16, dtype=torch.float32).reshape(-1, 64)
labels = torch.tensor(digits.target)
train, test = torch.arange(900), torch.arange(900, len(labels))
pictures = (digits.images[test] * 15.9).astype("uint8")
ink = ["little" if x < 0.3 else "much" for x in pixels[test].mean(1)]
examples = {"example_id": test, "label": labels[test], "ink": ink, "input": pictures}
seen = {"example_id": train, "label": labels[train]}


def network() -> torch.nn.Sequential:
    return torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 10))


with undertow.Recorder("runs/dense", examples, classes=10, train=seen) as recorder:
    for seed in range(6):
        torch.manual_seed(seed)
        member, model = recorder.member(seed, seeds={"all": seed}), network()
        optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
        for epoch in range(20):
            for ids in train[torch.randperm(len(train))].split(64):
                logits = model(pixels[ids])
                member.saw(ids, logits, epoch=epoch)
                optimizer.zero_grad()
                torch.nn.functional.cross_entropy(logits, labels[ids]).backward()
                optimizer.step()
        torch.save(model.state_dict(), f"runs/dense-{seed}.pt")
        member.answers(test, logits=model(pixels[test]))

with undertow.Recorder("runs/pruned", examples, classes=10, parent="runs/dense") as recorder:
    for seed in range(6):
        model = network()
        model.load_state_dict(torch.load(f"runs/dense-{seed}.pt", weights_only=True))
        weights = [(layer, "weight") for layer in (model[0], model[2])]
        prune.global_unstructured(weights, prune.L1Unstructured, amount=0.8)
        member = recorder.member(seed)
        member.facts(sparsity=0.8)
        member.answers(test, logits=model(pixels[test]))

found = undertow.compare("runs/dense", "runs/pruned", by=["class", "ink"])
print(found)
print(found.report("audit"))
