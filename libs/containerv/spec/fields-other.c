/* Rows of the objects "windows", "vm" and "solaris". */
#include "fields.h"

#define T struct cv_spec_windows_device
static const struct cv_word id_types[] = { { "class", 0 }, { NULL, 0 } };

static const struct cv_field device_rows[] = {
    CV_STRING(T, id, "id", CV_NEEDED, .check = cv_check_not_empty),
    CV_STRING(T, id_type, "idType", CV_NEEDED, .words = id_types),
};
static const struct cv_table device_table = CV_TABLE_OF(T, device_rows);
#undef T

#define T struct cv_spec_windows_affinity
static const struct cv_field affinity_rows[] = {
    CV_U64(T, mask, "mask", .flags = 0),
    CV_U32(T, group, "group", .flags = 0),
};
static const struct cv_table affinity_table = CV_TABLE_OF(T, affinity_rows);
#undef T

#define T struct cv_spec_windows
static const struct cv_field memory_rows[] = {
    CV_OPT_UINT(T, resources.memory.limit, "limit", .flags = 0),
};
static const struct cv_table memory_table = CV_TABLE(memory_rows);

static const struct cv_field cpu_rows[] = {
    CV_OPT_UINT(T, resources.cpu.count, "count", .flags = 0),
    CV_OPT_UINT(T, resources.cpu.shares, "shares", CV_U16_RANGE),
    CV_OPT_UINT(T, resources.cpu.maximum, "maximum", CV_U16_RANGE),
    CV_LIST(T, resources.cpu.affinity, "affinity", &affinity_table),
};
static const struct cv_table cpu_table = CV_TABLE(cpu_rows);

static const struct cv_field storage_rows[] = {
    CV_OPT_UINT(T, resources.storage.iops, "iops", .flags = 0),
    CV_OPT_UINT(T, resources.storage.bps, "bps", .flags = 0),
    CV_OPT_UINT(T, resources.storage.sandbox_size, "sandboxSize", .flags = 0),
};
static const struct cv_table storage_table = CV_TABLE(storage_rows);

static const struct cv_field resource_rows[] = {
    CV_OBJECT(T, 0, resources.memory.set, "memory", &memory_table),
    CV_OBJECT(T, 0, resources.cpu.set, "cpu", &cpu_table),
    CV_OBJECT(T, 0, resources.storage.set, "storage", &storage_table),
};
static const struct cv_table resource_table = CV_TABLE(resource_rows);

static const struct cv_field hyperv_rows[] = {
    CV_STRING(T, hyperv.utility_vm_path, "utilityVMPath", .check = cv_check_not_empty),
};
static const struct cv_table hyperv_table = CV_TABLE(hyperv_rows);

static const struct cv_field network_rows[] = {
    CV_STRV(T, network.endpoint_list, "endpointList", .check = cv_check_not_empty),
    CV_BOOL(T, network.allow_unqualified_dns_query, "allowUnqualifiedDNSQuery", .flags = 0),
    CV_STRV(T, network.dns_search_list, "DNSSearchList", .check = cv_check_not_empty),
    CV_STRING(T, network.network_shared_container_name, "networkSharedContainerName", .check = cv_check_not_empty),
    CV_STRING(T, network.network_namespace, "networkNamespace", .check = cv_check_not_empty),
};
static const struct cv_table network_table = CV_TABLE(network_rows);

static const struct cv_field windows_rows[] = {
    CV_STRV(T, layer_folders, "layerFolders", CV_NEEDED, .check = cv_check_not_empty),
    CV_LIST(T, devices, "devices", &device_table),
    CV_OBJECT(T, 0, resources.set, "resources", &resource_table),
    CV_JSON(T, credential_spec, "credentialSpec"),
    CV_BOOL(T, servicing, "servicing", .flags = 0),
    CV_BOOL(T, ignore_flushes_during_boot, "ignoreFlushesDuringBoot", .flags = 0),
    CV_OBJECT(T, 0, hyperv.set, "hyperv", &hyperv_table),
    CV_OBJECT(T, 0, network.set, "network", &network_table),
};
const struct cv_table cv_table_windows = CV_TABLE_OF(T, windows_rows);
#undef T

#define T struct cv_spec_vm
static const struct cv_field hypervisor_rows[] = {
    CV_STRING(T, hypervisor.path, "path", CV_NEEDED, .check = cv_check_absolute_any),
    CV_STRV(T, hypervisor.parameters, "parameters", .check = cv_check_not_empty),
};
static const struct cv_table hypervisor_table = CV_TABLE(hypervisor_rows);

static const struct cv_field kernel_rows[] = {
    CV_STRING(T, kernel.path, "path", CV_NEEDED, .check = cv_check_absolute_any),
    CV_STRV(T, kernel.parameters, "parameters", .check = cv_check_not_empty),
    CV_STRING(T, kernel.initrd, "initrd", .check = cv_check_absolute_any),
};
static const struct cv_table kernel_table = CV_TABLE(kernel_rows);

static const struct cv_field image_rows[] = {
    CV_STRING(T, image.path, "path", CV_NEEDED, .check = cv_check_absolute_any),
    CV_STRING(T, image.format, "format", CV_NEEDED, .check = cv_check_not_empty),
};
static const struct cv_table image_table = CV_TABLE(image_rows);

static const struct cv_field vm_rows[] = {
    CV_OBJECT(T, 0, hypervisor.set, "hypervisor", &hypervisor_table),
    CV_OBJECT(T, 0, kernel.set, "kernel", &kernel_table, CV_NEEDED),
    CV_OBJECT(T, 0, image.set, "image", &image_table),
};
const struct cv_table cv_table_vm = CV_TABLE_OF(T, vm_rows);
#undef T

#define T struct cv_spec_solaris_anet
static const struct cv_field anet_rows[] = {
    CV_STRING(T, linkname, "linkname", .flags = 0),
    CV_STRING(T, lower_link, "lowerLink", .flags = 0),
    CV_STRING(T, allowed_address, "allowedAddress", .flags = 0),
    CV_STRING(T, configure_allowed_address, "configureAllowedAddress", .flags = 0),
    CV_STRING(T, defrouter, "defrouter", .flags = 0),
    CV_STRING(T, link_protection, "linkProtection", .flags = 0),
    CV_STRING(T, mac_address, "macAddress", .flags = 0),
};
static const struct cv_table anet_table = CV_TABLE_OF(T, anet_rows);
#undef T

#define T struct cv_spec_solaris
static const struct cv_field capped_cpu_rows[] = {
    CV_STRING(T, capped_cpu.ncpus, "ncpus", .flags = 0),
};
static const struct cv_table capped_cpu_table = CV_TABLE(capped_cpu_rows);

static const struct cv_field capped_memory_rows[] = {
    CV_STRING(T, capped_memory.physical, "physical", .flags = 0),
    CV_STRING(T, capped_memory.swap, "swap", .flags = 0),
};
static const struct cv_table capped_memory_table = CV_TABLE(capped_memory_rows);

static const struct cv_field solaris_rows[] = {
    CV_STRING(T, milestone, "milestone", .flags = 0),
    CV_STRING(T, limitpriv, "limitpriv", .flags = 0),
    CV_STRING(T, max_shm_memory, "maxShmMemory", .flags = 0),
    CV_LIST(T, anet, "anet", &anet_table),
    CV_OBJECT(T, 0, capped_cpu.set, "cappedCPU", &capped_cpu_table),
    CV_OBJECT(T, 0, capped_memory.set, "cappedMemory", &capped_memory_table),
};
const struct cv_table cv_table_solaris = CV_TABLE_OF(T, solaris_rows);
#undef T
