"""Does with compiled code what Python and scikit-learn do, to the same last bit, where that code was built.

`build` compiles the C, `library` finds and loads what came of it. `scorer` makes it look like the reference; `counting` counts
the terms of a training, and `vocabulary` those terms in other texts.
"""
