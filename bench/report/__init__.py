"""The page that shows every figure beside its goal and its peers: docs/performance.md, from what the parts have kept.

It measures nothing. A part that was not measured is named with the reason.
"""
