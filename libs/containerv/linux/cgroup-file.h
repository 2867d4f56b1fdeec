/* The control files and folders of one cgroup, by descriptor: what cgroup.c is made of. */
#ifndef CV_LINUX_CGROUP_FILE_H
#define CV_LINUX_CGROUP_FILE_H

#include <dirent.h>
#include <stdbool.h>
#include <sys/types.h>

#include <cv/error.h>

/* A folder for reading, no link. */
int linux_cgroup_open_folder(int parent_fd, const char* name, int* folder_out, struct cv_error* err);

/* Do both descriptors stand for the same group? */
bool linux_cgroup_is_same(int a, int b);

/* One write of the whole text. CV_ERR_NOT_FOUND when the kernel has no such control file. */
int linux_cgroup_write(int group_fd, const char* file, const char* text, struct cv_error* err);

/* The whole content, which must be shorter than `size`, with NUL at the end. CV_ERR_NOT_FOUND, CV_ERR_LIMIT. */
int linux_cgroup_read(int group_fd, const char* file, char* text, size_t size, struct cv_error* err);

/* The groups directly below: a stream of its own, NULL on failure; the next one's name or NULL. The name is valid until the next call. */
DIR*        linux_cgroup_list(int group_fd, struct cv_error* err);
const char* linux_cgroup_next_child(DIR* folder);
void        linux_cgroup_closep(DIR** folder);

/* Call `visit` for each process in the group and below; stops at its first result below zero. A group that vanishes is passed over. */
int linux_cgroup_each_process(
    int group_fd, int (*visit)(pid_t pid, void* data, struct cv_error* err), void* data, struct cv_error* err);

#endif
