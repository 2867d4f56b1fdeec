/* A container from its creation to its end. */
#include <stdlib.h>
#include <string.h>

#include <cv/file.h>
#include <cv/random.h>
#include <cv/str.h>

#include "core.h"

#include <cv/banned.h>

static struct containerv_container* container_free(struct containerv_container* container)
{
    if (container != NULL) {
        cv_spec_process_release(&container->defaults);
        cv_spec_free(container->spec);
        free(container->user);
        free(container);
    }
    return NULL;
}
CV_DEFINE_CLEANUP(struct containerv_container, container_free)

static int refuse(struct cv_error* err, const char* object, const char* text)
{
    cv_error_set(err, CV_ERR_INVALID, "%s: %s", object, text);
    return cv_error_object(err, "%s", object);
}

static int make_id(const struct containerv_options* options, char* id, size_t size, struct cv_error* err)
{
    const char* given = options != NULL ? options->draft->ext.id : NULL;
    if (given == NULL)
        return cv_random_hex(id, CV_ID_DIGITS, err);
    return cv_snprintf(id, size, "%s", given) < 0 ? refuse(err, "id", "is too long") : 0;
}

static int make_root(
    const struct containerv_options* options, const char* rootfs, char** root_out, struct cv_error* err)
{
    bool layers = options != NULL && options->draft->ext.layers.count > 0;
    if (rootfs == NULL)
        return layers ? 0 : refuse(err, "rootfs", "is NULL, and there are no layers");
    if (rootfs[0] == '\0')
        return refuse(err, "rootfs", "is empty");
    *root_out = cv_path_absolute(rootfs, err);
    return *root_out != NULL ? 0 : err->code;
}

/* Everything that is known without asking a system. */
static int plan(struct containerv_container* container, const char* root, const struct containerv_options* options,
    struct cv_error* err)
{
    char id[CV_ID_MAX + 1];
    int  rc = make_id(options, id, sizeof(id), err);
    if (rc == 0)
        rc = cv_spec_build(options, root, id, &container->spec, err);
    if (rc == 0)
        rc = cv_spec_process_copy(&container->spec->process, &container->defaults, err);
    if (rc == 0 && container->spec->ext.user != NULL
        && (container->user = cv_strdup(container->spec->ext.user, err)) == NULL)
        rc = CV_ERR_NO_MEMORY;
    if (rc == 0 && options != NULL)
        rc = cv_spec_add_command(container->spec, &options->command, err);
    return rc == 0 ? cv_spec_validate(container->spec, err) : rc;
}

/* The streams of a supervised container's command are its supervisor's; the caller of any other holds its terminal. */
static int check_streams(bool supervised, const struct cv_command* command, struct cv_error* err)
{
    bool terminal = (command->flags & CV_SPAWN_TERMINAL) != 0;
    if (!supervised)
        return terminal && command->terminal_out == NULL ? refuse(err, "terminal_out", "is missing") : 0;
    bool given = command->handle_count > 0 || command->terminal_out != NULL;
    for (size_t i = 0; i < CV_ARRAY_LEN(command->stdio); i++)
        given = given || command->stdio[i].kind != CV_STDIO_NULL;
    if (!given)
        return 0;
    refuse(err, "command",
        "a supervised container's streams go to its log: it can be given none, nor handles or terminal_out");
    return cv_error_hint(err, "read containerv_log_open(), write by containerv_attach_input()");
}

static int make(struct containerv_container* container, const struct containerv_options* options, struct cv_error* err)
{
    const struct cv_spec*     spec    = container->spec;
    struct cv_process_request request = {
        .process = &spec->process, .user = spec->ext.user, .groups = &spec->ext.groups
    };
    container->has_main = options != NULL && options->command.set;
    if (!container->has_main)
        return container->backend->create(spec, NULL, &container->instance, err);
    if (check_streams(spec->ext.supervision.set, &options->command, err) < 0)
        return err->code;
    request.timeout_ms = options->command.timeout_ms;
    cv_command_io(&options->command, &request.io);
    return container->backend->create(spec, &request, &container->instance, err);
}

static int create(const char* rootfs, const struct containerv_options* options,
    struct containerv_container** container_out, struct cv_error* err)
{
    CV_CLEANUP(cv_freep) char*                               root      = NULL;
    CV_CLEANUP(container_freep) struct containerv_container* container = calloc(1, sizeof(*container));
    if (container == NULL)
        return cv_error_no_memory(err);
    container->lock = (struct cv_mutex)CV_MUTEX_INIT;
    int rc          = cv_backend_choose(options != NULL ? options->backend : NULL, &container->backend, err);
    if (rc == 0)
        rc = cv_backend_can(container->backend, options, err);
    if (rc == 0)
        rc = make_root(options, rootfs, &root, err);
    if (rc == 0)
        rc = plan(container, root, options, err);
    if (rc == 0)
        rc = make(container, options, err);
    if (rc < 0)
        return rc;
    *container_out = CV_STEAL(container);
    return 0;
}

int containerv_create(
    const char* rootfs, const struct containerv_options* options, struct containerv_container** container_out)
{
    struct cv_error err = CV_ERROR_INIT;
    int             rc =
        container_out != NULL ? create(rootfs, options, container_out, &err) : refuse(&err, "container_out", "is NULL");
    return cv_publish(&err, rc, "create the container");
}

/* The back end whose containers can be reached from other processes. */
static int choose_open(const char* what, const struct cv_backend** backend_out, struct cv_error* err)
{
    int rc = cv_backend_choose(NULL, backend_out, err);
    if (rc == 0 && ((*backend_out)->features & CV_FEATURE_OPEN) == 0)
        rc = cv_error_unsupported(err, what, (*backend_out)->name);
    return rc;
}

/* What a process gets by default: what the container's own command has, but its arguments and terminal. */
static int defaults_from_spec(struct containerv_container* container, struct cv_error* err)
{
    int rc = cv_spec_process_copy(&container->spec->process, &container->defaults, err);
    if (rc == 0 && container->spec->ext.user != NULL
        && (container->user = cv_strdup(container->spec->ext.user, err)) == NULL)
        rc = CV_ERR_NO_MEMORY;
    cv_strv_release(&container->defaults.args);
    container->defaults.terminal = false;
    return rc;
}

static int open_container(const char* id, struct containerv_container** container_out, struct cv_error* err)
{
    CV_CLEANUP(container_freep) struct containerv_container* container = calloc(1, sizeof(*container));
    if (container == NULL)
        return cv_error_no_memory(err);
    container->lock = (struct cv_mutex)CV_MUTEX_INIT;
    int rc          = cv_spec_check_id(id, err);
    if (rc == 0)
        rc = choose_open("open", &container->backend, err);
    if (rc == 0)
        rc = container->backend->open(id, &container->spec, &container->instance, err);
    if (rc < 0)
        return rc;
    container->opened   = true;
    container->has_main = container->spec->process.args.count > 0;
    rc                  = defaults_from_spec(container, err);
    if (rc < 0)
        container->backend->close(container->instance);
    else
        *container_out = CV_STEAL(container);
    return rc;
}

int containerv_open(const char* id, struct containerv_container** container_out)
{
    struct cv_error err = CV_ERROR_INIT;
    int             rc  = id != NULL && container_out != NULL ? open_container(id, container_out, &err)
                                                              : refuse(&err, "id", "or container_out is NULL");
    return cv_publish(&err, rc, "open the container");
}

int containerv_list(int (*each)(const char* id, void* context), void* context)
{
    const struct cv_backend* backend = NULL;
    struct cv_error          err     = CV_ERROR_INIT;
    int                      rc = each != NULL ? choose_open("list", &backend, &err) : refuse(&err, "each", "is NULL");
    if (rc == 0)
        rc = backend->list(each, context, &err);
    /* what `each` returned is the caller's own, not an error of ours */
    return err.code < 0 ? cv_publish(&err, rc, "list the containers") : rc;
}

int containerv_list_info(int (*each)(const char* id, const struct containerv_info* info, void* context), void* context)
{
    const struct cv_backend* backend = NULL;
    struct cv_error          err     = CV_ERROR_INIT;
    int rc = each != NULL ? choose_open("list_info", &backend, &err) : refuse(&err, "each", "is NULL");
    if (rc == 0 && backend->list_info == NULL)
        rc = cv_error_unsupported(&err, "list_info", backend->name);
    if (rc == 0)
        rc = backend->list_info(each, context, &err);
    return err.code < 0 ? cv_publish(&err, rc, "list the containers") : rc;
}

const char* containerv_id(const struct containerv_container* container)
{
    return container != NULL ? container->spec->ext.id : "";
}

static int state_of(struct containerv_container* container, enum containerv_state* state_out, struct cv_error* err)
{
    if (container->backend->state == NULL)
        return cv_error_unsupported(err, "state", container->backend->name);
    return container->backend->state(container->instance, state_out, err);
}

int containerv_state(struct containerv_container* container, enum containerv_state* state_out)
{
    struct cv_error err = CV_ERROR_INIT;
    int             rc  = container != NULL && state_out != NULL ? state_of(container, state_out, &err)
                                                                 : refuse(&err, "container", "is NULL");
    return cv_publish(&err, rc, "ask for the state");
}

int cv_container_in_state(
    struct containerv_container* container, unsigned allowed, const char* what, struct cv_error* err)
{
    static const char* const names[] = { [CV_STATE_CREATED] = "created",
        [CV_STATE_RUNNING]                                  = "running",
        [CV_STATE_PAUSED]                                   = "paused",
        [CV_STATE_STOPPED]                                  = "stopped",
        [CV_STATE_RESTARTING]                               = "waiting for its next start" };
    enum containerv_state    state   = CV_STATE_STOPPED;
    int                      rc      = state_of(container, &state, err);
    if (rc < 0 || (allowed & 1u << state) != 0)
        return rc;
    cv_error_set(err, CV_ERR_STATE, "%s: container '%s' is %s", what, container->spec->ext.id,
        (size_t)state < CV_ARRAY_LEN(names) && names[state] != NULL ? names[state] : "in an unknown state");
    if (container->spec->ext.supervision.set && (state == CV_STATE_CREATED || state == CV_STATE_STOPPED))
        cv_error_hint(err, "start it first");
    return cv_error_object(err, "%s", container->spec->ext.id);
}

int containerv_destroy(struct containerv_container* container)
{
    struct cv_error err = CV_ERROR_INIT;
    if (container == NULL)
        return 0;
    int rc = container->backend->destroy(container->instance, &err);
    container_free(container);
    return cv_publish(&err, rc, "destroy the container");
}

int containerv_close(struct containerv_container* container)
{
    if (container == NULL)
        return 0;
    if (!container->opened && !container->spec->ext.supervision.set)
        return containerv_destroy(container);
    container->backend->close(container->instance);
    container_free(container);
    return 0;
}
