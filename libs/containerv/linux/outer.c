#include "linux/outer.h"

#include <stdlib.h>

#include <cv/file.h>
#include <cv/str.h>

#include <cv/banned.h>

enum { TEXT_MAX = 4 << 20 };

static unsigned facts;
static bool     looked;

static char* read_text(const char* path)
{
    char*  text   = NULL;
    size_t length = 0;

    return cv_file_read(path, TEXT_MAX, &text, &length, NULL) == 0 ? text : NULL;
}

void linux_outer_look(void)
{
    CV_CLEANUP(cv_freep) char* status    = read_text("/proc/self/status");
    CV_CLEANUP(cv_freep) char* mountinfo = read_text("/proc/self/mountinfo");
    CV_CLEANUP(cv_freep) char* profile   = read_text("/proc/self/attr/apparmor/current");

    facts  = linux_outer_facts(status, mountinfo, profile);
    looked = true;
}

int linux_outer_hint(enum linux_outer_step step, int number, struct cv_error* err)
{
    const char* advice;

    if (err == NULL)
        return CV_ERR_SYSTEM;
    if (!looked)
        linux_outer_look();
    advice = linux_outer_advice(facts, step, number);
    return advice != NULL ? cv_error_hint(err, "%s", advice) : err->code;
}
