"""The few calls of Kubernetes' Container Runtime Interface (runtime.v1) that the tests make, as a kubelet makes them: protocol buffers over gRPC.

A message is a list of (number of the field, value): text, bytes, a whole number, or a message. The numbers are those of the interface.
"""
import struct
import subprocess


def varint(number):
    out = b""
    number &= (1 << 64) - 1
    while number > 0x7F:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def encode(message):
    out = b""
    for field, value in message:
        if isinstance(value, int):
            out += varint(field << 3) + varint(value)
        else:
            value = value.encode() if isinstance(value, str) else value if isinstance(value, bytes) else encode(value)
            out += varint(field << 3 | 2) + varint(len(value)) + value
    return out


def decode(data):
    """The last value of each field: whole numbers, and bytes, which may be a message."""
    fields, at = {}, 0

    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value
    while at < len(data):
        key = number()
        if key & 7 == 0:
            fields[key >> 3] = number()
        elif key & 7 == 2:
            size = number()
            fields[key >> 3] = data[at:at + size]
            at += size
        else:
            raise ValueError(f"a field of type {key & 7}")
    return fields


class Refused(Exception):
    pass


def call(socket, method, message, folder):
    """The answer's fields; Refused with the text of the error."""
    data = encode(message)
    result = subprocess.run(["curl", "--silent", "--show-error", "--max-time", "60", "--http2-prior-knowledge", "--unix-socket", socket,
                             "--dump-header", folder + "/headers", "--header", "content-type: application/grpc", "--header", "te: trailers",
                             "--data-binary", "@-", f"http://localhost/runtime.v1.RuntimeService/{method}"],
                            input=b"\0" + struct.pack(">I", len(data)) + data, capture_output=True, check=True)
    with open(folder + "/headers") as file:
        headers = dict(line.rstrip("\r\n").split(": ", 1) for line in file if ": " in line)
    if headers.get("grpc-status") != "0":
        raise Refused(f"{method}: {headers.get('grpc-message')}")
    return decode(result.stdout[5:])
