/* Rows of system call profiles: the object "linux.seccomp", and Docker's form of it. */
#include "fields.h"

#define T struct cv_spec_seccomp_arg
static const struct cv_word  operators[] = { { "SCMP_CMP_NE", 0 }, { "SCMP_CMP_LT", 0 }, { "SCMP_CMP_LE", 0 },
     { "SCMP_CMP_EQ", 0 }, { "SCMP_CMP_GE", 0 }, { "SCMP_CMP_GT", 0 }, { "SCMP_CMP_MASKED_EQ", 0 }, { NULL, 0 } };
static const struct cv_field arg_rows[]  = {
     CV_U32(T, index, "index", CV_NEEDED, .max = 5),
     CV_U64(T, value, "value", CV_NEEDED),
     CV_U64(T, value_two, "valueTwo", .flags = 0),
     CV_STRING(T, op, "op", CV_NEEDED, .words = operators),
};
static const struct cv_table arg_table = CV_TABLE_OF(T, arg_rows);
#undef T

#define T struct cv_spec_syscall
static const struct cv_word  actions[]      = { { "SCMP_ACT_KILL", 0 }, { "SCMP_ACT_KILL_PROCESS", 0 },
          { "SCMP_ACT_KILL_THREAD", 0 }, { "SCMP_ACT_TRAP", 0 }, { "SCMP_ACT_ERRNO", 0 }, { "SCMP_ACT_TRACE", 0 },
          { "SCMP_ACT_ALLOW", 0 }, { "SCMP_ACT_LOG", 0 }, { "SCMP_ACT_NOTIFY", 0 }, { NULL, 0 } };
static const struct cv_field syscall_rows[] = {
    CV_STRV(T, names, "names", CV_NEEDED, .check = cv_check_not_empty),
    CV_STRING(T, action, "action", CV_NEEDED, .words = actions),
    CV_OPT_UINT(T, errno_ret, "errnoRet", CV_U32_RANGE),
    CV_LIST(T, args, "args", &arg_table),
};
static const struct cv_table syscall_table = CV_TABLE_OF(T, syscall_rows);
#undef T

#define T struct cv_spec_seccomp
static const struct cv_word  architectures[] = { { "SCMP_ARCH_X86", 0 }, { "SCMP_ARCH_X86_64", 0 },
     { "SCMP_ARCH_X32", 0 }, { "SCMP_ARCH_ARM", 0 }, { "SCMP_ARCH_AARCH64", 0 }, { "SCMP_ARCH_LOONGARCH64", 0 },
     { "SCMP_ARCH_M68K", 0 }, { "SCMP_ARCH_MIPS", 0 }, { "SCMP_ARCH_MIPS64", 0 }, { "SCMP_ARCH_MIPS64N32", 0 },
     { "SCMP_ARCH_MIPSEL", 0 }, { "SCMP_ARCH_MIPSEL64", 0 }, { "SCMP_ARCH_MIPSEL64N32", 0 }, { "SCMP_ARCH_PPC", 0 },
     { "SCMP_ARCH_PPC64", 0 }, { "SCMP_ARCH_PPC64LE", 0 }, { "SCMP_ARCH_S390", 0 }, { "SCMP_ARCH_S390X", 0 },
     { "SCMP_ARCH_SH", 0 }, { "SCMP_ARCH_SHEB", 0 }, { "SCMP_ARCH_PARISC", 0 }, { "SCMP_ARCH_PARISC64", 0 },
     { "SCMP_ARCH_RISCV64", 0 }, { NULL, 0 } };
static const struct cv_word  filter_flags[]  = { { "SECCOMP_FILTER_FLAG_TSYNC", 0 }, { "SECCOMP_FILTER_FLAG_LOG", 0 },
      { "SECCOMP_FILTER_FLAG_SPEC_ALLOW", 0 }, { "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", 0 }, { NULL, 0 } };
static const struct cv_field seccomp_rows[]  = {
     CV_STRING(T, default_action, "defaultAction", CV_NEEDED, .words = actions),
     CV_OPT_UINT(T, default_errno_ret, "defaultErrnoRet", CV_U32_RANGE),
     CV_STRV(T, architectures, "architectures", .words = architectures),
     CV_STRV(T, flags, "flags", .words = filter_flags),
     CV_STRING(T, listener_path, "listenerPath", .check = cv_check_absolute),
     CV_STRING(T, listener_metadata, "listenerMetadata", .flags = 0),
     CV_LIST(T, syscalls, "syscalls", &syscall_table),
};
const struct cv_table cv_table_seccomp = CV_TABLE_OF(T, seccomp_rows);
#undef T

/* Docker's form of a profile: the same rules, some only for architectures, capabilities and kernels. What writes it is a Go program, so a
 * null is as good as nothing; what we don't know is an error, since it might be what a rule was to depend on. */

#define T struct cv_spec_docker_condition
static const struct cv_field docker_condition_rows[] = {
    CV_STRV(T, arches, "arches", .check = cv_check_not_empty),
    CV_STRV(T, caps, "caps", .check = cv_check_capability),
    CV_STRING(T, min_kernel, "minKernel", .check = cv_check_kernel),
};
static const struct cv_table docker_condition_table = {
    .fields = docker_condition_rows, .count = CV_ARRAY_LEN(docker_condition_rows), .strict = true, .nulls = true
};
#undef T

#define T struct cv_spec_docker_arch
static const struct cv_field docker_arch_rows[] = {
    CV_STRING(T, architecture, "architecture", CV_NEEDED, .words = architectures),
    CV_STRV(T, sub_architectures, "subArchitectures", .words = architectures),
};
static const struct cv_table docker_arch_table = { .fields = docker_arch_rows,
    .count                                                 = CV_ARRAY_LEN(docker_arch_rows),
    .size                                                  = sizeof(T),
    .strict                                                = true,
    .nulls                                                 = true };
#undef T

#define T struct cv_spec_docker_syscall
static const struct cv_field docker_syscall_rows[] = {
    CV_STRING(T, name, "name", .flags = 0), /* of old profiles; empty in some */
    CV_STRV(T, names, "names", .check = cv_check_not_empty),
    CV_STRING(T, action, "action", CV_NEEDED, .words = actions),
    CV_OPT_UINT(T, errno_ret, "errnoRet", CV_U32_RANGE),
    CV_LIST(T, args, "args", &arg_table),
    CV_STRING(T, comment, "comment", .flags = 0),
    CV_GROUP(offsetof(T, includes), "includes", &docker_condition_table, .flags = 0),
    CV_GROUP(offsetof(T, excludes), "excludes", &docker_condition_table, .flags = 0),
};
static const struct cv_table docker_syscall_table = { .fields = docker_syscall_rows,
    .count                                                    = CV_ARRAY_LEN(docker_syscall_rows),
    .size                                                     = sizeof(T),
    .strict                                                   = true,
    .nulls                                                    = true };
#undef T

#define T struct cv_spec_docker_seccomp
static const struct cv_field docker_rows[] = {
    CV_STRING(T, default_action, "defaultAction", CV_NEEDED, .words = actions),
    CV_OPT_UINT(T, default_errno_ret, "defaultErrnoRet", CV_U32_RANGE),
    CV_STRV(T, architectures, "architectures", .words = architectures),
    CV_LIST(T, arch_map, "archMap", &docker_arch_table),
    CV_STRV(T, flags, "flags", .words = filter_flags),
    CV_STRING(T, listener_path, "listenerPath", .flags = 0),
    CV_STRING(T, listener_metadata, "listenerMetadata", .flags = 0),
    CV_LIST(T, syscalls, "syscalls", &docker_syscall_table),
};
const struct cv_table cv_table_docker_seccomp = {
    .fields = docker_rows, .count = CV_ARRAY_LEN(docker_rows), .size = sizeof(T), .strict = true, .nulls = true
};
#undef T
