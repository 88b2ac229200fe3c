"""What Prometheus reads from this process. Labels are routes and names of tools, never ids or persons."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest


class Metrics:
    """The figures of one application."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter("storehand_http_requests", "Requests", ["method", "route", "status"], registry=self._registry)
        self.seconds = Histogram("storehand_http_request_seconds", "Time to the end of the response", ["route"], registry=self._registry)
        self.readers = Gauge("storehand_sse_readers", "Open streams of runs", registry=self._registry)
        self.runs = Counter("storehand_runs_created", "Runs accepted", ["assistant"], registry=self._registry)
        self.decisions = Counter("storehand_approval_decisions", "Decisions of persons", ["decision"], registry=self._registry)
        self.tool_calls = Counter("storehand_rest_tool_calls", "Tool calls over REST", ["tool", "status"], registry=self._registry)

    def render(self) -> bytes:
        """Return the figures in Prometheus' text format."""
        return generate_latest(self._registry)
