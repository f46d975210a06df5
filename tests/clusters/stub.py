"""A cluster of the suite `reload` that can be killed, be starting, begin transactions, and tells what it was asked."""

import json
import socket
import threading

from tests.reload import Cluster as Known


class Cluster(Known):
    """A Trino that knows the queries that it has started, and no others."""

    def __init__(self, name):
        super().__init__(name)
        self.starting, self.open, self.transactions = False, set(), []

    def answer(self, request):
        """As in the suite `reload`; START TRANSACTION begins one, and each statement tells which one it is of."""
        if request.line.startswith("GET /v1/info ") and self.starting:
            return answered({"nodeVersion": {"version": "476"}, "environment": "test", "coordinator": True, "starting": True, "uptime": "1.00s"})
        if not request.line.startswith("POST"):
            return super().answer(request)
        self.transactions += [value for value in request.all("x-trino-transaction-id") if value != "NONE"]
        answer = super().answer(request)
        if request.body.startswith(b"START TRANSACTION"):
            return answer.replace(b"\r\n", f"\r\nX-Trino-Started-Transaction-Id: {self.transaction}\r\n".encode(), 1)
        return answer

    @property
    def transaction(self):
        """The id of each transaction of this cluster's."""
        return f"5f1a4d2c-7c2e-4a5b-9f0e-{self.name:0>12}"

    def serve(self, connection):
        """As in every stub, but it is known what is open."""
        self.open.add(connection)
        try:
            super().serve(connection)
        finally:
            self.open.discard(connection)

    def kill(self):
        """Nobody listens any more, and what is open breaks."""
        for one in [self.listener, *self.open]:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.listener.close()

    def back(self):
        """It listens again, and still knows its queries."""
        self.listener = socket.create_server(("127.0.0.1", self.port), backlog=64)
        threading.Thread(target=self.accept, daemon=True).start()


def answered(body):
    """An answer of JSON."""
    body = json.dumps(body).encode()
    return f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
