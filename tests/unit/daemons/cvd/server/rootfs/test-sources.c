#include <stdlib.h>
#include <string.h>

#include <cv-test/support.h>
#include <cv/macros.h>

#include "rootfs/sources.h"

#include <cv/banned.h>

static struct cv_error    err;
static struct cvd_sources sources;

static int reset(void** state)
{
    (void)state;
    cvd_sources_release(&sources);
    return 0;
}

static void check_suite(const char* suite, const char* expected)
{
    CV_CLEANUP(cv_freep) char* text = NULL;

    CV_TEST_OK(err, cvd_sources_for_suite(&sources, suite, &text, &err));
    assert_string_equal(text, expected);
}

static const char host_deb822[] =
    "# a comment\n"
    "Types: deb\n"
    "# another, inside\n"
    "URIs: http://mirror.example/debian\n"
    "Suites: bookworm bookworm-updates bookworm-backports\n"
    "Components: main contrib\n"
    "Signed-By: /usr/share/keyrings/k.gpg\n"
    "\n"
    "Types: deb deb-src\n"
    "URIs: http://mirror.example/security\n"
    "Suites: bookworm-security\n"
    "Components: main\n"
    "Architectures: amd64\n"
    "Check-Valid-Until: no\n"
    "\n\n"
    "Types: deb\nURIs: http://tools.example\nSuites: nodistro\nComponents: main\n\n"
    "Types: deb\nURIs: http://docker.example\nSuites: bookworm\nComponents: stable\n\n"
    "Types: deb-src\nURIs: http://src.example\nSuites: bookworm\nComponents: main\n\n"
    "Enabled: no\nTypes: deb\nURIs: http://off.example\nSuites: bookworm\nComponents: main\n";

static void the_hosts_own_suite(void** state)
{
    (void)state;
    CV_TEST_OK(err, cvd_sources_parse(&sources, host_deb822, 1, &err));
    check_suite("bookworm",
        "Types: deb\nURIs: http://mirror.example/debian\nSuites: bookworm bookworm-updates\nComponents: main contrib\n"
        "Signed-By: /usr/share/keyrings/k.gpg\n"
        "\nTypes: deb\nURIs: http://mirror.example/security\nSuites: bookworm-security\nComponents: main\n"
        "Check-Valid-Until: no\n");
}

static void another_suite_from_the_same_mirror(void** state)
{
    (void)state;
    CV_TEST_OK(err, cvd_sources_parse(&sources, host_deb822, 1, &err));
    check_suite("trixie",
        "Types: deb\nURIs: http://mirror.example/debian\nSuites: trixie trixie-updates\nComponents: main contrib\n"
        "Signed-By: /usr/share/keyrings/k.gpg\n"
        "\nTypes: deb\nURIs: http://mirror.example/security\nSuites: trixie-security\nComponents: main\n"
        "Check-Valid-Until: no\n");
    check_suite("sid", /* has no updates and no security archive */
        "Types: deb\nURIs: http://mirror.example/debian\nSuites: sid\nComponents: main contrib\n"
        "Signed-By: /usr/share/keyrings/k.gpg\n");
}

static void one_a_line(void** state)
{
    static const char text[] =
        "# comment\n\n"
        "deb http://a.example/debian bookworm main # behind it\n"
        "deb-src http://a.example/debian bookworm main\n"
        "\tdeb [ arch=amd64 signed-by=/k.asc trusted=yes ] http://b.example/s bookworm-security main\r\n"
        "deb http://c.example ./\n";

    (void)state;
    CV_TEST_OK(err, cvd_sources_parse(&sources, text, 0, &err));
    check_suite("bookworm", "Types: deb\nURIs: http://a.example/debian\nSuites: bookworm\nComponents: main\n"
                            "\nTypes: deb\nURIs: http://b.example/s\nSuites: bookworm-security\nComponents: main\n"
                            "Signed-By: /k.asc\nTrusted: yes\n");
}

static void a_key_in_the_file_is_kept(void** state)
{
    static const char text[]        = "Types: deb\nURIs: http://a.example\nSuites: sid\nComponents: main\nSigned-By:\n"
                                      " -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mDM\n -----END PGP PUBLIC KEY BLOCK-----\n";
    CV_CLEANUP(cv_freep) char* made = NULL;
    const char *               uri = NULL, *keyring = NULL;

    (void)state;
    CV_TEST_OK(err, cvd_sources_parse(&sources, text, 1, &err));
    CV_TEST_OK(err, cvd_sources_for_suite(&sources, "sid", &made, &err));
    assert_non_null(strstr(made, "\n .\n mDM\n -----END"));
    CV_TEST_OK(err, cvd_sources_mirror(&sources, "sid", &uri, &keyring, &err));
    assert_null(keyring);
}

static void one_mirror_for_debootstrap(void** state)
{
    const char *uri = NULL, *keyring = NULL;

    (void)state;
    CV_TEST_OK(err, cvd_sources_parse(&sources, host_deb822, 1, &err));
    CV_TEST_OK(err, cvd_sources_mirror(&sources, "trixie", &uri, &keyring, &err));
    assert_string_equal(uri, "http://mirror.example/debian");
    assert_string_equal(keyring, "/usr/share/keyrings/k.gpg");
}

static void nothing_to_derive_from(void** state)
{
    char*       text = NULL;
    const char *uri = NULL, *keyring = NULL;

    (void)state;
    CV_TEST_FAILS(CV_ERR_NOT_FOUND, err, cvd_sources_for_suite(&sources, "bookworm", &text, &err));
    CV_TEST_FAILS(CV_ERR_NOT_FOUND, err, cvd_sources_mirror(&sources, "bookworm", &uri, &keyring, &err));
    assert_null(text);
}

static void nonsense_is_refused(void** state)
{
    static const struct {
        const char* text;
        int         deb822;
    } rows[] = {
        { "debian http\n", 0 },
        { "deb http://a\n", 0 },
        { "deb [signed-by=/x http://a sid main\n", 0 },
        { "rpm http://a sid main\n", 0 },
        { "Types deb\n", 1 },
        { "Types: deb\nURIs: http://a\n", 1 },
        { "Types: deb\nSuites: sid\n", 1 },
    };

    (void)state;
    for (size_t i = 0; i < CV_ARRAY_LEN(rows); i++) {
        if (cvd_sources_parse(&sources, rows[i].text, rows[i].deb822, &err) != CV_ERR_INVALID)
            fail_msg("row %zu was taken", i);
        assert_string_equal(err.step, "read the apt sources");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(the_hosts_own_suite, reset),
        cmocka_unit_test_teardown(another_suite_from_the_same_mirror, reset),
        cmocka_unit_test_teardown(one_a_line, reset),
        cmocka_unit_test_teardown(a_key_in_the_file_is_kept, reset),
        cmocka_unit_test_teardown(one_mirror_for_debootstrap, reset),
        cmocka_unit_test_teardown(nothing_to_derive_from, reset),
        cmocka_unit_test_teardown(nonsense_is_refused, reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
