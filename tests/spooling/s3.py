"""A stand-in for an object store that speaks as much of S3's protocol as Trino's spooling asks of it.

It keeps objects in memory with the customer's keys that came with them (SSE-C), as an S3 does: without the same key
there is no answer. It checks no signature; an address that is signed in its query is answered until it has expired.
"""

import datetime
import hashlib
import http.server
import threading
import urllib.parse
import xml.sax.saxutils

from tests.stack.serving import Serving

ALGORITHM, KEY, MD5 = (f"x-amz-server-side-encryption-customer-{name}" for name in ("algorithm", "key", "key-md5"))


class Store(Serving):
    """The server; `objects` is what it keeps, `written` how many it was ever given, `asked` each request as (method, path, headers)."""

    def __init__(self):
        self.objects = {}
        self.uploads = {}
        self.written = 0
        self.asked = []
        self.lock = threading.Lock()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"store": self}))
        self.server.daemon_threads = True

    @property
    def url(self):
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def keys(self):
        """The names of the objects that are there."""
        with self.lock:
            return sorted(self.objects)


class Handler(http.server.BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    store = None

    def log_message(self, *_):
        """Says nothing."""

    def target(self):
        """Bucket, key and the parameters of the query."""
        parts = urllib.parse.urlsplit(self.path)
        bucket, _, key = urllib.parse.unquote(parts.path).lstrip("/").partition("/")
        with self.store.lock:
            self.store.asked.append((self.command, self.path, dict(self.headers.items())))
        return bucket, key, dict(urllib.parse.parse_qsl(parts.query, keep_blank_values=True))

    def body(self):
        """The bytes that were sent, with the framing of signed chunks taken away."""
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            data = b"".join(chunks(self.rfile.readline, self.rfile.read))
        else:
            data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if "aws-chunked" in self.headers.get("Content-Encoding", "") or self.headers.get("x-amz-content-sha256", "").startswith("STREAMING-"):
            lines = Lines(data)
            data = b"".join(chunks(lines.line, lines.read))
        return data

    def answer(self, status, data=b"", headers=()):
        """Sends an answer."""
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def missing(self, status=404, code="NoSuchKey"):
        """Sends an error as S3 does."""
        self.answer(status, f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode(), [("Content-Type", "application/xml")])

    def xml(self, inner, root):
        """Sends a document."""
        text = f'<?xml version="1.0" encoding="UTF-8"?><{root} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{inner}</{root}>'
        self.answer(200, text.encode(), [("Content-Type", "application/xml")])

    def do_PUT(self):
        """An object, or a part of one."""
        bucket, key, asked = self.target()
        data = self.body()
        etag = f'"{hashlib.md5(data).hexdigest()}"'
        with self.store.lock:
            if "uploadId" in asked:
                self.store.uploads[asked["uploadId"]][2][int(asked["partNumber"])] = data
            else:
                self.store.objects[f"{bucket}/{key}"] = (data, self.headers.get(KEY))
                self.store.written += 1
        self.answer(200, b"", [("ETag", etag), *self.own()])

    def do_POST(self):
        """The beginning or end of an upload in parts, or the end of many objects."""
        bucket, key, asked = self.target()
        data = self.body()
        if "uploads" in asked:
            with self.store.lock:
                number = f"upload-{len(self.store.uploads)}"
                self.store.uploads[number] = (f"{bucket}/{key}", self.headers.get(KEY), {})
            self.xml(f"<Bucket>{bucket}</Bucket><Key>{key}</Key><UploadId>{number}</UploadId>", "InitiateMultipartUploadResult")
        elif "uploadId" in asked:
            with self.store.lock:
                name, secret, parts = self.store.uploads.pop(asked["uploadId"])
                self.store.objects[name] = (b"".join(parts[number] for number in sorted(parts)), secret)
                self.store.written += 1
            self.xml(f'<Bucket>{bucket}</Bucket><Key>{key}</Key><ETag>"whole"</ETag>', "CompleteMultipartUploadResult")
        elif "delete" in asked:
            names = [part.split(b"</Key>")[0].decode() for part in data.split(b"<Key>")[1:]]
            with self.store.lock:
                for name in names:
                    self.store.objects.pop(f"{bucket}/{name}", None)
            self.xml("".join(f"<Deleted><Key>{name}</Key></Deleted>" for name in names), "DeleteResult")
        else:
            self.missing(400, "InvalidRequest")

    def do_GET(self):
        """An object, or a list of them."""
        bucket, key, asked = self.target()
        if not key:
            return self.listed(bucket, asked)
        with self.store.lock:
            data, secret = self.store.objects.get(f"{bucket}/{key}", (None, None))
        if data is None:
            return self.missing()
        if "X-Amz-Expires" in asked and ended(asked):
            return self.missing(403, "AccessDenied")
        if secret != self.headers.get(KEY):
            return self.missing(400, "InvalidRequest")
        headers = [("ETag", f'"{hashlib.md5(data).hexdigest()}"'), ("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT"),
                   ("Content-Type", "application/octet-stream"), ("Server", "canary-storage"), *self.own()]
        wanted = self.headers.get("Range", "")
        if wanted.startswith("bytes="):
            first, _, last = wanted[6:].partition("-")
            if not first:
                first, last = max(0, len(data) - int(last)), len(data) - 1
            part = data[int(first):int(last or len(data) - 1) + 1]
            return self.answer(206, part, [*headers, ("Content-Range", f"bytes {first}-{int(first) + len(part) - 1}/{len(data)}")])
        return self.answer(200, data, headers)

    do_HEAD = do_GET

    def do_DELETE(self):
        """The end of an object, or of an upload."""
        bucket, key, asked = self.target()
        with self.store.lock:
            if "uploadId" in asked:
                self.store.uploads.pop(asked["uploadId"], None)
            self.store.objects.pop(f"{bucket}/{key}", None)
        self.answer(204)

    def listed(self, bucket, asked):
        """Sends the names that begin as asked."""
        names = [name.partition("/")[2] for name in self.store.keys() if name.startswith(f"{bucket}/{asked.get('prefix', '')}")]
        entries = "".join(f"<Contents><Key>{xml.sax.saxutils.escape(name)}</Key><Size>1</Size><LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>"
                          for name in names)
        self.xml(f"<Name>{bucket}</Name><IsTruncated>false</IsTruncated><KeyCount>{len(names)}</KeyCount>{entries}", "ListBucketResult")

    def own(self):
        """What S3 says of a customer's key that was used."""
        return [(name, self.headers[name]) for name in (ALGORITHM, MD5) if name in self.headers]


def ended(asked):
    """Whether the time for which an address was signed is over."""
    signed = datetime.datetime.strptime(asked["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
    return datetime.datetime.now(datetime.timezone.utc) > signed + datetime.timedelta(seconds=int(asked["X-Amz-Expires"]))


class Lines:
    """Bytes that are read line by line."""

    def __init__(self, data):
        self.data = data

    def line(self):
        """The next line."""
        line, _, self.data = self.data.partition(b"\n")
        return line

    def read(self, size):
        """So many bytes."""
        data, self.data = self.data[:size], self.data[size:]
        return data


def chunks(line, read):
    """The parts of a chunked body."""
    while size := int(line().split(b";")[0].strip() or b"0", 16):
        yield read(size)
        line()
    while line().strip():
        pass
