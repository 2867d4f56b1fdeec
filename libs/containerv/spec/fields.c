/* Rows of the top level: root, mounts, hooks, and the other systems' small objects (vm, solaris, zos). */
#include "fields.h"

#define T struct cv_spec_id_map
static const struct cv_field id_map_rows[] = {
    CV_U32(T, container_id, "containerID", CV_NEEDED),
    CV_U32(T, host_id, "hostID", CV_NEEDED),
    CV_U32(T, size, "size", CV_NEEDED),
};
const struct cv_table cv_table_id_map = CV_TABLE_OF(T, id_map_rows);
#undef T

#define T struct cv_spec_mount
static const struct cv_field mount_rows[] = {
    CV_STRING(T, destination, "destination", CV_NEEDED, .check = cv_check_mount_path),
    CV_STRING(T, type, "type", .check = cv_check_not_empty),
    CV_STRING(T, source, "source", .check = cv_check_not_empty),
    CV_STRV(T, options, "options", .check = cv_check_not_empty),
    CV_LIST(T, uid_mappings, "uidMappings", &cv_table_id_map),
    CV_LIST(T, gid_mappings, "gidMappings", &cv_table_id_map),
};
static const struct cv_table mount_table = CV_TABLE_OF(T, mount_rows);
#undef T

#define T struct cv_spec_hook
static const struct cv_field hook_rows[] = {
    CV_STRING(T, path, "path", CV_NEEDED, .check = cv_check_absolute_any),
    CV_STRV(T, args, "args", .flags = CV_FIELD_OCI_ANY),
    CV_STRV(T, env, "env", .check = cv_check_env),
    CV_OPT_INT(T, timeout, "timeout", .min = 1, .max = INT32_MAX),
};
static const struct cv_table hook_table = CV_TABLE_OF(T, hook_rows);
#undef T

#define T struct cv_spec
static const struct cv_field root_rows[] = {
    CV_STRING(T, root.path, "path", .check = cv_check_absolute_any), /* needed, but not with layers: validate.c */
    CV_BOOL(T, root.readonly, "readonly", .flags = 0),
};
static const struct cv_table root_table = CV_TABLE(root_rows);

static const struct cv_field hooks_rows[] = {
    CV_LIST(T, hooks.prestart, "prestart", &hook_table),
    CV_LIST(T, hooks.create_runtime, "createRuntime", &hook_table),
    CV_LIST(T, hooks.create_container, "createContainer", &hook_table),
    CV_LIST(T, hooks.start_container, "startContainer", &hook_table),
    CV_LIST(T, hooks.poststart, "poststart", &hook_table),
    CV_LIST(T, hooks.poststop, "poststop", &hook_table),
};
static const struct cv_table hooks_table = CV_TABLE(hooks_rows);

static const struct cv_word zos_namespace_types[] = { { "pid", 0 }, { "mount", 0 }, { "ipc", 0 }, { "uts", 0 },
    { NULL, 0 } };
#undef T

#define T struct cv_spec_namespace
static const struct cv_field zos_namespace_rows[] = {
    CV_STRING(T, type, "type", CV_NEEDED, .words = zos_namespace_types),
    CV_STRING(T, path, "path", .check = cv_check_absolute),
};
static const struct cv_table zos_namespace_table = CV_TABLE_OF(T, zos_namespace_rows);
#undef T

#define T struct cv_spec
static const struct cv_field zos_rows[] = {
    CV_LIST(T, zos.namespaces, "namespaces", &zos_namespace_table),
};
static const struct cv_table zos_table = CV_TABLE(zos_rows);

static const struct cv_field spec_rows[] = {
    CV_STRING(T, oci_version, "ociVersion", CV_NEEDED, .check = cv_check_version),
    CV_OBJECT(T, 0, root.set, "root", &root_table),
    CV_LIST(T, mounts, "mounts", &mount_table),
    CV_OBJECT(T, offsetof(T, process), process.set, "process", &cv_table_process),
    CV_STRING(T, hostname, "hostname", .check = cv_check_hostname),
    CV_STRING(T, domainname, "domainname", .check = cv_check_hostname),
    CV_OBJECT(T, 0, hooks.set, "hooks", &hooks_table),
    CV_PAIRS(T, annotations, "annotations", .check = cv_check_not_empty),
    CV_OBJECT(T, offsetof(T, linux_), linux_.set, "linux", &cv_table_linux),
    CV_OBJECT(T, offsetof(T, windows), windows.set, "windows", &cv_table_windows),
    CV_OBJECT(T, offsetof(T, vm), vm.set, "vm", &cv_table_vm),
    CV_OBJECT(T, offsetof(T, solaris), solaris.set, "solaris", &cv_table_solaris),
    CV_OBJECT(T, 0, zos.set, "zos", &zos_table),
    CV_OBJECT(T, offsetof(T, ext), ext.set, CV_SPEC_EXTENSION, &cv_table_extension),
};
const struct cv_table cv_table_spec = CV_TABLE_OF(T, spec_rows);
#undef T
