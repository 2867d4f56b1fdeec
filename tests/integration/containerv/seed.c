/* The program that started the project, unchanged but for the path. Nothing in it looks at results; the last line does it for the test. */
#include <chef/containerv.h>
#include <stdio.h>

int main(void)
{
    struct containerv_options* opts = containerv_options_new();
    containerv_options_set_caps(opts, CV_CAP_FILESYSTEM | CV_CAP_PROCESS_CONTROL);
    struct containerv_container* container;
    containerv_create(SEED_ROOTFS, opts, &container);
    process_handle_t pid; /* pid_t on Linux, HANDLE on Windows */
    containerv_spawn(container, "/bin/sh", NULL, &pid);
    containerv_destroy(container);
    containerv_options_delete(opts);

    puts(containerv_error_last()->text);
    return containerv_error_last()->code == CV_OK ? 0 : 1;
}
