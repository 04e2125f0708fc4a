import unittest

import numpy as np

from train.common.calibrate import apply_logistic, fit_logistic
from train.common.errors import TrainingError
from train.common.metrics import auc, log_loss, partial_auc

LABELS = np.array([0, 0, 0, 1, 1, 0, 1, 0, 0, 1])


class MetricsTest(unittest.TestCase):
    def test_perfect_constant_and_inverted(self):
        for scores, whole, part in ((LABELS, 1, 0.2), (np.full(10, 0.3), 0.5, 0.02), (1 - LABELS, 0, 0)):
            self.assertAlmostEqual(auc(scores, LABELS), whole, 14)
            self.assertAlmostEqual(partial_auc(scores, LABELS), part, 14)

    def test_auc_is_the_share_of_pairs_in_order(self):
        rng = np.random.default_rng(1)
        for _ in range(20):
            scores, labels = rng.integers(0, 6, 40) / 5, rng.integers(0, 2, 40)
            if labels.min() == labels.max():
                continue
            pairs = [(p > n) + (p == n) / 2 for p in scores[labels == 1] for n in scores[labels == 0]]
            self.assertAlmostEqual(auc(scores, labels), np.mean(pairs), 12)
            self.assertAlmostEqual(partial_auc(scores, labels, 0.0), np.mean(pairs), 12)

    def test_a_part_of_the_curve_is_cut_within_a_step(self):
        # One tie of all rows from (0, 0) to (1, 1): above y = 0.5 the area is 0.5 * 0.25.
        self.assertAlmostEqual(partial_auc([1, 1], [0, 1], 0.5), 0.125, 14)

    def test_log_loss(self):
        self.assertAlmostEqual(log_loss([0.8, 0.4], [1, 0]), -(np.log(0.8) + np.log(0.6)) / 2, 14)
        self.assertAlmostEqual(log_loss([0, 1], [1, 0]), -np.log(1e-6), 9)

    def test_one_class_and_what_is_no_number_are_errors(self):
        for scores, labels in (([0.1, 0.2], [1, 1]), ([0.1, 0.2], [0, 0]), ([0.1, float("nan")], [0, 1])):
            for metric in (auc, partial_auc, log_loss):
                with self.assertRaisesRegex(TrainingError, "METRIC_UNDEFINED"):
                    metric(scores, labels)

    def test_calibration_finds_what_under_sampling_moved(self):
        rng = np.random.default_rng(1)
        true = rng.normal(-1, 1.5, 20000)
        labels = rng.random(20000) < 1 / (1 + np.exp(-true))
        moved = 1 / (1 + np.exp(-(true + 1.1)))
        slope, intercept = fit_logistic(moved, labels)
        self.assertAlmostEqual(slope, 1, delta=0.05)
        self.assertAlmostEqual(intercept, -1.1, delta=0.06)
        self.assertLess(log_loss(apply_logistic(moved, slope, intercept), labels), log_loss(moved, labels))


if __name__ == "__main__":
    unittest.main()
