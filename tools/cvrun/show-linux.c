/* Commands that only look: state, list, ps. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cv/file.h>
#include <cv/handle.h>
#include <cv/macros.h>
#include <cv/process.h>
#include <cv/str.h>

#include "cvrun.h"
#include "document.h"
#include "linux/bare.h"
#include "spec/spec.h"

#include <cv/banned.h>

enum { PASSWD_MAX = 1 << 20, PS_MAX = 16 << 20, PS_CHUNK = 4096, PS_ARGUMENTS_MAX = 64 };

/* "table", which is the default, or "json". */
static int is_json(const struct cvrun_options* options, bool* json_out, struct cv_error* err)
{
    const char* format = options->format != NULL ? options->format : "table";

    *json_out = strcmp(format, "json") == 0;
    if (*json_out || strcmp(format, "table") == 0)
        return 0;
    cv_error_set(err, CV_ERR_INVALID, "format '%s' is not known", format);
    return cv_error_hint(err, "table or json");
}

/* A container's state with the strings that nobody else owns. */
struct shown {
    struct linux_bare* bare;
    char*              owner;
    struct cvrun_state state;
};

static void shown_release(struct shown* shown)
{
    linux_bare_close(shown->bare);
    free(shown->owner);
}

static int look(const struct cvrun_call* call, const char* id, struct shown* shown_out, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char*    passwd = NULL;
    struct shown                  shown  = { 0 };
    const struct linux_bare_info* info;

    if (cvrun_open(call, id, &shown.bare, err) < 0)
        return err->code;
    (void)cv_file_read("/etc/passwd", PASSWD_MAX, &passwd, NULL, NULL); /* without it, the owner is a number */
    if (linux_bare_look(shown.bare, &info, err) < 0
        || (shown.owner = cvrun_owner_name(passwd, info->owner, err)) == NULL) {
        shown_release(&shown);
        return err->code;
    }
    shown.state = (struct cvrun_state){ .id = info->id,
        .bundle                             = info->bundle,
        .rootfs                             = info->rootfs,
        .status                             = linux_bare_status_text(info->status),
        .owner                              = shown.owner,
        .oci_version                        = info->spec->oci_version,
        .pid                                = info->pid,
        .created_ns                         = info->created_ns,
        .annotations                        = &info->spec->annotations };
    *shown_out  = shown;
    return 0;
}

int cvrun_state(const struct cvrun_call* call, int* code_out, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* text = NULL;
    struct shown               shown;

    (void)code_out;
    if (look(call, call->arguments[0], &shown, err) < 0)
        return err->code;
    text = cvrun_state_print(&shown.state, err);
    shown_release(&shown);
    return text == NULL ? err->code : cvrun_print(text, err);
}

/* --- list ------------------------------------------------------------------------------------------------------------------------- */

/* One that is taken away meanwhile is not in the list; of one that can't be read, that is told. */
static size_t look_at_all(const struct cvrun_call* call, const struct cv_strv* ids, struct shown* all)
{
    size_t count = 0;

    for (size_t i = 0; i < ids->count; i++) {
        struct cv_error err = CV_ERROR_INIT;

        if (look(call, ids->items[i], &all[count], &err) == 0)
            count++;
        else if (err.code != CV_ERR_NOT_FOUND)
            cvrun_log(CVRUN_LOG_WARNING, "%s", err.text);
    }
    return count;
}

static char* list_text(const struct shown* all, size_t count, bool json, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) struct cvrun_state* states = calloc(count + 1, sizeof(*states));

    if (states == NULL) {
        cv_error_no_memory(err);
        return NULL;
    }
    for (size_t i = 0; i < count; i++)
        states[i] = all[i].state;
    return json ? cvrun_list_json(states, count, err) : cvrun_list_table(states, count, err);
}

static int print_list(const struct cvrun_call* call, const struct cv_strv* ids, bool json, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) struct shown* all   = calloc(ids->count + 1, sizeof(*all));
    CV_CLEANUP(cv_freep) char*         text  = NULL;
    size_t                             count = 0;

    if (all == NULL)
        return cv_error_no_memory(err);
    count = look_at_all(call, ids, all);
    text  = list_text(all, count, json, err);
    for (size_t i = 0; i < count; i++)
        shown_release(&all[i]);
    return text == NULL ? err->code : cvrun_print(text, err);
}

static int print_ids(const struct cv_strv* ids, struct cv_error* err)
{
    struct cv_str              lines = { 0 };
    CV_CLEANUP(cv_freep) char* text  = NULL;

    for (size_t i = 0; i < ids->count; i++)
        cv_str_printf(&lines, "%s\n", ids->items[i]);
    text = cv_str_steal(&lines, err);
    return text == NULL ? err->code : cvrun_print(text, err);
}

int cvrun_list(const struct cvrun_call* call, int* code_out, struct cv_error* err)
{
    struct cv_strv ids = { 0 };
    bool           json;
    int            rc;

    (void)code_out;
    if (is_json(call->options, &json, err) < 0 || linux_bare_list(call->root, &ids, err) < 0)
        return err->code;
    rc = call->options->quiet ? print_ids(&ids, err) : print_list(call, &ids, json, err);
    cv_strv_release(&ids);
    return rc;
}

/* --- ps --------------------------------------------------------------------------------------------------------------------------- */

static int read_all(int fd, char** text_out, struct cv_error* err)
{
    struct cv_str text = { 0 };
    char          chunk[PS_CHUNK];
    size_t        length = 1;

    while (length > 0 && text.length < PS_MAX) {
        if (cv_handle_read(fd, chunk, sizeof(chunk), &length, err) < 0) {
            cv_str_release(&text);
            return err->code;
        }
        cv_str_append_bytes(&text, chunk, length);
    }
    *text_out = cv_str_steal(&text, err);
    return *text_out == NULL ? err->code : 0;
}

/* What the host's ps prints about all processes. */
static int run_ps(const struct cvrun_call* call, char** text_out, struct cv_error* err)
{
    CV_CLEANUP(cv_process_freep) struct cv_process* process = NULL;
    CV_CLEANUP(cv_handle_closep) int                from = -1, to = -1;
    const char*                                     argv[PS_ARGUMENTS_MAX + 2] = { "ps", "-ef" };
    struct cv_process_spec                          spec                       = CV_PROCESS_SPEC_INIT;
    int                                             code;

    if (call->count - 1 > PS_ARGUMENTS_MAX)
        return cv_error_set(err, CV_ERR_LIMIT, "there are more than %d options of ps", PS_ARGUMENTS_MAX);
    for (int i = 1; i < call->count; i++)
        argv[i] = call->arguments[i];
    if (cv_handle_pipe(&from, &to, err) < 0)
        return err->code;
    spec.argv     = argv;
    spec.stdio[1] = to;
    spec.stdio[2] = STDERR_FILENO;
    if (cv_process_start(&spec, &process, err) < 0)
        return cv_error_hint(err, "--format json needs no ps");
    cv_handle_closep(&to);
    if (read_all(from, text_out, err) < 0 || cv_process_wait(process, -1, &code, err) < 0)
        return err->code;
    return code == 0 ? 0 : cv_error_set(err, CV_ERR_SYSTEM, "ps ended with %d", code);
}

static int print_table(const struct cvrun_call* call, const int64_t* pids, size_t count, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* all  = NULL;
    CV_CLEANUP(cv_freep) char* text = NULL;

    if (run_ps(call, &all, err) < 0)
        return err->code;
    text = cvrun_ps_filter(all, pids, count, err);
    return text == NULL ? err->code : cvrun_print(text, err);
}

static int print_pids(const int64_t* pids, size_t count, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* text = cvrun_pids_json(pids, count, err);

    return text == NULL ? err->code : cvrun_print(text, err);
}

int cvrun_ps(const struct cvrun_call* call, int* code_out, struct cv_error* err)
{
    CV_CLEANUP(linux_bare_closep) struct linux_bare* bare  = NULL;
    CV_CLEANUP(cv_freep) pid_t*                      list  = NULL;
    CV_CLEANUP(cv_freep) int64_t*                    pids  = NULL;
    size_t                                           count = 0;
    bool                                             json;

    (void)code_out;
    if (is_json(call->options, &json, err) < 0 || cvrun_open(call, call->arguments[0], &bare, err) < 0
        || linux_bare_processes(bare, &list, &count, err) < 0)
        return err->code;
    pids = calloc(count + 1, sizeof(*pids));
    if (pids == NULL)
        return cv_error_no_memory(err);
    for (size_t i = 0; i < count; i++)
        pids[i] = list[i];
    return json ? print_pids(pids, count, err) : print_table(call, pids, count, err);
}
