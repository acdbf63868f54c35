"""How the documentation site is built: `sphinx-build -W docs site` in the folder of the project."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_extensions"))

from stackcore import __version__  # noqa: E402

project = "stackcore"
author = "the maintainers of stackcore"
copyright = "2026, the maintainers of stackcore; MIT licence"  # noqa: A001
release = version = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_design",
    "generated_reference",
    "notebook_pages",
]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build", "site", "images/*.md"]

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
default_role = "code"  # of docstrings, which speak of names in code
autodoc_typehints = "description"
autodoc_member_order = "bysource"
napoleon_google_docstring = False
copybutton_prompt_text = "$ "
copybutton_only_copy_prompt_lines = True

html_theme = "furo"
html_title = "stackcore"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_show_sphinx = False
