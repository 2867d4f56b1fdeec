/*
 * Any bytes as a tar archive that is unpacked, once as they are and once with the sums of its headers put right, which a fuzzer does not
 * find. It never crashes; all that is said to the container's end can be read there, in an order that makes a tree: one-component names,
 * folders left as often as entered, contents to the last byte, further names that lead nowhere else, and no more of it than is allowed.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz.h"
#include "linux/archive-name.h"
#include "linux/archive.h"

enum {
    MAX_BYTES   = 1 << 20,
    MAX_ENTRIES = 4096,
    MAX_INPUT   = 1 << 20,
    BLOCK       = 512,
    SUM_AT      = 148,
    SUM_BYTES   = 8,
    MAGIC_AT    = 257
};

/* What the container's end has been told. */
struct heard {
    int      fd;
    size_t   length; /* of `bytes` */
    bool     begun, ended;
    size_t   depth;
    uint64_t due; /* of a content */
    uint64_t entries, content;
    uint64_t moved_entries, moved_bytes;
};

static uint8_t           bytes[COPY_HEAD_BYTES + COPY_FRAME_MAX];
static struct copy_frame frame;

static void hear_data(struct heard* heard)
{
    FUZZ_CHECK(frame.hole <= heard->due && frame.size <= heard->due - frame.hole);
    FUZZ_CHECK(frame.hole + frame.size > 0);
    heard->due -= frame.hole + frame.size;
    heard->content += frame.size;
}

static void hear_begin(struct heard* heard)
{
    FUZZ_CHECK(!heard->begun && frame.folder && frame.contents);
    heard->begun = true;
}

/* ENTER, FILE, SYMLINK and LINK. */
static void hear_entry(struct heard* heard)
{
    FUZZ_CHECK(heard->depth > 0 || frame.kind == COPY_ENTER);
    FUZZ_CHECK(copy_name_is_proper(frame.name, strlen(frame.name)));
    if (frame.kind == COPY_LINK)
        FUZZ_CHECK(frame.link == 0 && copy_path_is_proper(frame.target));
    if (frame.kind == COPY_FILE)
        FUZZ_CHECK(!frame.passed && frame.link == 0 && frame.streamed == (frame.size > 0));
    heard->due = frame.kind == COPY_FILE ? frame.size : 0;
    heard->depth += frame.kind == COPY_ENTER ? 1 : 0;
    heard->entries++;
    FUZZ_CHECK(heard->depth <= COPY_DEPTH_MAX + 1);
}

static void hear_frame(struct heard* heard)
{
    FUZZ_CHECK(!heard->ended && (heard->begun || frame.kind == COPY_BEGIN));
    FUZZ_CHECK((heard->due > 0) == (frame.kind == COPY_DATA));
    if (frame.kind == COPY_DATA)
        hear_data(heard);
    else if (frame.kind == COPY_BEGIN)
        hear_begin(heard);
    else if (frame.kind == COPY_LEAVE)
        FUZZ_CHECK(heard->depth-- > 0);
    else if (frame.kind == COPY_END)
        heard->ended = heard->depth == 0;
    else if (frame.kind == COPY_ENTER || frame.kind == COPY_FILE || frame.kind == COPY_SYMLINK
             || frame.kind == COPY_LINK)
        hear_entry(heard);
    else
        FUZZ_CHECK(!"of a kind that does not come from an archive");
}

static void hear_all(struct heard* heard)
{
    ssize_t got;
    while ((got = recv(heard->fd, bytes + heard->length, sizeof(bytes) - heard->length, MSG_DONTWAIT)) > 0) {
        size_t at = 0, used = 1;
        heard->length += (size_t)got;
        while (used > 0) {
            FUZZ_CHECK(copy_frame_get(bytes + at, heard->length - at, &frame, &used, NULL) == 0);
            if (used > 0)
                hear_frame(heard);
            at += used;
        }
        heard->length -= at;
        memmove(bytes, bytes + at, heard->length);
    }
}

/* Called whenever the sender waits, too. */
static int moved(void* context, uint64_t entries, uint64_t size, struct cv_error* err)
{
    struct heard* heard = context;
    (void)err;
    heard->moved_entries += entries;
    heard->moved_bytes += size;
    hear_all(heard);
    return 0;
}

static int failed(void* context, const char* path, const struct cv_error* failure, struct cv_error* err)
{
    (void)context;
    (void)err;
    FUZZ_CHECK(path != NULL && failure->code < 0 && failure->text[0] != '\0');
    return 0;
}

static int unpack(struct heard* heard, int own_fd, int archive_fd, struct cv_error* err)
{
    struct copy_stream stream;
    struct copy_job    job = { .root_fd = AT_FDCWD,
           .path                        = "",
           .on_host                     = true,
           .max_bytes                   = MAX_BYTES,
           .max_entries                 = MAX_ENTRIES,
           .failed                      = failed,
           .moved                       = moved,
           .context                     = heard };
    FUZZ_CHECK(copy_stream_init(&stream, own_fd, err) == 0);
    int rc = archive_unpack(&stream, &job, archive_fd, err);
    if (rc < 0) /* what was said before that is looked at, too */
        (void)copy_stream_flush(&stream, NULL);
    copy_stream_release(&stream);
    return rc;
}

/* The container's end is content with everything: its only word is there before it is asked. */
static void say_done(int fd)
{
    uint8_t            word[64];
    struct copy_buffer buffer = { .bytes = word, .capacity = sizeof(word) };
    copy_frame_put(&buffer, &(struct copy_frame){ .kind = COPY_DONE });
    FUZZ_CHECK(!buffer.full && send(fd, word, buffer.length, MSG_NOSIGNAL) == (ssize_t)buffer.length);
}

static void check_archive(const uint8_t* data, size_t size)
{
    struct cv_error err = CV_ERROR_INIT;
    int             ends[2], archive_fd = memfd_create("archive", MFD_CLOEXEC);
    FUZZ_CHECK(archive_fd >= 0 && pwrite(archive_fd, data, size, 0) == (ssize_t)size);
    FUZZ_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    struct heard heard = { .fd = ends[1] };
    say_done(ends[1]);
    int rc = unpack(&heard, ends[0], archive_fd, &err);
    hear_all(&heard);
    FUZZ_CHECK(heard.length == 0);
    FUZZ_CHECK(rc == 0 ? heard.ended : err.code == rc && err.text[0] != '\0' && !heard.ended);
    FUZZ_CHECK(
        heard.entries <= heard.moved_entries + 1 && heard.entries <= MAX_ENTRIES + 1); /* the top is not counted */
    FUZZ_CHECK(heard.content <= heard.moved_bytes + COPY_INLINE_MAX && heard.content <= MAX_BYTES + COPY_INLINE_MAX);
    close(ends[0]);
    close(ends[1]);
    close(archive_fd);
}

/* Whether a header's sum was another one. */
static bool mend_header(uint8_t* header)
{
    uint8_t  before[SUM_BYTES];
    unsigned sum = 0;
    memcpy(before, header + SUM_AT, SUM_BYTES);
    memset(header + SUM_AT, ' ', SUM_BYTES);
    for (size_t i = 0; i < BLOCK; i++)
        sum += header[i];
    for (size_t i = 6; i-- > 0; sum /= 8)
        header[SUM_AT + i] = (uint8_t)('0' + sum % 8);
    header[SUM_AT + 6] = '\0';
    return memcmp(before, header + SUM_AT, SUM_BYTES) != 0;
}

static bool mend(uint8_t* data, size_t size)
{
    bool other = false;
    for (size_t at = 0; size - at >= BLOCK; at += BLOCK)
        other = (memcmp(data + at + MAGIC_AT, "ustar", 5) == 0 && mend_header(data + at)) || other;
    return other;
}

static void check_name(const uint8_t* data, size_t size)
{
    static char text[MAX_INPUT + 1], name[COPY_PATH_MAX + 1], again[COPY_PATH_MAX + 1];
    memcpy(text, data, size);
    text[size] = '\0';
    if (archive_name_clean(text, name, NULL) < 0)
        return;
    FUZZ_CHECK(name[0] == '\0' || copy_path_is_proper(name));
    FUZZ_CHECK(archive_name_clean(name, again, NULL) == 0 && strcmp(name, again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    uint8_t* mended = size <= MAX_INPUT ? malloc(size + 1) : NULL;
    if (mended == NULL)
        return 0;
    memcpy(mended, data, size);
    check_name(data, size);
    check_archive(data, size);
    if (mend(mended, size))
        check_archive(mended, size);
    free(mended);
    return 0;
}
