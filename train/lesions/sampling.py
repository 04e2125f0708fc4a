"""Which lesions an epoch trains on: all positives, and another part of the negatives each time."""

import numpy as np


def epoch_rows(labels: np.ndarray, rows: np.ndarray, negatives_per_positive: float, seed: int, epoch: int) -> np.ndarray:
    """Rows in the order of training, the same on every rank. Over the epochs the negatives are taken in turn, each as often as
    the others; 0 negatives for each positive takes all of them."""
    positives, negatives = rows[labels[rows] == 1], rows[labels[rows] == 0]
    wanted = len(negatives) if negatives_per_positive == 0 else round(negatives_per_positive * len(positives))
    count = min(len(negatives), wanted)
    first = epoch * count
    taken = []
    while count > 0:
        cycle, place = divmod(first, len(negatives))
        shuffled = np.random.default_rng([seed, 1, cycle]).permutation(negatives)
        part = shuffled[place : place + count]
        taken.append(part)
        first, count = first + len(part), count - len(part)
    chosen = np.concatenate([positives, *taken])
    return np.random.default_rng([seed, 2, epoch]).permutation(chosen)


def share_of(rows: np.ndarray, rank: int, ranks: int) -> np.ndarray:
    """One rank's rows of an epoch. All ranks get the same number: the last ones begin again at the front."""
    whole = -(-len(rows) // ranks) * ranks
    return np.resize(rows, whole)[rank::ranks]
