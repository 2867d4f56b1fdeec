"""Become the user: enter.py ETC GROUP UID BUILD PROGRAM [ARGUMENT...]

In a mount namespace of its own, with the files of ETC over those of /etc, in the cgroup whose folder is GROUP ("": stay), with no group
but his own. He reaches the folder BUILD, also where one above it is closed to others, as root's home is.
"""
import ctypes
import os
import sys

CLONE_NEWNS, MS_BIND, MS_REC, MS_PRIVATE = 0x20000, 0x1000, 0x4000, 0x40000
libc = ctypes.CDLL(None, use_errno=True)


def check(result, what):
    if result != 0:
        sys.exit(f"enter.py: {what}: {os.strerror(ctypes.get_errno())}")


def reach(folder):
    parts = folder.split("/")
    above = ["/".join(parts[:count]) for count in range(2, len(parts))]
    closed = next((path for path in above if not os.stat(path).st_mode & 0o001), None)
    if closed is None:
        return
    fd = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    check(libc.mount(b"containerv-test", closed.encode(), b"tmpfs", 0, b"mode=755"), "cover " + closed)
    os.makedirs(folder)
    check(libc.mount(f"/proc/self/fd/{fd}".encode(), folder.encode(), None, MS_BIND | MS_REC, None), "mount " + folder)
    os.close(fd)


etc, group, uid, build = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
check(libc.unshare(CLONE_NEWNS), "unshare")
check(libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None), "make mounts private")
check(libc.mount(b"containerv-test", b"/etc", b"overlay", 0, f"lowerdir={etc}:/etc".encode()), "mount /etc")
reach(build)
if group:
    with open(os.path.join(group, "cgroup.procs"), "w") as file:
        file.write(str(os.getpid()))
os.setgroups([])
os.setresgid(uid, uid, uid)
os.setresuid(uid, uid, uid)
os.execvp(sys.argv[5], sys.argv[5:])
