"""Networks as text, LaTeX, HTML and SymPy."""
