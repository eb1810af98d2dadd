"""The one place where a name becomes a dictionary.

A `Choice` is a dictionary before any atom of it is formed: what can be told of it by then, so that a call is refused
before any number is computed, and how to form it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np

from geomnn.dictionaries.arcs import ArcDictionary
from geomnn.dictionaries.base import Dictionary
from geomnn.dictionaries.chains import ChainDictionary
from geomnn.dictionaries.enumerated import WedgeDictionary
from geomnn.dictionaries.faces import FaceDictionary
from geomnn.dictionaries.local import LocalDictionary
from geomnn.dictionaries.sampled import SampledDictionary
from geomnn.errors import EnumerationTooLarge, OptionError, UnsupportedProblem
from geomnn.rows import StreamedSamples
from geomnn.samples import Samples
from geomnn.validation import check_integer

__all__ = ["AFFORDABLE", "Choice", "choose", "find_dictionary"]

ASKED_SECONDS = 900.0  # that a solve over all atoms may take, by an estimate, where it is asked for
AFFORDABLE = 60.0  # and where it is not
BEGUN = 4  # times as long as there is may take a solve that is ended when it is over: forming and a sweep take less
CHAINS = "dictionary='chains' is for one feature, bias=True, norm=1 and depth 2, 3 or 4"


@dataclass(frozen=True)
class Choice:
    """A dictionary by its name, or an instance, before any atom of it is formed.

    Parameters
    ----------
    name : str
        As it was given; of an instance that of its class.
    program : str
        The dictionary whose atoms compete, as in `Dictionary`.
    fixed : bool
        Whether its atoms are a finite list of wedges, the same for every residual.
    deep : bool
        Whether it can stand over all features of hidden layers.
    given : Dictionary or None
        The instance.
    """

    name: str
    program: str
    fixed: bool
    deep: bool
    given: Dictionary | None = None

    def form(
        self, samples: Samples, norm: float, seed: int = 0, affordable: float = AFFORDABLE, left: float = inf
    ) -> Dictionary:
        """The dictionary for these samples.

        Parameters
        ----------
        samples : Samples
        norm : float
        seed : int
            Of what is drawn.
        affordable : float
            The seconds up to which a solve over all atoms is what "auto" stands for.
        left : float
            Seconds in which atoms that are asked for have to be formed and looked at once, by an estimate.

        Raises
        ------
        EnumerationTooLarge
            If all atoms are asked for and are too many.
        """
        if self.given is not None:
            return self.given
        return NAMES[self.name][-1](samples, norm, seed=seed, affordable=affordable, left=left)


def _all_atoms(samples: Samples, norm: float, max_seconds: float, left: float = inf) -> Dictionary:
    """All atoms of the training problem, if a solve over them takes no longer."""
    if norm == 2 and samples.d > 2:  # to form faces takes about as long as all that is done with them
        return FaceDictionary(samples, min(max_seconds, left))
    max_seconds = min(max_seconds, BEGUN * left)
    if norm == 2 and samples.d == 2:
        return ArcDictionary(samples, max_seconds)
    return WedgeDictionary(samples, norm, directions=True, max_seconds=max_seconds)


def _affordable(samples: Samples, norm: float, seed: int, affordable: float, left: float) -> Dictionary:
    """All atoms, or a search for them where they are too many."""
    try:
        return _all_atoms(samples, norm, min(affordable, left))
    except EnumerationTooLarge:
        return LocalDictionary(samples, norm, seed=seed)


# its program, whether its atoms are fixed (None: for p = 1 and ∞), whether it can be deep, and how it is formed: from
# samples and norm, and by keyword what there is besides, of which most need nothing
NAMES: dict[str, tuple[str, bool | None, bool, Callable[..., Dictionary]]] = {
    "auto": ("all", None, True, _affordable),
    "all": (
        "all",
        None,
        True,
        lambda samples, norm, left, **_: _all_atoms(samples, norm, ASKED_SECONDS, left),
    ),
    "wedge": (
        "wedge",
        True,
        False,
        lambda samples, norm, left, **_: WedgeDictionary(
            samples, norm, False, min(ASKED_SECONDS, BEGUN * left)
        ),
    ),
    "sampled": (
        "sampled",
        False,
        False,
        lambda samples, norm, seed, **_: SampledDictionary(samples, norm, seed=seed),
    ),
    "local": ("all", False, True, lambda samples, norm, seed, **_: LocalDictionary(samples, norm, seed=seed)),
    "chains": ("chains", True, True, lambda samples, norm, **_: ChainDictionary(samples)),
}


def choose(dictionary: Any, samples: Samples, norm: float) -> Choice:
    """What a user named as the dictionary, for these samples and this norm.

    Parameters
    ----------
    dictionary : str or Dictionary
    samples : Samples
    norm : float

    Raises
    ------
    OptionError
        If there is no such dictionary, or the instance was made for other samples or another norm.
    UnsupportedProblem
        For chains of several features, without a bias or of another norm.
    """
    if isinstance(dictionary, Dictionary):
        same = dictionary.samples.bias == samples.bias and dictionary.norm == norm
        table = dictionary.samples.X
        if not same or not (table is samples.X or np.array_equal(table, samples.X)):
            raise OptionError(
                "The dictionary was made for other samples, norm or bias; make one from this X."
            )
        return Choice(type(dictionary).__name__, dictionary.program, dictionary.fixed, False, dictionary)
    if not isinstance(dictionary, str) or dictionary not in NAMES:
        hint = " ('all' is what 'exact' was: exact=True asks for rational arithmetic.)"
        raise OptionError(
            f"{{dictionary}}; {', '.join(map(repr, NAMES))} or a Dictionary was expected."
            + hint * (isinstance(dictionary, str) and dictionary == "exact"),
            dictionary=dictionary,
        )
    if dictionary == "chains":
        what = {
            f"{samples.d} features": samples.d > 1,
            "bias=False": not samples.bias,
            f"norm={norm:g}": norm != 1,
        }
        if wrong := [name for name, holds in what.items() if holds]:
            raise UnsupportedProblem(f"{CHAINS}, and there is {', '.join(wrong)}: take dictionary='auto'.")
    if isinstance(samples, StreamedSamples):
        if dictionary not in ("auto", "local"):
            raise UnsupportedProblem(
                "X is read by rows, which are searched, and {dictionary} needs the table in memory; 'local' was "
                "expected, or the table as an array.",
                dictionary=dictionary,
            )
        dictionary = "local"
    program, fixed, deep, _ = NAMES[dictionary]
    return Choice(dictionary, program, norm != 2 or samples.d == 1 if fixed is None else fixed, deep)


def find_dictionary(samples: Samples, norm: float, dictionary: str | Dictionary, seed: int = 0) -> Dictionary:
    """The dictionary of that name for these samples, or the instance if it is one for them.

    Parameters
    ----------
    samples, norm, dictionary, seed
        As in `geomnn.derive`.

    Raises
    ------
    EnumerationTooLarge
        If all atoms are asked for and are too many.
    OptionError
        If there is no such dictionary, the instance was made for other samples or another norm, or the seed is none.
    """
    return choose(dictionary, samples, norm).form(samples, norm, check_integer("seed", seed, 0))
