import unittest

import numpy as np

from train.common.errors import TrainingError
from train.lesions.columns import LEAKS, TEST_COLUMNS, check_inputs, header_of, read_columns, read_labels
from train.lesions.table import encode_table, fit_table
from train.tests.support import lesions, scratch


class LeakTest(unittest.TestCase):
    def test_each_column_that_leaks_is_refused_by_name(self):
        for name in (*LEAKS, "iddx_6", "mel_type"):
            with self.assertRaisesRegex(TrainingError, f"LEAK_COLUMN: the column {name} tells the label"):
                check_inputs(["age_approx", name])

    def test_names_of_rows_are_refused(self):
        for name in ("isic_id", "patient_id", "attribution", "copyright_license"):
            with self.assertRaisesRegex(TrainingError, f"the column {name} names the row"):
                check_inputs([name])

    def test_what_the_test_does_not_have_is_refused(self):
        with self.assertRaisesRegex(TrainingError, "the column biopsy is not in the metadata of the test"):
            check_inputs(["biopsy"])
        with self.assertRaisesRegex(TrainingError, "the column sex is not"):
            check_inputs(["sex"], ["isic_id", "age_approx"])
        check_inputs(["sex", "age_approx", "tbp_lv_H"])

    def test_generated_tables_have_the_columns_of_isic_2024(self):
        data = lesions(300, 1)
        self.assertEqual(tuple(header_of(data / "test-metadata.csv")), TEST_COLUMNS)
        self.assertEqual(len(TEST_COLUMNS), 44)
        self.assertEqual(set(header_of(data / "train-metadata.csv")) - set(TEST_COLUMNS), set(LEAKS))
        self.assertEqual(len(header_of(data / "train-metadata.csv")), 55)


class TableTest(unittest.TestCase):
    def test_values_of_training_alone_decide_and_new_rows_are_encoded_alike(self):
        table = lesions(300, 1) / "train-metadata.csv"
        _, patients, _ = read_labels(table)
        used = np.arange(len(patients)) % 3 != 0
        made = fit_table(table, patients, ("age_approx", "sex", "tbp_lv_norm_border"), used)
        again = encode_table(table, patients, made.description)
        self.assertTrue(np.array_equal(made.values, again))
        ages = [float(a) for a, u in zip(read_columns(table, ["age_approx"])["age_approx"], used) if u and a]
        self.assertAlmostEqual(made.description["columns"][0]["mean"], np.mean(ages))
        self.assertEqual(made.description["columns"][1]["type"], "words")

    def test_where_a_lesion_stands_among_those_of_its_patient(self):
        table = scratch() / "within.csv"
        table.write_text("isic_id,patient_id,v\na,P,1\nb,P,1\nc,P,4\nd,Q,9\ne,Q,\n")
        made = fit_table(table, ["P", "P", "P", "Q", "Q"], ("v",), np.ones(5, bool)).values
        self.assertTrue(np.allclose(made[:3, 3], [-0.7071, -0.7071, 1.4142], atol=1e-3))
        # One known value has nothing to be compared with; a missing one is said to be missing.
        self.assertEqual(made[3:, 3].tolist(), [0, 0])
        self.assertEqual(made[:, 2].tolist(), [0, 0, 0, 0, 1])

    def test_rows_of_another_length_are_refused(self):
        table = scratch() / "ragged.csv"
        table.write_text("isic_id,v\na,1\nb\n")
        with self.assertRaisesRegex(TrainingError, "row 3: 1 cells, the header has 2"):
            read_columns(table, ["v"])
        with self.assertRaisesRegex(TrainingError, "has no column w"):
            read_columns(table, ["w"])


if __name__ == "__main__":
    unittest.main()
