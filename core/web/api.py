"""The REST service for devices, which app.py mounts under /api in the dashboard's process; see `core.web.service`.

The answer to a prediction is one element of the `inputs` of `predict --json`. Every failure is `{"error": reason}`.
Where there are keys, a request needs a fitting one in the header `X-API-Key`.
"""

from core.web.service.app import service

api = service()
