import json
import unittest

import torch

from train.common.distributed import variables
from train.common.errors import TrainingError
from train.lesions import checkpoint
from train.lesions.folds import write_folds
from train.tests.launch import pytorchjob, trainjob
from train.tests.support import flags_of, lesions, options_of, scratch

FOUR = {"MASTER_ADDR": "a", "MASTER_PORT": "1", "WORLD_SIZE": "3", "RANK": "2"}


def words(options, *before):
    return [*(before or ("-m", "train.lesions")), "train", *flags_of(options)]


def card_of(options):
    return json.loads((options.out / "run.json").read_text())


class RanksTest(unittest.TestCase):
    def assertEnded(self, ended):
        for code, text in ended:
            self.assertEqual(code, 0, text)

    def assertEqualParameters(self, options):
        digests = card_of(options)["parametersSha256"]
        self.assertEqual(len(digests), 2)
        self.assertEqual(len(set(digests)), 1)

    def test_both_operators_and_a_killed_rank_come_to_the_same_parameters(self):
        data = lesions(300, 1)
        by_torchrun = options_of(data, scratch() / "trainjob", epochs=2)
        self.assertEnded(trainjob([words(by_torchrun)] * 2))
        self.assertEqualParameters(by_torchrun)

        killed = options_of(data, scratch() / "killed", epochs=2)
        step = checkpoint.load(by_torchrun.out / "last.pt")["step"] // 2 + 1
        dying = words(killed, "-m", "train.tests.dying_rank", str(step))
        (first, _), (second, _) = pytorchjob([dying] * 2)
        self.assertEqual(second, -9)
        # The other rank does not wait for ever: it ends with an error.
        self.assertNotEqual(first, 0)
        self.assertEqual(checkpoint.load(killed.out / "last.pt")["epoch"], 1)
        self.assertEnded(pytorchjob([words(killed)] * 2))
        self.assertEqualParameters(killed)
        self.assertEqual(card_of(killed)["parametersSha256"], card_of(by_torchrun)["parametersSha256"])
        self.assertEqual(card_of(killed)["history"], card_of(by_torchrun)["history"])

    def test_ranks_with_other_folds_are_refused_on_both(self):
        data = lesions(300, 1)
        other = scratch() / "other-folds.json"
        write_folds(data / "train-metadata.csv", other, 4, 99)
        options = [options_of(data, scratch() / "differ") for _ in range(2)]
        options[1].folds = other
        for code, text in pytorchjob([words(one) for one in options]):
            self.assertEqual(code, 1, text)
            self.assertRegex(text, "RANKS_DIFFER: the digest of the folds of rank 1 is")
        self.assertFalse((scratch() / "differ" / "last.pt").exists())


class VariablesTest(unittest.TestCase):
    def test_pytorchjob_and_torchrun(self):
        self.assertEqual(variables(FOUR), {"rank": 2, "count": 3, "local": 0})
        self.assertEqual(variables({**FOUR, "LOCAL_RANK": "1"})["local"], 1)
        self.assertIsNone(variables({}))

    def test_what_is_missing_or_wrong_is_named(self):
        for environment, found in (
            ({"PET_NNODES": "2"}, "start the training with torchrun"),
            ({k: v for k, v in FOUR.items() if k != "MASTER_PORT"}, "MASTER_PORT is not"),
            ({**FOUR, "RANK": "3"}, "RANK is 3; with WORLD_SIZE 3 it is 0 to 2"),
            ({**FOUR, "RANK": "one"}, "whole numbers"),
        ):
            with self.assertRaisesRegex(TrainingError, f"RANK_UNKNOWN.*{found}"):
                variables(environment)

    @unittest.skipIf(torch.cuda.is_available(), "this machine has a GPU")
    def test_a_gpu_that_is_not_there_is_refused(self):
        from train.common.distributed import join

        with self.assertRaisesRegex(TrainingError, "DEVICE_MISSING"):
            join("cuda")


if __name__ == "__main__":
    unittest.main()
