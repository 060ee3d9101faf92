"""One module per page: each has a function `register(app)`."""
