"""Which model this process has and what it says about a text. Nothing here knows HTTP requests or replies."""
