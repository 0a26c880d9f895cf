from importlib.metadata import version as installed_version

project = "jobtag_sklearn"
author = "The jobtag_sklearn developers"
copyright = author
release = version = installed_version("jobtag-sklearn")

extensions = ["sphinx.ext.autodoc", "sphinx.ext.autosummary", "numpydoc"]
templates_path = ["_templates"]
exclude_patterns = ["_build", "_templates", "tables"]

# The public names of a module are those of its __all__, wherever they are defined.
autosummary_generate = True
autosummary_ignore_module_all = False
numpydoc_show_class_members = False

html_theme = "pydata_sphinx_theme"
html_title = "jobtag_sklearn"


def skip_foreign_methods(app, what, name, obj, skip, options):
    """Leave out what scikit-learn and scikeras bring along; their own pages document it."""
    function = getattr(obj, "fget", obj)
    foreign = not (getattr(function, "__module__", None) or "").startswith(project)
    return True if what == "class" and foreign else None


def setup(app):
    app.connect("autodoc-skip-member", skip_foreign_methods)
