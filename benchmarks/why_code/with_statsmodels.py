import sys

import numpy as np
import statsmodels.api as sm
from logs import read
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

old, again, new = read("reference"), read("reference-again"), read(sys.argv[1])
assert (old[["prompt_hash", "target_hash"]] == new[["prompt_hash", "target_hash"]]).all(None)
print("equal: prompts and targets, by a line of one's own; nothing else unless one thinks of it")


def fitted(rows, level=0.05):
    change = (new.acc - old.acc)[rows]
    groups = old.article[rows]
    fit = sm.OLS(change, np.ones(len(change))).fit(
        cov_type="cluster", cov_kwds={"groups": groups}, use_t=True
    )
    return fit.params.iloc[0], *fit.conf_int(level).iloc[0], fit.pvalues.iloc[0]


effect, low, high, p = fitted(old.index)
exact = mcnemar([[0, lost := ((old.acc > new.acc).sum())], [(new.acc > old.acc).sum(), 0]]).pvalue
print(
    f"loss: {100 * effect:+.1f} points ({100 * low:+.1f} to {100 * high:+.1f}), p {p:.4f}, paired, "
    f"articles as clusters; exact McNemar, examples taken alone, p {exact:.4f}"
)

languages = sorted(old.language.unique())
each = [fitted(old.index[old.language == language])[3] for language in languages]
holm = multipletests(each, method="holm")[1]
alone = [name for name, p in zip(languages, each) if p < 0.05]
left = [name for name, p in zip(languages, holm) if p < 0.05]
print(
    f"languages: {len(alone)} of {len(languages)} change with p < .05 ({', '.join(alone)}); after "
    f"Holm {len(left)}{''.join(f' ({n})' for n in left)}"
)

changed, repeated = (old.answer != new.answer).mean(), (old.answer != again.answer).mean()
print(f"changed: {100 * changed:.1f} % of answers; a repeat run {100 * repeated:.1f} %")

_, low, high, _ = fitted(old.index, level=0.10)
verdict = "pass" if low > -0.01 else "fail" if high < -0.01 else "cannot tell"
print(
    f"release: {verdict} (one-sided 95 % limits {100 * low:+.1f} and {100 * high:+.1f}), "
    "by a rule of one's own"
)
print(f"examples: {lost} newly wrong, as rows of a frame")
