"""The reference pages, written from the code they describe, so that neither can go stale.

`make docs` writes them, `python -m docs --check` says whether they are up to date. Nothing of the product knows it.
"""
