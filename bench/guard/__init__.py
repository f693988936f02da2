"""Whether the product is still as fast as it was: a few seconds, in every run of the tests.

Each path that was made fast is timed beside other code that does the like kind of work, in turns and in one process; what is
compared with the past is the ratio of the two. So another machine, or a busy one, changes both, and a regression one of them.
"""
