#include <stdlib.h>
#include <string.h>

#include <cv-test/support.h>
#include <cv/process.h>
#include <cv/str.h>

enum { ARGUMENTS_MAX = 6 };

static const struct {
    const char* argv[ARGUMENTS_MAX];
    const char* line;
} golden[] = {
    { { "a.exe" }, "\"a.exe\"" },
    { { "C:\\Program Files\\a.exe", "b" }, "\"C:\\Program Files\\a.exe\" b" },
    { { "a\\", "b\\" }, "\"a\\\" b\\" },
    { { "a", "" }, "\"a\" \"\"" },
    { { "a", "b c" }, "\"a\" \"b c\"" },
    { { "a", "b\tc" }, "\"a\" \"b\tc\"" },
    { { "a", "b\nc" }, "\"a\" \"b\nc\"" },
    { { "a", "\"" }, "\"a\" \"\\\"\"" },
    { { "a", "b\"c" }, "\"a\" \"b\\\"c\"" },
    { { "a", "b\\\"c" }, "\"a\" \"b\\\\\\\"c\"" },
    { { "a", "b\\c" }, "\"a\" b\\c" },
    { { "a", "b c\\" }, "\"a\" \"b c\\\\\"" },
    { { "a", "b c\\\\" }, "\"a\" \"b c\\\\\\\\\"" },
    { { "a", "\\\\server\\share x" }, "\"a\" \"\\\\server\\share x\"" },
    { { "a", "%PATH%", "^&|<>" }, "\"a\" %PATH% ^&|<>" },
    { { "a", "\xC3\xA4 \xE2\x82\xAC" }, "\"a\" \"\xC3\xA4 \xE2\x82\xAC\"" },
};

static void lines_are_the_golden_ones(void** state)
{
    struct cv_error err;
    (void)state;

    for (size_t i = 0; i < CV_ARRAY_LEN(golden); i++) {
        char* line = cv_process_command_line(golden[i].argv, &err);
        assert_non_null(line);
        assert_string_equal(line, golden[i].line);
        free(line);
    }
}

/* How the C runtime splits a line, from its documentation: for a mistake to stay hidden, both directions must have
 * it. */
static void split(const char* line, char arguments[ARGUMENTS_MAX][64], size_t* count_out)
{
    size_t count = 0, length = 0;
    bool   quoted = false;

    memset(arguments, 0, ARGUMENTS_MAX * 64);
    line++;
    for (; *line != '"'; line++)
        arguments[0][length++] = *line;
    for (line++; *line == ' ';) {
        while (*line == ' ')
            line++;
        count++;
        length = 0;
        for (; *line != '\0' && (quoted || *line != ' '); line++) {
            size_t backslashes = strspn(line, "\\");
            bool   at_quote    = line[backslashes] == '"';
            for (size_t i = 0; i < (at_quote ? backslashes / 2 : backslashes); i++)
                arguments[count][length++] = '\\';
            line += backslashes;
            if (at_quote && backslashes % 2 == 0)
                quoted = !quoted;
            else if (at_quote || backslashes == 0)
                arguments[count][length++] = *line;
            else
                line--;
        }
    }
    *count_out = count + 1;
}

static void lines_split_into_what_they_were_made_of(void** state)
{
    static const char alphabet[] = "\\\\\\\"\" ab\t";
    struct cv_error   err;
    char              arguments[ARGUMENTS_MAX][64];
    unsigned          seed = 1;
    size_t            count;
    (void)state;

    for (int round = 0; round < 20000; round++) {
        char        made[2][12] = { "", "" };
        const char* argv[]      = { "program", made[0], made[1], NULL };
        char*       line;
        for (int i = 0; i < 2; i++) {
            seed       = seed * 1103515245 + 12345;
            int length = (int)(seed >> 16) % 11;
            for (int k = 0; k < length; k++) {
                seed       = seed * 1103515245 + 12345;
                made[i][k] = alphabet[(seed >> 16) % (sizeof(alphabet) - 1)];
            }
        }
        line = cv_process_command_line(argv, &err);
        assert_non_null(line);
        split(line, arguments, &count);
        if (count != 3 || strcmp(arguments[1], made[0]) != 0 || strcmp(arguments[2], made[1]) != 0)
            fail_msg("[%s] [%s] became %s", made[0], made[1], line);
        free(line);
    }
}

static void refuses_what_cannot_be_written(void** state)
{
    static const char* const none[]    = { NULL };
    static const char* const quote[]   = { "a\"b", NULL };
    static const char* const no_utf8[] = { "a", "\xFF", NULL };
    struct cv_error          err;
    char*                    big    = malloc(32767);
    const char*              huge[] = { "a", big, NULL };
    char*                    line;
    (void)state;

    assert_non_null(big);
    assert_null(cv_process_command_line(none, &err));
    assert_int_equal(err.code, CV_ERR_INVALID);
    assert_null(cv_process_command_line(quote, &err));
    assert_int_equal(err.code, CV_ERR_INVALID);
    assert_null(cv_process_command_line(no_utf8, &err));
    assert_int_equal(err.code, CV_ERR_INVALID);

    memset(big, 'x', 32766);
    big[32763] = '\0'; /* with "a" in quotes and a blank: 32767 */
    assert_null(cv_process_command_line(huge, &err));
    assert_int_equal(err.code, CV_ERR_INVALID);
    big[32762] = '\0';
    line       = cv_process_command_line(huge, &err);
    assert_non_null(line);
    free(line);
    free(big);
}

static void environment_blocks(void** state)
{
    static const char* const empty[]     = { NULL };
    static const char* const mixed[]     = { "b=2", "A=1", "ab=", "AA=x=y", NULL };
    static const char* const no_equals[] = { "A=1", "B", NULL };
    static const char* const no_name[]   = { "=1", NULL };
    struct cv_error          err;
    size_t                   length = 0;
    char*                    block;
    (void)state;

    block = cv_process_env_block(mixed, &length, &err);
    assert_int_equal(length, 20);
    assert_memory_equal(block, "A=1\0AA=x=y\0ab=\0b=2\0", 20);
    free(block);
    block = cv_process_env_block(empty, &length, &err);
    assert_int_equal(length, 2);
    assert_memory_equal(block, "\0\0", 2);
    free(block);
    assert_null(cv_process_env_block(no_equals, &length, &err));
    assert_int_equal(err.code, CV_ERR_INVALID);
    assert_null(cv_process_env_block(no_name, &length, &err));
    assert_int_equal(err.code, CV_ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_the_golden_ones),
        cmocka_unit_test(lines_split_into_what_they_were_made_of),
        cmocka_unit_test(refuses_what_cannot_be_written),
        cmocka_unit_test(environment_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
