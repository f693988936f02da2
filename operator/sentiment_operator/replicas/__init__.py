"""Which replica acts for what: Leases, and the namespaces dealt among those who hold them.

It knows nothing of models but their namespaces, and of watches that their lines name these.
"""
