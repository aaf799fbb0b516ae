"""slowproxy.py PORT MILLISECONDS: stands before the directory on that port of loopback and lets every bind request wait.

Prints the port it listens on. Everything else passes at once; the order within a connection is kept."""
import asyncio, sys

BIND_REQUEST = 0x60  # RFC 4511, 4.2: [APPLICATION 0]


def whole(buffer):
    """The length of the first LDAPMessage, or None while it is not all there (X.690, definite lengths)."""
    if len(buffer) < 2:
        return None
    if buffer[1] < 0x80:
        length, start = buffer[1], 2
    else:
        start = 2 + (buffer[1] & 0x7F)
        if len(buffer) < start:
            return None
        length = int.from_bytes(buffer[2:start], "big")
    return start + length if len(buffer) >= start + length else None


def is_bind(message):
    start = 2 if message[1] < 0x80 else 2 + (message[1] & 0x7F)
    # The messageID, an INTEGER of at most four octets, then the operation's tag.
    return message[start + 2 + message[start + 1]] == BIND_REQUEST


async def forward(reader, writer, delay):
    buffer = b""
    while data := await reader.read(65536):
        if delay is None:
            writer.write(data)
        else:
            buffer += data
            while length := whole(buffer):
                message, buffer = buffer[:length], buffer[length:]
                if is_bind(message):
                    await asyncio.sleep(delay)
                writer.write(message)
        await writer.drain()
    writer.close()


async def main(port, milliseconds):
    async def serve(reader, writer):
        try:
            onward, back = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.gather(forward(reader, back, milliseconds / 1000), forward(onward, writer, None))
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


try:
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2])))
except KeyboardInterrupt:
    pass
