/* What the writer and the readers of a log do alike: find its files, look at a part of one, walk over its records. */
#ifndef CV_LINUX_LOG_FILE_H
#define CV_LINUX_LOG_FILE_H

#include "linux/log.h"

/* The log's folder, CV_HANDLE_NONE with 0 when there is none yet. */
int linux_log_folder(int home_fd, int* folder_out, struct cv_error* err);

/* The smallest and the largest name from `least` to `most`. */
struct linux_log_span {
    bool     any;
    uint64_t first, last;
};
int linux_log_span(int folder_fd, uint64_t least, uint64_t most, struct linux_log_span* span_out, struct cv_error* err);

/* CV_ERR_NOT_FOUND: it was dropped, or is not there yet. */
int linux_log_open(int folder_fd, uint64_t name, int flags, int* fd_out, struct cv_error* err);

/* A part of a file in memory. */
struct linux_log_window {
    int      fd; /* -1: none. Owned */
    uint8_t* bytes;
    size_t   capacity, length;
    uint64_t position; /* in the file, of the first byte */
};

/* Bytes `at` to `at` + `need` of the file, until the next call. 1: not all of them are there, and nothing is remembered. */
int linux_log_window_get(
    struct linux_log_window* window, uint64_t at, size_t need, const uint8_t** bytes_out, struct cv_error* err);
void linux_log_window_open(struct linux_log_window* window, int fd); /* takes it, closes the one before */
void linux_log_window_release(struct linux_log_window* window);

enum linux_log_found {
    LINUX_LOG_RECORD,
    LINUX_LOG_NONE,   /* no more, or the last one is not complete */
    LINUX_LOG_DAMAGED /* what begins there is no record */
};

/* The record at that place in the file; its bytes until the next call. Returns enum linux_log_found, or an error. */
int linux_log_record_at(struct linux_log_window* window, uint64_t at, struct linux_log_header* header_out,
    const uint8_t** data_out, struct cv_error* err);
/* The same without its bytes: quicker for those who only walk. `size` is the file's. */
int linux_log_header_at(struct linux_log_window* window, uint64_t at, uint64_t size,
    struct linux_log_header* header_out, struct cv_error* err);
/* Room that a record takes. */
uint64_t linux_log_record_size(const struct linux_log_header* header);

#endif
