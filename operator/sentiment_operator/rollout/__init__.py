"""How a version that never served before takes over the traffic, step by step: decided here, from facts alone."""
