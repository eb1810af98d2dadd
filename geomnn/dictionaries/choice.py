"""Which dictionary a name stands for."""

from __future__ import annotations

import numpy as np

from geomnn.dictionaries.arcs import ArcDictionary
from geomnn.dictionaries.base import Dictionary
from geomnn.dictionaries.enumerated import WedgeDictionary
from geomnn.dictionaries.faces import FaceDictionary
from geomnn.dictionaries.local import LocalDictionary
from geomnn.dictionaries.sampled import SampledDictionary
from geomnn.errors import EnumerationTooLarge, OptionError
from geomnn.samples import Samples, check_integer

__all__ = ["find_dictionary"]

SECONDS = 900.0  # that a solve over all atoms may take, by an estimate, where it is asked for
AFFORDABLE = 60.0  # and where it is not
BEGUN = 4  # times as long as there is may take a solve that is ended when it is over: forming and a sweep take less


def find_dictionary(
    samples: Samples,
    norm: float,
    dictionary: str | Dictionary,
    seed: int = 0,
    affordable: float = AFFORDABLE,
    time_limit: float = np.inf,
) -> Dictionary:
    """The dictionary of that name for these samples, or the instance if it is one for them.

    Parameters
    ----------
    samples, norm, dictionary, seed
        As in `geomnn.derive`.
    affordable : float
        The seconds up to which a solve over all atoms is what "auto" stands for.
    time_limit : float
        Seconds in which atoms that are asked for have to be formed and looked at once, by an estimate.

    Raises
    ------
    EnumerationTooLarge
        If all atoms are asked for and are too many.
    OptionError
        If there is no such dictionary, the instance was made for other samples or another norm, or the seed is none.
    """
    seed = check_integer("seed", seed, 0)
    if isinstance(dictionary, Dictionary):
        same = dictionary.samples.bias == samples.bias and dictionary.norm == norm
        if not same or not np.array_equal(dictionary.samples.X, samples.X):
            raise OptionError(
                "The dictionary was made for other samples, norm or bias; make one from this X."
            )
        return dictionary
    if not isinstance(dictionary, str):
        dictionary = repr(dictionary)  # of no use, and refused below
    if dictionary == "wedge":
        return WedgeDictionary(samples, norm, directions=False, max_seconds=min(SECONDS, BEGUN * time_limit))
    if dictionary == "sampled":
        return SampledDictionary(samples, norm, seed=seed)
    if dictionary == "local":
        return LocalDictionary(samples, norm, seed=seed)
    if dictionary == "auto":
        try:
            return _all_atoms(samples, norm, affordable)
        except EnumerationTooLarge:
            return LocalDictionary(samples, norm, seed=seed)
    if dictionary == "exact":
        return _all_atoms(samples, norm, SECONDS, time_limit)
    raise OptionError(
        f"dictionary={dictionary!r}; 'auto', 'exact', 'wedge', 'sampled', 'local' or a Dictionary was expected."
    )


def _all_atoms(samples: Samples, norm: float, max_seconds: float, time_limit: float = np.inf) -> Dictionary:
    """All atoms of the training problem, if a solve over them takes no longer."""
    if norm == 2 and samples.d > 2:  # to form faces takes about as long as all that is done with them
        return FaceDictionary(samples, min(max_seconds, time_limit))
    max_seconds = min(max_seconds, BEGUN * time_limit)
    if norm == 2 and samples.d == 2:
        return ArcDictionary(samples, max_seconds)
    return WedgeDictionary(samples, norm, directions=True, max_seconds=max_seconds)
