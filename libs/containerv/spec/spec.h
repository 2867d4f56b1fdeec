/*
 * One description of a container: our in-memory form of the OCI runtime specification 1.2 with one extension object ("org.containerv").
 * Every front door builds one, it is checked once by cv_spec_validate(), and every back end reads only this.
 *
 * Its one written form is config.json, read, printed, compared and checked from one field table (spec/fields.c):
 * cv_spec_equal(parse(print(x)), x). The reader is bounded: 16 MiB, depth 64, 65,536 entries in a list.
 *
 * Invariants: every string is owned by the spec and freed by cv_spec_free(); NULL is "not given"; an empty list is {NULL, 0}; optional
 * numbers and booleans say whether they were given. Pure: no system header, built and tested on every system.
 */
#ifndef CV_SPEC_SPEC_H
#define CV_SPEC_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cv/error.h>
#include <cv/strv.h>

#define CV_SPEC_EXTENSION   "org.containerv"
#define CV_SPEC_MAX_BYTES   (16u << 20)
#define CV_SPEC_MAX_DEPTH   64u
#define CV_SPEC_MAX_ENTRIES 65536u

struct cv_opt_int  { bool set; int64_t value; };
struct cv_opt_uint { bool set; uint64_t value; };
struct cv_opt_bool { bool set; bool value; };

/* A JSON object of strings, in the order of the document: sorted by key when printed. */
struct cv_spec_pair  { char* key; char* value; };
struct cv_spec_pairs { struct cv_spec_pair* items; size_t count; };

struct cv_spec_id_map  { uint32_t container_id, host_id, size; };
struct cv_spec_id_maps { struct cv_spec_id_map* items; size_t count; };

struct cv_spec_mount {
    char*                  destination;
    char*                  type;   /* "bind", "tmpfs", "proc", ... */
    char*                  source;
    struct cv_strv         options; /* "ro", "rro", "nosuid", "rbind", "size=1m", ...; ours: "x-containerv.idmap=off", "x-containerv.chown" */
    struct cv_spec_id_maps uid_mappings, gid_mappings;
};
struct cv_spec_mounts { struct cv_spec_mount* items; size_t count; };

struct cv_spec_user {
    uint32_t           uid, gid;
    struct cv_opt_uint umask;
    uint32_t*          additional_gids;
    size_t             additional_gid_count;
    char*              username; /* Windows */
};

struct cv_spec_capabilities {
    bool           set; /* "capabilities" was given */
    struct cv_strv bounding, effective, inheritable, permitted, ambient; /* "CAP_CHOWN" */
};

struct cv_spec_rlimit  { char* type; uint64_t soft, hard; }; /* "RLIMIT_NOFILE" */
struct cv_spec_rlimits { struct cv_spec_rlimit* items; size_t count; };

struct cv_spec_process {
    bool                        set; /* there is a process object */
    bool                        terminal;
    bool                        console_size_set;
    uint32_t                    console_height, console_width;
    char*                       cwd;
    struct cv_strv              env, args;
    char*                       command_line; /* Windows */
    struct cv_spec_rlimits      rlimits;
    char*                       apparmor_profile;
    struct cv_spec_capabilities capabilities;
    bool                        no_new_privileges;
    struct cv_opt_int           oom_score_adj;
    char*                       selinux_label;
    struct cv_spec_user         user;
    /* the rest (scheduler, ioPriority, execCPUAffinity) follows the specification */
};

struct cv_spec_namespace  { char* type; char* path; }; /* "pid", "network", "mount", "ipc", "uts", "user", "cgroup", "time" */
struct cv_spec_namespaces { struct cv_spec_namespace* items; size_t count; };

struct cv_spec_device {
    char*              type; /* "c", "b", "u", "p" */
    char*              path;
    int64_t            major, minor;
    struct cv_opt_uint file_mode, uid, gid;
};
struct cv_spec_devices { struct cv_spec_device* items; size_t count; };

enum cv_spec_network_mode { CV_SPEC_NETWORK_NONE, CV_SPEC_NETWORK_HOST, CV_SPEC_NETWORK_VETH };

/* The extension object: what OCI has no word for. Defaults are all zero or NULL. */
struct cv_spec_ext_device { char* host_path; char* path; };
struct cv_spec_extension {
    bool           set;
    char*          id;
    uint32_t       caps;           /* CV_CAP_* that must be there; written as a list of names */
    uint32_t       shared;         /* CV_SHARE_*; written as a list of names */
    struct cv_strv layers;         /* read-only lower folders, lowest first; root.path is then NULL */
    bool           no_init;        /* the program is PID 1 */
    bool           hold;           /* no command: lives until destroyed */
    char*          seccomp;        /* NULL = "default"; "unconfined"; "spec" = linux.seccomp of this document */
    char*          user;           /* "name:group" still to be resolved in the container's own files; wins over process.user */
    struct cv_strv groups;         /* likewise, supplementary */
    struct {
        uint32_t mode;             /* enum cv_spec_network_mode, written as "none", "host", "veth" */
        char*    address;
        char*    netmask;
        char*    host_address;
    } network;
    struct {
        uint64_t memory_bytes, cpu_milli, pids; /* 0 = no limit */
    } limits;
    struct { struct cv_spec_ext_device* items; size_t count; } devices;
    char*          isolation;
    int64_t        timeout_ms;     /* of the main process, 0 = no limit */
};

struct cv_spec_linux {
    bool                      set;
    struct cv_spec_id_maps    uid_mappings, gid_mappings;
    struct cv_spec_devices    devices;
    char*                     cgroups_path;
    char*                     rootfs_propagation;
    struct cv_strv            masked_paths, readonly_paths;
    char*                     mount_label;
    struct cv_spec_pairs      sysctl;
    struct cv_spec_namespaces namespaces;
    struct {
        bool              set;
        struct cv_opt_int monotonic_secs, monotonic_nanosecs, boottime_secs, boottime_nanosecs;
    } time_offsets;
    /* resources, seccomp, intelRdt, personality, netDevices follow the specification */
};

struct cv_spec {
    char* oci_version;
    struct {
        bool  set;
        char* path;
        bool  readonly;
    } root;
    struct cv_spec_mounts    mounts;
    struct cv_spec_process   process;
    char*                    hostname;
    char*                    domainname;
    struct cv_spec_pairs     annotations;
    struct cv_spec_linux     linux_; /* "linux"; the word is a macro of some compilers */
    struct cv_spec_extension ext;
    /* hooks, windows, vm, solaris, zos follow the specification */
};

struct cv_spec* cv_spec_new(void); /* all empty, oci_version "1.2.0"; NULL when out of memory */
struct cv_spec* cv_spec_free(struct cv_spec* spec); /* NULL is fine; returns NULL */
CV_DEFINE_CLEANUP(struct cv_spec, cv_spec_free)

/* Read config.json. `length` bytes, need not end with NUL. Unknown fields, duplicate keys and wrong types are errors with the field's
 * path and line in the text. Does not validate. */
int cv_spec_parse(const char* text, size_t length, struct cv_spec** spec_out, struct cv_error* err);

/* The written form, canonical: fixed field order, no field that was not given. *text_out is malloc'ed, ends with NUL. */
int cv_spec_print(const struct cv_spec* spec, char** text_out, size_t* length_out, struct cv_error* err);

/* The process object alone: what exec hands around. */
int cv_spec_process_parse(const char* text, size_t length, struct cv_spec_process* process_out, struct cv_error* err);
int cv_spec_process_print(const struct cv_spec_process* process, char** text_out, size_t* length_out, struct cv_error* err);
void cv_spec_process_release(struct cv_spec_process* process);
int  cv_spec_process_copy(const struct cv_spec_process* process, struct cv_spec_process* copy_out, struct cv_error* err);

bool cv_spec_equal(const struct cv_spec* a, const struct cv_spec* b);

/* Everything that can be checked without a system: absolute paths, names, ranges, contradictions, counts. */
int cv_spec_validate(const struct cv_spec* spec, struct cv_error* err);

/* Id grammar, checked once at the edge: [A-Za-z0-9][A-Za-z0-9_.-]{0,63} */
int cv_spec_check_id(const char* id, struct cv_error* err);

/* Helpers to build a spec. Strings are copied. */
int cv_spec_add_mount(struct cv_spec* spec, const char* destination, const char* type, const char* source,
    const char* const* options, struct cv_error* err); /* options NULL-terminated */
int cv_spec_add_namespace(struct cv_spec* spec, const char* type, const char* path, struct cv_error* err);
int cv_spec_set_string(char** field, const char* value, struct cv_error* err); /* value NULL clears */

/* The namespace entry of a type, or NULL. */
const struct cv_spec_namespace* cv_spec_namespace(const struct cv_spec* spec, const char* type);

#endif
