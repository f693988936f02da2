"""The way to git servers: what their branches and tags stand for, and who tells that they moved.

Nothing is fetched here, and nothing known of Kubernetes.
"""
