"""귀담아 (Gwidama): a workbench for Korean danger speech. See README.md for the layers; importing this is cheap."""
