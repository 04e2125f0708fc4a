import unittest
from collections import Counter

import numpy as np

from train.lesions.augment import augmented
from train.lesions.sampling import epoch_rows, share_of

LABELS = np.array([1] * 10 + [0] * 95)
ROWS = np.arange(len(LABELS))


class SamplingTest(unittest.TestCase):
    def test_every_epoch_has_all_positives_and_so_many_negatives_once(self):
        for epoch in range(5):
            rows = epoch_rows(LABELS, ROWS, 3, 1, epoch)
            self.assertEqual(sorted(rows[rows < 10]), list(range(10)))
            self.assertEqual(len(rows), 40)

    def test_negatives_take_turns(self):
        seen = Counter(int(row) for epoch in range(19) for row in epoch_rows(LABELS, ROWS, 3, 1, epoch) if row >= 10)
        # 19 epochs of 30 negatives are six times all 95.
        self.assertEqual(set(seen.values()), {6})
        self.assertEqual(len(seen), 95)

    def test_all_negatives_where_none_are_left_out(self):
        self.assertEqual(sorted(epoch_rows(LABELS, ROWS, 0, 1, 4)), ROWS.tolist())
        self.assertEqual(sorted(epoch_rows(LABELS, ROWS, 1000, 1, 4)), ROWS.tolist())

    def test_seed_and_epoch_decide(self):
        self.assertEqual(epoch_rows(LABELS, ROWS, 3, 1, 2).tolist(), epoch_rows(LABELS, ROWS, 3, 1, 2).tolist())
        self.assertNotEqual(epoch_rows(LABELS, ROWS, 3, 1, 2).tolist(), epoch_rows(LABELS, ROWS, 3, 2, 2).tolist())
        self.assertNotEqual(epoch_rows(LABELS, ROWS, 3, 1, 2).tolist(), epoch_rows(LABELS, ROWS, 3, 1, 3).tolist())

    def test_only_rows_that_were_given(self):
        given = np.array([0, 1, 20, 30, 40])
        self.assertLessEqual(set(epoch_rows(LABELS, given, 3, 1, 0).tolist()), set(given.tolist()))

    def test_ranks_get_equally_many_and_together_all(self):
        rows = np.arange(41)
        shares = [share_of(rows, rank, 4) for rank in range(4)]
        self.assertEqual({len(share) for share in shares}, {11})
        self.assertEqual(set(np.concatenate(shares).tolist()), set(range(41)))
        self.assertEqual(share_of(rows, 0, 1).tolist(), rows.tolist())

    def test_augmentation_depends_on_seed_epoch_and_row_alone(self):
        pixels = np.random.default_rng(1).integers(0, 256, (32, 32, 3), dtype=np.uint8)
        first = augmented(pixels, 1, 2, 3)
        self.assertTrue(np.array_equal(first, augmented(pixels, 1, 2, 3)))
        for other in ((2, 2, 3), (1, 3, 3), (1, 2, 4)):
            self.assertFalse(np.array_equal(first, augmented(pixels, *other)))
        self.assertEqual((first.shape, first.dtype), ((32, 32, 3), np.float32))
        self.assertTrue(first.min() >= 0 and first.max() <= 1)


if __name__ == "__main__":
    unittest.main()
