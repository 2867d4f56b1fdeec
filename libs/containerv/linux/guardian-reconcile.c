/* What a guardian finds of dead containers, for its caller. */
#include <stdlib.h>

#include "linux/guardian.h"
#include "linux/reconcile.h"

#include <cv/banned.h>

/* The reply's list is one block, with the messages behind their pointers; it borrows the texts. */
static int fill(struct guardian_request* request, const struct reconcile_list* list, struct cv_error* err)
{
    Containerv__Guardian__Leftover** pointers = malloc(list->count * (sizeof(*pointers) + sizeof(**pointers)) + 1);
    Containerv__Guardian__Leftover*  messages;

    if (pointers == NULL)
        return cv_error_no_memory(err);
    messages = (Containerv__Guardian__Leftover*)(pointers + list->count);
    for (size_t i = 0; i < list->count; i++) {
        struct reconcile_item* item = &list->items[i];
        containerv__guardian__leftover__init(&messages[i]);
        messages[i].kind    = item->kind;
        messages[i].id      = item->id;
        messages[i].object  = item->object;
        messages[i].removed = item->removed;
        messages[i].code    = item->code;
        messages[i].error   = item->error != NULL ? item->error : "";
        pointers[i]         = &messages[i];
    }
    request->reply.leftovers   = pointers;
    request->reply.n_leftovers = list->count;
    return 0;
}

int guardian_reconcile(struct guardian_request* request, struct cv_error* err)
{
    const Containerv__Guardian__Reconcile* message = request->message->reconcile;
    int                                    result;

    if (request->peer->only != NULL)
        return cv_error_set(err, CV_ERR_PERMISSION, "nothing of others is removed by the socket of a container");
    result = linux_reconcile(message->dry_run, message->skip, &request->leftovers, err);
    if (result < 0)
        return result;
    request->reply.leftovers_more = result > 0;
    return fill(request, &request->leftovers, err);
}

void guardian_reconcile_release(struct guardian_request* request)
{
    free(request->reply.leftovers);
    reconcile_release(&request->leftovers);
}
