"""One pass over one model, in the order it happens: observe, decide, perform, report; and who begins it.

The thin shell around the core: what is decided, it does not know better.
"""
