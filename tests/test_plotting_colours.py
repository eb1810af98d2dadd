"""Colours of pictures are told apart with each kind of colour blindness."""

import itertools

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from geomnn.plotting import frame

# G. M. Machado, M. M. Oliveira, L. A. F. Fernandes, IEEE TVCG 15 (2009), severity 1, of linear RGB
SIGHTS = {
    "all": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}  # fmt: skip
TO_XYZ = [
    [0.4124564, 0.3575761, 0.1804375],
    [0.2126729, 0.7151522, 0.0721750],
    [0.0193339, 0.1191920, 0.9503041],
]
WHITE = [0.95047, 1.0, 1.08883]


def lab(colour, sight):
    """A colour as it is seen, in CIELAB."""
    c = np.array(to_rgb(colour))
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    xyz = np.array(TO_XYZ) @ np.clip(np.array(sight) @ linear, 0, 1) / WHITE
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def difference(one, other):
    """CIEDE2000."""
    (l1, a1, b1), (l2, a2, b2) = one, other
    c7 = ((np.hypot(a1, b1) + np.hypot(a2, b2)) / 2) ** 7
    g = 1.5 - 0.5 * np.sqrt(c7 / (c7 + 25**7))
    c1, c2 = np.hypot(g * a1, b1), np.hypot(g * a2, b2)
    h1, h2 = np.degrees(np.arctan2(b1, g * a1)) % 360, np.degrees(np.arctan2(b2, g * a2)) % 360
    turn = (h2 - h1 + 180) % 360 - 180 if c1 * c2 else 0.0
    h, level, c = (
        np.radians(h1 + turn / 2 if c1 * c2 else h1 + h2) % (2 * np.pi),
        (l1 + l2) / 2,
        (c1 + c2) / 2,
    )
    t = (1 - 0.17 * np.cos(h - np.pi / 6) + 0.24 * np.cos(2 * h) + 0.32 * np.cos(3 * h + np.pi / 30)
         - 0.2 * np.cos(4 * h - np.radians(63)))  # fmt: skip
    lightness = (l2 - l1) / (1 + 0.015 * (level - 50) ** 2 / np.sqrt(20 + (level - 50) ** 2))
    chroma = (c2 - c1) / (1 + 0.045 * c)
    hue = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn / 2)) / (1 + 0.015 * c * t)
    twist = 2 * np.sqrt(c**7 / (c**7 + 25**7))
    twist *= -np.sin(np.radians(60 * np.exp(-(((np.degrees(h) - 275) / 25) ** 2))))
    return np.sqrt(lightness**2 + chroma**2 + hue**2 + twist * chroma * hue)


def test_the_difference_is_that_of_the_published_pairs():
    """G. Sharma, W. Wu, E. N. Dalal, Color Research and Application 30 (2005), table 1, rows 1, 7 and 25."""
    pairs = [
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, 0, 0), (50, -1, 2), 2.3669),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ]
    for one, other, expected in pairs:
        assert difference(one, other) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize("colours", [frame.ROLES, dict(enumerate(frame.SHADES))], ids=["roles", "classes"])
def test_any_two_colours_are_told_apart(colours, sight):
    seen = {name: lab(colour, SIGHTS[sight]) for name, colour in colours.items()}
    near = [(a, b) for a, b in itertools.combinations(seen, 2) if difference(seen[a], seen[b]) < 10]
    assert not near
