"""How good scores are. The definitions are those of the library (docs/guide/evaluate.md)."""

import numpy as np

from train.common.errors import TrainingError

LOWEST, HIGHEST = 1e-6, 1 - 1e-6


def _checked(scores, labels) -> tuple[np.ndarray, np.ndarray]:
    scores, positive = np.asarray(scores, np.float64), np.asarray(labels) == 1
    if not np.isfinite(scores).all():
        raise TrainingError("METRIC_UNDEFINED", "a score is not a number")
    if positive.all() or not positive.any():
        raise TrainingError("METRIC_UNDEFINED", "all labels are of one class")
    return scores, positive


def _curve(scores: np.ndarray, positive: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """False and true positive rate at each different score, from the highest down. Equal scores are one point."""
    order = np.argsort(-scores, kind="stable")
    last_of_value = np.append(np.diff(scores[order]) != 0, True)
    found = np.cumsum(positive[order])[last_of_value]
    wrong = np.cumsum(~positive[order])[last_of_value]
    return np.append(0, wrong / wrong[-1]), np.append(0, found / found[-1])


def auc(scores, labels) -> float:
    false_rate, true_rate = _curve(*_checked(scores, labels))
    return float((np.diff(false_rate) * (true_rate[1:] + true_rate[:-1]) / 2).sum())


def partial_auc(scores, labels, least_true_rate: float = 0.8) -> float:
    """Area between the ROC curve and the line of that true positive rate: 0 to 1 - least_true_rate."""
    false_rate, true_rate = _curve(*_checked(scores, labels))
    area = 0.0
    for x0, y0, x1, y1 in zip(false_rate, true_rate, false_rate[1:], true_rate[1:]):
        if y1 <= least_true_rate or y1 == y0:
            continue
        if y0 < least_true_rate:
            x0 += (x1 - x0) * (least_true_rate - y0) / (y1 - y0)
            y0 = least_true_rate
        area += (y1 - y0) * (1 - (x0 + x1) / 2)
    return float(area)


def log_loss(scores, labels) -> float:
    scores, positive = _checked(scores, labels)
    clipped = np.clip(scores, LOWEST, HIGHEST)
    return float(-np.where(positive, np.log(clipped), np.log1p(-clipped)).mean())


def all_metrics(scores, labels) -> dict[str, float]:
    return {"log_loss": log_loss(scores, labels), "auc": auc(scores, labels), "pauc": partial_auc(scores, labels)}
