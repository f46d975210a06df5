"""Servers of this process, beside what is tested."""

import threading


class Serving:
    """Serves on its `server` while it is entered."""

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
