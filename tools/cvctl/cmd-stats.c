#include <stdlib.h>
#include <string.h>

#include <cv/handle.h>
#include <cv/macros.h>
#include <cv/str.h>
#include <cv/terminal.h>

#include "containers.h"
#include "rates.h"
#include "run.h"
#include "table.h"
#include "units.h"

#include <cv/banned.h>

enum { INTERVAL_MS = 1000, INTERVAL_MIN_MS = 100 };

#define INTERVAL_MAX_MS INT64_C(86400000)
#define CLEAR           "\033[H\033[J"
#define STATS_INIT                                                                                                     \
    {                                                                                                                  \
        .size = sizeof(struct containerv_stats)                                                                        \
    }

struct stats_options {
    bool    once, json;
    int64_t interval_ms;
};

static int set_interval(void* target, const struct cv_option* option, const char* value, struct cv_error* err)
{
    struct stats_options* chosen = target;
    (void)option;
    if (cv_parse_duration(value, &chosen->interval_ms, err) < 0)
        return cv_error_hint(err, "such as 2, 1m or 500ms");
    if (chosen->interval_ms >= INTERVAL_MIN_MS && chosen->interval_ms <= INTERVAL_MAX_MS)
        return 0;
    cv_error_set(err, CV_ERR_INVALID, "is out of range");
    return cv_error_hint(err, "100ms to one day");
}

#define AT(member) offsetof(struct stats_options, member)

static const struct cv_option options[] = {
    { "no-stream", 0, NULL, cv_option_bool, AT(once), "print once, what is used in one interval" },
    { "interval", 0, "DURATION", set_interval, 0, "from one to the next: 2, 1m, 500ms; default 1 second" },
    { "format", 0, "FORMAT", cvctl_option_table, AT(json), "table or json, one object a line" },
    { NULL },
};

struct watched {
    struct containerv_container* container;
    struct containerv_stats      before, now;
    bool                         has_before, has_now;
};

struct watching {
    const struct stats_options* chosen;
    struct watched*             list;
    size_t                      count;
    bool                        all; /* whatever runs, not those that were named */
    int                         code;
};

static int add(struct watching* all, struct containerv_container* container, struct cv_error* err)
{
    struct watched* larger = realloc(all->list, (all->count + 1) * sizeof(*larger));

    if (larger == NULL)
        return cv_error_no_memory(err);
    all->list          = larger;
    larger[all->count] = (struct watched){ .container = container, .before = STATS_INIT, .now = STATS_INIT };
    all->count++;
    return 0;
}

static void tell(struct watching* all, const struct cv_error* err)
{
    (void)cvctl_print_error(err);
    all->code = CVCTL_EXIT_FAILED;
}

/* A container that does not run uses nothing. */
static int check_runs(struct containerv_container* container, struct cv_error* err)
{
    enum containerv_state state;
    const char*           id = containerv_id(container);

    if (containerv_state(container, &state) != 0)
        return cvctl_library_failed(err, "look at container", id);
    if (state == CV_STATE_RUNNING || state == CV_STATE_PAUSED || state == CV_STATE_RESTARTING)
        return 0;
    cv_error_set(err, CV_ERR_STATE, "container '%s' does not run", id);
    cv_error_step(err, "read what the container uses");
    return cv_error_object(err, "%s", id);
}

static void add_named(struct watching* all, const char* name)
{
    struct cv_error              err = CV_ERROR_INIT;
    struct containerv_container* container;

    if (cvctl_container_open(name, &container, &err) < 0) {
        tell(all, &err);
        return;
    }
    if (check_runs(container, &err) < 0 || add(all, container, &err) < 0) {
        tell(all, &err);
        (void)containerv_close(container);
    }
}

static bool is_watched(const struct watching* all, const char* id)
{
    for (size_t i = 0; i < all->count; i++)
        if (strcmp(containerv_id(all->list[i].container), id) == 0)
            return true;
    return false;
}

/* Those that have come since; what does not run is passed over in silence. */
static int add_new(struct watching* all, struct cv_error* err)
{
    CV_CLEANUP(cv_strv_release) struct cv_strv ids = { 0 };

    if (cvctl_containers_list(&ids, err) < 0)
        return err->code;
    for (size_t i = 0; i < ids.count; i++) {
        struct containerv_container* container;

        if (is_watched(all, ids.items[i]) || containerv_open(ids.items[i], &container) != 0)
            continue;
        if (check_runs(container, err) < 0 || add(all, container, err) < 0)
            (void)containerv_close(container);
    }
    return 0;
}

/* False: it is not there any more, or can't be read, which is told. */
static bool read_stats(struct watching* all, struct watched* one)
{
    struct cv_error err = CV_ERROR_INIT;
    int             rc;

    one->before     = one->now;
    one->has_before = one->has_now;
    one->now        = (struct containerv_stats)STATS_INIT;
    rc              = containerv_stats(one->container, &one->now);
    one->has_now    = rc == 0;
    if (rc == 0 || (rc == CV_ERR_STATE && check_runs(one->container, &err) == 0)) /* it is being started again */
        return true;
    if (rc != CV_ERR_STATE) {
        cvctl_library_failed(&err, "read what the container uses", containerv_id(one->container));
        if (!cvctl_container_gone(containerv_id(one->container)))
            tell(all, &err);
    }
    return false;
}

static void read_all(struct watching* all)
{
    size_t kept = 0;

    for (size_t i = 0; i < all->count; i++) {
        if (read_stats(all, &all->list[i]))
            all->list[kept++] = all->list[i];
        else
            (void)containerv_close(all->list[i].container);
    }
    all->count = kept;
}

static double known_or(const struct containerv_stats* now, uint64_t bit, uint64_t value)
{
    return (now->known & bit) != 0 ? (double)value : -1;
}

static void add_bytes(struct cv_text_table* table, double bytes)
{
    char text[CVCTL_UNITS_SIZE];

    cvctl_bytes_print(bytes, text);
    cv_text_table_add(table, text);
}

static void add_pair(struct cv_text_table* table, double left, double right, bool right_given)
{
    char a[CVCTL_UNITS_SIZE], b[CVCTL_UNITS_SIZE];

    cvctl_bytes_print(left, a);
    cvctl_bytes_print(right, b);
    if (right_given)
        cv_text_table_printf(table, "%s / %s", a, b);
    else
        cv_text_table_add(table, a);
}

static void add_row(struct cv_text_table* table, const struct watched* one)
{
    const struct containerv_stats* now = &one->now;
    struct cvctl_rates             rates;
    char                           text[CVCTL_UNITS_SIZE];

    cvctl_rates(one->has_before && one->has_now ? &one->before : NULL, now, &rates);
    cv_text_table_add(table, containerv_id(one->container));
    cvctl_percent_print(rates.cpu_percent, text);
    cv_text_table_add(table, text);
    add_pair(table, known_or(now, CV_STATS_MEMORY, now->memory_bytes), (double)now->memory_limit_bytes,
        (now->known & CV_STATS_MEMORY) != 0 && now->memory_limit_bytes != UINT64_MAX);
    add_bytes(table, rates.net_rx_bps);
    add_bytes(table, rates.net_tx_bps);
    add_bytes(table, rates.io_read_bps);
    add_bytes(table, rates.io_write_bps);
    if ((now->known & CV_STATS_PIDS) == 0)
        cv_text_table_add(table, "--");
    else
        cv_text_table_printf(table, "%llu", (unsigned long long)now->pids);
}

static json_t* count_json(uint64_t value)
{
    return value > INT64_MAX ? json_null() : json_integer((json_int_t)value); /* no limit */
}

static json_t* rate_json(double rate)
{
    return rate < 0 ? json_null() : json_real(rate);
}

/* Rows of numbers as JSON has them: null where it is not known. */
static int add_counts(json_t* object, const struct containerv_stats* now)
{
    const struct {
        const char* name;
        uint64_t    bit, value;
    } rows[] = {
        { "cpu_usage_ns", CV_STATS_CPU, now->cpu_usage_ns },
        { "cpu_user_ns", CV_STATS_CPU, now->cpu_user_ns },
        { "cpu_system_ns", CV_STATS_CPU, now->cpu_system_ns },
        { "cpu_throttled_ns", CV_STATS_THROTTLED, now->cpu_throttled_ns },
        { "cpu_throttled_count", CV_STATS_THROTTLED, now->cpu_throttled_count },
        { "memory_bytes", CV_STATS_MEMORY, now->memory_bytes },
        { "memory_limit_bytes", CV_STATS_MEMORY, now->memory_limit_bytes },
        { "memory_peak_bytes", CV_STATS_MEMORY_PEAK, now->memory_peak_bytes },
        { "swap_bytes", CV_STATS_SWAP, now->swap_bytes },
        { "oom_kills", CV_STATS_OOM, now->oom_kills },
        { "pids", CV_STATS_PIDS, now->pids },
        { "pids_limit", CV_STATS_PIDS, now->pids_limit },
        { "pids_refused", CV_STATS_PIDS, now->pids_refused },
        { "io_read_bytes", CV_STATS_IO, now->io_read_bytes },
        { "io_write_bytes", CV_STATS_IO, now->io_write_bytes },
        { "io_read_operations", CV_STATS_IO, now->io_read_operations },
        { "io_write_operations", CV_STATS_IO, now->io_write_operations },
        { "net_rx_bytes", CV_STATS_NETWORK, now->net_rx_bytes },
        { "net_tx_bytes", CV_STATS_NETWORK, now->net_tx_bytes },
        { "net_rx_packets", CV_STATS_NETWORK, now->net_rx_packets },
        { "net_tx_packets", CV_STATS_NETWORK, now->net_tx_packets },
    };

    for (size_t i = 0; i < CV_ARRAY_LEN(rows); i++)
        if (json_object_set_new(
                object, rows[i].name, (now->known & rows[i].bit) != 0 ? count_json(rows[i].value) : json_null())
            != 0)
            return CV_ERR_NO_MEMORY;
    return 0;
}

static json_t* row_json(const struct watched* one)
{
    const struct containerv_stats* now = &one->now;
    struct cvctl_rates             rates;
    json_t*                        object;

    cvctl_rates(one->has_before && one->has_now ? &one->before : NULL, now, &rates);
    object = json_pack("{s:s, s:o, s:I, s:o, s:o, s:o, s:o, s:o}", "id", containerv_id(one->container), "time",
        cvctl_json_time(now->time_ns), "time_ns", (json_int_t)now->time_ns, "cpu_percent", rate_json(rates.cpu_percent),
        "io_read_bytes_per_second", rate_json(rates.io_read_bps), "io_write_bytes_per_second",
        rate_json(rates.io_write_bps), "net_rx_bytes_per_second", rate_json(rates.net_rx_bps),
        "net_tx_bytes_per_second", rate_json(rates.net_tx_bps));
    if (object != NULL && add_counts(object, now) == 0)
        return object;
    json_decref(object);
    return NULL;
}

static int print_table(const struct watching* all, struct cv_error* err)
{
    static const char* const heads[] = { "CONTAINER", "CPU", "MEMORY", "NET IN/s", "NET OUT/s", "READ/s", "WRITE/s",
        "PIDS" };
    struct cv_text_table     table   = { .columns = CV_ARRAY_LEN(heads) };
    char*                    text;

    for (size_t i = 0; i < CV_ARRAY_LEN(heads); i++)
        cv_text_table_add(&table, heads[i]);
    for (size_t i = 0; i < all->count; i++)
        add_row(&table, &all->list[i]);
    text = cv_text_table_text(&table, err);
    cv_text_table_release(&table);
    if (text == NULL)
        return err->code;
    printf("%s%s", !all->chosen->once && cv_terminal_is(cv_handle_standard(1)) ? CLEAR : "", text);
    free(text);
    return 0;
}

static int print_all(const struct watching* all, struct cv_error* err)
{
    if (!all->chosen->json)
        return print_table(all, err);
    for (size_t i = 0; i < all->count; i++)
        if (cvctl_json_line(row_json(&all->list[i]), err) < 0)
            return err->code;
    return 0;
}

static int read_again(struct watching* all, struct cv_error* err)
{
    if (all->all && add_new(all, err) < 0)
        return err->code;
    read_all(all);
    return 0;
}

/* Those that were named have all stopped. */
static bool nothing_left(const struct watching* all)
{
    return !all->all && all->count == 0;
}

/* One reading before the first line, since all but the memory is what was used between two. */
static int watch(struct watching* all, struct cv_error* err)
{
    if (read_again(all, err) < 0)
        return err->code;
    while (!nothing_left(all)) {
        cvctl_signals_pause(all->chosen->interval_ms);
        if (read_again(all, err) < 0)
            return err->code;
        if (nothing_left(all))
            break;
        if (print_all(all, err) < 0)
            return err->code;
        if (cvctl_finish_output() != 0 || all->chosen->once)
            break;
    }
    return 0;
}

static int run(int argc, char** argv)
{
    struct stats_options chosen = { .interval_ms = INTERVAL_MS };
    struct watching      all    = { .chosen = &chosen };
    struct cv_error      err    = CV_ERROR_INIT;
    int                  first = 0, code = 0;

    if (!cvctl_parse(&cvctl_stats_command, argc, argv, &chosen, &first, &code))
        return code;
    cvctl_signals_end();
    all.all = first == argc;
    for (int i = first; i < argc; i++)
        add_named(&all, argv[i]);
    if ((all.all || all.count > 0) && watch(&all, &err) < 0)
        tell(&all, &err);
    for (size_t i = 0; i < all.count; i++)
        (void)containerv_close(all.list[i].container);
    free(all.list);
    return all.code;
}

const struct cvctl_command cvctl_stats_command = {
    .name     = "stats",
    .synopsis = "[OPTION...] [ID...]",
    .summary  = "print what containers use, again and again",
    .options  = options,
    .mixed    = true,
    .details =
        "Of all that run, unless some are named. CPU is of one CPU: two busy ones are 200%. MEMORY has the limit "
        "behind "
        "it when\n"
        "there is one. What the host does not count is '--' (null with --format json, which has the counters too).\n",
    .run = run,
};
