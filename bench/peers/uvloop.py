"""uvloop.py - the servers on Python's asyncio, with uvloop as its event loop

    python3 bench/peers/uvloop.py WORKLOAD PORT [TARGET]

A Protocol for each connection, which is the fast way of asyncio (the other is
streams). write() queues what the kernel does not take; pause_writing() and
resume_writing() tell where a reader must be held up. No-delay is asyncio's
default.
"""
import asyncio
import resource
import sys

sys.path.pop(0)  # the folder of this file, which would be taken for uvloop
import uvloop  # noqa: E402

HIGH_WATER = 64 * 1024
ANSWER = (
    b"HTTP/1.1 200 OK\r\n"
    b"Content-Type: text/plain\r\n"
    b"Content-Length: 13\r\n"
    b"\r\n"
    b"Hello, world!"
)
guests = set()


class Carrier(asyncio.Protocol):
    """Writes what it reads to another connection; by itself, to its own."""

    def __init__(self):
        self.other = self

    def connection_made(self, transport):
        self.transport = transport
        transport.set_write_buffer_limits(high=HIGH_WATER)

    def data_received(self, data):
        self.other.transport.write(data)

    def pause_writing(self):
        self.other.transport.pause_reading()

    def resume_writing(self):
        self.other.transport.resume_reading()

    # eof_received() is None by default: closes when all is written.


class Sink(asyncio.Protocol):
    def data_received(self, data):
        pass


class Guest(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport
        guests.add(self)

    def connection_lost(self, error):
        guests.discard(self)

    def data_received(self, data):
        for guest in guests:
            if guest is not self:
                guest.transport.write(data)


class ProxySide(Carrier):
    def eof_received(self):
        self.other.transport.write_eof()
        return True  # stays half-open

    def connection_lost(self, error):
        if error is not None:
            self.other.transport.abort()


class ProxyClient(ProxySide):
    target = None

    def connection_made(self, transport):
        super().connection_made(transport)
        self.early = []  # what comes before there is where it can go
        self.connecting = asyncio.ensure_future(self.connect())

    def data_received(self, data):
        if self.early is None:
            self.other.transport.write(data)
        else:
            self.early.append(data)
            self.transport.pause_reading()

    def eof_received(self):
        if self.early is None:
            self.other.transport.write_eof()
        else:
            self.early.append(None)
        return True

    async def connect(self):
        loop = asyncio.get_running_loop()
        upstream = ProxySide()
        upstream.other = self
        try:
            await loop.create_connection(lambda: upstream, *self.target)
        except OSError:
            self.transport.abort()
            return
        self.other = upstream
        for data in self.early:
            if data is None:
                upstream.transport.write_eof()
            else:
                upstream.transport.write(data)
        self.early = None
        self.transport.resume_reading()


class Http(asyncio.Protocol):
    """A request ends with a blank line after another one; no more is looked at.
    Lines end with CR LF here, and nothing else."""

    def __init__(self):
        self.begin = b""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        if self.begin:
            data = self.begin + data
        requests = data.count(b"\r\n\r\n")
        self.begin = data[data.rfind(b"\r\n\r\n") + 4:] if requests else data
        if requests:
            self.transport.write(ANSWER * requests)

    def pause_writing(self):
        self.transport.pause_reading()

    def resume_writing(self):
        self.transport.resume_reading()


WORKLOADS = {
    "echo": Carrier,
    "sink": Sink,
    "fanout": Guest,
    "proxy": ProxyClient,
    "http": Http,
}


async def serve(workload, port):
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        WORKLOADS[workload], "127.0.0.1", port, backlog=4096
    )
    host, port = server.sockets[0].getsockname()
    print(f"listening on {host}:{port}", flush=True)
    await server.serve_forever()


def main(arguments):
    workload, port, target = (arguments + ["", ""])[:3]
    if workload not in WORKLOADS or not port.isdigit() or (
        workload == "proxy" and ":" not in target
    ):
        print("usage: uvloop.py WORKLOAD PORT [TARGET]\nWORKLOAD: one of:",
              *WORKLOADS, file=sys.stderr)
        sys.exit(2)
    if target:
        host, target_port = target.rsplit(":", 1)
        ProxyClient.target = (host, int(target_port))
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    uvloop.install()
    asyncio.run(serve(workload, int(port)))


main(sys.argv[1:])
