"""kubectl rotten: three questions about a SentimentModel, answered by reading objects only. It never writes.

Pure core, thin shell: `objects` is what is read, `why`, `versions` and `who_ran` turn it into answers, `text` and `moments`
into lines. Only `kubectl` and `__main__` touch the world. It imports nothing of the product, so that it is installed alone
and outlives an upgrade of the operator.
"""
