import os
import re
from importlib.metadata import version as installed_version
from pathlib import Path

project = "jobtag_sklearn"
author = "The jobtag_sklearn developers"
copyright = author
release = version = installed_version("jobtag-sklearn")

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "_templates", "tables"]
suppress_warnings = [
    # settings that hold functions and classes are no part of what is cached
    "config.cache",
]

# Every public name of this package that a text refers to must be documented.
nitpicky = True
nitpick_ignore_regex = [("py:.*", r"(?!jobtag_sklearn\b).*|.*\._.*")]

autosummary_generate = True
numpydoc_show_class_members = False

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"plot_",
    "backreferences_dir": "generated/backreferences",
    "doc_module": (project,),
    "abort_on_example_error": True,
    "within_subsection_order": "FileNameSortKey",
    "download_all_examples": False,
    "ignore_repr_types": r"matplotlib|Display",
    "remove_config_comments": True,
    "show_memory": False,
    "show_signature": False,
    # that page would fetch scripts from elsewhere
    "write_computation_times": False,
}
copybutton_exclude = ".linenos, .gp, .go"

html_theme = "pydata_sphinx_theme"
html_title = "jobtag_sklearn"
html_favicon = "_static/tag.svg"
html_static_path = ["_static"]
html_css_files = ["custom.css"]
html_show_sourcelink = False
html_context = {"default_mode": "auto"}
html_sidebars = {"index": [], "install": [], "quick_start": [], "changelog": []}
html_theme_options = {
    "logo": {"image_light": "_static/tag.svg", "image_dark": "_static/tag.svg", "text": project},
    "show_prev_next": False,
    "header_links_before_dropdown": 5,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}

# TensorFlow reports its processor features on import otherwise; the examples import it.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def skip_foreign_methods(app, what, name, obj, skip, options):
    """Leave out what scikit-learn and scikeras bring along; their own pages document it."""
    function = getattr(obj, "fget", obj)
    foreign = not (getattr(function, "__module__", None) or "").startswith(project)
    return True if what == "class" and foreign else None


def changelog_from_markdown(app, path, docname, content):
    """Turn the little Markdown that the changelog has into reStructuredText."""
    if Path(path).name != "CHANGELOG.md":
        return
    text = re.sub(r"`([^`]+)`", r"``\1``", content[0])
    text = re.sub(r"\[([^\]]+)\]\(([^)]+)\)", r"`\1 <\2>`__", text)
    content[0] = re.sub(r"^(##+) (.+)$", _headline, text, flags=re.MULTILINE)


def _headline(match):
    title = match[2].replace("[", "").replace("]", "")
    return f"{title}\n" + {"##": "-", "###": "~"}[match[1]] * len(title)


def setup(app):
    app.connect("autodoc-skip-member", skip_foreign_methods)
    app.connect("include-read", changelog_from_markdown)
