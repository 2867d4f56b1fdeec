"""Become the user: enter.py ETC GROUP UID PROGRAM [ARGUMENT...]

In a mount namespace of its own, with the files of ETC over those of /etc, in the cgroup whose folder is GROUP ("": stay), with no group
but his own.
"""
import ctypes
import os
import sys

CLONE_NEWNS, MS_REC, MS_PRIVATE = 0x20000, 0x4000, 0x40000
libc = ctypes.CDLL(None, use_errno=True)


def check(result, what):
    if result != 0:
        sys.exit(f"enter.py: {what}: {os.strerror(ctypes.get_errno())}")


etc, group, uid = sys.argv[1], sys.argv[2], int(sys.argv[3])
check(libc.unshare(CLONE_NEWNS), "unshare")
check(libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None), "make mounts private")
check(libc.mount(b"containerv-test", b"/etc", b"overlay", 0, f"lowerdir={etc}:/etc".encode()), "mount /etc")
if group:
    with open(os.path.join(group, "cgroup.procs"), "w") as file:
        file.write(str(os.getpid()))
os.setgroups([])
os.setresgid(uid, uid, uid)
os.setresuid(uid, uid, uid)
os.execvp(sys.argv[4], sys.argv[4:])
