import json
import unittest

from train.common.errors import TrainingError
from train.lesions.columns import read_labels
from train.lesions.folds import assign_patients, fold_of_rows, read_folds, write_folds
from train.tests.support import lesions, scratch


class FoldsTest(unittest.TestCase):
    def setUp(self):
        self.table = lesions(300, 1) / "train-metadata.csv"

    def test_no_patient_is_in_two_folds_and_every_row_in_one(self):
        names, patients, _ = read_labels(self.table)
        folds = write_folds(self.table, scratch() / "a.json", 5, 7)
        rows = fold_of_rows(folds, patients)
        self.assertEqual(len(rows), len(names))
        for patient in set(patients):
            self.assertEqual(len({f for f, p in zip(rows, patients) if p == patient}), 1)
        self.assertEqual(set(rows.tolist()), set(range(5)))

    def test_positives_and_lesions_are_spread_evenly(self):
        _, patients, labels = read_labels(self.table)
        rows = fold_of_rows(write_folds(self.table, scratch() / "b.json", 4, 7), patients)
        positives = [sum(label for f, label in zip(rows, labels) if f == fold) for fold in range(4)]
        counts = [int((rows == fold).sum()) for fold in range(4)]
        # No more apart than one patient can make them.
        self.assertLessEqual(max(positives) - min(positives), 4)
        self.assertLessEqual(max(counts) - min(counts), 24)

    def test_a_seed_gives_the_same_file(self):
        one, two = scratch() / "one.json", scratch() / "two.json"
        write_folds(self.table, one, 4, 7)
        write_folds(self.table, two, 4, 7)
        self.assertEqual(one.read_bytes(), two.read_bytes())
        self.assertNotEqual(write_folds(self.table, two, 4, 8)["digest"], json.loads(one.read_text())["digest"])

    def test_a_changed_file_is_refused(self):
        path = scratch() / "changed.json"
        write_folds(self.table, path, 4, 7)
        folds = json.loads(path.read_text())
        patient = next(iter(folds["patients"]))
        folds["patients"][patient] = (folds["patients"][patient] + 1) % 4
        path.write_text(json.dumps(folds))
        with self.assertRaisesRegex(TrainingError, "FOLDS_INVALID.*digest"):
            read_folds(path, self.table)

    def test_another_table_is_refused(self):
        path = scratch() / "other.json"
        write_folds(self.table, path, 4, 7)
        with self.assertRaisesRegex(TrainingError, "FOLDS_INVALID.*another table"):
            read_folds(path, lesions(300, 1) / "test-metadata.csv")

    def test_a_fold_with_one_class_is_refused_by_its_number(self):
        table = scratch() / "few.csv"
        rows = [f"I{i},P{i % 6},{1 if i == 0 else 0}" for i in range(60)]
        table.write_text("isic_id,patient_id,target\n" + "\n".join(rows) + "\n")
        with self.assertRaisesRegex(TrainingError, "FOLD_ONE_CLASS: fold 1 of 3 has only lesions of class 0"):
            write_folds(table, scratch() / "few.json", 3, 1)
        self.assertFalse((scratch() / "few.json").exists())

    def test_rows_without_patient_and_names_that_are_there_twice_are_refused(self):
        table = scratch() / "bad.csv"
        for rows, found in (("I1,,0", "no patient_id"), ("I1,P1,0\nI1,P1,1", "I1 twice"), ("I1,P1,maybe", "'maybe'")):
            table.write_text(f"isic_id,patient_id,target\n{rows}\n")
            with self.assertRaisesRegex(TrainingError, found):
                read_labels(table)

    def test_the_largest_patient_does_not_break_the_balance(self):
        patients = ["big"] * 50 + [f"p{i}" for i in range(50)]
        fold_of = assign_patients(patients, [0] * 98 + [1, 1], 2, 1)
        alone = [p for p, fold in fold_of.items() if fold == fold_of["big"]]
        self.assertLessEqual(len(alone), 3)


if __name__ == "__main__":
    unittest.main()
