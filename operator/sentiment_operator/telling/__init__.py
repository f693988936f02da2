"""The status: what was seen and what is planned, as conditions, figures and history. Pure.

It changes nothing of what was decided, and knows no client and no clock.
"""
