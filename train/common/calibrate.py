"""Calibration: a network trained on fewer negatives than there are gives probabilities that are too high, and a mean over tiles ones that are
too near to one half."""

import numpy as np

from train.common.metrics import HIGHEST, LOWEST


def log_odds(scores: np.ndarray) -> np.ndarray:
    clipped = np.clip(scores, LOWEST, HIGHEST)
    return np.log(clipped) - np.log1p(-clipped)


def fit_logistic(scores: np.ndarray, positive: np.ndarray, likely_slope: float = 1.0) -> tuple[float, float]:
    """Slope and intercept on the log odds, by Newton's method; a weak prior around `likely_slope` holds the slope where the classes do not overlap."""
    x = np.c_[log_odds(scores), np.ones(len(scores))]
    prior, weights = np.diag([0.05, 1e-6]), np.array([1.0, 0.0])
    for _ in range(100):
        p = 1 / (1 + np.exp(-x @ weights))
        gradient = x.T @ (p - positive) + prior @ (weights - [likely_slope, 0.0])
        step = np.linalg.solve((x * (p * (1 - p))[:, None]).T @ x + prior, gradient)
        weights = weights - np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-10:
            break
    return round(float(weights[0]), 4), round(float(weights[1]), 4)


def apply_logistic(scores: np.ndarray, slope: float, intercept: float) -> np.ndarray:
    return 1 / (1 + np.exp(-(slope * log_odds(scores) + intercept)))
