"""containerd, with a state folder and a socket of the test's own."""
from callers import *
from image import write_archive

SOCKET = "/run/containerd/test.sock"
CONFIG = f"""
version = 2
root = "{PLACE}/containerd"
state = "/run/containerd"
[grpc]
address = "{SOCKET}"
"""


def ctr(*args, namespace=GROUP, **more):
    return call("ctr", "--address", SOCKET, "--namespace", namespace, *args, **more)


def output(*args, **more):
    result = ctr(*args, **more)
    if result.returncode != 0:
        raise AssertionError(f"ctr {args}: {result.returncode}: {result.stdout}{result.stderr}")
    return result.stdout.rstrip("\n")


def start_containerd(config=""):
    """It goes with the namespaces, and its shims; what it says is in a file there."""
    with open(f"{PLACE}/containerd.log", "a") as log:
        daemon = subprocess.Popen(["containerd", "--config", write(f"{PLACE}/containerd.toml", CONFIG + config)], stdin=subprocess.DEVNULL,
                                  stdout=log, stderr=log)
    poll(lambda: ctr("version").returncode == 0 or daemon.poll(), "containerd answers")
    return daemon


__all__ = ["Case", "DEADLINE", "GROUP", "PLACE", "ROOTFS", "RUNTIME", "SOCKET", "call", "cpu_limit_of", "ctr", "group_of", "limit_of", "main", "os",
           "output", "poll", "start_containerd", "status_of", "subprocess", "tar_of_the_root", "time", "unittest", "write", "write_archive"]
