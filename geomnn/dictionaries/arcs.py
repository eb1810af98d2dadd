"""All atoms for p = 2 in the plane: the best unit neuron of every arc and of every event of the sweep.

The unit neurons through a sample form a circle, which the other samples cut into arcs.  On an arc the
correlation is ‖Pᵀc‖, P = Σ_{i active} v_i (x_i − x_a)ᵀ, so its maximum is the top singular direction of P (for one
output P itself: the partial wedge with |J| = 1) where that lies on the arc, and an end of it, a wedge, elsewhere.
"""

from __future__ import annotations

import numpy as np

from geomnn.atoms import Atom
from geomnn.dictionaries.canonical import name_atom
from geomnn.dictionaries.enumerated import WedgeDictionary
from geomnn.errors import OptionError
from geomnn.samples import Samples

__all__ = ["ArcDictionary"]


class ArcDictionary(WedgeDictionary):
    """All wedges and partial wedges of samples in the plane, p = 2.

    With a bias, for the arcs about every sample a,  w ∝ g,  g = Σ_{i active} v_i (x_i − x_a),  b = −w·x_a   (2b);
    without, for the arcs about the origin,  w ∝ Σ_{i active} v_i x_i   (2).

    Parameters
    ----------
    samples : Samples
        Of two features.
    max_seconds, max_bytes : float
        What a solve over them may take before it is refused.

    Raises
    ------
    EnumerationTooLarge
        Before any arc is formed, if a solve would take more.
    OptionError
        If the samples do not have two features.

    Source: geomnn theory, sections 2 and 3, equations (2) and (2b).
    """

    atoms_move = True
    fixed = False

    def __init__(self, samples: Samples, max_seconds: float = 900.0, max_bytes: float = 2.0**31):
        if samples.d != 2:
            raise OptionError(
                f"The samples have {samples.d} features; arcs are for two: use FaceDictionary for more."
            )
        super().__init__(samples, 2.0, False, max_seconds, max_bytes)
        self.scope, self.program = "global", "all"
        self.count += 2 * int(self._pencils.counts.sum())  # an arc begins at each event, on either side

    def name(self, unit: np.ndarray, residual: np.ndarray) -> Atom:
        return name_atom(self.samples, unit, 2.0, residual=residual)
