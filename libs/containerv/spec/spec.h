/*
 * One description of a container: our in-memory form of the OCI runtime specification 1.2 with one extension object ("org.containerv").
 * Every front door builds one, it is checked once by cv_spec_validate(), and every back end reads only this.
 *
 * Its one written form is config.json, read, printed, compared and checked from one field table (spec/fields.h):
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
#include <cv/macros.h>
#include <cv/strv.h>

#define CV_SPEC_EXTENSION         "org.containerv"
#define CV_SPEC_MAX_BYTES         (16u << 20)
#define CV_SPEC_MAX_DEPTH         64u
#define CV_SPEC_MAX_ENTRIES       65536u
#define CV_SPEC_MAX_PATH          4095u
#define CV_SPEC_MAX_CGROUP_PARENT 1024u
#define CV_SPEC_MAX_LAYERS        128u
#define CV_SPEC_MAX_MOUNTS        4096u
#define CV_SPEC_MAX_RULES         4096u /* of Landlock, of each kind */
#define CV_SPEC_MAX_PAIRS         4096u /* entries of an object whose keys are data */
#define CV_SPEC_MAX_NET_DEVICES   64u

struct cv_opt_int {
    bool    set;
    int64_t value;
};
struct cv_opt_uint {
    bool     set;
    uint64_t value;
};
struct cv_opt_bool {
    bool set;
    bool value;
};

/* A JSON object of strings, in the order of the document: sorted by key when printed. */
struct cv_spec_pair {
    char* key;
    char* value;
};
struct cv_spec_pairs {
    struct cv_spec_pair* items;
    size_t               count;
};

struct cv_spec_id_map {
    uint32_t container_id, host_id, size;
};
struct cv_spec_id_maps {
    struct cv_spec_id_map* items;
    size_t                 count;
};

struct cv_spec_mount {
    char*                  destination;
    char*                  type; /* "bind", "tmpfs", "proc", ... */
    char*                  source;
    struct cv_strv         options; /* "ro", "rro", "rbind", "size=1m", ...: mountopts.h */
    struct cv_spec_id_maps uid_mappings, gid_mappings;
};
struct cv_spec_mounts {
    struct cv_spec_mount* items;
    size_t                count;
};

struct cv_spec_user {
    uint32_t           uid, gid;
    struct cv_opt_uint umask;
    uint32_t*          additional_gids;
    size_t             additional_gid_count;
    char*              username; /* Windows */
};

struct cv_spec_capabilities {
    bool           set;                                                  /* "capabilities" was given */
    struct cv_strv bounding, effective, inheritable, permitted, ambient; /* "CAP_CHOWN" */
};

struct cv_spec_rlimit {
    char*    type;
    uint64_t soft, hard;
}; /* "RLIMIT_NOFILE" */
struct cv_spec_rlimits {
    struct cv_spec_rlimit* items;
    size_t                 count;
};

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
    struct {
        bool           set;
        char*          policy; /* "SCHED_OTHER", ... */
        int64_t        nice, priority;
        struct cv_strv flags;                     /* "SCHED_FLAG_RESET_ON_FORK", ... */
        uint64_t       runtime, deadline, period; /* nanoseconds */
    } scheduler;
    struct {
        bool    set;
        char*   class_; /* "IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE", "IOPRIO_CLASS_IDLE" */
        int64_t priority;
    } io_priority;
    struct {
        bool  set;
        char *initial, *final; /* CPU lists, "0-3,7" */
    } exec_cpu_affinity;
};

struct cv_spec_namespace {
    char* type;
    char* path;
}; /* "pid", "network", "mount", "ipc", "uts", "user", "cgroup", "time" */
struct cv_spec_namespaces {
    struct cv_spec_namespace* items;
    size_t                    count;
};

struct cv_spec_device {
    char*              type; /* "c", "b", "u", "p" */
    char*              path;
    int64_t            major, minor;
    struct cv_opt_uint file_mode, uid, gid;
};
struct cv_spec_devices {
    struct cv_spec_device* items;
    size_t                 count;
};

enum cv_spec_network_mode { CV_SPEC_NETWORK_NONE, CV_SPEC_NETWORK_HOST, CV_SPEC_NETWORK_VETH };

struct cv_spec_seccomp_arg {
    uint32_t index;
    uint64_t value, value_two;
    char*    op;
};
struct cv_spec_syscall {
    struct cv_strv     names;
    char*              action; /* "SCMP_ACT_ERRNO" */
    struct cv_opt_uint errno_ret;
    struct {
        struct cv_spec_seccomp_arg* items;
        size_t                      count;
    } args;
};
struct cv_spec_seccomp {
    bool               set;
    char*              default_action;
    struct cv_opt_uint default_errno_ret;
    struct cv_strv     architectures, flags;
    char *             listener_path, *listener_metadata;
    struct {
        struct cv_spec_syscall* items;
        size_t                  count;
    } syscalls;
};

/* A system call profile as Docker writes it: one for all machines, resolved where the container is made. */
struct cv_spec_docker_condition {
    struct cv_strv arches, caps; /* "amd64"; "CAP_SYS_ADMIN" */
    char*          min_kernel;   /* "4.8" */
};
struct cv_spec_docker_arch {
    char*          architecture; /* "SCMP_ARCH_X86_64" */
    struct cv_strv sub_architectures;
};
struct cv_spec_docker_syscall {
    char*              name; /* the old way to say names */
    struct cv_strv     names;
    char*              action;
    struct cv_opt_uint errno_ret;
    struct {
        struct cv_spec_seccomp_arg* items;
        size_t                      count;
    } args;
    char*                           comment;
    struct cv_spec_docker_condition includes, excludes;
};
struct cv_spec_docker_seccomp {
    bool               set;
    char*              default_action;
    struct cv_opt_uint default_errno_ret;
    struct cv_strv     architectures;
    struct {
        struct cv_spec_docker_arch* items;
        size_t                      count;
    } arch_map;
    struct cv_strv flags;
    char *         listener_path, *listener_metadata;
    struct {
        struct cv_spec_docker_syscall* items;
        size_t                         count;
    } syscalls;
};

/* Landlock: once there is a rule for paths (for TCP), all that none allows is forbidden. */
struct cv_spec_landlock_path {
    char*    path;
    uint32_t access; /* CV_ACCESS_READ, _WRITE, _EXECUTE; written as a list of names */
};
struct cv_spec_landlock_tcp {
    uint32_t port;
    uint32_t access; /* CV_ACCESS_BIND, _CONNECT */
};

/* The extension object: what OCI has no word for. Defaults are all zero or NULL. */
struct cv_spec_ext_device {
    char* host_path;
    char* path;
    char* access; /* of "rwm", NULL: all */
};
struct cv_spec_io_limit {
    char*    path; /* a block device of the host */
    uint64_t read_bps, write_bps, read_iops, write_iops;
};
struct cv_spec_hugepage_limit {
    char*    page_size;
    uint64_t limit;
};
/* What struct containerv_limits says, on any system; 0 and NULL is "not given". Linux's own words are in linux.resources. */
struct cv_spec_limits {
    uint64_t memory_bytes, swap_bytes, memory_reservation_bytes, cpu_milli, cpu_quota_us, cpu_period_us, pids,
        upper_bytes;
    uint32_t cpu_weight, io_weight;
    char *   cpus, *memory_nodes;
    struct {
        struct cv_spec_io_limit* items;
        size_t                   count;
    } io;
    struct {
        struct cv_spec_hugepage_limit* items;
        size_t                         count;
    } hugepages;
};
/* A file of the host whose content stands in a memory file system inside: read at each start, never in a document or a log. */
struct cv_spec_secret {
    char*    source; /* a file of the host */
    char*    name;   /* the file's name in /run/secrets */
    uint32_t uid, gid;
    uint32_t mode; /* 0 = 0400 */
};
/* A container that outlives its caller. All zero is the default. */
struct cv_spec_supervision {
    bool     set;
    bool     defer;      /* its command waits for containerv_start() */
    bool     remove;     /* taken away when it has stopped */
    bool     open_stdin; /* the main process's input is a pipe, for whoever attaches; else it is empty */
    uint32_t restart;    /* enum containerv_restart, written as "no", "on-failure", "always" */
    uint32_t restart_max;
    uint32_t stop_signal;     /* 0 = SIGTERM */
    int64_t  stop_timeout_ms; /* 0 = CV_STOP_TIMEOUT_MS; < 0: without end */
    struct {
        uint64_t file_bytes, total_bytes; /* 0 = the defaults of linux/log.h */
    } log;
    struct {
        struct cv_strv command; /* empty: none */
        int64_t        interval_ms, timeout_ms, start_period_ms;
        uint32_t       retries;
    } health;
};
struct cv_spec_extension {
    bool           set;
    char*          id;
    uint32_t       caps;    /* CV_CAP_* that must be there; written as a list of names */
    uint32_t       shared;  /* CV_SHARE_*; written as a list of names */
    struct cv_strv layers;  /* read-only lower folders, lowest first; root.path is then NULL */
    bool           no_init; /* the program is PID 1 */
    bool           bare;    /* an OCI runtime's: nothing of ours is added. Set by code, it has no written form */
    bool           hold;    /* no command: lives until destroyed */
    char*
        seccomp; /* NULL = "default"; "unconfined"; "spec" = linux.seccomp of this document; "docker" = docker_seccomp */
    struct cv_spec_docker_seccomp docker_seccomp;
    char*                         security_level; /* NULL = "default"; "strict" */
    struct {
        struct {
            struct cv_spec_landlock_path* items;
            size_t                        count;
        } paths;
        struct {
            struct cv_spec_landlock_tcp* items;
            size_t                       count;
        } tcp;
    } landlock;
    char*          user;   /* "name:group" still to be resolved in the container's own files; wins over process.user */
    struct cv_strv groups; /* likewise, supplementary */
    struct {
        uint32_t mode; /* enum cv_spec_network_mode, written as "none", "host", "veth" */
        char*    address;
        char*    netmask;
        char*    host_address;
    } network;
    struct cv_spec_limits limits;
    char*                 cgroup_parent; /* below the roots of the hierarchies; NULL: the back end's own place */
    struct cv_strv        weaker;        /* said by a back end: defaults of ours that this host keeps in a weaker way */
    struct {
        struct cv_spec_ext_device* items;
        size_t                     count;
    } devices;
    char*                      isolation;
    int64_t                    timeout_ms; /* of the main process, 0 = no limit */
    struct cv_spec_supervision supervision;
    struct {
        struct cv_spec_secret* items;
        size_t                 count;
    } secrets;
};

struct cv_spec_device_rule { /* of the cgroup */
    bool              allow;
    char*             type; /* "a", "c", "b" */
    struct cv_opt_int major, minor;
    char*             access; /* of "rwm" */
};
struct cv_spec_weight_device {
    int64_t            major, minor;
    struct cv_opt_uint weight, leaf_weight;
};
struct cv_spec_throttle_device {
    int64_t  major, minor;
    uint64_t rate;
};
struct cv_spec_throttle {
    struct cv_spec_throttle_device* items;
    size_t                          count;
};
struct cv_spec_interface {
    char*    name;
    uint32_t priority;
};
struct cv_spec_rdma {
    char*              name;
    struct cv_opt_uint hca_handles, hca_objects;
};

struct cv_spec_resources {
    bool set;
    struct {
        struct cv_spec_device_rule* items;
        size_t                      count;
    } devices;
    struct {
        bool               set;
        struct cv_opt_int  limit, reservation, swap, kernel, kernel_tcp; /* bytes, -1 = no limit */
        struct cv_opt_uint swappiness;
        struct cv_opt_bool disable_oom_killer, use_hierarchy, check_before_update;
    } memory;
    struct {
        bool               set;
        struct cv_opt_uint shares, burst, period, realtime_period;
        struct cv_opt_int  quota, realtime_runtime, idle;
        char *             cpus, *mems;
    } cpu;
    struct {
        bool    set;
        int64_t limit;
    } pids;
    struct {
        bool               set;
        struct cv_opt_uint weight, leaf_weight;
        struct {
            struct cv_spec_weight_device* items;
            size_t                        count;
        } weight_device;
        struct cv_spec_throttle read_bps, write_bps, read_iops, write_iops;
    } block_io;
    struct {
        struct cv_spec_hugepage_limit* items;
        size_t                         count;
    } hugepage_limits;
    struct {
        bool               set;
        struct cv_opt_uint class_id;
        struct {
            struct cv_spec_interface* items;
            size_t                    count;
        } priorities;
    } network;
    struct {
        struct cv_spec_rdma* items;
        size_t               count;
    } rdma; /* an object keyed by name */
    struct cv_spec_pairs unified;
};

struct cv_spec_net_device {
    char* host_name; /* the key */
    char* name;      /* in the container, may end with "%d"; NULL: as on the host */
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
        struct cv_spec_net_device* items;
        size_t                     count;
    } net_devices; /* an object keyed by the host's name */
    struct {
        bool              set;
        struct cv_opt_int monotonic_secs, monotonic_nanosecs, boottime_secs, boottime_nanosecs;
    } time_offsets;
    struct cv_spec_resources resources;
    struct cv_spec_seccomp   seccomp;
    struct {
        bool               set;
        char *             clos_id, *l3_cache_schema, *mem_bw_schema;
        struct cv_opt_bool enable_cmt, enable_mbm;
    } intel_rdt;
    struct {
        bool           set;
        char*          domain; /* "LINUX", "LINUX32" */
        struct cv_strv flags;
    } personality;
};

struct cv_spec_hook {
    char*             path;
    struct cv_strv    args, env;
    struct cv_opt_int timeout; /* seconds */
};
struct cv_spec_hooks {
    struct cv_spec_hook* items;
    size_t               count;
};

struct cv_spec_windows_device {
    char *id, *id_type;
};
struct cv_spec_windows_affinity {
    uint64_t mask;
    uint32_t group;
};

struct cv_spec_windows {
    bool           set;
    struct cv_strv layer_folders;
    struct {
        struct cv_spec_windows_device* items;
        size_t                         count;
    } devices;
    struct {
        bool set;
        struct {
            bool               set;
            struct cv_opt_uint limit;
        } memory;
        struct {
            bool               set;
            struct cv_opt_uint count, shares, maximum;
            struct {
                struct cv_spec_windows_affinity* items;
                size_t                           count;
            } affinity;
        } cpu;
        struct {
            bool               set;
            struct cv_opt_uint iops, bps, sandbox_size;
        } storage;
    } resources;
    char* credential_spec; /* any JSON object, as compact text */
    bool  servicing, ignore_flushes_during_boot;
    struct {
        bool  set;
        char* utility_vm_path;
    } hyperv;
    struct {
        bool           set;
        struct cv_strv endpoint_list, dns_search_list;
        bool           allow_unqualified_dns_query;
        char *         network_shared_container_name, *network_namespace;
    } network;
};

struct cv_spec_vm {
    bool set;
    struct {
        bool           set;
        char*          path;
        struct cv_strv parameters;
    } hypervisor;
    struct {
        bool           set;
        char *         path, *initrd;
        struct cv_strv parameters;
    } kernel;
    struct {
        bool  set;
        char *path, *format;
    } image;
};

struct cv_spec_solaris_anet {
    char *linkname, *lower_link, *allowed_address, *configure_allowed_address, *defrouter, *link_protection,
        *mac_address;
};

struct cv_spec_solaris {
    bool  set;
    char *milestone, *limitpriv, *max_shm_memory;
    struct {
        struct cv_spec_solaris_anet* items;
        size_t                       count;
    } anet;
    struct {
        bool  set;
        char* ncpus;
    } capped_cpu;
    struct {
        bool  set;
        char *physical, *swap;
    } capped_memory;
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
    struct {
        bool                 set;
        struct cv_spec_hooks prestart, create_runtime, create_container, start_container, poststart, poststop;
    } hooks;
    struct cv_spec_windows windows;
    struct cv_spec_vm      vm;
    struct cv_spec_solaris solaris;
    struct {
        bool                      set;
        struct cv_spec_namespaces namespaces;
    } zos;
};

struct cv_spec* cv_spec_new(void);                  /* all empty, oci_version "1.2.0"; NULL when out of memory */
struct cv_spec* cv_spec_free(struct cv_spec* spec); /* NULL is fine; returns NULL */
CV_DEFINE_CLEANUP(struct cv_spec, cv_spec_free)

/*
 * Read config.json. `length` bytes, need not end with NUL. Does not validate. CV_ERR_INVALID with the text
 *  - "line 3, column 7: ..." for what is no JSON, for duplicate keys and for what is over our bounds;
 *  - "mounts[3].options[1]: expected a string, found a number" for a wrong type, a number out of range, a number that must be there.
 * Unknown fields are ignored, as OCI demands ("Extensibility"), but inside our extension object they are errors.
 */
int cv_spec_parse(const char* text, size_t length, struct cv_spec** spec_out, struct cv_error* err);

/* The written form, canonical: fixed field order, no field that was not given, one line. *text_out is malloc'ed, ends with NUL.
 * CV_ERR_INVALID for a string that is not UTF-8: JSON can't hold it. */
int cv_spec_print(const struct cv_spec* spec, char** text_out, size_t* length_out, struct cv_error* err);

/* The process object alone: what exec hands around. */
int cv_spec_process_parse(const char* text, size_t length, struct cv_spec_process* process_out, struct cv_error* err);
int cv_spec_process_print(
    const struct cv_spec_process* process, char** text_out, size_t* length_out, struct cv_error* err);
void cv_spec_process_release(struct cv_spec_process* process);
/* The object "linux.resources" alone: what is given, structure and words checked. */
int cv_spec_resources_parse(
    const char* text, size_t length, struct cv_spec_resources* resources_out, struct cv_error* err);
void cv_spec_resources_release(struct cv_spec_resources* resources);
/* A system call profile alone, of either form: 16 MiB at most, structure and words checked. CV_ERR_INVALID: the text names the field,
 * "syscalls[3].args[0].op: ...". In a Docker profile, a field that is not known is an error. */
int  cv_spec_seccomp_parse(const char* text, size_t length, struct cv_spec_seccomp* seccomp_out, struct cv_error* err);
void cv_spec_seccomp_release(struct cv_spec_seccomp* seccomp);
int  cv_spec_docker_parse(
     const char* text, size_t length, struct cv_spec_docker_seccomp* profile_out, struct cv_error* err);
void cv_spec_docker_release(struct cv_spec_docker_seccomp* profile);

int cv_spec_process_copy(const struct cv_spec_process* process, struct cv_spec_process* copy_out, struct cv_error* err);

int  cv_spec_copy(const struct cv_spec* spec, struct cv_spec** copy_out, struct cv_error* err);
bool cv_spec_equal(const struct cv_spec* a, const struct cv_spec* b);

/* Everything that can be checked without a system: absolute paths, names, ranges, contradictions, counts. CV_ERR_INVALID (for what we
 * know but don't do, CV_ERR_UNSUPPORTED); the text names the field, its value and what is allowed. */
int cv_spec_validate(const struct cv_spec* spec, struct cv_error* err);
/* The same of a process alone, which is started in a container: it has a program, and what its fields and they together must be. */
int cv_spec_process_validate(const struct cv_spec_process* process, struct cv_error* err);

/* Id grammar, checked once at the edge: [A-Za-z0-9][A-Za-z0-9_.-]{0,63} */
int cv_spec_check_id(const char* id, struct cv_error* err);

/* The same for a cgroup parent: "/a/b", with no ".", "..", empty part or control character; at most 32 parts and 1024 bytes. */
int cv_spec_check_cgroup_parent(const char* path, struct cv_error* err);

/* Helpers to build a spec. Strings are copied. */
int cv_spec_add_mount(struct cv_spec* spec, const char* destination, const char* type, const char* source,
    const char* const* options, struct cv_error* err); /* options NULL-terminated */
int cv_spec_add_namespace(struct cv_spec* spec, const char* type, const char* path, struct cv_error* err);
int cv_spec_add_layer(struct cv_spec* spec, const char* path, struct cv_error* err);
int cv_spec_add_device(
    struct cv_spec* spec, const char* host_path, const char* path, const char* access, struct cv_error* err);
int cv_spec_add_secret(struct cv_spec* spec, const struct cv_spec_secret* secret, struct cv_error* err);
int cv_spec_add_landlock_path(struct cv_spec* spec, const char* path, uint32_t access, struct cv_error* err);
int cv_spec_add_landlock_tcp(struct cv_spec* spec, uint32_t port, uint32_t access, struct cv_error* err);
int cv_spec_add_io_limit(struct cv_spec* spec, const struct cv_spec_io_limit* limit, struct cv_error* err);
int cv_spec_add_hugepages(struct cv_spec* spec, const char* page_size, uint64_t bytes, struct cv_error* err);
int cv_spec_add_rlimit(struct cv_spec* spec, const char* type, uint64_t soft, uint64_t hard, struct cv_error* err);
int cv_spec_add_id_map(
    struct cv_spec_id_maps* maps, uint32_t container_id, uint32_t host_id, uint32_t size, struct cv_error* err);
int cv_spec_set_pair(
    struct cv_spec_pairs* pairs, const char* key, const char* value, struct cv_error* err); /* replaces */
int cv_spec_set_string(char** field, const char* value, struct cv_error* err);              /* value NULL clears */

/* The namespace entry of a type, or NULL. */
const struct cv_spec_namespace* cv_spec_namespace(const struct cv_spec* spec, const char* type);

/*
 * Fill in what a Linux container has unless it was said otherwise: the mounts /proc, /dev, /dev/pts, /dev/shm, /dev/mqueue, /sys and
 * /sys/fs/cgroup whose destination is not mounted yet, masked and read-only paths, a namespace of each type (the time namespace only
 * when there are offsets; without what ext.shared and ext.network give up), a process object with cwd "/", PATH, 14 capabilities and noNewPrivileges. Lists
 * that are not empty, strings that are given and objects that are set are left as they are. Call it after the options were taken over.
 */
int cv_spec_default_linux(struct cv_spec* spec, struct cv_error* err);

#endif
