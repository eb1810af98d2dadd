"""Given networks as ones of wedges: chambers, splits, rewrites."""
