"""Ways to find atoms: one to a file, all of them a `Dictionary`."""

from geomnn.dictionaries.arcs import ArcDictionary
from geomnn.dictionaries.base import Dictionary, Pricing
from geomnn.dictionaries.enumerated import WedgeDictionary
from geomnn.dictionaries.faces import FaceDictionary

__all__ = ["ArcDictionary", "Dictionary", "FaceDictionary", "Pricing", "WedgeDictionary"]
