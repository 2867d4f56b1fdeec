/* Files of /proc about the calling process, which a container may have hidden under other mounts. Linux only. */
#ifndef CV_LINUX_PROCSELF_H
#define CV_LINUX_PROCSELF_H

/*
 * Open /proc/self/<name>, and be sure that it is that: the file system is the kernel's procfs from its root, and nothing that is mounted in
 * it or on it is gone through. Where /proc is none, one of its own is made for the call, which needs CAP_SYS_ADMIN.
 * @return a close-on-exec descriptor, or -1 with errno.
 */
int linux_procself_open(const char* name, int flags);

/* One write of the whole text. -1 with errno. */
int linux_procself_write(const char* name, const char* text);

#endif
