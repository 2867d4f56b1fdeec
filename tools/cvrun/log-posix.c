/* Where the lines of the log go. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cv/clock.h>
#include <cv/handle.h>
#include <cv/macros.h>

#include "control.h"
#include "cvrun.h"

#include <cv/banned.h>

enum { LOG_MODE = 0644, MESSAGE_MAX = 2048 };

static int                  file = -1; /* lives as long as the program */
static bool                 is_json;
static enum cvrun_log_level least_weight = CVRUN_LOG_WARNING;

int cvrun_log_open(const char* path, bool json, enum cvrun_log_level least, struct cv_error* err)
{
    is_json      = json;
    least_weight = least;
    if (path == NULL)
        return 0;
    file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, LOG_MODE);
    return file < 0 ? cv_error_errno(err, errno, "open the log", path) : 0;
}

/* What can't be told can't be told. */
static void write_line(int fd, enum cvrun_log_level level, const char* message)
{
    CV_CLEANUP(cv_freep) char* line = cvrun_log_line(is_json, level, message, cv_clock_realtime_ns(), NULL);

    if (line != NULL)
        (void)cv_handle_write(fd, line, strlen(line), NULL);
}

/* What came from a document must not steer the terminal. */
static void write_plain(const char* message)
{
    fputs("cvrun: ", stderr);
    for (size_t length; *message != '\0'; message += length > 0 ? length : 1) {
        length = cv_control(message);
        fputc(length > 0 ? '?' : *message, stderr);
    }
    fputc('\n', stderr);
}

void cvrun_log(enum cvrun_log_level level, const char* format, ...)
{
    char    message[MESSAGE_MAX];
    va_list arguments;

    if (level > least_weight)
        return;
    va_start(arguments, format);
    if (vsnprintf(message, sizeof(message), format, arguments) < 0)
        message[0] = '\0';
    va_end(arguments);
    if (file >= 0 || is_json || level > CVRUN_LOG_WARNING)
        write_line(file >= 0 ? file : STDERR_FILENO, level, message);
    else
        write_plain(message);
}

void cvrun_log_failure(const struct cv_error* error)
{
    CV_CLEANUP(cv_freep) char* made    = cvrun_log_message(error, NULL);
    const char*                message = made != NULL ? made : error->text;

    if (file >= 0)
        write_line(file, CVRUN_LOG_ERROR, message);
    if (file < 0 && is_json)
        write_line(STDERR_FILENO, CVRUN_LOG_ERROR, message);
    else
        write_plain(message);
}
