"""The way to git servers: what their branches and tags stand for, and who tells that they moved.

No repository is fetched here, and nothing is decided about a model.
"""
