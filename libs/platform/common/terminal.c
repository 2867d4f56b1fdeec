#include <string.h>

#include "terminal-escapes.h"
#include <cv/env.h>
#include <cv/terminal.h>

#include <cv/banned.h>

bool cv_terminal_wants_colour(containerv_handle_t handle)
{
    CV_CLEANUP(cv_freep) char* no_colour = NULL;
    CV_CLEANUP(cv_freep) char* term      = NULL;

    if (!cv_terminal_is(handle) || cv_env_get("NO_COLOR", &no_colour, NULL) < 0 || cv_env_get("TERM", &term, NULL) < 0)
        return false;
    return (no_colour == NULL || no_colour[0] == '\0') && (term == NULL || strcmp(term, "dumb") != 0)
           && cv_terminal_takes_escapes(handle);
}
