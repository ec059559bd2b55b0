#!/usr/bin/env python3
"""Servers and clients of Python's own library, for the tests.

usage: h_py.py PART [ARGUMENT]...   (each function named PART_... is one)

Servers serve until they are killed; clients check what they get and end
with an exception where it is wrong.
"""
import asyncio
import hashlib
import multiprocessing.connection
import os
import socket
import socketserver
import sys
import threading

PAYLOAD = bytes(range(256)) * 4096      # 1 MiB


def family(addr):
    return socket.AF_INET6 if ":" in addr else socket.AF_INET


# asyncio streams: each line comes back in upper case.

async def _upper(reader, writer):
    while line := await reader.readline():
        writer.write(line.upper())
        await writer.drain()
    writer.close()
    await writer.wait_closed()


async def streams_serve(port):
    # No address: asyncio binds 0.0.0.0 and :: side by side.
    server = await asyncio.start_server(_upper, None, int(port))
    print("ready", len(server.sockets), flush=True)
    async with server:
        await server.serve_forever()


async def _streams_one(addr, port, i):
    reader, writer = await asyncio.open_connection(addr, port)
    lines = [b"client %d line %d %s\n" % (i, j, b"x" * 5000)
             for j in range(100)]

    async def send():
        for line in lines:
            writer.write(line)
            await writer.drain()
        writer.write_eof()

    async def receive():
        for line in lines:
            assert await reader.readline() == line.upper()
        assert await reader.read() == b""

    await asyncio.gather(send(), receive())
    writer.close()
    await writer.wait_closed()


async def streams_ask(addr, port):
    await asyncio.gather(*[_streams_one(addr, port, i) for i in range(50)])
    # The event loop's own connect by name tries both families.
    try:
        await asyncio.open_connection(addr, int(port) + 1)
    except ConnectionRefusedError:
        print("refused")


# asyncio datagrams: each comes back reversed.

class _Reverse(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        self.transport.sendto(data[::-1], addr)


async def datagrams_serve(addr, port):
    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(_Reverse, (addr, int(port)))
    print("ready", flush=True)
    await asyncio.sleep(60)


class _Client(asyncio.DatagramProtocol):
    def __init__(self):
        self.queue = asyncio.Queue()
        self.error = asyncio.get_running_loop().create_future()

    def datagram_received(self, data, addr):
        self.queue.put_nowait(data)

    def error_received(self, error):
        if not self.error.done():
            self.error.set_result(error)


async def datagrams_ask(addr, port):
    loop = asyncio.get_running_loop()
    transport, client = await loop.create_datagram_endpoint(
        _Client, remote_addr=(addr, int(port)))
    for size in (1, 100, 1472, 9000, 60000, 0, 65487):
        data = os.urandom(size)
        transport.sendto(data)
        if size:        # asyncio itself drops an empty sendto()
            got = await asyncio.wait_for(client.queue.get(), 10)
            assert got == data[::-1], (size, len(got))
    transport.close()
    # Nobody there: the ICMP error arrives at the connected socket.
    transport, client = await loop.create_datagram_endpoint(
        _Client, remote_addr=(addr, int(port) + 1))
    transport.sendto(b"x")
    error = await asyncio.wait_for(client.error, 10)
    print(type(error).__name__)


# socketserver: one line in, the digest of the rest out.

class _Digest(socketserver.StreamRequestHandler):
    def handle(self):
        name = self.rfile.readline().strip()
        digest = hashlib.sha256(self.rfile.read()).hexdigest().encode()
        self.wfile.write(b"%s %s %s %d %d\n" % (
            name, digest, self.client_address[0].encode(), os.getpid(),
            threading.get_ident()))


def socketserver_serve(kind, addr, port):
    base = {"forking": socketserver.ForkingTCPServer,
            "threading": socketserver.ThreadingTCPServer}[kind]

    class Server(base):
        address_family = family(addr)
        allow_reuse_address = True
        request_queue_size = 50
        daemon_threads = True

    with Server((addr, int(port)), _Digest) as server:
        print("ready", flush=True)
        server.serve_forever(0.1)


def _digest_one(addr, port, i, results):
    with socket.create_connection((addr, int(port)), 20) as sock:
        data = PAYLOAD[i:]
        sock.sendall(b"%d\n" % i + data)
        sock.shutdown(socket.SHUT_WR)
        answer = sock.makefile("rb").read().split()
        assert answer[0] == b"%d" % i
        assert answer[1].decode() == hashlib.sha256(data).hexdigest()
        assert answer[2].decode() == sock.getsockname()[0]
        results.append(answer[3:])


def socketserver_ask(addr, port):
    results = []
    threads = [threading.Thread(target=_digest_one,
                                args=(addr, port, i, results))
               for i in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print("answers", len(results))
    print("processes", len({r[0] for r in results}))


# multiprocessing: pickled objects there and back, with a key.

def listener_serve(addr, port):
    with multiprocessing.connection.Listener(
            (addr, int(port)), family="AF_INET", authkey=b"key") as listener:
        print("ready", flush=True)
        while True:
            with listener.accept() as conn:
                while (item := conn.recv()) is not None:
                    conn.send((item, listener.last_accepted[0]))


def listener_ask(addr, port):
    for big in (10, 1000, 3000000):
        item = {"list": list(range(10)), "bytes": b"z" * big}
        with multiprocessing.connection.Client(
                (addr, int(port)), authkey=b"key") as conn:
            conn.send(item)
            back, seen = conn.recv()
            assert back == item
            with socket.socket(fileno=os.dup(conn.fileno())) as sock:
                assert seen == sock.getsockname()[0]
            conn.send(None)
    try:
        multiprocessing.connection.Client((addr, int(port)), authkey=b"no")
    except multiprocessing.AuthenticationError:
        print("key refused")


def main():
    function = globals()[sys.argv[1]]
    result = function(*sys.argv[2:])
    if asyncio.iscoroutine(result):
        asyncio.run(result)


if __name__ == "__main__":
    main()
