import json
import sys
from math import hypot
from pathlib import Path

from scipy.stats import norm


def results(run):
    (file,) = Path(run).glob("*/results_*.json")
    return json.loads(file.read_text())["results"]


old, new = results("reference"), results(sys.argv[1])


def tested(called, effect, error):
    p = 2 * norm.sf(abs(effect / error))  # calculate_z_value of scripts/model_comparator.py
    return f"{called} {100 * effect:+.1f} points, standard error {100 * error:.1f}, p {p:.2f}"


effects, errors, said = [], [], []
for task in old:
    effects.append(new[task]["acc,none"] - old[task]["acc,none"])
    errors.append(hypot(old[task]["acc_stderr,none"], new[task]["acc_stderr,none"]))
    said.append(tested(task, effects[-1], errors[-1]))
both = tested("both together", sum(effects) / 2, hypot(*errors) / 2)  # of equal size
print(f"loss: {'; '.join(said)}; {both}; as if the two runs had answered different questions")
