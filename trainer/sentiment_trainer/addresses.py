"""Shows addresses to people without the secrets that may stand in them."""

import re

_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")
_QUERY = re.compile(r"[?#].*$")


def without_credentials(text: str) -> str:
    """The text with user and password taken out of every address in it."""
    return _CREDENTIALS.sub("", text)


def without_secrets(address: str) -> str:
    """One address without credentials and without its query, which may hold a signature."""
    return _QUERY.sub("", without_credentials(address))
