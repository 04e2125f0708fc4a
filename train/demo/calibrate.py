"""Calibration of the slide score: tiles without cells say nothing, so a mean of tile probabilities is timid."""

import numpy as np


def fit_logistic(score: np.ndarray, positive: np.ndarray) -> tuple[float, float]:
    """Slope and intercept on the logit of the score, by Newton's method with a weak prior on the slope."""
    x = np.c_[np.log(score / (1 - score)), np.ones(len(score))]
    ridge = np.diag([0.05, 0.0])
    w = np.zeros(2)
    for _ in range(50):
        p = 1 / (1 + np.exp(-x @ w))
        gradient = x.T @ (p - positive) + ridge @ w
        w = w - np.linalg.solve((x * (p * (1 - p))[:, None]).T @ x + ridge + 1e-9 * np.eye(2), gradient)
    return round(float(w[0]), 4), round(float(w[1]), 4)


def apply_logistic(score: np.ndarray, slope: float, intercept: float) -> np.ndarray:
    return 1 / (1 + np.exp(-(slope * np.log(score / (1 - score)) + intercept)))
