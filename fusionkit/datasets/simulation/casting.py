"""Who is recorded with what: subjects, classes and random numbers of a simulated set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

Class = TypeVar("Class", bound=str)


@dataclass(frozen=True)
class Take(Generic[Class]):
    """One recording before it is simulated.

    Parameters
    ----------
    id, subject : str
        Identifiers of the recording and of the person.
    label : str
        Class.
    traits : Generator
        Random numbers of the person: the same in all of their recordings.
    moment : Generator
        Random numbers of the recording.
    """

    id: str
    subject: str
    label: Class
    traits: np.random.Generator
    moment: np.random.Generator


def casting(
    records: int, subjects: int, classes: Sequence[Class], seed: int, *, keep_class: bool = False
) -> Iterator[Take[Class]]:
    """Share recordings out evenly among persons and classes.

    A person has recordings of all classes in turn, and each person starts with another one; with ``keep_class`` all of
    a person's have the class of the first. A recording depends on its number, on the number of persons and on the seed,
    not on how many recordings follow.
    """
    for number in range(records):
        turn, subject = divmod(number, subjects)
        yield Take(
            id=f"r{number:05d}",
            subject=f"s{subject:03d}",
            label=classes[(subject + turn * (not keep_class)) % len(classes)],
            traits=np.random.default_rng((seed, 0, subject)),
            moment=np.random.default_rng((seed, 1, number)),
        )
