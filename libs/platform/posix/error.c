#include <string.h>

#include "error-numbers.h"

#include <cv/banned.h>

const char* cv_errno_name(int number)
{
    const char* name = strerrorname_np(number);
    return name != NULL ? name : "unknown";
}

/* Not strerror(): that one is translated and not thread-safe. */
const char* cv_errno_text(int number)
{
    return strerrordesc_np(number);
}

const char* cv_windows_text(int domain, uint32_t number, char* buffer, unsigned buffer_size)
{
    (void)buffer;
    (void)buffer_size;
    return cv_windows_table_text(domain, number);
}
