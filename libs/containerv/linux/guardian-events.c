/* Events to the caller. A caller that does not read them never holds us up: the last GUARDIAN_MAX_EVENTS are kept for it. */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <cv/clock.h>

#include "linux/guardian.h"

#include <cv/banned.h>

/* False: no room now. An end that is gone takes everything. */
static bool send_event(int event_fd, const struct containerv_event* event)
{
    uint8_t buffer[MESSAGE_EVENT_MAX];
    size_t  length = message_pack_event(event, buffer);

    return send(event_fd, buffer, length, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0 || (errno != EAGAIN && errno != ENOBUFS);
}

void guardian_events_flush(struct guardian_container* container)
{
    struct guardian_events* events = &container->events;

    while (events->count > 0 && send_event(container->event_fd, &events->ring[events->first])) {
        events->first = (events->first + 1) % GUARDIAN_MAX_EVENTS;
        events->count--;
    }
}

static void keep(struct guardian_events* events, const struct containerv_event* event)
{
    if (events->ring == NULL)
        events->ring = calloc(GUARDIAN_MAX_EVENTS, sizeof(*events->ring));
    if (events->ring == NULL)
        return; /* out of memory: an event less is the least of it */
    if (events->count == GUARDIAN_MAX_EVENTS) {
        events->first = (events->first + 1) % GUARDIAN_MAX_EVENTS;
        events->count--;
    }
    events->ring[(events->first + events->count++) % GUARDIAN_MAX_EVENTS] = *event;
}

void guardian_event(
    struct guardian_container* container, enum containerv_event_kind kind, const struct guardian_process* process)
{
    const struct guardian_hooks* hooks = container->guardian->hooks;
    struct containerv_event      event = { .size = sizeof(event), .kind = kind, .time_ns = cv_clock_realtime_ns() };

    if (hooks != NULL) {
        hooks->event(container, kind, process);
        return;
    }
    if (process != NULL) {
        event.process = process->pid;
        event.exit    = process->exit;
    }
    guardian_events_flush(container);
    if (container->events.count > 0 || !send_event(container->event_fd, &event))
        keep(&container->events, &event);
}
