/* What a supervisor is started for. */
#include <stdlib.h>
#include <string.h>

#include <cv/clock.h>
#include <cv/posix.h>
#include <cv/str.h>

#include "linux/record.h"
#include "linux/supervisor.h"

#include <cv/banned.h>

/* --- the specification --------------------------------------------------------------------------------------------------------- */

static int check_spec(const struct cv_spec* spec, struct cv_error* err)
{
    if (spec->ext.id == NULL || cv_spec_check_id(spec->ext.id, NULL) < 0)
        return cv_error_set(err, CV_ERR_PROTOCOL, "a container without a proper id");
    if (!spec->ext.supervision.set)
        return cv_error_set(err, CV_ERR_PROTOCOL, "container '%s' is not to be supervised", spec->ext.id);
    return linux_container_check(spec, !spec->ext.hold, err);
}

static int parse_spec(const void* text, size_t length, struct cv_spec** spec_out, struct cv_error* err)
{
    CV_CLEANUP(cv_spec_freep) struct cv_spec* spec   = NULL;
    int                                       result = cv_spec_parse(text, length, &spec, err);

    if (result < 0)
        return cv_error_wrap(err, "read the container's config.json");
    result = cv_spec_validate(spec, err);
    if (result < 0)
        return cv_error_wrap(err, "check the container's config.json");
    result = check_spec(spec, err);
    if (result == 0)
        *spec_out = CV_STEAL(spec);
    return result;
}

static int take_spec(struct supervisor* supervisor, const Containerv__Guardian__Create* create, struct cv_error* err)
{
    if (create->config_json.data == NULL)
        return cv_error_set(err, CV_ERR_PROTOCOL, "a container without config.json");
    return parse_spec(create->config_json.data, create->config_json.len, &supervisor->spec, err);
}

/* Once it is made, that says also what this host keeps in a weaker way. */
int supervisor_write_spec(struct supervisor* supervisor, struct cv_error* err)
{
    const struct guardian_container* container = supervisor->container;
    CV_CLEANUP(cv_freep) char*       text      = NULL;
    size_t                           length    = 0;
    int                              result;

    result = cv_spec_print(
        container != NULL ? linux_container_spec(container->linux_) : supervisor->spec, &text, &length, err);
    if (result == 0)
        result = cv_file_write_at(supervisor->home.home_fd, LINUX_RECORD_SPEC, text, length, 0600, 0, err);
    return result < 0 ? cv_error_wrap(err, "write the container's specification") : 0;
}

static int read_spec(struct supervisor* supervisor, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char* text   = NULL;
    size_t                     length = 0;
    int result = cv_file_read_at(supervisor->home.home_fd, LINUX_RECORD_SPEC, CV_SPEC_MAX_BYTES, &text, &length, err);

    return result == 0 ? parse_spec(text, length, &supervisor->spec, err) : result;
}

/* --- the home ------------------------------------------------------------------------------------------------------------------ */

static int claim(struct supervisor* supervisor, const char* id, enum linux_home_mode mode, struct cv_error* err)
{
    int result = linux_container_watch(err); /* so that guardians notice when this one is killed */

    if (result == 0)
        result = linux_container_claim(id, mode, &supervisor->home, err);
    supervisor->claimed = result == 0;
    return result;
}

/* What lists show. */
static void note_command(const struct cv_strv* args, char* text, size_t size)
{
    size_t length = 0;

    for (size_t i = 0; i < args->count && length + 1 < size; i++) {
        (void)cv_snprintf(text + length, size - length, "%s%s", i > 0 ? " " : "", args->items[i]);
        length = strlen(text);
    }
}

static int claim_new(struct supervisor* supervisor, const Containerv__Guardian__Create* create, struct cv_error* err)
{
    int result = take_spec(supervisor, create, err);

    if (result == 0)
        result = claim(supervisor, supervisor->spec->ext.id, LINUX_HOME_NEW, err);
    if (result < 0)
        return result;
    note_command(&supervisor->spec->process.args, supervisor->info.command, sizeof(supervisor->info.command));
    supervisor->info.created_ns = cv_clock_realtime_ns();
    supervisor->info.supervised = 1;
    supervisor->info.state      = CV_STATE_CREATED;
    return 0;
}

/* An upper of limited size is in memory, and ended with its run. */
static int check_upper(const struct supervisor* supervisor, struct cv_error* err)
{
    if (supervisor->spec->ext.limits.upper_bytes == 0 || supervisor->info.started_ns == 0)
        return 0;
    cv_error_set(err, CV_ERR_UNSUPPORTED, "what container '%s' wrote is gone: its upper has a limit, and is in memory",
        supervisor->home.id);
    return cv_error_hint(err, "make a new container");
}

static int claim_kept(struct supervisor* supervisor, const char* id, struct cv_error* err)
{
    int result;

    if (cv_spec_check_id(id, NULL) < 0)
        return cv_error_set(err, CV_ERR_PROTOCOL, "a container without a proper id");
    result = claim(supervisor, id, LINUX_HOME_KEPT, err);
    if (result == 0)
        result = read_spec(supervisor, err);
    if (result == 0)
        result = linux_record_read(supervisor->home.home_fd, &supervisor->info, err);
    return result == 0 ? check_upper(supervisor, err) : result;
}

/* --- the actions --------------------------------------------------------------------------------------------------------------- */

static int add_container(struct supervisor* supervisor, struct cv_error* err)
{
    struct guardian_container* container = calloc(1, sizeof(*container));

    if (container == NULL)
        return cv_error_no_memory(err);
    container->guardian = &supervisor->guardian;
    container->event_fd = container->listen_fd = -1;
    supervisor->container                      = container;
    return supervisor_run(supervisor, err);
}

/* The socket is there, and answers, when the record says that it runs. */
static int go_live(struct supervisor* supervisor, struct cv_error* err)
{
    int result = guardian_listen(supervisor->container, err);

    if (result == 0)
        result = supervisor_write_spec(supervisor, err);
    if (result == 0)
        result = supervisor_record(supervisor, err);
    if (result < 0)
        return result;
    supervisor->live                = true;
    supervisor->guardian.containers = supervisor->container;
    return 0;
}

static void tell_start(struct supervisor* supervisor)
{
    const struct guardian_process* main = guardian_process_find(supervisor->container, 0, NULL);

    if (main != NULL)
        supervisor_journal(supervisor, CV_EVENT_STARTED, main, NULL);
}

/* Made or started, and on its own from now on. */
static int run_live(struct supervisor* supervisor, bool is_new, struct cv_error* err)
{
    int result = add_container(supervisor, err);

    if (result == 0)
        result = go_live(supervisor, err);
    if (result < 0)
        return result;
    if (is_new)
        supervisor_journal(supervisor, CV_EVENT_CREATED, NULL, NULL);
    tell_start(supervisor);
    guardian_detach(&supervisor->guardian);
    return 0;
}

static int do_run(struct supervisor* supervisor, const Containerv__Guardian__Create* create, struct cv_error* err)
{
    int result = claim_new(supervisor, create, err);

    return result == 0 ? run_live(supervisor, true, err) : result;
}

/* Nobody holds it then, and nobody finds out that it could not be started before that is tried. */
static int do_defer(struct supervisor* supervisor, const Containerv__Guardian__Create* create, struct cv_error* err)
{
    int result = claim_new(supervisor, create, err);

    if (result == 0)
        result = supervisor_write_spec(supervisor, err);
    if (result == 0)
        result = supervisor_record(supervisor, err);
    if (result < 0)
        return result;
    supervisor_journal(supervisor, CV_EVENT_CREATED, NULL, NULL);
    supervisor->done    = true;
    supervisor->claimed = false;
    return linux_home_leave(&supervisor->home, err);
}

static int do_start(struct supervisor* supervisor, const Containerv__Guardian__Create* create, struct cv_error* err)
{
    int result = claim_kept(supervisor, create->id, err);

    return result == 0 ? run_live(supervisor, false, err) : result;
}

/* Its record stays as it is, and it has no socket for others. */
static int do_hold(struct supervisor* supervisor, const Containerv__Guardian__Create* create, struct cv_error* err)
{
    int result = claim_kept(supervisor, create->id, err);

    if (result < 0)
        return result;
    supervisor->spec->ext.hold    = true;
    supervisor->spec->ext.no_init = false;
    result                        = add_container(supervisor, err);
    if (result == 0)
        supervisor->guardian.containers = supervisor->container;
    return result;
}

/* Also one whose files can't be read. */
static int do_remove(struct supervisor* supervisor, const Containerv__Guardian__Create* create, struct cv_error* err)
{
    int result = cv_spec_check_id(create->id, NULL) < 0
                     ? cv_error_set(err, CV_ERR_PROTOCOL, "a container without a proper id")
                     : claim(supervisor, create->id, LINUX_HOME_KEPT, err);

    if (result == 0)
        result = linux_home_remove(&supervisor->home, err);
    if (result < 0)
        return result;
    supervisor_journal(supervisor, CV_EVENT_DESTROYED, NULL, NULL);
    supervisor->done    = true;
    supervisor->claimed = false;
    return 0;
}

static const struct {
    Containerv__Guardian__Action action;
    bool                         is_new;
    int (*run)(struct supervisor* supervisor, const Containerv__Guardian__Create* create, struct cv_error* err);
} actions[] = {
    { CONTAINERV__GUARDIAN__ACTION__RUN, true, do_run },
    { CONTAINERV__GUARDIAN__ACTION__DEFER, true, do_defer },
    { CONTAINERV__GUARDIAN__ACTION__START, false, do_start },
    { CONTAINERV__GUARDIAN__ACTION__HOLD, false, do_hold },
    { CONTAINERV__GUARDIAN__ACTION__REMOVE, false, do_remove },
};

/* Nothing was made, or what was there is as it was. */
static void undo(struct supervisor* supervisor, bool is_new)
{
    if (supervisor->container != NULL) {
        supervisor->live = false;
        (void)supervisor_clear_run(supervisor, NULL);
        supervisor->guardian.containers = supervisor->container;
        guardian_container_forget(&supervisor->guardian, supervisor->container);
        supervisor->container = NULL;
    }
    if (supervisor->claimed && is_new)
        (void)linux_home_remove(&supervisor->home, NULL);
    else if (supervisor->claimed)
        (void)linux_home_leave(&supervisor->home, NULL);
    supervisor->claimed = false;
    supervisor->done    = true;
}

int supervisor_create(struct supervisor* supervisor, struct guardian_request* request, struct cv_error* err)
{
    const Containerv__Guardian__Create* create = request->message->create;

    if (supervisor->spec != NULL || supervisor->claimed || supervisor->done)
        return cv_error_set(err, CV_ERR_STATE, "a supervisor has one container");
    for (size_t i = 0; i < CV_ARRAY_LEN(actions); i++) {
        if (actions[i].action == create->action) {
            int result = actions[i].run(supervisor, create, err);
            if (result < 0)
                undo(supervisor, actions[i].is_new);
            return result;
        }
    }
    return cv_error_set(err, CV_ERR_PROTOCOL, "unknown action %d", (int)create->action);
}
