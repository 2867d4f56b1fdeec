/* Uses the installed library: its version, an option, an error. usage: consumer VERSION */
#include <chef/containerv.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char** argv)
{
    struct containerv_container* container = NULL;
    struct containerv_options*   options   = containerv_options_new();
    if (argc != 2 || strcmp(containerv_version(), argv[1]) != 0)
        return fprintf(stderr, "version %s\n", containerv_version()), 1;
    if (options == NULL || containerv_options_set_caps(options, CV_CAP_FILESYSTEM) != 0)
        return 2;
    if (containerv_options_set_backend(options, "no-such") != CV_ERR_NOT_FOUND || errno != ENOENT)
        return 3;
    if (containerv_create("", options, &container) == 0 || containerv_error_last()->text[0] == '\0')
        return 4;
    containerv_options_delete(options);
    return 0;
}
