"""How a model follows another one: what the other has proven, what may serve here, and why not yet. Pure."""
