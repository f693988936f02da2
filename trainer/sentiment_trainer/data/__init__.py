"""From a data reference to checked, split reviews. It must not know how a model is fitted or where it is kept."""
