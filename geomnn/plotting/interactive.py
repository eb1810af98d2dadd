"""Pictures to take in hand, drawn by Plotly where it is installed: sliders over a sample or reg, a sphere to turn.

They show what `plot_wedge`, `plot_dual_set` and `plot_chambers` show, and are Plotly figures: they show themselves in a
notebook and save themselves with ``.write_html``.
"""

from geomnn.plotting.sliders import move_sample, slide_dual_set
from geomnn.plotting.sphere import turn_chambers

__all__ = ["move_sample", "slide_dual_set", "turn_chambers"]
