"""Errors with a code, so that a caller and a log can tell them apart."""


class TrainingError(Exception):
    """`code` is one of the words in docs/guide/training.md; the message says what was found and what was expected."""

    def __init__(self, code: str, message: str):
        super().__init__(f"{code}: {message}")
        self.code = code
