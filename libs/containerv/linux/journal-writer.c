#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cv/clock.h>
#include <cv/handle.h>
#include <cv/str.h>

#include "linux/journal.h"

#include <cv/banned.h>

enum { LOCK_MS = 1000, AGAIN_MS = 2 };

/* Who has it writes one line: one that is stopped in it must not stop every supervisor. */
static int lock(int fd, struct cv_error* err)
{
    int64_t deadline_ms = cv_clock_deadline_ms(LOCK_MS);
    int     result;

    while ((result = flock(fd, LOCK_EX | LOCK_NB)) < 0 && (errno == EINTR || errno == EWOULDBLOCK)
           && cv_clock_left_ms(deadline_ms) > 0)
        poll(NULL, 0, AGAIN_MS);
    if (result == 0)
        return 0;
    if (errno != EINTR && errno != EWOULDBLOCK)
        return cv_error_errno(err, errno, "lock the journal", JOURNAL_FILE);
    cv_error_set(err, CV_ERR_TIMEOUT, "lock the journal: another process has had it for %d ms", (int)LOCK_MS);
    cv_error_step(err, "lock the journal");
    cv_error_object(err, "%s", JOURNAL_FILE);
    return cv_error_hint(err, "it may be stopped, or wait for the disk: lslocks tells which one it is");
}

/* The journal, locked. Another may have moved it aside while we waited: then it is opened anew. */
static int open_locked(int dir_fd, int* fd_out, struct stat* file_out, struct cv_error* err)
{
    for (;;) {
        CV_CLEANUP(cv_handle_closep)
        int         fd = openat(dir_fd, JOURNAL_FILE, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
        struct stat there;
        if (fd < 0)
            return cv_error_errno(err, errno, "open the journal", JOURNAL_FILE);
        int rc = lock(fd, err);
        if (rc < 0)
            return rc;
        if (fstat(fd, file_out) < 0)
            return cv_error_errno(err, errno, "look at the journal", JOURNAL_FILE);
        if (fstatat(dir_fd, JOURNAL_FILE, &there, AT_SYMLINK_NOFOLLOW) == 0 && there.st_ino == file_out->st_ino
            && there.st_dev == file_out->st_dev) {
            *fd_out = CV_STEAL_HANDLE(fd);
            return 0;
        }
    }
}

static int open_with_room(int dir_fd, size_t length, int* fd_out, struct stat* file_out, struct cv_error* err)
{
    int rc = open_locked(dir_fd, fd_out, file_out, err);
    while (rc == 0 && file_out->st_size > 0 && file_out->st_size + (off_t)length > JOURNAL_FILE_BYTES) {
        int number = renameat(dir_fd, JOURNAL_FILE, dir_fd, JOURNAL_OLD_FILE) < 0 ? errno : 0;
        cv_handle_closep(fd_out);
        rc = number == 0 ? open_locked(dir_fd, fd_out, file_out, err)
                         : cv_error_errno(err, number, "begin a new journal", JOURNAL_OLD_FILE);
    }
    return rc;
}

/* What a crash left of a line gets its end. */
static bool ends_within_a_line(int fd, off_t size)
{
    char last = '\n';
    return size > 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n';
}

static int append(int dir_fd, const char* line, struct cv_error* err)
{
    CV_CLEANUP(cv_handle_closep) int fd   = CV_HANDLE_NONE;
    CV_CLEANUP(cv_freep) char*       text = NULL;
    struct stat                      file = { 0 };
    ssize_t                          written;
    int                              rc = open_with_room(dir_fd, strlen(line) + 2, &fd, &file, err);

    if (rc < 0)
        return rc;
    text = cv_asprintf(err, "%s%s\n", ends_within_a_line(fd, file.st_size) ? "\n" : "", line);
    if (text == NULL)
        return CV_ERR_NO_MEMORY;
    written = TEMP_FAILURE_RETRY(write(fd, text, strlen(text)));
    if (written == (ssize_t)strlen(text))
        return 0;
    cv_error_errno(err, written < 0 ? errno : ENOSPC, "write the journal", JOURNAL_FILE);
    if (written > 0 && ftruncate(fd, file.st_size) < 0) {} /* else the next one gives it an end */
    return cv_error_hint(err, "make room on the filesystem of the state folder");
}

int journal_append(const char* state_dir, const struct containerv_journal_entry* entry, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char*       line   = NULL;
    CV_CLEANUP(cv_handle_closep) int dir_fd = CV_HANDLE_NONE;
    int                              rc     = journal_print(entry, &line, err);
    if (rc < 0)
        return rc;
    if (strlen(line) > JOURNAL_MAX_LINE)
        return cv_error_set(err, CV_ERR_LIMIT, "an entry of the journal has at most %d bytes", JOURNAL_MAX_LINE);
    dir_fd = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir_fd < 0)
        return cv_error_errno(err, errno, "open the state folder", state_dir);
    return append(dir_fd, line, err);
}
