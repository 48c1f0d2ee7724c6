"""The one exception that verbs of the lab turn into a message for a person."""

from __future__ import annotations


class LabError(Exception):
    """Something that the user can act on: what is wrong, and what to do about it."""

    def __init__(self, problem: str, remedy: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy
