"""How the site is built: ``python -m sphinx -W --keep-going docs docs/_site``, everything shown computed on the way."""

import os
import sys
import tomllib
from pathlib import Path

TREE = Path(__file__).parent.parent
sys.path[:0] = [str(TREE), str(TREE / "docs" / "_ext")]

from sphinx_gallery.sorting import ExplicitOrder  # noqa: E402

with open(TREE / "pyproject.toml", "rb") as stream:
    facts = tomllib.load(stream)["project"]

os.environ["DASK_LOGGING__DISTRIBUTED"] = "error"  # Sphinx shows all that is logged

project, version = facts["name"], facts["version"]
author = "The geomnn developers"
html_title = f"{project} {version}"
language = "en"
default_role = "py:obj"

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.mathjax",
    "matplotlib.sphinxext.plot_directive",
    "myst_parser",
    "sphinx_design",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
    "sphinx-mathjax-offline",
    "sources",  # those from here on are in _ext
    "theorems",
    "tutorial",
    "typeset",
    "claims",
    "constants",
    "interactive",
    "playground",
]
root_doc = "index"
exclude_patterns = ["_site", "_ext", "gallery/*.ipynb", "gallery/*.py", "gallery/*.json", "gallery/*.zip"]

# pages
myst_enable_extensions = ["amsmath", "attrs_inline", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

# the interface
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # docstrings have types, with shapes
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True

# pictures of the pages
plot_formats = [("svg", 96), ("png", 144)]
plot_html_show_formats = False
plot_html_show_source_link = False
plot_include_source = True
plot_rcparams = {"figure.constrained_layout.use": True, "savefig.bbox": None}
plot_pre_code = "import numpy as np\nimport matplotlib.pyplot as plt\nimport geomnn as gm\n"

# the gallery
sphinx_gallery_conf = {
    "examples_dirs": str(TREE / "examples"),
    "gallery_dirs": "gallery",
    "filename_pattern": r"plot_",
    "within_subsection_order": ExplicitOrder(
        [  # as one would teach them
            "plot_xor.py",
            "plot_line.py",
            "plot_wedge_area.py",
            "plot_chambers.py",
            "plot_gates.py",
            "plot_surface.py",
            "plot_faces.py",
            "plot_dual_set.py",
            "plot_path.py",
            "plot_animation.py",
            "plot_landscape.py",
            "plot_all_optima.py",
            "plot_exact.py",
            "plot_symbolic.py",
            "plot_wine.py",
            "plot_transport.py",
            "plot_own_dictionary.py",
            "plot_own_loss.py",
            "plot_rewrite.py",
            "plot_training.py",
            "plot_robust.py",
            "plot_radius.py",
            "plot_descent.py",
            "plot_deep.py",
            "plot_depth.py",
            "plot_mirrors.py",
            "*",
        ]
    ),
    "abort_on_example_error": True,
    "image_scrapers": ("interactive.figures",),
    "capture_repr": ("_repr_html_", "__repr__"),
    "ignore_repr_types": r"Picture",
    "min_reported_time": 1e9,
    "write_computation_times": False,  # its page would load tables from elsewhere
    "show_memory": False,
    "show_signature": False,
    "download_all_examples": False,
    "remove_config_comments": True,
}

# the look
html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = ["fit.js", "tables.js", "sliders.js", "slides.js", "versions.js"]
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_theme_options = {
    "light_css_variables": {
        "color-brand-primary": "#0b5c8e",
        "color-brand-content": "#0b5c8e",
        "color-foreground-primary": "#1d2329",
        "color-foreground-secondary": "#5b6670",
        "color-background-secondary": "#f5f7f9",
        "color-background-border": "#d9dee3",
    },
    "dark_css_variables": {"color-brand-primary": "#56b4e9", "color-brand-content": "#56b4e9"},
}
suppress_warnings = ["config.cache"]
