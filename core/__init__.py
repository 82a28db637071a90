"""귀담아 (Gwidama): a workbench for Korean danger speech. docs/en/architecture.md describes the layers."""

__version__ = "0.2.0"  # the only place: pyproject.toml, --version, /health and the pages read it
