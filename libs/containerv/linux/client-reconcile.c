/* The caller's side of looking for what dead containers left: a guardian looks, it has the rights. */
#include "linux/client.h"

#include <cv/banned.h>

struct telling {
    int (*each)(const struct containerv_leftover* leftover, void* context);
    void*    context;
    int      ended; /* what `each` returned */
    uint32_t skip;
};

static void tell(struct telling* telling, const Containerv__Guardian__Leftover* from)
{
    struct containerv_leftover leftover = { .size = sizeof(leftover),
        .kind                                     = from->kind,
        .id                                       = from->id,
        .object                                   = from->object,
        .removed                                  = from->removed,
        .code                                     = from->code,
        .error                                    = from->error };

    if (!from->removed)
        telling->skip++;
    if (telling->each != NULL && telling->ended == 0)
        telling->ended = telling->each(&leftover, telling->context);
}

/* 1: there is more. */
static int ask(struct linux_route* route, bool dry_run, struct telling* telling, struct cv_error* err)
{
    Containerv__Guardian__Request   request   = CONTAINERV__GUARDIAN__REQUEST__INIT;
    Containerv__Guardian__Reconcile reconcile = CONTAINERV__GUARDIAN__RECONCILE__INIT;
    struct linux_client_answer      answer;
    int                             more;

    reconcile.dry_run      = dry_run;
    reconcile.skip         = telling->skip;
    request.operation_case = CONTAINERV__GUARDIAN__REQUEST__OPERATION_RECONCILE;
    request.reconcile      = &reconcile;
    request.protocol       = GUARDIAN_PROTOCOL;
    int result             = linux_client_call(route, &request, NULL, &answer, err);
    if (result < 0)
        return result;
    for (size_t i = 0; i < answer.reply->n_leftovers; i++)
        tell(telling, answer.reply->leftovers[i]);
    more = answer.reply->leftovers_more;
    linux_client_answer_release(&answer);
    return more;
}

int linux_client_reconcile(bool dry_run, int (*each)(const struct containerv_leftover* leftover, void* context),
    void* context, struct cv_error* err)
{
    struct linux_route route   = LINUX_ROUTE_INIT;
    struct telling     telling = { .each = each, .context = context };
    int                result  = linux_client_begin_create(&route.generation, err);

    if (result < 0)
        return result;
    do
        result = ask(&route, dry_run, &telling, err);
    while (result > 0);
    linux_client_end_create(route.generation);
    return result < 0 ? result : telling.ended;
}
