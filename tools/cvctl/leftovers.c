#include "leftovers.h"

#include <stdio.h>

#include <chef/containerv.h>
#include <jansson.h>

#include "containers.h"

#include <cv/banned.h>

static int print_json(const struct containerv_leftover* leftover)
{
    return cvctl_json_line(
        json_pack("{s:s, s:s, s:s, s:b, s:s}", "id", leftover->id, "kind", containerv_leftover_name(leftover->kind),
            "object", leftover->object, "removed", (int)leftover->removed, "error", leftover->error),
        NULL);
}

static void print_text(const struct containerv_leftover* leftover)
{
    const char* what = leftover->removed == 0                 ? "found"
                       : leftover->kind == CV_LEFTOVER_RECORD ? "put right"
                                                              : "removed";
    printf("%-9s %-7s %s%s%s\n", leftover->code != 0 ? "failed" : what, containerv_leftover_name(leftover->kind),
        leftover->object, leftover->code != 0 ? ": " : "", leftover->error);
}

static int tell(const struct containerv_leftover* leftover, void* context)
{
    struct cvctl_leftovers* told = context;

    told->found++;
    told->stuck += leftover->code != 0;
    if (told->json)
        told->no_memory = print_json(leftover) < 0 || told->no_memory;
    else
        print_text(leftover);
    return 0;
}

int cvctl_leftovers_remove(bool dry_run, struct cvctl_leftovers* told, struct cv_error* err)
{
    if (containerv_reconcile(dry_run ? CV_RECONCILE_DRY_RUN : 0, tell, told) != 0) {
        cvctl_last_error(err);
        return err->code;
    }
    return told->no_memory ? cv_error_no_memory(err) : 0;
}
