"""Lists: what a filter finds, in which order, page by page, within bounds."""
