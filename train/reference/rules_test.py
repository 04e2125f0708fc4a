"""Checks score.py by hand-made cases, one or more for each rule of the format: python rules_test.py"""

import json
import sys
import unittest
from dataclasses import replace

import clinical_values
import numpy as np
from slide_outputs import activated, calibrated, mean_of, output_value
from slide_pixels import cut, reduced_by_area, resized, tensor
from tile_grid import Mask, Reading, lines, reading_of, tile_grid
from tile_rules import highest, measure, sharpness, threshold, within


class FakeSlide:
    """Levels of half the size each, without pixels."""

    def __init__(self, width: int, height: int, levels: int):
        self.sizes = [(width >> level, height >> level) for level in range(levels)]
        self.pages = self.sizes

    def size(self, level: int) -> tuple:
        return self.sizes[level]

    def level0_per_px(self, level: int) -> tuple:
        return self.sizes[0][0] / self.sizes[level][0], self.sizes[0][1] / self.sizes[level][1]


class Pixels(unittest.TestCase):
    def test_area_of_whole_blocks_is_their_mean_rounded_half_up(self):
        pixels = np.zeros((2, 4, 3), dtype=np.uint8)
        pixels[:, :2] = np.array([[1, 2], [2, 1]])[..., None]
        pixels[:, 2:] = np.array([[1, 1], [1, 2]])[..., None]
        self.assertEqual(reduced_by_area(pixels, 2, 1)[0, :, 0].tolist(), [2, 1])

    def test_area_of_parts_of_pixels(self):
        pixels = np.array([[[0], [90], [240]]], dtype=np.uint8)
        self.assertEqual(reduced_by_area(pixels, 2, 1).ravel().tolist(), [30, 190])

    def test_resize_by_two_weighs_1_3_3_1(self):
        pixels = np.zeros((8, 8, 1), dtype=np.uint8)
        pixels[:, 3] = 80
        self.assertEqual(resized(pixels, 4)[1, :, 0].tolist(), [0, 30, 10, 0])

    def test_outside_is_white(self):
        tile = cut(np.zeros((3, 3, 3), dtype=np.uint8), 2, 2, 2)
        self.assertEqual(tile[..., 0].tolist(), [[0, 255], [255, 255]])

    def test_tensor_scales_then_takes_mean_and_std_in_the_order_of_the_channels(self):
        picture = np.array([[[255, 51, 0]]], dtype=np.uint8)
        declared = {"channels": "BGR", "mean": [0.0, 0.1, 0.5], "std": [1, 1, 0.5]}
        np.testing.assert_allclose(tensor([picture], declared)[0, :, 0, 0], [0, 0.1, 1], atol=1e-7)


class Grids(unittest.TestCase):
    def test_edges(self):
        self.assertEqual(lines(500, 224, 224, 1.0, "pad"), [0, 224, 448])
        self.assertEqual(lines(500, 224, 224, 1.0, "drop"), [0, 224])
        self.assertEqual(lines(448, 224, 224, 1.0, "drop"), [0, 224])

    def test_lines_are_rounded_one_by_one(self):
        self.assertEqual(lines(8, 3, 2, 1.25, "pad"), [0, 3, 5])

    def test_level_for_a_resolution(self):
        slide = FakeSlide(4096, 4096, 4)
        self.assertEqual(reading_of(slide, {"mpp": 0.5}, 0.25), Reading(1, 1.0))
        self.assertEqual(reading_of(slide, {"mpp": 0.5}, 0.251), Reading(1, 1.0))
        self.assertEqual(reading_of(slide, {"mpp": 0.5}, 0.26), Reading(0, 0.5 / 0.26))
        self.assertEqual(reading_of(slide, {"level": 2}, None), Reading(2, 1.0))

    def test_tissue_share_counts_parts_of_pixels_and_nothing_outside(self):
        mask = Mask(np.array([[True, False]]), 10, 10)
        self.assertAlmostEqual(mask.share(5, 0, 10, 10), 0.5)
        self.assertAlmostEqual(mask.share(-5, 0, 10, 10), 0.5)
        self.assertAlmostEqual(mask.share(0, 5, 10, 10), 0.5)

    def test_kept_tiles_go_row_by_row(self):
        mask = Mask(np.array([[False, True], [True, True]]), 50, 50)
        grid = tile_grid(FakeSlide(100, 100, 1), {"level": 0, "size": 50}, mask, 0.25, None)
        self.assertEqual(grid.places.tolist(), [[50, 0], [0, 50], [50, 50]])
        self.assertEqual(grid.positions, 4)

    def test_coordinates(self):
        mask = Mask(np.array([[True]]), 200, 200)
        slide = FakeSlide(200, 200, 2)
        grid = tile_grid(slide, {"level": 1, "size": 50}, mask, 0.25, None)
        some = np.array([1, 2])
        self.assertEqual(grid.coordinates(slide, some, "grid", "xy").tolist(), [[1, 0], [0, 1]])
        self.assertEqual(grid.coordinates(slide, some, "grid", "yx").tolist(), [[0, 1], [1, 0]])
        scaled = replace(grid, reading=Reading(0, 1.3), stride=3, places=np.array([[4, 0], [8, 4], [12, 43]]))
        self.assertEqual(scaled.coordinates(slide, np.arange(3), "grid", "xy").tolist(), [[1, 0], [2, 1], [3, 11]])
        self.assertEqual(grid.coordinates(slide, some, "level0Px", "xy").tolist(), [[100, 0], [0, 100]])


class Rules(unittest.TestCase):
    def test_within_counts_both_ends(self):
        self.assertEqual(within(np.array([0.1, 0.2, 0.3]), 0.2, 0.3).tolist(), [False, True, True])

    def test_threshold_stays_where_enough_are_left(self):
        self.assertEqual(threshold(np.array([0.6, 0.4, 0.5]), 0.5, 0.05, 0, 2).tolist(), [True, False, True])

    def test_threshold_backs_off_in_steps(self):
        self.assertEqual(threshold(np.array([0.6, 0.42, 0.41, 0.3]), 0.5, 0.1, 0, 2).tolist(), [True, True, True, False])

    def test_threshold_ends_with_what_there_is(self):
        self.assertEqual(threshold(np.array([0.6, 0.1]), 0.5, 0.15, 0.2, 5).tolist(), [True, False])

    def test_highest_takes_the_earlier_of_equals_and_keeps_the_order(self):
        self.assertEqual(highest(np.array([1, 3, 2, 2]), 2).tolist(), [False, True, True, False])

    def test_quality(self):
        tile = np.full((4, 4, 3), 100, dtype=np.uint8)
        self.assertEqual(sharpness(tile), 0)
        tile[0] = 221
        self.assertEqual(measure(tile, "white"), 0.25)
        # Rows of the Laplacian: 2 * -121, 121, 0, 0; mean -30.25.
        self.assertAlmostEqual(sharpness(tile), (242**2 + 121**2) / 4 - 30.25**2)


class Clinical(unittest.TestCase):
    def number(self, feature: dict, text: str) -> list:
        return clinical_values.vector([{"name": "f", "column": "c", **feature}], {"c": text}).tolist()

    def test_interval(self):
        feature = {"type": "interval", "parse": {"intervalValue": "lower"}, "missing": {"rule": "error"}, "std": 100}
        self.assertEqual(self.number(feature, "[32:34["), [0.32])
        middle = {"type": "interval", "missing": {"rule": "value", "value": 60}}
        self.assertEqual(self.number(middle, "[98:100["), [99])
        self.assertEqual(self.number(middle, ""), [60])

    def test_boolean(self):
        feature = {
            "type": "boolean",
            "parse": {"true": ["YES"], "false": ["NO"]},
            "missing": {"rule": "value", "value": -1},
        }
        self.assertEqual([self.number(feature, text)[0] for text in ("YES", "no", "")], [1, 0, -1])

    def test_category_with_synonym_and_indicator(self):
        feature = {
            "type": "category",
            "parse": {"categories": ["trunk", "leg"]},
            "synonyms": {"trunc": "trunk"},
            "missing": {"rule": "indicator"},
        }
        self.assertEqual(self.number(feature, "Trunc"), [1, 0, 0])
        self.assertEqual(self.number(feature, ""), [0, 0, 1])
        with self.assertRaises(ValueError):
            self.number(feature, "tail")

    def test_missing_value_that_is_needed(self):
        with self.assertRaises(ValueError):
            self.number({"type": "number", "missing": {"rule": "error"}}, "")

    def test_cases_compare_numbers_as_numbers(self):
        cases = [{"equals": [0.25], "head": "a"}, {"equals": [0.2], "tolerance": 1e-3, "head": "b"}]
        cases.append({"equals": ["x"], "head": "c"})
        found = [clinical_values.case_of(cases, text, "head") for text in ("0.250", "0.2005", "0.3")]
        self.assertEqual(found, ["a", "b", None])


class Outputs(unittest.TestCase):
    def test_activations(self):
        np.testing.assert_allclose(activated(np.array([0.0, np.log(3)]), "sigmoid"), [0.5, 0.75])
        np.testing.assert_allclose(activated(np.array([0.0, np.log(3)]), "softmax"), [0.25, 0.75])

    def test_means(self):
        self.assertAlmostEqual(mean_of([(0.2, 1), (0.8, 3)], "value"), 0.65)
        self.assertAlmostEqual(mean_of([(0.2, 1), (0.8, 1)], "logit"), 0.5)

    def test_calibrations(self):
        self.assertAlmostEqual(calibrated(0.9, {"method": "temperature", "temperature": 2}), 0.75)
        self.assertAlmostEqual(calibrated(0.1, {"method": "isotonic", "x": [0, 0.2], "y": [0, 0.1]}), 0.05)
        platt = {"method": "logistic", "slope": 2, "intercept": 0, "on": "logit"}
        self.assertAlmostEqual(calibrated(0.75, platt), 0.9)

    def test_output_is_the_mean_then_calibrated_then_clipped(self):
        declared = {"of": [{"head": "a"}, {"head": "b", "weight": 3}], "clip": [0, 0.5]}
        self.assertEqual(output_value(declared, lambda head, _output, _column: {"a": 0.2, "b": 0.8}[head]), 0.5)


if __name__ == "__main__":
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__])
    outcome = unittest.TextTestRunner(stream=sys.stderr).run(suite)
    print(json.dumps({"run": outcome.testsRun, "failed": len(outcome.failures) + len(outcome.errors)}))
    sys.exit(0 if outcome.wasSuccessful() else 1)
