"""From reviews to a fitted, measured and exported model. It must not know where data comes from or models are kept."""
