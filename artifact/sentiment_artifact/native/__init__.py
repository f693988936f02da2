"""Scores with compiled code what `reference` scores with Python, to the same last bit, where that code was built.

`build` compiles scorer.c, `library` finds and loads what came of it, `scorer` makes it look like the reference.
"""
