"""Tells people of what happens to a model: what is worth it, the record of it, and the way to a sink.

`transitions` and `outbox` are pure and a part of the status; `courier` and the senders deliver what the record says.
"""
