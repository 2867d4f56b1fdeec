#include "clients.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cv/str.h>

struct containerv_container* clients_make_with(const char* script, const struct containerv_supervision* supervision)
{
    const char* const               argv[]    = { "/bin/sh", "-c", script, NULL };
    const char* const               layers[]  = { suite_rootfs() };
    struct containerv_spawn_options spawn     = { .size = sizeof(spawn), .argv = argv };
    struct containerv_supervision   given     = *supervision;
    struct containerv_options*      options   = containerv_options_new();
    struct containerv_container*    container = NULL;

    given.size = sizeof(given);
    OK(containerv_options_set_layers(options, layers, 1));
    OK(containerv_options_set_supervision(options, &given));
    OK(containerv_options_set_command(options, "/bin/sh", &spawn));
    int rc = containerv_create(NULL, options, &container);
    containerv_options_delete(options);
    OK(rc);
    return container;
}

struct containerv_container* clients_make(const char* script, uint32_t flags)
{
    const struct containerv_supervision supervision = { .flags = flags };
    return clients_make_with(script, &supervision);
}

struct containerv_container* clients_open(const char* id)
{
    struct containerv_container* container = NULL;
    OK(containerv_open(id, &container));
    return container;
}

void clients_id(const struct containerv_container* container, char id[ID_SIZE])
{
    assert_int_equal(cv_snprintf(id, ID_SIZE, "%s", containerv_id(container)), 0);
}

uint32_t clients_state(struct containerv_container* container)
{
    enum containerv_state state = 0;
    OK(containerv_state(container, &state));
    return (uint32_t)state;
}

struct wanted {
    const char* id;
    int         times;
};

static int count(const char* id, void* context)
{
    struct wanted* wanted = context;
    wanted->times += strcmp(id, wanted->id) == 0;
    return 0;
}

bool clients_listed(const char* id)
{
    struct wanted wanted = { .id = id };
    OK(containerv_list(count, &wanted));
    assert_true(wanted.times <= 1);
    return wanted.times == 1;
}

int clients_wait(struct containerv_container* container)
{
    struct containerv_exit ended = { .size = sizeof(ended) };
    OK(containerv_wait(container, CV_PROCESS_MAIN, -1, &ended));
    return ended.code;
}

void clients_first_line(struct containerv_container* container)
{
    struct containerv_log_record record = { .size = sizeof(record) };
    struct containerv_log*       log    = NULL;
    OK(containerv_log_open(container, 0, &log));
    OK(containerv_log_read(log, -1, &record));
    containerv_log_close(log);
}

size_t clients_log(struct containerv_container* container, char* text)
{
    struct containerv_log_record record = { .size = sizeof(record) };
    struct containerv_log*       log    = NULL;
    size_t                       length = 0;
    int                          rc;
    OK(containerv_log_open(container, 0, &log));
    while ((rc = containerv_log_read(log, -1, &record)) == 0) {
        assert_true(length + record.length < TEXT_MAX);
        memcpy(text + length, record.data, record.length);
        length += record.length;
    }
    text[length] = '\0';
    containerv_log_close(log);
    assert_int_equal(rc, 1);
    return length;
}

int clients_fork(bool (*run)(const char* id), const char* id)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        bool good = run(id);
        if (!good)
            fprintf(stderr, "child: %s\n", containerv_error_last()->text);
        _exit(good ? 0 : 1);
    }
    return (int)pid;
}

void clients_reap(int pid)
{
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

void clients_in_child(bool (*run)(const char* id), const char* id)
{
    clients_reap(clients_fork(run, id));
}
