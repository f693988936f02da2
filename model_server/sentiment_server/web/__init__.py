"""HTTP: routes, limits, errors, documents. Nothing here knows how a text is scored."""
