"""What the server answers besides pages: the REST service, the review desk's routes, audio, uploads, headers, `serve`."""
