#!/usr/bin/env bats
# More bytes in one stream than sequence numbers have, both ways at once.

load ../helpers
load ../helpers.net

bulk='import socket, sys, threading
TOTAL, PART = 4400000000, 1000003
block = bytes((i * i >> 3) & 255 for i in range(PART)) * 2
if sys.argv[1] == "serve":
    l = socket.create_server(("", 7))
    print("listens", flush=True)
    s = l.accept()[0]
else:
    s = socket.create_connection((sys.argv[1], 7))
def write():
    n = 0
    while n < TOTAL:
        n += s.send(memoryview(block)[n % PART:][:min(PART, TOTAL - n)])
    s.shutdown(socket.SHUT_WR)
threading.Thread(target=write).start()
got, n = bytearray(PART), 0
while r := s.recv_into(got):
    if got[:r] != block[n % PART:n % PART + r]:
        print("wrong bytes after", n)
        sys.exit(1)
    n += r
print(n, "bytes")'

@test "4.4 GB in one stream, each way" {
	start_host a 10.0.0.1
	start_host b 10.0.0.2
	start_bg serve on b "$PYTHON" -c "$bulk" serve
	wait_for in_file serve.log listens
	LIMIT=900 run_cmd on a "$PYTHON" -c "$bulk" 10.0.0.2
	expect '^4400000000 bytes$'
	wait_for in_file serve.log '^4400000000 bytes$'
}
