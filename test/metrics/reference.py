"""Reference values of test/metrics/roc.test.ts: scikit-learn's, and the partial area computed by its definition on the
flipped problem. Run with scikit-learn installed: python test/metrics/reference.py > test/metrics/reference.json"""

import json

import numpy as np
import sklearn
from sklearn.metrics import auc, roc_auc_score, roc_curve


def partial_area(labels, scores, min_rate):
    """Above a true-positive rate: the flipped problem's area up to the false-positive rate 1 - min_rate."""
    most = abs(1 - min_rate)
    false_rate, true_rate, _ = roc_curve(1 - np.asarray(labels), -np.asarray(scores), drop_intermediate=False)
    stop = np.searchsorted(false_rate, most, "right")
    at_most = np.interp(most, false_rate[stop - 1 : stop + 1], true_rate[stop - 1 : stop + 1])
    return float(auc(np.append(false_rate[:stop], most), np.append(true_rate[:stop], at_most)))


def log_loss(labels, scores):
    held = np.clip(scores, 1e-16, 1 - 1e-16)
    return float(-np.mean(np.where(np.asarray(labels) == 1, np.log(held), np.log(1 - held))))


def case(name, labels, scores):
    labels, scores = [int(label) for label in labels], [float(score) for score in scores]
    return {
        "name": name,
        "labels": labels,
        "scores": scores,
        "auc": float(roc_auc_score(labels, scores)),
        "partialAuc": partial_area(labels, scores, 0.8),
        "partialAuc50": partial_area(labels, scores, 0.5),
        "logLoss": log_loss(labels, scores),
    }


def random_case(random, name, rows, share, decimals=None, two=False):
    labels = (random.random(rows) < share).astype(int)
    labels[:2] = 1, 0
    scores = np.clip(0.35 * labels + 0.6 * random.random(rows), 0, 1)
    if decimals is not None:
        scores = np.round(scores, decimals)
    if two:
        scores = np.where(scores > 0.5, 0.9, 0.1)
    return case(name, labels, np.round(scores, 6))


random = np.random.default_rng(7)
sorted_labels = [0] * 12 + [1] * 8
cases = [
    case("perfect", sorted_labels, np.linspace(0.01, 0.99, 20)),
    case("inverted", sorted_labels, np.linspace(0.99, 0.01, 20)),
    case("constant", sorted_labels, [0.3] * 20),
    random_case(random, "random", 200, 0.3),
    random_case(random, "heavy ties", 300, 0.2, decimals=1),
    random_case(random, "rare", 400, 0.03),
    random_case(random, "two scores", 100, 0.4, two=True),
]
print(json.dumps({"library": f"scikit-learn {sklearn.__version__}", "cases": cases}))
