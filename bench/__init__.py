"""What everything costs, beside what others use, in one run: `make bench`, or one part alone.

Each folder measures one part of the product and knows nothing of the other parts. What is measured goes to `results`, as
JSON and plots.
"""
