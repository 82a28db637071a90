"""HTTP besides pages: the REST service, routes of the review desk, audio, uploads, headers, and `serve`."""
