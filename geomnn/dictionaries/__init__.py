"""Ways to find atoms, one `Dictionary` to a file, and the choice among them; walks and geometry are what they share."""

from geomnn.dictionaries.arcs import ArcDictionary
from geomnn.dictionaries.base import Dictionary, Pricing, refuse_if_too_large
from geomnn.dictionaries.branching import BranchedPricing, BranchingDictionary
from geomnn.dictionaries.chains import ChainDictionary
from geomnn.dictionaries.choice import AFFORDABLE, Choice, choose, find_dictionary
from geomnn.dictionaries.enumerated import WedgeDictionary
from geomnn.dictionaries.faces import FaceDictionary
from geomnn.dictionaries.local import LocalDictionary
from geomnn.dictionaries.sampled import SampledDictionary

__all__ = [
    "AFFORDABLE",
    "ArcDictionary",
    "BranchedPricing",
    "BranchingDictionary",
    "ChainDictionary",
    "Choice",
    "Dictionary",
    "FaceDictionary",
    "LocalDictionary",
    "Pricing",
    "SampledDictionary",
    "WedgeDictionary",
    "choose",
    "find_dictionary",
    "refuse_if_too_large",
]
