"""What objects say, as facts: bodies as the API server sent them go in, values come out. Pure.

It knows no client and no clock, and decides nothing.
"""
