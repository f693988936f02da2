"""The way to the API server: watches, the store of what they told, and the one client that writes.

It decides nothing and knows no model's rules.
"""
