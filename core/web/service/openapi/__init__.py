"""The OpenAPI document of the service: its page, the answers, bodies and failures with examples."""
