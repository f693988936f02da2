"""One module for each part: what its figures mean, as a section of the page. They measure nothing."""
