/* Lists of all containers of this user. What many of them cost is the reason for what is done how: no supervisor is woken. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cv/folders.h>
#include <cv/handle.h>
#include <cv/str.h>

#include "linux/client-instance.h"
#include "linux/record.h"

#include <cv/banned.h>

static const char prefix[] = "c-"; /* of a container's run folder */

static void close_folder(DIR** folder)
{
    if (*folder != NULL)
        closedir(*folder);
}

/* Only those that somebody answers for: a folder may be one that a dead owner left. */
static bool can_be_reached(const char* id)
{
    struct linux_route route = LINUX_ROUTE_INIT;
    bool               found = linux_client_reach(id, &route, NULL) == 0;

    linux_route_close(&route);
    return found;
}

static bool is_supervised(const char* id)
{
    CV_CLEANUP(cv_handle_closep) int home_fd = -1;

    return linux_client_open_home(id, &home_fd, NULL) == 0;
}

/* Those that their callers hold. */
static int list_held(struct cv_strv* list, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char*    run    = NULL;
    CV_CLEANUP(close_folder) DIR* folder = NULL;
    int                           result = cv_folders_run(&run, err);

    if (result < 0)
        return result;
    folder = opendir(run);
    if (folder == NULL)
        return errno == ENOENT ? 0 : cv_error_errno(err, errno, "look for containers", run);
    for (;;) {
        const struct dirent* entry = (errno = 0, readdir(folder));
        if (entry == NULL)
            return errno != 0 ? cv_error_errno(err, errno, "look for containers", run) : 0;
        const char* id = entry->d_name + sizeof(prefix) - 1;
        if (strncmp(entry->d_name, prefix, sizeof(prefix) - 1) == 0 && cv_spec_check_id(id, NULL) == 0
            && !is_supervised(id) && can_be_reached(id) && cv_strv_append(list, id) < 0)
            return cv_error_no_memory(err);
    }
}

static int add(const char* id, void* context)
{
    return cv_strv_append(context, id);
}

static int list_supervised(struct cv_strv* list, struct cv_error* err)
{
    int result = linux_client_list_homes(add, list, err);

    return result == CV_ERR_NO_MEMORY ? cv_error_no_memory(err) : result;
}

/* All first: `each` may make or destroy some. */
int linux_client_list(int (*each)(const char* id, void* context), void* context, struct cv_error* err)
{
    CV_CLEANUP(cv_strv_release) struct cv_strv list   = { .items = NULL };
    int                                        result = list_supervised(&list, err);

    if (result == 0)
        result = list_held(&list, err);
    for (size_t i = 0; i < list.count && result == 0; i++)
        result = each(list.items[i], context);
    return result;
}

/* The container was opened and asked: for those few of which the record can't tell. */
static int ask(const char* id, struct containerv_info* info_out)
{
    struct cv_spec*        spec     = NULL;
    void*                  instance = NULL;
    struct containerv_info info     = { .size = sizeof(info), .exit.size = sizeof(info.exit) };
    enum containerv_state  state    = CV_STATE_STOPPED;
    int                    result   = linux_client_open(id, &spec, &instance, NULL);

    if (result < 0)
        return result;
    if (is_supervised(id))
        result = linux_client_info(instance, &info, NULL);
    else
        result = linux_client_state(instance, &state, NULL);
    linux_client_close(instance);
    cv_spec_free(spec);
    if (info.supervised == 0)
        info.state = (uint32_t)state;
    if (result == 0)
        *info_out = info;
    return result;
}

static int read_record(const char* id, struct containerv_info* info_out)
{
    CV_CLEANUP(cv_handle_closep) int home_fd = -1;
    int                              result  = linux_client_open_home(id, &home_fd, NULL);

    return result == 0 ? linux_record_read(home_fd, info_out, NULL) : result;
}

/* NULL for one that can't be looked at: who opens it is told why. */
static int tell(const char* id, bool                                                      held,
    int (*each)(const char* id, const struct containerv_info* info, void* context), void* context)
{
    struct containerv_info info   = { .size = sizeof(info) };
    int                    result = read_record(id, &info);

    if (result == 0 && !held && !linux_client_rests(&info))
        result = ask(id, &info);
    return each(id, result == 0 ? &info : NULL, context);
}

static int tell_held(
    const char* id, int (*each)(const char* id, const struct containerv_info* info, void* context), void* context)
{
    struct containerv_info info;

    return each(id, ask(id, &info) == 0 ? &info : NULL, context);
}

int linux_client_list_info(
    int (*each)(const char* id, const struct containerv_info* info, void* context), void* context, struct cv_error* err)
{
    CV_CLEANUP(cv_strv_release) struct cv_strv supervised = { .items = NULL };
    CV_CLEANUP(cv_strv_release) struct cv_strv others     = { .items = NULL };
    CV_CLEANUP(cv_freep) bool*                 held       = NULL;
    int                                        result     = list_supervised(&supervised, err);

    if (result == 0)
        result = list_held(&others, err);
    if (result == 0 && (held = calloc(supervised.count + 1, sizeof(*held))) == NULL)
        result = cv_error_no_memory(err);
    if (result == 0)
        result = linux_client_are_held(&supervised, held, err);
    for (size_t i = 0; i < supervised.count && result == 0; i++)
        result = tell(supervised.items[i], held[i], each, context);
    for (size_t i = 0; i < others.count && result == 0; i++)
        result = tell_held(others.items[i], each, context);
    return result;
}
