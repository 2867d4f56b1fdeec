#include "policy.h"

#include <string.h>

#include <chef/containerv/options.h>
#include <cv/str.h>

#include "fields.h"

#include <cv/banned.h>

static bool is(const char* word, const char* wanted)
{
    return word != NULL && strcmp(word, wanted) == 0;
}

/* Docker's own rules about its form. `up` is where the profile is. */
static int check_docker(const struct cv_spec_docker_seccomp* profile, const struct cv_path* up, struct cv_error* err)
{
    const struct cv_path list = { up, "syscalls", 0 };
    if (profile->architectures.count > 0 && profile->arch_map.count > 0) {
        const struct cv_path map = { up, "archMap", 0 };
        return cv_path_error(err, &map, "can't be given together with architectures");
    }
    for (size_t i = 0; i < profile->syscalls.count; i++) {
        const struct cv_spec_docker_syscall* entry = &profile->syscalls.items[i];
        const struct cv_path                 place = { &list, NULL, i };
        bool                                 named = entry->name != NULL && entry->name[0] != '\0';
        if (named && entry->names.count > 0)
            return cv_path_error(err, &place, "name can't be given together with names");
        if (!named && entry->names.count == 0)
            return cv_path_error(err, &place, "has no names");
    }
    return 0;
}

static int check_seccomp(const struct cv_spec* spec, const struct cv_path* ext, struct cv_error* err)
{
    const struct cv_path seccomp = { ext, "seccomp", 0 };
    const struct cv_path docker  = { ext, "dockerSeccomp", 0 };
    bool                 wanted  = is(spec->ext.seccomp, "docker");
    if (wanted && !spec->ext.docker_seccomp.set)
        return cv_path_error(err, &seccomp, "'docker' is not allowed: there is no dockerSeccomp");
    if (!wanted && spec->ext.docker_seccomp.set)
        return cv_path_error(err, &docker, "is there, but seccomp doesn't say 'docker'");
    return check_docker(&spec->ext.docker_seccomp, &docker, err);
}

static int check_paths(const struct cv_spec* spec, const struct cv_path* landlock, struct cv_error* err)
{
    const struct cv_path list = { landlock, "paths", 0 };
    if (spec->ext.landlock.paths.count > CV_SPEC_MAX_RULES)
        return cv_path_error(
            err, &list, "%zu rules (at most %u are allowed)", spec->ext.landlock.paths.count, CV_SPEC_MAX_RULES);
    for (size_t i = 0; i < spec->ext.landlock.paths.count; i++) {
        const struct cv_path place = { &list, NULL, i };
        if (spec->ext.landlock.paths.items[i].access == 0)
            return cv_path_error(err, &place, "allows nothing (expected read, write or execute)");
    }
    return 0;
}

static int check_tcp(const struct cv_spec* spec, const struct cv_path* landlock, struct cv_error* err)
{
    const struct cv_path list = { landlock, "tcp", 0 };
    if (spec->ext.landlock.tcp.count > CV_SPEC_MAX_RULES)
        return cv_path_error(
            err, &list, "%zu rules (at most %u are allowed)", spec->ext.landlock.tcp.count, CV_SPEC_MAX_RULES);
    for (size_t i = 0; i < spec->ext.landlock.tcp.count; i++) {
        const struct cv_spec_landlock_tcp* rule  = &spec->ext.landlock.tcp.items[i];
        const struct cv_path               place = { &list, NULL, i };
        if (rule->access == 0)
            return cv_path_error(err, &place, "allows nothing (expected bind or connect)");
        if (rule->port == 0 && (rule->access & CV_ACCESS_CONNECT) != 0)
            return cv_path_error(err, &place, "nobody can connect to port 0");
    }
    return 0;
}

static int check_level(const struct cv_spec* spec, const struct cv_path* ext, struct cv_error* err)
{
    const struct cv_path level = { ext, "securityLevel", 0 };
    if (!is(spec->ext.security_level, "strict"))
        return 0;
    if (!spec->process.no_new_privileges)
        return cv_path_error(err, &level, "'strict' is not allowed without process.noNewPrivileges");
    if (is(spec->ext.seccomp, "unconfined"))
        return cv_path_error(err, &level, "'strict' is not allowed without a system call filter");
    if ((spec->ext.shared & CV_SHARE_USERS) != 0)
        return cv_path_error(err, &level, "'strict' is not allowed when 'users' is shared");
    return 0;
}

int cv_spec_policy_check(const struct cv_spec* spec, struct cv_error* err)
{
    const struct cv_path ext      = { NULL, CV_SPEC_EXTENSION, 0 };
    const struct cv_path landlock = { &ext, "landlock", 0 };
    int                  rc       = check_seccomp(spec, &ext, err);
    if (rc == 0)
        rc = check_paths(spec, &landlock, err);
    if (rc == 0)
        rc = check_tcp(spec, &landlock, err);
    return rc == 0 ? check_level(spec, &ext, err) : rc;
}

int cv_spec_seccomp_parse(const char* text, size_t length, struct cv_spec_seccomp* seccomp_out, struct cv_error* err)
{
    struct cv_spec_seccomp seccomp = { .set = true };
    int                    rc      = cv_table_parse(&cv_table_seccomp, text, length, &seccomp, err);
    if (rc == 0 && (rc = cv_table_check(&cv_table_seccomp, &seccomp, NULL, err)) == 0)
        *seccomp_out = seccomp;
    else
        cv_spec_seccomp_release(&seccomp);
    return rc;
}

void cv_spec_seccomp_release(struct cv_spec_seccomp* seccomp)
{
    cv_table_release(&cv_table_seccomp, seccomp);
    seccomp->set = false;
}

int cv_spec_docker_parse(
    const char* text, size_t length, struct cv_spec_docker_seccomp* profile_out, struct cv_error* err)
{
    struct cv_spec_docker_seccomp profile = { .set = true };
    int                           rc      = cv_table_parse(&cv_table_docker_seccomp, text, length, &profile, err);
    if (rc == 0)
        rc = cv_table_check(&cv_table_docker_seccomp, &profile, NULL, err);
    if (rc == 0)
        rc = check_docker(&profile, NULL, err);
    if (rc == 0)
        *profile_out = profile;
    else
        cv_spec_docker_release(&profile);
    return rc;
}

void cv_spec_docker_release(struct cv_spec_docker_seccomp* profile)
{
    cv_table_release(&cv_table_docker_seccomp, profile);
    profile->set = false;
}
