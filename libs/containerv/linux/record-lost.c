#include "linux/record-lost.h"

#include <cv/clock.h>
#include <cv/str.h>

#include "linux/journal.h"
#include "linux/record.h"

#include <cv/banned.h>

static int tell(const char* state_dir, const char* id, uint32_t kind, const struct containerv_info* info,
    int64_t process, struct cv_error* err)
{
    struct containerv_journal_entry entry = {
        .size = sizeof(entry), .kind = kind, .time_ns = info->finished_ns, .exit.size = sizeof(entry.exit)
    };
    int rc = cv_snprintf(entry.id, sizeof(entry.id), "%s", id);

    if (kind == CV_EVENT_EXITED) {
        entry.process  = process;
        entry.is_main  = 1;
        entry.has_exit = 1;
        entry.exit     = info->exit;
    }
    return rc < 0 ? cv_error_set(err, CV_ERR_INVALID, "'%s' is no id", id) : journal_append(state_dir, &entry, err);
}

int linux_record_settle(
    int home_fd, const char* state_dir, const char* id, struct containerv_info* info_out, struct cv_error* err)
{
    struct containerv_info info    = { .size = sizeof(info) };
    int                    rc      = linux_record_read(home_fd, &info, err);
    int64_t                process = rc == 0 ? info.main_process : 0;
    bool                   ran     = rc == 0 && info.state != CV_STATE_RESTARTING;

    if (rc == 0 && linux_record_lost(&info, cv_clock_realtime_ns())) {
        rc = linux_record_write(home_fd, &info, err);
        if (rc == 0 && ran)
            rc = tell(state_dir, id, CV_EVENT_EXITED, &info, process, err);
        if (rc == 0)
            rc = tell(state_dir, id, CV_EVENT_STOPPED, &info, 0, err);
    }
    if (rc == 0)
        *info_out = info;
    return rc < 0 ? cv_error_wrap(err, "write down that the supervisor of '%s' is lost", id) : 0;
}
