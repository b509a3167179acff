"""Owns a relay between a browser and a desk. The relay never answers a request for a picture, or refuses it. Knows
nothing about calls."""

import socket
import threading

CHUNK_BYTES = 65_536
PICTURES = b"GET /places/"
REFUSED = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class Relay:
    """Forwards every request to a desk on this machine, except those for pictures."""

    def __init__(self, desk_port, is_refusing):
        self.desk_port, self.is_refusing = desk_port, is_refusing
        # Number of requests for pictures so far, number that are waiting now, and largest number that waited at once.
        self.asked, self.waiting, self.most_waiting = 0, 0, 0
        self.door = socket.create_server(("127.0.0.1", 0))
        self.port = self.door.getsockname()[1]
        self.lock = threading.Lock()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                browser, _ = self.door.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(browser,), daemon=True).start()

    def serve(self, browser):
        """Serves one request and closes the connection, so that no later request for a picture goes unrecognised."""
        with browser:
            try:
                head = b""
                while b"\r\n\r\n" not in head:
                    more = browser.recv(CHUNK_BYTES)
                    if not more:
                        return
                    head += more
                if head.startswith(PICTURES):
                    self.hold(browser)
                else:
                    self.pass_on(browser, head)
            except OSError:
                # The browser or the desk has closed its connection.
                pass

    def hold(self, browser):
        with self.lock:
            self.asked += 1
            self.waiting += 1
            self.most_waiting = max(self.most_waiting, self.waiting)
        try:
            if self.is_refusing:
                browser.sendall(REFUSED)
            else:
                # This returns once the browser gives up on the picture.
                browser.recv(1)
        finally:
            with self.lock:
                self.waiting -= 1

    def pass_on(self, browser, head):
        request, rest = head.split(b"\r\n", 1)
        kept = b"\r\n".join(line for line in rest.split(b"\r\n") if not line.lower().startswith(b"connection:"))
        with socket.create_connection(("127.0.0.1", self.desk_port)) as desk:
            desk.sendall(request + b"\r\nConnection: close\r\n" + kept)
            threading.Thread(target=self.copy, args=(browser, desk), daemon=True).start()
            self.copy(desk, browser)

    @staticmethod
    def copy(from_socket, to_socket):
        try:
            while more := from_socket.recv(CHUNK_BYTES):
                to_socket.sendall(more)
        except OSError:
            # One side has closed its connection, so the other is closed as well.
            pass

    def close(self):
        self.door.close()
