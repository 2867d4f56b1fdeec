/* On a pseudo terminal. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cv-test/support.h>
#include <cv/env.h>
#include <cv/terminal.h>

static int master = -1, terminal = -1;

static int open_terminal(void** state)
{
    (void)state;
    master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
        return -1;
    terminal = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    return terminal >= 0 ? 0 : -1;
}

static int close_terminal(void** state)
{
    (void)state;
    close(terminal);
    close(master);
    return 0;
}

static void size(void** state)
{
    struct winsize  set     = { .ws_col = 132, .ws_row = 43 };
    unsigned        columns = 0, rows = 0;
    struct cv_error err;
    (void)state;

    assert_true(cv_terminal_is(terminal));
    CV_TEST_FAILS(CV_ERR_NOT_FOUND, err, cv_terminal_size(terminal, &columns, &rows, &err));
    assert_int_equal(ioctl(terminal, TIOCSWINSZ, &set), 0);
    CV_TEST_OK(err, cv_terminal_size(terminal, &columns, &rows, &err));
    assert_int_equal(columns, 132);
    assert_int_equal(rows, 43);
}

static void raw_and_back(void** state)
{
    struct cv_terminal_saved* saved = NULL;
    struct termios            before, raw, after;
    struct cv_error           err;
    char                      key = 0;
    (void)state;

    assert_int_equal(tcgetattr(terminal, &before), 0);
    assert_true((before.c_lflag & ICANON) != 0);
    CV_TEST_OK(err, cv_terminal_raw(terminal, &saved, &err));
    assert_int_equal(tcgetattr(terminal, &raw), 0);
    assert_int_equal(raw.c_lflag & (ICANON | ECHO | ISIG), 0);
    assert_int_equal(write(master, "\003", 1), 1); /* Ctrl-C, without a line's end */
    assert_int_equal(read(terminal, &key, 1), 1);
    assert_int_equal(key, 3);
    assert_null(cv_terminal_restore(saved));
    assert_int_equal(tcgetattr(terminal, &after), 0);
    assert_int_equal(after.c_lflag, before.c_lflag);
    assert_int_equal(after.c_iflag, before.c_iflag);
    assert_int_equal(after.c_oflag, before.c_oflag);
}

static void colour(void** state)
{
    static const struct {
        const char* no_colour;
        const char* term;
        bool        wanted;
    } rows[] = {
        { NULL, "xterm", true },
        { NULL, NULL, true },
        { "", "xterm", true },
        { "1", "xterm", false },
        { "0", "xterm", false },
        { NULL, "dumb", false },
    };
    struct cv_error err;
    (void)state;

    for (size_t i = 0; i < CV_ARRAY_LEN(rows); i++) {
        CV_TEST_OK(err, cv_env_set("NO_COLOR", rows[i].no_colour, &err));
        CV_TEST_OK(err, cv_env_set("TERM", rows[i].term, &err));
        if (cv_terminal_wants_colour(terminal) != rows[i].wanted)
            fail_msg("row %zu", i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(size),
        cmocka_unit_test(raw_and_back),
        cmocka_unit_test(colour),
    };
    return cmocka_run_group_tests(tests, open_terminal, close_terminal);
}
