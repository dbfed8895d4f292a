"""The packages, and what exercises them."""

from __future__ import annotations

# How many cases of each function are judged; fewer where there are hundreds, or all are large.
CASES = 4
CASES_OF = {"fluids": 1, "iapws": 1}

# name to import: how its functions come to be called
PACKAGES: dict[str, tuple[str, ...]] = {
    "ambiance": ("docstrings", "calls"),
    "astral": ("calls",),
    "fluids": ("docstrings",),
    "geographiclib": ("tests",),
    "haversine": ("calls",),
    "iapws": ("docstrings", "calls"),
    "nelson_siegel_svensson": ("calls",),
    "psychrolib": ("calls",),
    "pymap3d": ("tests",),
    "pyorbital": ("tests", "calls"),
    "pyquaternion": ("calls",),
    "seawater": ("docstrings",),
}
