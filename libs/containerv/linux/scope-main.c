/*
 * cv-scope: one call to systemd, for a program that is linked statically and has no library of its. Not for people.
 *
 * usage: cv-scope start system|user UNIT SLICE [NAME=TYPE:VALUE]...   start a scope with this process in it; ends when told to
 *        cv-scope stop system|user UNIT                               gone is fine
 *        cv-scope set system|user UNIT NAME=TYPE:VALUE...             change its properties, until it ends
 *
 * The answer is one line on the output: "ok PATH" (of a scope's cgroup), "none TEXT" when there is no systemd to be asked, "error TEXT".
 * After it, `start` waits for a byte, or the end, of its input.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include <cv/clock.h>
#include <cv/macros.h>
#include <cv/str.h>

#include <cv/banned.h>

#define SERVICE   "org.freedesktop.systemd1"
#define OBJECT    "/org/freedesktop/systemd1"
#define MANAGER   "org.freedesktop.systemd1.Manager"
#define NO_UNIT   "org.freedesktop.systemd1.NoSuchUnit"
#define BYTES_MAX 1024
#define JOB_MS    40000

struct scope {
    sd_bus*      bus;
    bool         user;
    const char*  unit;
    sd_bus_error error;
    char*        result; /* of our unit's last job */
};

static void bus_closep(sd_bus** bus)
{
    sd_bus_flush_close_unref(*bus);
}

static void message_unrefp(sd_bus_message** message)
{
    sd_bus_message_unref(*message);
}

static void say(const char* how, const char* text)
{
    size_t length = strcspn(text, "\n");
    printf("%s %.*s\n", how, (int)length, text);
    fflush(stdout);
}

static int fail(const struct scope* scope, int rc)
{
    say("error", scope->error.message != NULL ? scope->error.message : strerror(-rc));
    return 1;
}

/* --- the bus -------------------------------------------------------------------------------------------------------------------- */

/* Without a bus in between: systemd answers its own user there, as it does to systemctl. */
static int open_private(const char* path, sd_bus** bus_out)
{
    CV_CLEANUP(bus_closep) sd_bus* bus     = NULL;
    CV_CLEANUP(cv_freep) char*     address = cv_asprintf(NULL, "unix:path=%s/systemd/private", path);
    int                            rc      = address == NULL ? -ENOMEM : sd_bus_new(&bus);
    if (rc >= 0)
        rc = sd_bus_set_address(bus, address);
    if (rc >= 0)
        rc = sd_bus_start(bus);
    if (rc >= 0)
        *bus_out = CV_STEAL(bus);
    return rc;
}

static int open_bus(struct scope* scope)
{
    const char* folder = scope->user ? getenv("XDG_RUNTIME_DIR") : geteuid() == 0 ? "/run" : NULL;
    if (folder != NULL && open_private(folder, &scope->bus) >= 0)
        return 0;
    return scope->user ? sd_bus_open_user(&scope->bus) : sd_bus_open_system(&scope->bus);
}

/* --- jobs ----------------------------------------------------------------------------------------------------------------------- */

/* A job may end before we know its number, so those of our unit are looked at: we have one at a time. */
static int on_job_removed(sd_bus_message* message, void* data, sd_bus_error* error)
{
    struct scope* scope = data;
    uint32_t      id;
    const char *  job, *unit, *result;
    (void)error;
    if (sd_bus_message_read(message, "uoss", &id, &job, &unit, &result) < 0 || strcmp(unit, scope->unit) != 0)
        return 0;
    free(scope->result);
    scope->result = cv_strdup(result, NULL);
    return 0;
}

static int hear_jobs(struct scope* scope)
{
    int rc = sd_bus_match_signal(scope->bus, NULL, NULL, OBJECT, MANAGER, "JobRemoved", on_job_removed, scope);
    if (rc >= 0)
        rc = sd_bus_call_method(scope->bus, SERVICE, OBJECT, MANAGER, "Subscribe", NULL, NULL, "");
    return rc;
}

static int wait_job(struct scope* scope)
{
    int64_t deadline = cv_clock_deadline_ms(JOB_MS);
    while (scope->result == NULL) {
        int rc = sd_bus_process(scope->bus, NULL);
        if (rc < 0)
            return rc;
        if (rc > 0)
            continue;
        int64_t left_ms = cv_clock_left_ms(deadline);
        if (left_ms <= 0)
            return -ETIMEDOUT;
        rc = sd_bus_wait(scope->bus, (uint64_t)left_ms * 1000);
        if (rc < 0 && rc != -EINTR)
            return rc;
    }
    if (strcmp(scope->result, "done") == 0)
        return 0;
    return sd_bus_error_setf(
        &scope->error, SD_BUS_ERROR_FAILED, "the job of the unit %s ended with '%s'", scope->unit, scope->result);
}

/* --- properties ------------------------------------------------------------------------------------------------------------------ */

static int add_number(sd_bus_message* message, const char* name, const char* value)
{
    uint64_t number = 0;
    if (cv_parse_u64(value, 0, UINT64_MAX, &number, NULL) < 0)
        return -EINVAL;
    return sd_bus_message_append(message, "(sv)", name, "t", number);
}

static int digit_of(char c)
{
    const char* digits = "0123456789abcdef";
    const char* at     = c != '\0' ? strchr(digits, c) : NULL;
    return at != NULL ? (int)(at - digits) : -1;
}

static int add_bytes(sd_bus_message* message, const char* name, const char* value)
{
    unsigned char bytes[BYTES_MAX];
    size_t        count = 0;
    for (; value[0] != '\0'; value += 2) {
        int high = digit_of(value[0]), low = high < 0 ? -1 : digit_of(value[1]);
        if (low < 0 || count == BYTES_MAX)
            return -EINVAL;
        bytes[count++] = (unsigned char)(high << 4 | low);
    }
    int rc = sd_bus_message_open_container(message, 'r', "sv");
    if (rc >= 0)
        rc = sd_bus_message_append(message, "s", name);
    if (rc >= 0)
        rc = sd_bus_message_open_container(message, 'v', "ay");
    if (rc >= 0)
        rc = sd_bus_message_append_array(message, 'y', bytes, count);
    if (rc >= 0)
        rc = sd_bus_message_close_container(message);
    return rc >= 0 ? sd_bus_message_close_container(message) : rc;
}

static int add_property(sd_bus_message* message, const char* text)
{
    const char*                equal = strchr(text, '=');
    CV_CLEANUP(cv_freep) char* name  = equal != NULL ? cv_asprintf(NULL, "%.*s", (int)(equal - text), text) : NULL;
    if (name == NULL)
        return -EINVAL;
    if (cv_str_starts_with(equal, "=t:"))
        return add_number(message, name, equal + 3);
    return cv_str_starts_with(equal, "=x:") ? add_bytes(message, name, equal + 3) : -EINVAL;
}

static int add_properties(sd_bus_message* message, char** list)
{
    int rc = 0;
    for (; rc >= 0 && *list != NULL; list++)
        rc = add_property(message, *list);
    return rc;
}

/* Everything is counted, as containers' callers expect; an ended scope is forgotten also when it failed. */
static int add_standard(sd_bus_message* message, const char* unit, const char* slice)
{
    static const char* const on[] = { "Delegate", "CPUAccounting", "MemoryAccounting", "TasksAccounting",
        "IOAccounting" };
    int rc = sd_bus_message_append(message, "(sv)(sv)(sv)(sv)(sv)", "Description", "s", unit, "Slice", "s", slice,
        "PIDs", "au", 1, (uint32_t)getpid(), "DefaultDependencies", "b", 0, "CollectMode", "s", "inactive-or-failed");
    for (size_t i = 0; rc >= 0 && i < CV_ARRAY_LEN(on); i++)
        rc = sd_bus_message_append(message, "(sv)", on[i], "b", 1);
    return rc;
}

/* --- the verbs ------------------------------------------------------------------------------------------------------------------- */

static int call_start(struct scope* scope, const char* slice, char** properties)
{
    CV_CLEANUP(message_unrefp) sd_bus_message* message = NULL;
    int rc = sd_bus_message_new_method_call(scope->bus, &message, SERVICE, OBJECT, MANAGER, "StartTransientUnit");
    if (rc >= 0)
        rc = sd_bus_message_append(message, "ss", scope->unit, "fail");
    if (rc >= 0)
        rc = sd_bus_message_open_container(message, 'a', "(sv)");
    if (rc >= 0)
        rc = add_standard(message, scope->unit, slice);
    if (rc >= 0)
        rc = add_properties(message, properties);
    if (rc >= 0)
        rc = sd_bus_message_close_container(message);
    if (rc >= 0)
        rc = sd_bus_message_append(message, "a(sa(sv))", 0);
    return rc >= 0 ? sd_bus_call(scope->bus, message, 0, &scope->error, NULL) : rc;
}

static int find_path(struct scope* scope, char** path_out)
{
    CV_CLEANUP(cv_freep) char* object = NULL;
    int                        rc     = sd_bus_path_encode(OBJECT "/unit", scope->unit, &object);
    if (rc < 0)
        return rc;
    return sd_bus_get_property_string(
        scope->bus, SERVICE, object, SERVICE ".Scope", "ControlGroup", &scope->error, path_out);
}

static int start(struct scope* scope, char** arguments)
{
    CV_CLEANUP(cv_freep) char* path = NULL;
    char                       byte;
    int                        rc = arguments[0] == NULL ? -EINVAL : hear_jobs(scope);
    if (rc >= 0)
        rc = call_start(scope, arguments[0], arguments + 1);
    if (rc >= 0)
        rc = wait_job(scope);
    if (rc >= 0)
        rc = find_path(scope, &path);
    if (rc < 0)
        return fail(scope, rc);
    say("ok", path);
    while (read(STDIN_FILENO, &byte, 1) < 0 && errno == EINTR)
        ;
    return 0;
}

static int stop(struct scope* scope, char** arguments)
{
    int rc = arguments[0] != NULL ? -EINVAL : hear_jobs(scope);
    if (rc >= 0)
        rc = sd_bus_call_method(
            scope->bus, SERVICE, OBJECT, MANAGER, "StopUnit", &scope->error, NULL, "ss", scope->unit, "replace");
    bool gone = rc < 0 && sd_bus_error_has_name(&scope->error, NO_UNIT);
    if (rc >= 0)
        rc = wait_job(scope);
    if (rc < 0 && !gone)
        return fail(scope, rc);
    say("ok", scope->unit);
    return 0;
}

static int set(struct scope* scope, char** arguments)
{
    CV_CLEANUP(message_unrefp) sd_bus_message* message = NULL;
    int rc = sd_bus_message_new_method_call(scope->bus, &message, SERVICE, OBJECT, MANAGER, "SetUnitProperties");
    if (rc >= 0)
        rc = sd_bus_message_append(message, "sb", scope->unit, 1);
    if (rc >= 0)
        rc = sd_bus_message_open_container(message, 'a', "(sv)");
    if (rc >= 0)
        rc = add_properties(message, arguments);
    if (rc >= 0)
        rc = sd_bus_message_close_container(message);
    if (rc >= 0)
        rc = sd_bus_call(scope->bus, message, 0, &scope->error, NULL);
    if (rc < 0)
        return fail(scope, rc);
    say("ok", scope->unit);
    return 0;
}

static const struct {
    const char* name;
    int (*run)(struct scope* scope, char** arguments);
} verbs[] = { { "start", start }, { "stop", stop }, { "set", set } };

int main(int argc, char** argv)
{
    struct scope scope = { .error = SD_BUS_ERROR_NULL };
    if (argc < 4 || (strcmp(argv[2], "system") != 0 && strcmp(argv[2], "user") != 0)) {
        say("error", "cv-scope is called by cvrun: start|stop|set system|user UNIT ...");
        return 2;
    }
    scope.user = strcmp(argv[2], "user") == 0;
    scope.unit = argv[3];
    for (size_t i = 0; i < CV_ARRAY_LEN(verbs); i++) {
        if (strcmp(argv[1], verbs[i].name) != 0)
            continue;
        int rc = open_bus(&scope);
        if (rc < 0) {
            say("none", strerror(-rc));
            return 1;
        }
        rc = verbs[i].run(&scope, argv + 4);
        sd_bus_flush_close_unref(scope.bus);
        sd_bus_error_free(&scope.error);
        free(scope.result);
        return rc;
    }
    say("error", "no such verb");
    return 2;
}
