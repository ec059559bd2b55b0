"""A small web server: GET and PUT of files in a directory.

usage: h_http.py PORT [WORKERS [DIRECTORY]]

With WORKERS above 0 the processes are forked after listen and compete for the one
listening socket; each answer tells in X-Worker which it was.
"""
import http.server
import os
import shutil
import socketserver
import sys


class Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def end_headers(self):
        self.send_header("X-Worker", str(os.getpid()))
        super().end_headers()

    def do_PUT(self):
        left = int(self.headers["Content-Length"])
        if self.headers.get("Expect", "").lower() == "100-continue":
            self.send_response_only(100)
            super().end_headers()
        with open(os.path.basename(self.path), "wb") as f:
            while left:
                data = self.rfile.read(min(left, 1 << 16))
                if not data:
                    return
                f.write(data)
                left -= len(data)
        self.send_response(201)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def handle_expect_100(self):
        return True


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def server_bind(self):
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]


def main():
    if len(sys.argv) > 3:
        os.chdir(sys.argv[3])
    server = Server(("", int(sys.argv[1])), Handler)
    workers = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    for _ in range(workers):
        if os.fork() == 0:
            # One write: the others' lines are not to come between.
            os.write(1, b"worker %d\n" % os.getpid())
            server.serve_forever()
    if workers:
        for _ in range(workers):
            os.wait()
    else:
        server.serve_forever()


main()
