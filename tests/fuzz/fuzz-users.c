/*
 * Any bytes as a user, a passwd and a group file: three parts with a NUL between. Reading them never crashes or leaks; who comes out is
 * who was asked for when numbers were, and ids are never the one that means "leave it".
 */
#include <string.h>

#include "fuzz.h"
#include "linux/users-parse.h"

static void check_identity(const struct linux_user_request* request, const struct linux_identity* identity)
{
    FUZZ_CHECK(identity->uid <= LINUX_USERS_ID_MAX && identity->gid <= LINUX_USERS_ID_MAX);
    FUZZ_CHECK(!request->user.numeric || identity->uid == request->user.id);
    FUZZ_CHECK(!request->group_given || !request->group.numeric || identity->gid == request->group.id);
    FUZZ_CHECK(identity->home != NULL && identity->home[0] == '/');
    FUZZ_CHECK((identity->groups == NULL) == (identity->group_count == 0));
    FUZZ_CHECK(!request->group_given || identity->group_count == 0);
    for (size_t i = 0; i < identity->group_count; i++) {
        FUZZ_CHECK(identity->groups[i] <= LINUX_USERS_ID_MAX);
        FUZZ_CHECK(i == 0 || identity->groups[i] > identity->groups[i - 1]);
    }
}

/* The part at *at up to a NUL, in memory of its own, so that reading beyond it is seen. */
static char* take_part(const uint8_t** at, const uint8_t* end, size_t* length_out)
{
    const uint8_t* stop = *at == end ? NULL : memchr(*at, 0, (size_t)(end - *at));
    char*          part;

    *length_out = (size_t)((stop != NULL ? stop : end) - *at);
    part        = malloc(*length_out == 0 ? 1 : *length_out);
    FUZZ_CHECK(part != NULL);
    if (*length_out > 0)
        memcpy(part, *at, *length_out);
    *at = stop != NULL ? stop + 1 : end;
    return part;
}

static void resolve(const char* text, const char* passwd, size_t passwd_length, const char* group, size_t group_length)
{
    struct cv_error           err      = CV_ERROR_INIT;
    struct linux_user_request request  = { 0 };
    struct linux_identity     identity = { 0 };
    int                       rc       = linux_users_parse(text, &request, &err);

    FUZZ_CHECK(rc == 0 || (rc == CV_ERR_INVALID && err.text[0] != '\0'));
    if (rc < 0)
        return;
    rc = linux_users_resolve_text(&request, NULL, passwd, passwd_length, group, group_length, &identity, &err);
    FUZZ_CHECK(rc == 0 || ((rc == CV_ERR_NOT_FOUND || rc == CV_ERR_LIMIT) && err.text[0] != '\0'));
    FUZZ_CHECK(rc == 0 || linux_users_need_files(&request, NULL));
    if (rc == 0)
        check_identity(&request, &identity);
    linux_identity_release(&identity);
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    const uint8_t* at = data;
    size_t         user_length, passwd_length, group_length;
    char*          user   = take_part(&at, data + size, &user_length);
    char*          passwd = take_part(&at, data + size, &passwd_length);
    char*          group  = take_part(&at, data + size, &group_length);
    char*          text   = malloc(user_length + 1);

    FUZZ_CHECK(text != NULL);
    memcpy(text, user, user_length);
    text[user_length] = '\0';
    resolve(text, passwd, passwd_length, group, group_length);
    free(text);
    free(user);
    free(passwd);
    free(group);
    return 0;
}
