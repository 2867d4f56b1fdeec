#include "linux/deaths.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <cv/clock.h>
#include <cv/file.h>
#include <cv/folders.h>
#include <cv/str.h>

#include "linux/fd.h"

enum { SWEEP_EVERY_MS = 60000 /* what could not be swept then may be by now */, EVENTS_BYTES = 4096 };

/* Of this process, as are the descriptors. */
static struct {
    int     alive_fd, watch_fd;
    bool    suspect;
    int64_t next_ms;
} deaths = { .alive_fd = -1, .watch_fd = -1, .suspect = true };

static int open_alive(const char* path, struct cv_error* err)
{
    deaths.alive_fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    return deaths.alive_fd < 0 ? cv_error_errno(err, errno, "open the file that tells of our end", path) : 0;
}

/* What happened before is not told: hence the suspicion. */
static void start_watch(const char* path)
{
    int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (fd >= 0 && inotify_add_watch(fd, path, IN_CLOSE_WRITE) < 0) {
        linux_fd_closep(&fd);
        return;
    }
    deaths.watch_fd = fd;
    deaths.suspect  = true;
}

int linux_deaths_watch(struct cv_error* err)
{
    if (deaths.watch_fd >= 0)
        return 0;
    CV_CLEANUP(cv_freep) char* run_dir = NULL;
    int                        rc      = cv_folders_run(&run_dir, err);
    if (rc == 0)
        rc = cv_folder_make(run_dir, 0755, err);
    if (rc < 0)
        return rc;
    CV_CLEANUP(cv_freep) char* path = cv_asprintf(err, "%s/alive", run_dir);
    if (path == NULL)
        return CV_ERR_NO_MEMORY;
    if (deaths.alive_fd < 0)
        return open_alive(path, err);
    start_watch(path);
    return 0;
}

/* All that has been told; false: nothing. Who can't be asked may have something to tell. */
static bool has_news(void)
{
    char    events[EVENTS_BYTES];
    bool    news = false;
    ssize_t got;
    while ((got = read(deaths.watch_fd, events, sizeof(events))) > 0)
        news = true;
    return news || got == 0 || errno != EAGAIN;
}

bool linux_deaths_since_last(void)
{
    bool due = deaths.watch_fd < 0 || deaths.suspect || cv_clock_left_ms(deaths.next_ms) == 0;
    if (deaths.watch_fd >= 0)
        due = has_news() || due;
    if (due) {
        deaths.suspect = false;
        deaths.next_ms = cv_clock_deadline_ms(SWEEP_EVERY_MS);
    }
    return due;
}

void linux_deaths_suspect(void)
{
    deaths.suspect = true;
}
