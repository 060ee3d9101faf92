"""Parts of the app object."""
