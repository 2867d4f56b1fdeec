/*
 * The log of a supervised container: the folder `log` of its home. Records follow each other; a record is a header of LINUX_LOG_HEADER
 * bytes and the bytes as they came. Its offset counts headers and bytes of all records before it since the container was made, and
 * a file is named by the offset of its first record (16 hexadecimal digits), so that a reader finds any offset, and sees from the first
 * file's name how much was dropped. A record that a crash tore is found by its header and is not there: the writer cuts it off.
 *
 * Whoever reads never holds up the writer: the log is read from its files, and inotify tells what is new.
 */
#ifndef CV_LINUX_LOG_H
#define CV_LINUX_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cv/error.h>

#define LINUX_LOG_FOLDER "log"

enum { LINUX_LOG_HEADER = 24, LINUX_LOG_MAX_RECORD = 1 << 20, LINUX_LOG_NAME = 17, LINUX_LOG_MAX_FILES = 1024 };
#define LINUX_LOG_FILE_BYTES  (UINT64_C(16) << 20)
#define LINUX_LOG_TOTAL_BYTES (UINT64_C(1) << 30)

/* --- log-format.c: pure --- */

struct linux_log_header {
    uint32_t stream; /* enum containerv_stream */
    uint32_t length; /* of the bytes that follow */
    int64_t  time_ns;
};
void linux_log_header_pack(const struct linux_log_header* header, uint8_t bytes[LINUX_LOG_HEADER]);
/* False: no header of ours (its check sum is wrong, its length too large). */
bool linux_log_header_unpack(const uint8_t bytes[LINUX_LOG_HEADER], struct linux_log_header* header_out);
void linux_log_name(uint64_t offset, char name[LINUX_LOG_NAME]);
bool linux_log_name_parse(const char* name, uint64_t* offset_out); /* false: no log's name */

/* --- log-writer.c: the supervisor's --- */

struct linux_log_writer;

/* Go on where the log ends, a torn record is cut off. The folder is made when there is none. 0 as a limit is its default; a file gets at
 * most half of the total, so that something is left when one is dropped, and at least a LINUX_LOG_MAX_FILES'th. */
int linux_log_writer_open(
    int home_fd, uint64_t file_bytes, uint64_t total_bytes, struct linux_log_writer** writer_out, struct cv_error* err);
/* One record, one write; nothing for no bytes. When the disk is full, the oldest files are dropped first; CV_ERR_SYSTEM when nothing helps,
 * and then nothing of the record is there. CV_ERR_LIMIT: more than LINUX_LOG_MAX_RECORD. */
int linux_log_write(
    struct linux_log_writer* writer, uint32_t stream, const void* data, size_t length, struct cv_error* err);
void linux_log_writer_close(struct linux_log_writer* writer); /* NULL is fine */

/* --- log-reader.c: anybody's who may read the home --- */

struct linux_log_reader;

struct linux_log_record {
    struct linux_log_header header;
    uint64_t                offset, dropped;
    const void*             data; /* until the next call */
};

/* `offset`: 0, that of a record, the log's end, or one within a record's bytes (as linux_log_tail() tells): then the first one read is the
 * rest of that record, and header.length that of the rest. CV_ERR_INVALID: neither. The log's folder need not be there yet. */
int linux_log_reader_open(int home_fd, uint64_t offset, struct linux_log_reader** reader_out, struct cv_error* err);
/* 0, or 1 when there is no further record now. */
int linux_log_read(struct linux_log_reader* reader, struct linux_log_record* record_out, struct cv_error* err);
/* Readable when something was written since the last linux_log_read() that gave 1, or state.json was, or the home is taken away. Where the
 * system has no inotify instance left (fs.inotify.max_user_instances), it is readable now and then. */
int  linux_log_reader_handle(const struct linux_log_reader* reader);
void linux_log_reader_close(struct linux_log_reader* reader); /* NULL is fine */
/* Where the last `lines` lines begin, of both streams together; text without an end of line at the end is one. 0: the log's end. */
int linux_log_tail(int home_fd, uint64_t lines, uint64_t* offset_out, struct cv_error* err);

#endif
