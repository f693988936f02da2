"""Holds a trained version against what it must prove: figures on reviews that it, and what serves, have not learnt from.

It must not know what follows from a verdict, nor how a model is fitted: whatever is measured here is what is served.
"""
