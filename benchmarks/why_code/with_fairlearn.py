import sys

from fairlearn.metrics import MetricFrame
from logs import read

old, again, new = read("reference"), read("reference-again"), read(sys.argv[1])


def change(before, after):
    return (after - before).mean()


def changed(before, after):
    return (after != before).mean()


frame = MetricFrame(
    metrics=change,
    y_true=old.acc,
    y_pred=new.acc,
    sensitive_features=old.language,
    n_boot=1000,
    ci_quantiles=[0.025, 0.975],
    random_state=0,
)
low, high = frame.overall_ci
print(
    f"loss: {100 * frame.overall:+.1f} points ({100 * low:+.1f} to {100 * high:+.1f}), paired "
    "bootstrap of examples; no p, no clusters"
)

below = frame.by_group[frame.by_group_ci[1] < 0].sort_values()
named = ", ".join(f"{name} {100 * effect:+.1f}" for name, effect in below.items())
print(
    f"languages: {len(below)} of {len(frame.by_group)} have an interval below 0 ({named}); "
    "not corrected for their number"
)

of_old = {"y_true": old.answer, "sensitive_features": old.language, "metrics": changed}
answers, repeat = (MetricFrame(y_pred=run.answer, **of_old).overall for run in (new, again))
print(f"changed: {100 * answers:.1f} % of answers; a repeat run {100 * repeat:.1f} %")
