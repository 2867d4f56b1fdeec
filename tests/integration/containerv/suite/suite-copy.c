/* Copies between host and container: that all comes over that is to be kept, what is refused, and where things go. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include <cv/file.h>

#include "suite.h"

enum { LARGE = 1 << 20, SPARSE = 16 << 20, DEEP = 40 };

static char folder[PATH_MAX]; /* of the running test, on the host; `data` in it is /data in the container */

static const char* host(const char* name)
{
    static char paths[8][PATH_MAX + 256];
    static int  next;
    char*       path = paths[next++ % 8];
    snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
    return path;
}

static int set_up(void** state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "%s/../copy-XXXXXX", suite_rootfs());
    if (mkdtemp(folder) == NULL || chmod(folder, 0755) < 0 || mkdir(host("data"), 0755) < 0)
        fail_msg("can't make %s: %s", folder, strerror(errno));
    return 0;
}

static int tear_down(void** state)
{
    (void)state;
    return cv_tree_remove(folder, NULL);
}

static struct containerv_container* container_with_data(void)
{
    struct containerv_options*    options  = containerv_options_new();
    const struct containerv_mount mounts[] = {
        { .size = sizeof(mounts[0]), .source = host("data"), .destination = "/data", .flags = CV_MOUNT_SUID }
    };
    NEED(CV_FEATURE_COPY);
    OK(containerv_options_set_mounts(options, mounts, 1));
    return suite_container(options);
}

static void put(const char* path, const char* text, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static void contains(const char* path, const char* text)
{
    char*           data = NULL;
    struct cv_error err;
    if (cv_file_read(path, 1 << 20, &data, NULL, &err) < 0)
        fail_msg("%s", err.text);
    assert_string_equal(data, text);
    free(data);
}

/* --- a tree with everything ------------------------------------------------------------------------------------------------------- */

static void put_large(const char* path)
{
    int      fd    = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    uint32_t value = 1;
    assert_true(fd >= 0);
    for (size_t done = 0; done < LARGE; done += 4096) {
        uint32_t block[1024];
        for (size_t i = 0; i < 1024; i++)
            block[i] = value = value * 1664525 + 1013904223;
        assert_int_equal(write(fd, block, sizeof(block)), sizeof(block));
    }
    close(fd);
}

static void put_sparse(const char* path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, "middle", 6, SPARSE / 2 + 100), 6);
    assert_int_equal(ftruncate(fd, SPARSE), 0);
    close(fd);
}

static void put_deep(const char* path)
{
    char   at[PATH_MAX];
    size_t length = (size_t)snprintf(at, sizeof(at), "%s", path);
    for (int i = 0; i < DEEP; i++) {
        assert_int_equal(mkdir(at, 0755), 0);
        length += (size_t)snprintf(at + length, sizeof(at) - length, "/d");
    }
    put(at, "deep\n", 0644);
}

static void set_time(const char* path, time_t seconds, long nanoseconds)
{
    const struct timespec times[2] = { { seconds + 1, 5 }, { seconds, nanoseconds } };
    assert_int_equal(utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW), 0);
}

static void make_tree(const char* root)
{
    char at[PATH_MAX + 64];
#define AT(name) (snprintf(at, sizeof(at), "%s/%s", root, name), at)
    char other[PATH_MAX + 64];
    assert_int_equal(mkdir(root, 0755), 0);
    put(AT("file"), "text\n", 0640);
    assert_int_equal(lchown(AT("file"), 1000, 1001), 0);
    set_time(AT("file"), 1000000007, 123456789);
    put(AT("empty"), "", 0);
    put(AT("odd \n\xff name"), "odd\n", 0604);
    put_large(AT("large"));
    put_sparse(AT("sparse"));
    snprintf(other, sizeof(other), "%s/sub", root);
    assert_int_equal(mkdir(other, 01770), 0);
    assert_int_equal(chmod(other, 01770), 0);
    snprintf(other, sizeof(other), "%s/sub/again", root);
    assert_int_equal(link(AT("large"), other), 0);
    snprintf(other, sizeof(other), "%s/zz-again", root);
    assert_int_equal(link(AT("file"), other), 0);
    assert_int_equal(symlink("/etc/passwd", AT("absolute")), 0);
    assert_int_equal(symlink("nowhere/at/all", AT("dangling")), 0);
    assert_int_equal(lchown(AT("dangling"), 7, 8), 0);
    set_time(AT("dangling"), -5, 999999999);
    put_deep(AT("deep"));
    if (setxattr(AT("large"), "user.colour", "gr\0en", 5, 0) < 0)
        print_message("no extended attributes here: %s\n", strerror(errno));
    else
        assert_int_equal(setxattr(AT("sub"), "user.empty", "", 0, 0), 0);
    set_time(AT("sub"), 86400, 1);
#undef AT
}

static void same_content(const char* a, const char* b)
{
    static char blocks[2][65536];
    int         fds[2] = { open(a, O_RDONLY | O_CLOEXEC), open(b, O_RDONLY | O_CLOEXEC) };
    ssize_t     got;
    assert_true(fds[0] >= 0 && fds[1] >= 0);
    do {
        got = read(fds[0], blocks[0], sizeof(blocks[0]));
        assert_int_equal(read(fds[1], blocks[1], sizeof(blocks[1])), got);
        assert_true(got >= 0 && memcmp(blocks[0], blocks[1], (size_t)got) == 0);
    } while (got > 0);
    close(fds[0]);
    close(fds[1]);
}

static void same_xattrs(const char* a, const char* b)
{
    char    names[2][1024], values[2][1024];
    ssize_t length = llistxattr(a, names[0], sizeof(names[0]));
    assert_int_equal(llistxattr(b, names[1], sizeof(names[1])), length);
    for (ssize_t at = 0; at < length; at += (ssize_t)strlen(names[0] + at) + 1) {
        ssize_t size = lgetxattr(a, names[0] + at, values[0], sizeof(values[0]));
        assert_int_equal(lgetxattr(b, names[0] + at, values[1], sizeof(values[1])), size);
        assert_true(size >= 0 && memcmp(values[0], values[1], (size_t)size) == 0);
    }
}

static void same_inode(const char* path, const struct stat* a, const struct stat* b)
{
    if (a->st_mode != b->st_mode || a->st_uid != b->st_uid || a->st_gid != b->st_gid)
        fail_msg("%s: mode %o owner %u:%u, wanted %o %u:%u", path, b->st_mode, b->st_uid, b->st_gid, a->st_mode,
            a->st_uid, a->st_gid);
    if (a->st_mtim.tv_sec != b->st_mtim.tv_sec || a->st_mtim.tv_nsec != b->st_mtim.tv_nsec)
        fail_msg("%s: modified %lld.%09ld, wanted %lld.%09ld", path, (long long)b->st_mtim.tv_sec, b->st_mtim.tv_nsec,
            (long long)a->st_mtim.tv_sec, a->st_mtim.tv_nsec);
    if (!S_ISDIR(a->st_mode) && (a->st_nlink != b->st_nlink || a->st_size != b->st_size))
        fail_msg("%s: %lu names, %lld bytes, wanted %lu, %lld", path, (unsigned long)b->st_nlink, (long long)b->st_size,
            (unsigned long)a->st_nlink, (long long)a->st_size);
    if (b->st_blocks > a->st_blocks + 64)
        fail_msg("%s: %lld blocks, wanted %lld: its holes were filled", path, (long long)b->st_blocks,
            (long long)a->st_blocks);
}

static int entries_of(const char* path)
{
    DIR* stream = opendir(path);
    int  count  = 0;
    assert_non_null(stream);
    while (readdir(stream) != NULL)
        count++;
    closedir(stream);
    return count;
}

static void same_tree(const char* a, const char* b) /* NOLINT(misc-no-recursion) */
{
    struct stat infos[2];
    char        targets[2][PATH_MAX] = { "", "" };
    if (lstat(a, &infos[0]) < 0 || lstat(b, &infos[1]) < 0)
        fail_msg("%s or %s: %s", a, b, strerror(errno));
    same_inode(b, &infos[0], &infos[1]);
    same_xattrs(a, b);
    if (S_ISREG(infos[0].st_mode))
        same_content(a, b);
    if (S_ISLNK(infos[0].st_mode)) {
        assert_true(readlink(a, targets[0], PATH_MAX - 1) > 0 && readlink(b, targets[1], PATH_MAX - 1) > 0);
        assert_string_equal(targets[0], targets[1]);
    }
    if (!S_ISDIR(infos[0].st_mode))
        return;
    assert_int_equal(entries_of(a), entries_of(b));
    DIR*                 stream = opendir(a);
    const struct dirent* entry;
    assert_non_null(stream);
    while ((entry = readdir(stream)) != NULL) {
        char below[2][PATH_MAX + 260];
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(below[0], sizeof(below[0]), "%s/%s", a, entry->d_name);
        snprintf(below[1], sizeof(below[1]), "%s/%s", b, entry->d_name);
        same_tree(below[0], below[1]);
    }
    closedir(stream);
}

static void a_tree_comes_back_as_it_went(void** state)
{
    struct containerv_container* container = container_with_data();
    (void)state;
    make_tree(host("tree"));
    OK(containerv_upload(container, (const char* const[]){ host("tree") }, (const char* const[]){ "/data/tree" }, 1));
    PRINTS("640 1000:1001 2\n1770 0:0", container,
        "cd /data/tree && stat -c '%a %u:%g %h' file && stat -c '%a %u:%g' sub");
    same_tree(host("tree"), host("data/tree"));
    OK(containerv_download(container, (const char* const[]){ "/data/tree" }, (const char* const[]){ host("back") }, 1));
    same_tree(host("tree"), host("back"));
    OK(containerv_destroy(container));
}

/* --- where it goes ---------------------------------------------------------------------------------------------------------------- */

static int copy_in(struct containerv_container* container, const char* source, const char* destination)
{
    return containerv_copy(container, CV_COPY_TO_CONTAINER, source, destination, NULL);
}

static int copy_out(struct containerv_container* container, const char* source, const char* destination)
{
    return containerv_copy(container, CV_COPY_TO_HOST, source, destination, NULL);
}

static void it_goes_where_docker_cp_would_put_it(void** state)
{
    struct containerv_container* container = container_with_data();
    (void)state;
    put(host("file"), "one\n", 0644);
    assert_int_equal(mkdir(host("from"), 0755), 0);
    put(host("from/a"), "a\n", 0644);
    OK(copy_in(container, host("file"), "/data/new"));
    OK(copy_in(container, host("file"), "/data"));
    FAILS(CV_ERR_NOT_FOUND, copy_in(container, host("file"), "/data/missing/"));
    FAILS(CV_ERR_NOT_FOUND, copy_in(container, host("file"), "/data/missing/name"));
    OK(copy_in(container, host("from"), "/data/made"));
    OK(copy_in(container, host("from"), "/data/made"));
    OK(copy_in(container, host("from/."), "/data/made"));
    FAILS(CV_ERR_INVALID, copy_in(container, host("from"), "/data/new"));
    FAILS(CV_ERR_NOT_FOUND, copy_in(container, host("missing"), "/data"));
    PRINTS("/data\n/data/file\n/data/made\n/data/made/a\n/data/made/from\n/data/made/from/a\n/data/new", container,
        "find /data | sort");
    OK(copy_out(container, "/data/made/.", host("out")));
    contains(host("out/from/a"), "a\n");
    put(host("file"), "two\n", 0644);
    OK(copy_in(container, host("file"), "/data/new"));
    PRINTS("two", container, "cat /data/new");
    OK(containerv_destroy(container));
}

static void links_of_the_container_mean_what_they_mean_inside(void** state)
{
    struct containerv_container*         container = container_with_data();
    const struct containerv_copy_options follow    = { .size = sizeof(follow), .flags = CV_COPY_FOLLOW };
    (void)state;
    PRINTS("", container,
        "cd /data && mkdir real && echo inside >real/f && ln -s /data/real out && ln -s real/f g && ln -s "
        "/../../etc/hostname h");
    OK(copy_out(container, "/data/out/f", host("f")));
    contains(host("f"), "inside\n");
    OK(copy_out(container, "/data/g", host("g")));
    assert_int_equal(readlink(host("g"), (char[8]){ 0 }, 8), 6);
    OK(containerv_copy(container, CV_COPY_TO_HOST, "/data/g", host("followed"), &follow));
    contains(host("followed"), "inside\n");
    put(host("up"), "up\n", 0644);
    OK(copy_in(container, host("up"), "/data/out"));
    PRINTS("up", container, "cat /data/real/up");
    OK(containerv_destroy(container));
}

/* --- errors ----------------------------------------------------------------------------------------------------------------------- */

struct seen {
    int  count, stop_at;
    char paths[8][PATH_MAX];
    int  codes[8];
};

static int see(const char* path, const struct containerv_error* error, void* context)
{
    struct seen* seen = context;
    assert_true(error->code < 0 && error->text[0] != '\0');
    if (seen->count < 8) {
        snprintf(seen->paths[seen->count], PATH_MAX, "%s", path);
        seen->codes[seen->count] = error->code;
    }
    return ++seen->count == seen->stop_at;
}

static bool saw(const struct seen* seen, const char* path, int code)
{
    for (int i = 0; i < seen->count && i < 8; i++)
        if (strcmp(seen->paths[i], path) == 0)
            return seen->codes[i] == code;
    return false;
}

static void the_rest_goes_on_after_an_error(void** state)
{
    struct containerv_container*   container = container_with_data();
    struct seen                    seen      = { 0 };
    struct containerv_copy_options options   = { .size = sizeof(options), .on_error = see, .context = &seen };
    (void)state;
    PRINTS("", container,
        "mkdir -p /data/t/b && cd /data/t && mkfifo a && echo 1 >b/c && mkfifo b/d && echo 2 >z && mkdir full && echo "
        "x >full/x");
    assert_int_equal(mkdir(host("out"), 0755), 0);
    assert_int_equal(mkdir(host("out/z"), 0755), 0);
    put(host("out/full"), "in the way\n", 0644);
    put(host("out/z/kept"), "", 0644);
    FAILS(CV_ERR_UNSUPPORTED, containerv_copy(container, CV_COPY_TO_HOST, "/data/t/a", host("out"), &options));
    FAILS(seen.codes[0], containerv_copy(container, CV_COPY_TO_HOST, "/data/t/.", host("out"), &options));
    assert_true(saw(&seen, "/data/t/a", CV_ERR_UNSUPPORTED) && saw(&seen, "/data/t/b/d", CV_ERR_UNSUPPORTED));
    assert_true(saw(&seen, host("out/z"), CV_ERR_EXISTS) && saw(&seen, host("out/full"), CV_ERR_EXISTS));
    assert_int_equal(seen.count, 4);
    contains(host("out/b/c"), "1\n");
    contains(host("out/full"), "in the way\n");
    /* the same the other way round: what the receiver in the container could not do is told here */
    seen = (struct seen){ 0 };
    PRINTS("", container, "mkdir -p /data/in/c && echo kept >/data/in/c/kept");
    FAILS(CV_ERR_EXISTS, containerv_copy(container, CV_COPY_TO_CONTAINER, host("out/b/c"), "/data/in/.", &options));
    assert_true(seen.count == 1 && saw(&seen, "/data/in/c", CV_ERR_EXISTS));
    OK(containerv_destroy(container));
}

static int stop_at_once(const struct containerv_copy_progress* progress, void* context)
{
    (void)context;
    return progress->entries > 0;
}

static void a_copy_can_be_stopped_and_bounded(void** state)
{
    struct containerv_container*   container = container_with_data();
    struct containerv_copy_options options   = { .size = sizeof(options), .on_progress = stop_at_once };
    (void)state;
    make_tree(host("tree"));
    FAILS(CV_ERR_CANCELLED, containerv_copy(container, CV_COPY_TO_CONTAINER, host("tree"), "/data/t", &options));
    options = (struct containerv_copy_options){ .size = sizeof(options), .max_entries = 5 };
    FAILS(CV_ERR_LIMIT, containerv_copy(container, CV_COPY_TO_CONTAINER, host("tree"), "/data/u", &options));
    PRINTS("", container,
        "rm -rf /data/t /data/u && mkdir /data/t && dd if=/dev/zero of=/data/t/big bs=1M count=3 2>/dev/null");
    options = (struct containerv_copy_options){ .size = sizeof(options), .max_bytes = 2 << 20 };
    assert_int_equal(mkdir(host("out"), 0755), 0);
    FAILS(CV_ERR_LIMIT, containerv_copy(container, CV_COPY_TO_HOST, "/data/t/big", host("out"), &options));
    assert_int_equal(entries_of(host("out")), 2); /* nothing but . and .. */
    OK(containerv_destroy(container));
}

static void what_makes_no_sense_is_refused(void** state)
{
    struct containerv_container*   container = container_with_data();
    struct containerv_copy_options options   = { .size = sizeof(options), .flags = CV_COPY_OWNERS | CV_COPY_NO_OWNERS };
    (void)state;
    put(host("file"), "", 0644);
    FAILS(CV_ERR_INVALID, copy_in(container, host("file"), "relative"));
    FAILS(CV_ERR_INVALID, copy_in(container, "", "/data"));
    FAILS(CV_ERR_INVALID, containerv_copy(container, CV_COPY_TO_CONTAINER, host("file"), "/data", &options));
    OK(containerv_pause(container));
    FAILS(CV_ERR_STATE, copy_in(container, host("file"), "/data"));
    OK(containerv_resume(container));
    OK(containerv_kill(container));
    FAILS(CV_ERR_STATE, copy_in(container, host("file"), "/data"));
    OK(containerv_destroy(container));
}

static mode_t mode_of(const char* path)
{
    struct stat info;
    assert_int_equal(lstat(path, &info), 0);
    return info.st_mode & 07777;
}

/* T23 */
static void set_user_id_bits_stay_inside_unless_asked_for(void** state)
{
    struct containerv_container*         container = container_with_data();
    const struct containerv_copy_options asked     = { .size = sizeof(asked), .flags = CV_COPY_SETUID };
    const struct containerv_copy_options nobody    = { .size = sizeof(nobody), .flags = CV_COPY_NO_OWNERS };
    (void)state;
    PRINTS("", container, "cd /data && echo >s && chmod 6755 s && mkdir d && chmod 2775 d");
    OK(copy_out(container, "/data/s", host("plain")));
    OK(copy_out(container, "/data/d", host("folder")));
    OK(containerv_copy(container, CV_COPY_TO_HOST, "/data/s", host("asked"), &asked));
    assert_int_equal(mode_of(host("plain")), 0755);
    assert_int_equal(mode_of(host("folder")), 0775);
    assert_int_equal(mode_of(host("asked")), 06755);
    assert_int_equal(chown(host("asked"), 1000, 1000), 0);
    assert_int_equal(chmod(host("asked"), 04755), 0);
    OK(copy_in(container, host("asked"), "/data/kept"));
    OK(containerv_copy(container, CV_COPY_TO_CONTAINER, host("asked"), "/data/nobody", &nobody));
    PRINTS("4755 1000\n755 0", container, "stat -c '%a %u' /data/kept /data/nobody");
    OK(containerv_destroy(container));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_tree_comes_back_as_it_went),
        TEST(it_goes_where_docker_cp_would_put_it),
        TEST(links_of_the_container_mean_what_they_mean_inside),
        TEST(the_rest_goes_on_after_an_error),
        TEST(a_copy_can_be_stopped_and_bounded),
        TEST(what_makes_no_sense_is_refused),
        TEST(set_user_id_bits_stay_inside_unless_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
