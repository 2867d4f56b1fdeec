/*
 * What the processes of a container may do. A policy object is made at a security level, changed by the calls below, handed to
 * containerv_options_set_policy(), and may then be deleted or reused. It holds for the container's command and for every process that is
 * spawned in it. Everything handed over is copied. Calls return 0 or a negative code; after a failed call the object is as before. An
 * object is not thread-safe; different objects are independent. All since 0.1.
 *
 * A back end without CV_FEATURE_POLICY refuses any policy, one that can't enforce a part of it refuses the create: nothing is left out.
 *
 * What a level begins with:
 *
 *                                    CV_SECURITY_DEFAULT        CV_SECURITY_STRICT
 *   capabilities                     14, as other engines       none
 *   system call filter               CV_SECCOMP_DEFAULT         the same; CV_SECCOMP_NONE is refused
 *   masked paths                     12 of /proc and /sys       those and 13 more (addresses of the kernel, its memory, its tracing)
 *   read-only paths                  5 of /proc                 the same
 *   Landlock                         no rules                   no rules
 *   set_no_new_privileges(o, 0)      allowed                    fails the create
 *   CV_SHARE_USERS                   allowed                    fails the create
 */
#ifndef CHEF_CONTAINERV_POLICY_H
#define CHEF_CONTAINERV_POLICY_H

#include <stddef.h>
#include <stdint.h>

#include <chef/containerv/visibility.h>

#ifdef __cplusplus
extern "C" {
#endif

struct containerv_policy;

enum containerv_security_level {
    CV_SECURITY_DEFAULT = 0, /**< what a container has without a policy */
    CV_SECURITY_STRICT  = 1  /**< for code that is not trusted and needs no rights of root */
};

/** Kinds of access for containerv_policy_add_path() and containerv_policy_add_tcp(). */
enum containerv_access {
    CV_ACCESS_READ    = 1 << 0, /**< paths: read files, list folders */
    CV_ACCESS_WRITE   = 1 << 1, /**< paths: write and empty files; make, remove, rename and link anything */
    CV_ACCESS_EXECUTE = 1 << 2, /**< paths: run files as programs */
    CV_ACCESS_BIND    = 1 << 3, /**< TCP: bind a socket to the port */
    CV_ACCESS_CONNECT = 1 << 4  /**< TCP: connect a socket to the port of any address */
};

enum containerv_seccomp_kind {
    CV_SECCOMP_DEFAULT = 0, /**< our own profile */
    CV_SECCOMP_NONE    = 1, /**< no filter */
    CV_SECCOMP_DOCKER  = 2, /**< a profile in Docker's JSON form */
    CV_SECCOMP_OCI     = 3  /**< a profile as the object "linux.seccomp" of the OCI runtime specification */
};

/**
 * @param level enum containerv_security_level.
 * @return A new policy, NULL when out of memory or for a level that is none. Free with containerv_policy_delete().
 */
CV_PUBLIC struct containerv_policy* containerv_policy_new(uint32_t level);

/** Free a policy. NULL is fine. */
CV_PUBLIC void containerv_policy_delete(struct containerv_policy* policy);

/**
 * Choose the system call filter; the last choice counts.
 *
 * A profile is JSON of at most 16 MiB, checked here; what depends on the machine is checked by the create. In Docker's form a rule counts
 * when the container's architecture is one of includes.arches, all of includes.caps are granted and its kernel is at least
 * includes.minKernel, and none of what is under excludes holds. Names of system calls that are not known are passed over where they
 * allow something, as Docker does; one that is to be refused while everything else is allowed fails the create.
 *
 * @param kind   enum containerv_seccomp_kind.
 * @param text   The profile; NULL with CV_SECCOMP_DEFAULT and CV_SECCOMP_NONE.
 * @param length Its length in bytes.
 * @return 0, or CV_ERR_INVALID: the error names the rule.
 */
CV_PUBLIC int containerv_policy_set_seccomp(
    struct containerv_policy* policy, uint32_t kind, const char* text, size_t length);

/** The same from a file of the host, read now. CV_ERR_NOT_FOUND, CV_ERR_LIMIT (larger than 16 MiB). */
CV_PUBLIC int containerv_policy_set_seccomp_file(struct containerv_policy* policy, uint32_t kind, const char* path);

/**
 * Allow access to a file, or to a folder with all below it (Landlock). As soon as there is one such rule, all that no rule allows is
 * forbidden, to root too. A program needs CV_ACCESS_EXECUTE on its file and its loader, and CV_ACCESS_READ on its libraries.
 *
 * The path is looked up once, when the container is made; the rule is for what is there then (also for what is mounted there), and goes
 * with it when it is renamed. CV_ERR_NOT_FOUND at create when nothing is there. Rules of one path add up. At most 4096.
 *
 * Not covered, since the kernel doesn't: looking up names and attributes (stat), changing modes, owners and times, locks, ioctl on
 * devices that can be opened. Restricted processes can't mount, unmount, remount or pivot, whatever capabilities they have, and can
 * trace only processes that are restricted as they are.
 *
 * Needs Landlock ABI 3 (Linux 6.2), on 6.1 only CV_ACCESS_WRITE for "/" can be had together with other rules: else CV_ERR_UNSUPPORTED.
 *
 * @param path   Absolute, inside.
 * @param access CV_ACCESS_READ, CV_ACCESS_WRITE and CV_ACCESS_EXECUTE or-ed, at least one.
 */
CV_PUBLIC int containerv_policy_add_path(struct containerv_policy* policy, const char* path, uint32_t access);

/**
 * Allow a TCP port (Landlock). As soon as there is one such rule, binding and connecting TCP sockets to ports that no rule allows is
 * forbidden. So are then the ways around that the kernel doesn't check: sockets of MPTCP and SMC, MSG_FASTOPEN, io_uring. Other
 * protocols (UDP, Unix sockets) are not restricted, nor is listening without bind(), on a port that the kernel chooses.
 *
 * Needs Landlock ABI 4 (Linux 6.7): else the create fails with CV_ERR_UNSUPPORTED.
 *
 * @param port   0 to 65535; 0 with CV_ACCESS_BIND allows to have a port chosen.
 * @param access CV_ACCESS_BIND and CV_ACCESS_CONNECT or-ed, at least one.
 */
CV_PUBLIC int containerv_policy_add_tcp(struct containerv_policy* policy, uint32_t port, uint32_t access);

/** Give or take a capability ("NET_ADMIN", "CAP_NET_ADMIN", "ALL"). What is set on the options comes on top. */
CV_PUBLIC int containerv_policy_add_capability(struct containerv_policy* policy, const char* name);
CV_PUBLIC int containerv_policy_drop_capability(struct containerv_policy* policy, const char* name);

/** Hide a path: a file is empty, a folder has nothing in it. One that is not there is passed over, as those of the level are. */
CV_PUBLIC int containerv_policy_add_masked_path(struct containerv_policy* policy, const char* path);

/** Make a path read-only, with all that is mounted below it. */
CV_PUBLIC int containerv_policy_add_readonly_path(struct containerv_policy* policy, const char* path);

/** Replace all masked or read-only paths, those of the level too. `paths` may be NULL with 0. */
CV_PUBLIC int containerv_policy_set_masked_paths(
    struct containerv_policy* policy, const char* const* paths, size_t count);
CV_PUBLIC int containerv_policy_set_readonly_paths(
    struct containerv_policy* policy, const char* const* paths, size_t count);

/** Take a path off both lists. NULL: all. CV_ERR_NOT_FOUND when it is on neither; the path is compared as text. */
CV_PUBLIC int containerv_policy_unmask(struct containerv_policy* policy, const char* path);

#ifdef __cplusplus
}
#endif

#endif
